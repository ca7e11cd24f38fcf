"""A restored backup keeps what the erasure kept: what a hold keeps on that day stays, and goes by itself afterwards."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from bridge.model import Fact, Outcome, Principal, TaskAction, TaskState, WaitReason
from bridge.rules.retention.statutory_last_days import compute_day_start
from bridge.steps.recovery.ledger_gate import check_ledger_gate
from bridge.steps.recovery.sync_ledger import sync_ledger
from bridge.steps.requests.process import process_request
from bridge.steps.retention.legal_hold import open_order_legal_hold, release_legal_hold
from bridge.store.schema.index_tables import customers, suppressions
from bridge.store.schema.tables import deliveries, requests
from tests.e2e.test_restored_backup import house
from tests.factories import ASHA, SHOP, accepted, customer, order, settled_retention
from tests.kit.durations import days

__all__ = ["house"]

IN_JUNE = datetime(2027, 6, 2, 10, 0, tzinfo=UTC)
LAST_MONTH, LONG_AGO = IN_JUNE - days(31), IN_JUNE - days(700)
LAST_DAY = date(2028, 5, 2)  # a year after the order of last month was placed
FREE_AT = compute_day_start(LAST_DAY + days(1), settled_retention())
BY_ID = Principal(customer_id=ASHA.customer_id)


@pytest.fixture
def june(house, clock):
    """A bridge in June 2027 that knows an old and a recent order of Asha's."""
    clock.at = IN_JUNE
    house.services = replace(house.services, retention=settled_retention())
    house.learn(
        customer(at=LAST_MONTH),
        order(1001, at=LAST_MONTH, parcels=[("Delhivery", "AWB1")]),
        order(1002, at=LONG_AGO, parcels=[("Delhivery", "AWB2")]),
    )
    return house


def erase_in_part(house, request_id):
    task = house.erase(request_id)
    assert (task.wait_reason, task.outcome) == (WaitReason.HELD_BY_LAW, Outcome.RETAINED)
    sync_ledger(services=house.services)
    assert house.orders() == ["1001"]


def list_request_ids(house):
    return [row.id for row in house.rows(requests)]


def process_due_requests(house):
    """Work on every request that is due, as a worker does."""
    for request_id in list_request_ids(house):
        process_request(request_id, services=house.services)


def count_customers(house):
    return len(house.rows(customers))


def find_erase_task(house, request_id):
    with house.store.transaction() as tx:
        [task] = [one for one in tx.tasks.list_tasks(request_id) if one.action is TaskAction.ERASE]
    return task


@pytest.mark.parametrize("backed_up", ["before the request", "before the erasure"])
@pytest.mark.parametrize("who", [ASHA, replace(ASHA, customer_id="")])
def test_what_the_erasure_kept_stays_and_goes_on_its_day(june, clock, backed_up, who):
    """The rule is one: whatever the backup knows, after it the index is as after the erasure."""
    if backed_up == "before the request":
        backup, request_id = june.backup(), june.ask(who)
    else:
        request_id, backup = june.ask(who), june.backup()
    erase_in_part(june, request_id)
    june.restore(backup)
    assert sorted(june.orders()) == ["1001", "1002"]
    report = june.check()
    assert (report.faults, report.left, report.kept_orders) == ([], 0, 1)
    assert report.removed == {"orders": 1, "parcels": 1}
    assert check_ledger_gate(services=june.services) == ""
    assert (june.orders(), count_customers(june)) == (["1001"], 1)
    [fact] = june.facts(Fact.TOMBSTONES_APPLIED)
    assert (fact.detail["kept_orders"], fact.detail["held_by"]) == (1, ["dpdp_one_year"])
    clock.at += timedelta(minutes=5)
    process_due_requests(june)
    task = find_erase_task(june, request_id)
    assert (task.state, task.wait_reason, task.expected_by) == (TaskState.WAITING, WaitReason.HELD_BY_LAW, FREE_AT)
    clock.at = FREE_AT - timedelta(seconds=1)
    process_due_requests(june)
    assert (june.orders(), count_customers(june)) == (["1001"], 1)
    clock.at = FREE_AT
    process_due_requests(june)
    assert (june.orders(), count_customers(june)) == ([], 0), "it goes by itself"
    assert find_erase_task(june, request_id).state is TaskState.DONE


def test_what_was_released_before_the_backup_was_restored_goes_at_once(june, clock):
    request_id, backup = june.ask(), june.backup()
    erase_in_part(june, request_id)
    clock.at = FREE_AT
    assert june.erase(request_id).state is TaskState.DONE
    sync_ledger(services=june.services)
    clock.at += days(1)
    june.restore(backup)
    report = june.check()
    assert (report.kept_orders, report.removed["orders"], report.removed["customers"]) == (0, 2, 1)
    assert (june.orders(), count_customers(june)) == ([], 0)


