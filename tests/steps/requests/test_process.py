"""Process: what is due, in turn, under one owner; a fault of ours is tried again and then shown."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from bridge.errors import ConnectorUnavailable, LeaseLost, StoreUnavailable
from bridge.model import ErasureState, Outcome, Principal, RequestKind, RequestState, TaskAction, TaskState
from bridge.steps.requests import conclude
from bridge.steps.requests.process import MAX_ATTEMPTS, process_request
from bridge.store.schema.tables import requests
from bridge.store.selection.row_filter import RowFilter
from tests.factories import ASHA, NOW, SHOP, accepted, make_finding, make_request, make_task, opened, order, order_body
from tests.fakes import page
from tests.kit.stored import read_request

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def access(services):
    request = make_request()
    with services.store.transaction() as tx:
        opened(tx, request, make_task(request.id, "delhivery"), make_task(request.id))
    return request.id


def erasure(services, **given):
    request = make_request(**({"kind": RequestKind.ERASURE} | given))
    with services.store.transaction() as tx:
        opened(
            tx,
            request,
            make_task(request.id, "bridge", TaskAction.ERASE),
            make_task(request.id, "shopify", TaskAction.POLL_PLATFORM_ERASURE),
        )
    return request.id


def names(facts):
    return [fact.fact for fact in facts]


def test_a_request_is_worked_on_until_it_can_be_answered(services, platform):
    platform.pages = [page(make_finding("1"))]
    request_id = access(services)
    assert process_request(request_id, services=services) is True
    request, tasks, facts = read_request(services.store, request_id)
    assert (request.state, request.complete, request.closed_at) == (RequestState.DONE, True, NOW)
    assert {task.state for task in tasks} == {TaskState.DONE}
    assert names(facts) == ["task.done", "task.done", "package.sealed", "request.closed", "letter.queued"]


def test_twice_is_once(services, platform):
    request_id = access(services)
    process_request(request_id, services=services)
    before = read_request(services.store, request_id)
    assert process_request(request_id, services=services) is False
    assert process_request("req_none", services=services) is False
    assert read_request(services.store, request_id) == before
    assert len(platform.asked) == 1


def test_an_owned_request_is_left_to_its_owner(services, platform):
    request_id = access(services)
    with services.store.transaction() as tx:
        tx.requests.acquire_lease(request_id)
    assert process_request(request_id, services=services) is False
    assert platform.asked == []


def test_carriers_are_asked_after_the_platform_has_named_the_parcels(services, platform, carrier):
    tracking = {"fulfillments": [{"trackingInfo": [{"number": "AWB1", "company": "Delhivery"}]}]}
    platform.pages = [page(make_finding("1", **tracking))]
    platform.dies_before = {1: ConnectorUnavailable("down")}
    request_id = access(services)
    process_request(request_id, services=services)
    request, _, _ = read_request(services.store, request_id)
    assert (request.state, request.complete, carrier.asked) == (RequestState.IN_PROGRESS, None, [])
    services.clock.at = NOW + timedelta(seconds=10)
    process_request(request_id, services=services)
    assert carrier.asked == [(ASHA, ("AWB1",), "")]


def test_deliveries_before_the_request_are_learned_first(services, carrier):
    accepted(services.store, "orders/create", order_body(parcels=[("Delhivery", "AWB1")]))
    process_request(access(services), services=services)
    assert [asked[1] for asked in carrier.asked] == [("AWB1",)]


def test_a_supplement_learns_nothing_new(services, platform, carrier):
    accepted(services.store, "orders/create", order_body(parcels=[("Delhivery", "AWB1")]))
    carrier.faults = [ConnectorUnavailable("down")]
    carrier.knows = {"AWB1"}
    request_id = access(services)
    process_request(request_id, services=services)
    request, _, facts = read_request(services.store, request_id)
    assert (request.state, request.complete, request.closed_at) == (RequestState.WAITING, False, NOW)
    late = accepted(services.store, "orders/create", order_body(1002))
    services.clock.at = NOW + timedelta(seconds=10)
    assert process_request(request_id, services=services)
    request, _, facts = read_request(services.store, request_id)
    assert (request.state, request.complete, request.closed_at) == (RequestState.DONE, True, NOW)
    assert names(facts).count("package.sealed") == 2
    assert names(facts).count("request.closed") == 1
    with services.store.transaction() as tx:
        assert tx.inbox.acquire_lease(late.id)


def test_the_platforms_answer_never_removes_a_principal_that_must_still_be_erased(services, platform):
    platform.erasures = [ErasureState(outcome=Outcome.ERASED, reason="redacted")]
    with services.store.transaction() as tx:
        tx.index.ingest_sightings(SHOP, [order()])
        opened(tx, make_request())
    request_id = erasure(services)
    process_request(request_id, services=services)
    request, tasks, _ = read_request(services.store, request_id)
    assert request.principal == ASHA
    ours = [task for task in tasks if task.action is not TaskAction.SEAL_INVOICES]
    assert [task.state for task in ours] == [TaskState.RETRY, TaskState.PENDING]
    assert request.state is RequestState.IN_PROGRESS
    with services.store.transaction() as tx:
        tx.session.connection.exec_driver_sql("UPDATE requests SET state = 'done' WHERE kind = 'access'")
    services.clock.at = NOW + timedelta(seconds=10)
    process_request(request_id, services=services)
    request, tasks, _ = read_request(services.store, request_id)
    ours = [task for task in tasks if task.action is not TaskAction.SEAL_INVOICES]
    assert [(task.state, task.outcome) for task in ours] == [(TaskState.DONE, Outcome.ERASED)] * 2
    assert (request.state, request.principal) == (RequestState.DONE, Principal())


def test_a_fault_of_ours_is_postponed_and_given_up_after_eight_leases(services, platform):
    platform.pages = [page()]
    request_id = access(services)
    for attempt in range(1, MAX_ATTEMPTS + 1):
        platform.dies_before = {1: RuntimeError("asha@qwertzuiop.example")}
        with pytest.raises(RuntimeError):
            process_request(request_id, services=services)
        request, _, _ = read_request(services.store, request_id)
        assert request.attempts == attempt
        assert request.last_error.startswith("RuntimeError at fakes.py:")
        assert "qwertzuiop" not in request.last_error
        assert process_request(request_id, services=services) is False
        services.clock.at += timedelta(hours=2)
    assert process_request(request_id, services=services) is False
    request, _, facts = read_request(services.store, request_id)
    assert request.state is RequestState.FAILED
    assert request.last_error.startswith("RuntimeError")
    assert names(facts) == ["request.failed"]
    assert facts[0].detail["error"] == request.last_error
    assert process_request(request_id, services=services) is False
    with services.store.transaction() as tx:
        tx.request_changes.restart_request(request_id)
    assert process_request(request_id, services=services) is True


@pytest.mark.parametrize(
    ("body", "error"),
    [(b"\x01\x02k1 broken", "SealBroken"), (b"\x01\x02k9" + b"." * 40, "KeyMissing")],
    ids=["altered", "key gone"],
)
def test_a_request_that_does_not_open_is_shown_at_once(services, body, error):
    request_id = access(services)
    with services.store.engine.begin() as connection:
        connection.execute(update(requests).values(principal=body))
    assert process_request(request_id, services=services) is False
    with services.store.transaction() as tx:
        [listed] = tx.selection.select_requests(RowFilter()).rows
        [fact] = tx.evidence.list_facts_of_request(request_id)
    assert (listed.state, listed.last_error) == (RequestState.FAILED, error)
    assert (fact.fact, fact.detail["error"]) == ("request.failed", error)


def test_a_worker_that_is_killed_again_and_again_is_given_up_too(services):
    request_id = access(services)
    for _ in range(MAX_ATTEMPTS):
        with services.store.transaction() as tx:
            assert tx.requests.acquire_lease(request_id)
        services.clock.at += timedelta(seconds=16)
    assert process_request(request_id, services=services) is False
    assert read_request(services.store, request_id)[0].last_error == "gave_up"


@pytest.mark.parametrize("fault", [LeaseLost("req_1"), StoreUnavailable("gone")])
def test_a_lost_lease_or_database_is_not_our_fault_and_postpones_nothing(services, platform, fault):
    platform.pages = [page()]
    platform.dies_before = {1: fault}
    request_id = access(services)
    with pytest.raises(type(fault)):
        process_request(request_id, services=services)
    assert read_request(services.store, request_id)[0].last_error == ""


def test_dying_after_the_platform_resumes_at_the_carrier_once_the_lease_lapsed(services, platform, carrier):
    with services.store.transaction() as tx:
        tx.index.ingest_sightings(SHOP, [order(parcels=[("Delhivery", "AWB1")])])
    platform.pages = [page(make_finding("1"))]
    carrier.faults = [SystemExit()]
    request_id = access(services)
    with pytest.raises(SystemExit):
        process_request(request_id, services=services)
    assert process_request(request_id, services=services) is False
    services.clock.at = NOW + timedelta(seconds=16)
    assert process_request(request_id, services=services) is True
    assert platform.given == [1]
    assert read_request(services.store, request_id)[0].state is RequestState.DONE


def test_a_joined_request_after_its_erasure_keeps_what_was_proven(services):
    with services.store.transaction() as tx:
        tx.index.ingest_sightings(SHOP, [order(parcels=[("Delhivery", "AWB1")])])
    request_id = erasure(services)
    process_request(request_id, services=services)
    with services.store.transaction() as tx:
        tx.request_changes.widen_request(request_id, ASHA)
    process_request(request_id, services=services)
    with services.store.transaction() as tx:
        certificate = tx.packages.find_certificate(request_id)
        request = tx.requests.get_request(request_id)
    assert certificate["outcome"] == "erased_here_others_must_answer"
    assert {row["table"]: row["count"] for row in certificate["erased"]} == {"orders": 1, "parcels": 1}
    assert request.state is RequestState.WAITING
    enqueued = []
    services.clock.at = NOW + timedelta(minutes=5)
    services.store.enqueue_due(lambda *job: enqueued.append(job) or True, max_jobs=9)
    assert enqueued == [("notify", f"{SHOP}|delhivery", False)], "the carrier's account is due, the request is not"


@pytest.mark.parametrize("fault", [ConnectorUnavailable("delhivery: unreadable answer"), None])
def test_what_is_opened_again_before_the_run_is_concluded_is_due_at_once(
    services, platform, carrier, monkeypatch, fault
):
    """A webhook that joins wakes the request; the worker that has asked all systems must not put it to sleep again."""
    tracking = {"fulfillments": [{"trackingInfo": [{"number": "AWB1", "company": "Delhivery"}]}]}
    platform.pages = [page(make_finding("1", **tracking))]
    carrier.faults = [fault] if fault else []
    request_id = access(services)
    build = conclude._build_due_document

    def join_and_build(*given):
        with services.store.transaction() as tx:
            tx.request_changes.restart_request(request_id)
        return build(*given)

    with monkeypatch.context() as patch:
        patch.setattr(conclude, "_build_due_document", join_and_build)
        process_request(request_id, services=services)
    with services.store.engine.connect() as connection:
        wake_at = connection.scalar(select(requests.c.wake_at).where(requests.c.id == request_id))
    assert wake_at == (NOW if fault else None)
    assert process_request(request_id, services=services) is bool(fault)
    request, tasks, _ = read_request(services.store, request_id)
    assert (request.state, {task.state for task in tasks}) == (RequestState.DONE, {TaskState.DONE})


def test_a_shop_without_data_closes_itself(services):
    request = make_request(kind=RequestKind.SHOP_ERASURE, subject="", principal=Principal())
    with services.store.transaction() as tx:
        opened(tx, request, make_task(request.id, "bridge", TaskAction.ERASE))
    assert process_request(request.id, services=services)
    read_back, _, facts = read_request(services.store, request.id)
    assert (read_back.state, read_back.complete) == (RequestState.DONE, True)
    assert names(facts) == ["shop.erased", "remnants.overwritten", "certificate.issued", "request.closed"]
