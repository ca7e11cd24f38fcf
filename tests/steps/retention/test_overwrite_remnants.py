"""An erasure overwrites the keys that it destroyed before it closes, the clock all else; certificate and evidence say so."""

from __future__ import annotations

from structlog.testing import capture_logs

from bridge.errors import StoreUnavailable
from bridge.model import Fact
from bridge.steps.retention.overwrite_remnants import overwrite_remnants
from bridge.store import SqlStore
from tests.factories import data_request_body, order_body, redact_body
from tests.kit.running import restart_and_process
from tests.steps.test_whole_sentence import post, requests, work
from workers.schedule import run_hourly_steps


def complete_erasure(services, queue):
    """Erase Asha by webhook, as the worker does; return the request and its certificate."""
    post(services, "orders/create", order_body())
    post(services, "customers/redact", redact_body(1001))
    work(services, queue)
    [request] = requests(services, kind="erasure")
    return request, read_certificate(services, request)


def read_certificate(services, request):
    with services.store.read() as tx:
        return tx.packages.find_certificate(request.id)


def list_passes(services, request):
    with services.store.read() as tx:
        facts = tx.evidence.list_facts_of_request(request.id)
    return [fact for fact in facts if fact.fact == Fact.REMNANTS_OVERWRITTEN]


def test_the_certificate_says_that_the_keys_are_overwritten_and_the_rest_is_not_yet(services, queue):
    request, certificate = complete_erasure(services, queue)
    [recorded] = list_passes(services, request)
    is_sqlite = services.store.engine.dialect.name == "sqlite"
    assert recorded.detail["parts"] == (["log"] if is_sqlite else ["data_keys"])
    assert recorded.request_id == request.id
    position = recorded.detail["log_position"]
    assert certificate["remnants"] == {
        "keys_overwritten_at": recorded.at.isoformat(),
        "values_overwritten_at": None,
        "log": None if is_sqlite else {"before": position, "max_wal_size": "1GB"},
        "readable_with": ["k1"],
    }
    assert bool(position) is not is_sqlite


def test_the_clock_overwrites_the_rest_within_the_hour_and_a_certificate_made_anew_says_when(services, queue):
    request, _ = complete_erasure(services, queue)
    run_hourly_steps(services=services)
    first, last = list_passes(services, request)
    assert (first.detail["complete"], last.detail["complete"]) == (False, True)
    assert {*first.detail["parts"], *last.detail["parts"]} == set(services.store.list_parts())
    assert overwrite_remnants(services=services) == []
    assert len(list_passes(services, request)) == 2, "twice is once"
    restart_and_process(services, request.id)
    with services.store.transaction() as tx:
        tx.evidence.verify_chain()
    assert list_passes(services, request)[-1] == last


def test_an_erasure_is_certified_even_where_nothing_could_be_overwritten(services, queue, monkeypatch):
    def refuse(*_args, **_given):
        raise StoreUnavailable("database: OperationalError")

    with monkeypatch.context() as patch, capture_logs() as lines:
        patch.setattr(SqlStore, "overwrite_parts", refuse)
        request, certificate = complete_erasure(services, queue)
    assert request.closed_at
    assert certificate["remnants"] == {
        "keys_overwritten_at": None, "values_overwritten_at": None, "log": None, "readable_with": None,
    }  # fmt: skip
    assert "remnants.not_overwritten" in [line["event"] for line in lines]
    assert overwrite_remnants(services=services) == []
    assert [each.detail["complete"] for each in list_passes(services, request)] == [True]


def test_what_is_too_large_waits_for_an_operator(services, queue):
    request, _ = complete_erasure(services, queue)
    waiting = overwrite_remnants(services=services, max_bytes=1)
    assert (request.id, request.shop) in [(remnant.request_id, remnant.shop) for remnant in waiting]
    assert overwrite_remnants(services=services, max_bytes=None, owner=services.store) == []


def test_an_access_request_destroys_nothing_that_is_to_be_overwritten(services, queue):
    post(services, "customers/data_request", data_request_body())
    work(services, queue)
    assert requests(services, kind="access")
    with services.store.read() as tx:
        assert tx.remnants.list_remnants(lacking=services.store.list_parts()) == []
