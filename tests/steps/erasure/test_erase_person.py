"""Erase: one transaction for removing, suppressing, noting who must be told, and recording it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bridge.errors import LeaseLost
from bridge.model import (
    NoticeProgress,
    NoticeState,
    Outcome,
    Principal,
    RequestKind,
    RequestState,
    TaskAction,
    TaskState,
)
from bridge.rules.requests.progress_codec import encode_detail
from bridge.steps.erasure.erase_person import execute_erasure
from tests.factories import (
    ASHA,
    NOW,
    OTHER_SHOP,
    SHOP,
    accepted,
    customer,
    make_request,
    make_task,
    merged,
    opened,
    order,
)
from tests.kit.indexing import ingest
from tests.kit.running import acquire_lease_anew
from tests.kit.stored import read_request

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def run_erasure(services):
    """Erase Asha, or what `given` says, as often as it is called."""
    made = {}

    def again(**given):
        if not made:
            request = make_request(**({"kind": RequestKind.ERASURE} | given))
            with services.store.transaction() as tx:
                opened(tx, request, make_task(request.id, "bridge", TaskAction.ERASE))
            made["id"] = request.id
        lease = acquire_lease_anew(services.store, made["id"])
        with services.store.transaction() as tx:
            request = tx.requests.get_request(made["id"])
            [task] = [one for one in tx.tasks.list_tasks(request.id) if one.action is TaskAction.ERASE]
        saved = execute_erasure(request, task, lease, services=services)
        with services.store.transaction() as tx:
            assert saved in tx.tasks.list_tasks(request.id)
        return saved

    again.made = made
    return again


def instructions(services, run_erasure):
    _, tasks, _ = read_request(services.store, run_erasure.made["id"])
    return {task.system: task for task in tasks if task.action is TaskAction.NOTIFY_PROCESSOR}


def test_a_person_is_erased_and_the_fact_says_what_was_removed(services, run_erasure):
    ingest(services.store, customer(), order(1001), order(1002))
    task = run_erasure()
    assert (task.state, task.outcome, task.records) == (TaskState.DONE, Outcome.ERASED, 3)
    assert encode_detail(task.progress) == {"customers": 1, "orders": 2}
    assert task.finished_at == NOW
    request, _, facts = read_request(services.store, run_erasure.made["id"])
    assert request.principal == Principal(customer_id="7001")
    assert [fact.fact for fact in facts] == ["plan.made", "principal.suppressed", "principal.erased"]
    assert facts[2].detail == {"removed": {"customers": 1, "orders": 2}, "verified": "re-read"}


def test_orders_that_the_request_does_not_list_are_erased_and_counted(services, run_erasure):
    """Requirement E-04: all orders of the person go; the order of another customer that is listed stays."""
    stranger = order(2001, customer_id=7009, email="other@example.com", phone=None)
    ingest(services.store, customer(), order(1001), order(1002), order(1003), stranger)
    task = run_erasure(principal=replace(ASHA, order_ids=("1002", "2001")))
    assert encode_detail(task.progress) == {"customers": 1, "orders": 3}
    _, _, facts = read_request(services.store, run_erasure.made["id"])
    assert facts[2].detail["removed"] == {"customers": 1, "orders": 3}
    with services.store.transaction() as tx:
        assert tx.index.list_orders(SHOP, ASHA) == {}
        assert list(tx.index.list_orders(SHOP, Principal(order_ids=("2001",)))) == ["2001"]


def test_a_person_nobody_knows_is_absent_and_suppressed_all_the_same(services, run_erasure):
    task = run_erasure()
    assert (task.state, task.outcome, task.records) == (TaskState.DONE, Outcome.ABSENT, 0)
    with services.store.transaction() as tx:
        assert len(tx.index.ingest_sightings(SHOP, [order(at=NOW - timedelta(days=1))])) == 1


def test_a_principal_without_an_id_is_erased_by_the_request(services, run_erasure):
    run_erasure(principal=Principal(email=ASHA.email))
    assert read_request(services.store, run_erasure.made["id"])[0].principal == Principal()


def test_each_company_that_had_a_parcel_is_noted_with_its_waybills(services, run_erasure):
    sent = [("Delhivery", "AWB1"), ("Delhivery", "AWB2"), ("BlueDart", "AWB3"), ("Shiprocket", "AWB4")]
    ingest(services.store, order(parcels=sent))
    run_erasure()
    noted = instructions(services, run_erasure)
    assert {system: task.records for system, task in noted.items()} == {"bluedart": 1, "delhivery": 2, "shiprocket": 1}
    task = noted["delhivery"]
    assert (task.state, task.outcome, task.progress) == (TaskState.WAITING, Outcome.UNCONFIRMED, NoticeProgress())
    with services.store.transaction() as tx:
        entries = tx.notice_items.list_items(request_id=run_erasure.made["id"])
    assert sorted((entry.processor, entry.system, entry.reference) for entry in entries) == [
        ("bluedart", "bluedart", "AWB3"),
        ("delhivery", "delhivery", "AWB1"),
        ("delhivery", "delhivery", "AWB2"),
        ("shiprocket", "shiprocket", "AWB4"),
    ]
    assert {entry.order for entry in entries} == {"#1001"}
    assert {entry.state for entry in entries} == {NoticeState.WAITING}
    facts = [
        fact for fact in read_request(services.store, run_erasure.made["id"])[2] if fact.fact == "instruction.opened"
    ]
    assert [(fact.detail["processor"], fact.detail["entries"]) for fact in facts] == [
        ("bluedart", 1),
        ("delhivery", 2),
        ("shiprocket", 1),
    ]
    assert "AWB" not in repr(facts)


def test_twice_takes_no_count_back_and_doubles_no_waybill(services, run_erasure):
    ingest(services.store, customer(), order(parcels=[("Delhivery", "AWB1")]))
    first = run_erasure()
    again = run_erasure()
    assert (again.outcome, again.records, encode_detail(again.progress)) == (
        first.outcome,
        first.records,
        encode_detail(first.progress),
    )
    assert instructions(services, run_erasure)["delhivery"].records == 1


def test_an_order_that_is_named_later_adds_its_parcels_to_the_instruction(services, run_erasure):
    ingest(services.store, order(1001, parcels=[("Delhivery", "AWB1")]))
    ingest(services.store, order(1002, customer_id=0, email=None, phone=None, parcels=[("Delhivery", "AWB2")]))
    run_erasure()
    answered = replace(
        instructions(services, run_erasure)["delhivery"], state=TaskState.DONE, finished_at=NOW, outcome=Outcome.ERASED
    )
    with services.store.transaction() as tx:
        tx.tasks.save_task(answered)
        tx.request_changes.widen_request(run_erasure.made["id"], Principal(order_ids=("1002",)))
    assert encode_detail(run_erasure().progress) == {"orders": 2, "parcels": 2}
    task = instructions(services, run_erasure)["delhivery"]
    assert (task.state, task.finished_at) == (TaskState.WAITING, None)
    with services.store.transaction() as tx:
        assert len(tx.notice_items.list_items(request_id=run_erasure.made["id"])) == 2


def test_a_merged_id_is_suppressed_and_the_kept_customers_parcels_stay(services, run_erasure):
    ingest(services.store, order(parcels=[("Delhivery", "AWB1")]), merged(7001, 7002))
    task = run_erasure()
    assert (task.outcome, task.records, encode_detail(task.progress)) == (Outcome.ABSENT, 0, {"merged_into_another": 1})
    assert instructions(services, run_erasure) == {}
    with services.store.transaction() as tx:
        assert len(tx.index.list_parcels(SHOP, Principal(customer_id="7002"))) == 1


def access_in_flight(services, **release):
    request = make_request()
    with services.store.transaction() as tx:
        opened(tx, request)
        if release:
            result = {"wake_at": None, "complete": None, "closed_at": None} | release
            tx.requests.release_lease(tx.requests.acquire_lease(request.id), **result)
    return request


def test_an_access_request_in_flight_is_answered_first(services, run_erasure):
    ingest(services.store, order())
    access = access_in_flight(services)
    task = run_erasure()
    assert (task.state, task.last_error) == (TaskState.RETRY, "access_in_flight")
    assert task.wake_at == NOW + timedelta(seconds=10)
    with services.store.transaction() as tx:
        assert list(tx.index.list_orders(SHOP, ASHA)) == ["1001"]
        tx.requests.release_lease(
            tx.requests.acquire_lease(access.id),
            state=RequestState.WAITING,
            wake_at=None,
            complete=False,
            closed_at=NOW,
        )
    assert run_erasure().outcome is Outcome.ERASED


@pytest.mark.parametrize(
    "release",
    [
        {"state": RequestState.DONE, "closed_at": NOW},
        {"state": RequestState.WAITING, "closed_at": NOW},
        {"state": RequestState.IN_PROGRESS, "closed_at": NOW},
    ],
)
def test_an_access_request_that_was_answered_delays_nothing(services, run_erasure, release):
    access_in_flight(services, **release)
    assert run_erasure().state is TaskState.DONE


def test_dying_before_the_commit_changes_nothing_and_the_next_run_erases(services, run_erasure, monkeypatch):
    ingest(services.store, order())

    def die(*_args, **_named):
        raise RuntimeError("the machine stops")

    monkeypatch.setattr("bridge.store.requests.request_changes.RequestChanges.replace_principal", die)
    with pytest.raises(RuntimeError):
        run_erasure()
    with services.store.transaction() as tx:
        assert list(tx.index.list_orders(SHOP, ASHA)) == ["1001"]
    assert read_request(services.store, run_erasure.made["id"])[2] == []
    monkeypatch.undo()
    assert run_erasure().outcome is Outcome.ERASED


def test_a_worker_that_was_fenced_off_erases_nothing(services):
    ingest(services.store, order())
    request = make_request(kind=RequestKind.ERASURE)
    task = make_task(request.id, "bridge", TaskAction.ERASE)
    with services.store.transaction() as tx:
        opened(tx, request, task)
        lease = tx.requests.acquire_lease(request.id)
        tx.request_changes.widen_request(request.id, Principal(order_ids=("5",)))
    with pytest.raises(LeaseLost):
        execute_erasure(request, task, lease, services=services)
    with services.store.transaction() as tx:
        assert list(tx.index.list_orders(SHOP, ASHA)) == ["1001"]


def test_a_shop_leaves_whole_and_nobody_asks_for_a_token(services, run_erasure, platform):
    ingest(services.store, customer(), order(parcels=[("Delhivery", "AWB1")]))
    accepted(services.store, "orders/create", {"id": 1}, shop=OTHER_SHOP)
    access_in_flight(services)
    task = run_erasure(kind=RequestKind.SHOP_ERASURE, subject="", principal=Principal())
    assert (task.state, task.outcome) == (TaskState.DONE, Outcome.ERASED)
    assert {"orders", "parcels", "customers", "requests"} <= set(encode_detail(task.progress))
    assert [fact.fact for fact in read_request(services.store, run_erasure.made["id"])[2]] == ["shop.erased"]
    assert platform.asked == platform.erasure_asked == []
