"""An erasure overwrites the keys that it destroyed before it closes, the clock all else; certificate and evidence say so."""

from __future__ import annotations

from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from bridge.errors import KeyMissing, StoreUnavailable
from bridge.model import Fact
from bridge.steps.requests.conclude import reissue_certificates
from bridge.steps.retention import overwrite_remnants as module
from bridge.steps.retention.overwrite_remnants import overwrite_remnants
from bridge.store import SqlStore
from tests.factories import SHOP, data_request_body, order_body, redact_body, uninstalled_body
from tests.kit.running import restart_and_process
from tests.steps.requests.test_certificates_made_anew import check_succession, read_certificates
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


def read_succession(services, request_id):
    """Return all certificates of a request as (number, whether values remain), the oldest first, checked as a chain."""
    certificates = read_certificates(services, request_id)
    check_succession(services, request_id, len(certificates))
    return [(each["number"], each["remnants"]["values_overwritten_at"] is None) for each in certificates]


def test_a_certificate_that_says_values_remain_is_made_anew_once(services, queue):
    request, first = complete_erasure(services, queue)
    assert first["number"] == 1
    run_hourly_steps(services=services)
    certificate = read_certificate(services, request)
    assert certificate["remnants"]["values_overwritten_at"] == list_passes(services, request)[-1].at.isoformat()
    assert certificate["clock"] == first["clock"], "nothing becomes late by it"
    for _ in range(2):
        run_hourly_steps(services=services)
        assert read_succession(services, request.id) == [(1, True), (2, False)]


def test_the_certificate_of_a_shops_erasure_is_made_anew_too(services, queue):
    post(services, "orders/create", order_body())
    post(services, "app/uninstalled", uninstalled_body())
    post(services, "shop/redact", {"shop_id": 1, "shop_domain": SHOP})
    work(services, queue)
    [request] = requests(services, kind="shop_erasure")
    run_hourly_steps(services=services)
    assert read_succession(services, request.id) == [(1, True), (2, False)]


@pytest.mark.parametrize("dies_in", ["_renew_certificates", "reissue_certificates"])
def test_dying_in_between_loses_no_certificate_and_makes_no_second_one(services, queue, monkeypatch, dies_in):
    request, _ = complete_erasure(services, queue)
    original = getattr(module, dies_in)

    def act_and_die(*given, **named):
        if dies_in == "reissue_certificates":
            original(*given, **named)  # its transaction is open
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(module, dies_in, act_and_die)
        with pytest.raises(KeyboardInterrupt):
            overwrite_remnants(services=services)
    assert read_succession(services, request.id) == [(1, True)]
    assert list_passes(services, request)[-1].detail["complete"], "what is overwritten stays recorded"
    overwrite_remnants(services=services)
    assert read_succession(services, request.id) == [(1, True), (2, False)]


def test_a_certificate_that_was_made_anew_for_another_reason_meanwhile_stays(services, queue, monkeypatch):
    request, _ = complete_erasure(services, queue)
    with monkeypatch.context() as patch:
        patch.setattr(module, "_renew_certificates", lambda *_: None)
        overwrite_remnants(services=services)
    with services.store.transaction() as tx:
        reissue_certificates([request.id], tx=tx, services=services)
    assert read_succession(services, request.id) == [(1, True), (2, False)]
    # what else would differ is no reason either
    elsewhere = replace(services, merchant=replace(services.merchant, legal_name="Another Name Ltd"))
    overwrite_remnants(services=elsewhere)
    assert read_succession(services, request.id) == [(1, True), (2, False)]


def test_each_run_is_bounded_and_one_that_fails_blocks_no_other(services, queue, monkeypatch):
    ids = []
    for number in (1001, 1002, 1003):
        customer = {"id": 8000 + number, "email": f"p{number}@example.com", "phone": None}
        post(services, "orders/create", order_body(number, customer=customer, email=customer["email"], phone=None))
        post(services, "customers/redact", redact_body(number, customer=customer))
        work(services, queue)
        [request] = [each for each in requests(services, kind="erasure") if each.id not in ids]
        ids.append(request.id)

    def fail_for_the_first(request_ids, **given):
        if request_ids == [ids[0]]:
            raise KeyMissing("data key")
        reissue_certificates(request_ids, **given)

    def count_certificates():
        return [len(read_certificates(services, request_id)) for request_id in ids]

    monkeypatch.setattr(module, "MAX_CERTIFICATES", 2)
    with monkeypatch.context() as patch, capture_logs() as lines:
        patch.setattr(module, "reissue_certificates", fail_for_the_first)
        overwrite_remnants(services=services)
    assert count_certificates() == [1, 2, 1]
    assert [line["id"] for line in lines if line["event"] == "remnants.certificate_failed"] == [ids[0]]
    overwrite_remnants(services=services)
    assert count_certificates() == [2, 2, 2]


def test_a_request_that_ran_twice_is_overwritten_when_its_last_remnant_is(services, queue, monkeypatch):
    """A reader may hold up the second remnant of a request: nothing may say then that all of it is overwritten."""
    request, _ = complete_erasure(services, queue)
    overwrite_parts = SqlStore.overwrite_parts
    with services.store.transaction() as tx:
        tx.session.mark_remnants(request.id)

    def leave_the_last(store, found, parts, **given):
        result = overwrite_parts(store, found, parts, **given)
        return replace(result, parts_by_id={**result.parts_by_id, found[-1].id: frozenset()})

    with monkeypatch.context() as patch:
        patch.setattr(SqlStore, "overwrite_parts", leave_the_last)
        overwrite_remnants(services=services)
    assert not any(each.detail["complete"] for each in list_passes(services, request))
    assert read_succession(services, request.id) == [(1, True)]
    overwrite_remnants(services=services)
    assert read_succession(services, request.id) == [(1, True), (2, False)]