def test_a_backup_from_between_the_two_runs_waits_for_the_same_day(june, clock):
    request_id = june.ask()
    erase_in_part(june, request_id)
    backup = june.backup()
    clock.at = FREE_AT
    assert june.erase(request_id).state is TaskState.DONE
    sync_ledger(services=june.services)
    june.restore(backup)
    clock.at = FREE_AT - days(1)
    assert june.check().kept_orders == 1
    clock.at = FREE_AT
    process_due_requests(june)
    assert june.orders() == []


def test_a_claim_that_the_backup_knows_keeps_its_order_until_it_is_released(house, clock):
    house.services = replace(house.services, retention=settled_retention())
    house.learn(customer(), order(1001, parcels=[("Delhivery", "AWB1")]), order(1002, parcels=[("Delhivery", "AWB2")]))
    hold = open_order_legal_hold(
        SHOP, "1001", reference="CC-1", actor="operator:a", reason="chargeback", services=house.services
    )
    backup = house.backup()
    clock.at += days(1)
    erase_in_part(house, house.ask())
    house.restore(backup)
    report = house.check()
    assert (report.kept_orders, report.removed["orders"], house.orders()) == (1, 1, ["1001"])
    clock.at += days(40)
    process_due_requests(house)
    assert house.orders() == ["1001"]
    release_legal_hold(hold.legal_hold.id, actor="operator:a", reason="settled", services=house.services)
    clock.at += timedelta(seconds=1)
    process_due_requests(house)
    assert house.orders() == []


def test_orders_placed_after_the_erasure_stay_also_when_the_rest_goes(june, clock):
    backup, request_id = june.backup(), june.ask()
    erase_in_part(june, request_id)
    june.restore(backup)
    june.check()
    clock.at = FREE_AT - days(20)
    june.learn(order(2001, at=clock.at))
    clock.at = FREE_AT
    process_due_requests(june)
    assert june.orders() == ["2001"]


def test_bodies_that_wait_go_and_nothing_in_the_clear_comes_back(june):
    backup, request_id = june.backup(), june.ask()
    erase_in_part(june, request_id)
    june.restore(backup)
    late = accepted(june.store, "orders/paid", {"id": 1001, "email": ASHA.email}, webhook_id="before")
    with june.store.engine.begin() as connection:
        connection.execute(deliveries.update().where(deliveries.c.id == late.id).values(state="failed"))
    june.check()
    assert [row.body for row in june.rows(deliveries)] == [None]
    assert {row.field for row in june.rows(suppressions)} >= {"customer", "email", "order"}


def test_a_new_request_by_hand_is_a_request_of_its_own(june, clock):
    """The platform must be asked by one that names the data subject: what the ledger goes on with is joined by none."""
    backup, lost = june.backup(), june.ask()
    erase_in_part(june, lost)
    june.restore(backup)
    june.check()
    with june.store.transaction() as tx:
        again = tx.requests.get_request(lost)
        assert tx.requests.find_open_request_of_same_person(replace(again, principal=ASHA), "erasure") is None
    clock.at = FREE_AT
    june.ask()
    process_due_requests(june)
    process_due_requests(june)
    assert june.orders() == []


def test_a_repeated_check_opens_nothing_twice(june):
    backup, request_id = june.backup(), june.ask()
    erase_in_part(june, request_id)
    june.restore(backup)
    june.check()
    june.check()
    assert list_request_ids(june) == [request_id]


def test_an_erasure_by_customer_id_alone_keeps_the_customer_with_its_orders(june):
    backup, request_id = june.backup(), june.ask(BY_ID)
    erase_in_part(june, request_id)
    june.restore(backup)
    june.check()
    assert (june.orders(), count_customers(june)) == (["1001"], 1)


@pytest.mark.parametrize("who", [ASHA, BY_ID])
def test_a_law_that_began_since_keeps_what_was_erased_before_it(house, clock, who):
    """What holds is decided on the day of the check: the order was erased the day before the law bound, and came back after."""
    house.services = replace(house.services, retention=settled_retention())
    clock.at = compute_day_start(date(2027, 5, 12), house.services.retention) + timedelta(hours=10)
    house.learn(customer(at=clock.at - days(31)), order(1001, at=clock.at - days(31)))
    backup, request_id = house.backup(), house.ask(who)
    assert house.erase(request_id).outcome is Outcome.ERASED
    sync_ledger(services=house.services)
    clock.at += days(2)
    house.restore(backup)
    report = house.check()
    assert (report.left, report.kept_orders, house.orders(), count_customers(house)) == (0, 1, ["1001"], 1)
    clock.at += days(340)
    process_due_requests(house)
    assert (house.orders(), count_customers(house)) == ([], 0)
