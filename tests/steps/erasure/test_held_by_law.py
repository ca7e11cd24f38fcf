"""What a law keeps is not destroyed before its day, and is destroyed by itself when it has come."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from bridge.model import (
    BankDetails,
    EraseProgress,
    ErasureAction,
    RequestKind,
    RequestState,
    TaskAction,
    TaskState,
    get_progress,
)
from bridge.rules.refunds.settlement import validate_settlement
from bridge.rules.retention.statutory_last_days import compute_day_start
from bridge.steps.index.index_orders import index_deliveries
from bridge.steps.refunds.settle_refund import settle_refund
from bridge.steps.refunds.store_bank_details import store_bank_details
from bridge.steps.requests.process import process_request
from bridge.steps.requests.record_answer_given import waive_answer
from bridge.steps.retention.legal_hold import open_order_legal_hold, open_person_legal_hold, release_legal_hold
from bridge.steps.webhooks.dispatch import dispatch_delivery
from tests.factories import ASHA, SHOP, accepted, customer, order, order_body, redact_body, settled_retention
from tests.kit.durations import days
from tests.kit.operator_requests import let_act, open_as_operator

IN_JUNE = datetime(2027, 6, 2, 10, 0, tzinfo=UTC)
LAST_MONTH = IN_JUNE - days(31)
ONE_YEAR_LATER = date(2028, 5, 6)  # a year after the delivery of an order of last month
LONG_AGO = datetime(2025, 6, 2, 10, 0, tzinfo=UTC)
WHO = "operator:a"


@pytest.fixture
def services(services, platform):
    """Services whose merchant decided the lengths of a contract, at a platform that knows Asha."""
    platform.customers = {ASHA.email: "7001"}
    return replace(services, retention=settled_retention())


@pytest.fixture
def deliver(services):
    """Index an order of Asha's that arrived four days after it was placed, or is on its way."""

    def of(number, placed_at, waybill, *, has_arrived=True):
        at = placed_at + days(4)
        shipment = {"tracking_company": "Delhivery", "tracking_numbers": [waybill], "created_at": placed_at.isoformat()}
        shipment |= {"shipment_status": "delivered" if has_arrived else "in_transit", "updated_at": at.isoformat()}
        with services.store.transaction() as tx:
            tx.index.ingest_sightings(SHOP, [order(number, at=placed_at, fulfillments=[shipment])])

    return of


def run_erasure(services, at=None):
    request_id = open_as_operator(services, ASHA, shop=SHOP, at=at)
    process_request(request_id, services=services)
    return request_id


def tasks(services, request_id):
    with services.store.transaction() as tx:
        return {task.action: task for task in tx.tasks.list_tasks(request_id)}


def list_order_ids(services):
    with services.store.transaction() as tx:
        return set(tx.index.list_orders(SHOP, ASHA))


def plan_lines(services, request_id, system):
    with services.store.transaction() as tx:
        return [line for line in tx.plans.find_plan(request_id)["lines"] if line["system"] == system]


def certificate(services, request_id):
    with services.store.transaction() as tx:
        return tx.packages.find_certificate(request_id)


def find_request(services, request_id):
    with services.store.transaction() as tx:
        return tx.requests.get_request(request_id)


def local_start(services, day):
    return compute_day_start(day, services.retention)


def test_an_order_of_last_month_stays_for_a_year_at_shopify_here_and_at_the_carrier(services, clock, platform, deliver):
    """Requirement T17 as an erasure, C-07 and P-14: what the law keeps is restricted, and goes by itself on its day."""
    clock.at = IN_JUNE
    deliver(1001, LAST_MONTH, "AWB7007007")
    request_id = run_erasure(services)
    seen = tasks(services, request_id)
    ask, own = seen[TaskAction.REQUEST_PLATFORM_ERASURE], seen[TaskAction.ERASE]
    wakes_at = local_start(services, ONE_YEAR_LATER + days(1))
    assert [(task.state, task.wake_at, task.expected_by) for task in (ask, own)] == [
        (TaskState.WAITING, wakes_at, wakes_at)
    ] * 2
    assert (platform.requested, list_order_ids(services)) == ([], {"1001"})
    lines = [*plan_lines(services, request_id, "shopify"), *plan_lines(services, request_id, "delhivery")]
    assert {line["until"] for line in lines} == {ONE_YEAR_LATER.isoformat()}
    assert {line["action"] for line in lines} == {"restrict", "pseudonymise", "seal"}
    assert {ground for line in lines for ground in line["holds"]} == {"dpdp_one_year", "open_contract"}
    assert find_request(services, request_id).closed_at == clock.at, "the data subject is answered now"
    kept = certificate(services, request_id)["kept"]
    assert {row["until"] for row in kept if row.get("system") == "shopify"} == {ONE_YEAR_LATER.isoformat()}
    clock.at = wakes_at - timedelta(seconds=1)
    process_request(request_id, services=services)
    assert (platform.requested, list_order_ids(services)) == ([], {"1001"}), "nothing is due a second before"
    clock.at = wakes_at
    assert process_request(request_id, services=services)
    assert (platform.requested, list_order_ids(services)) == (["7001"], set())
    assert tasks(services, request_id)[TaskAction.POLL_PLATFORM_ERASURE].state is TaskState.WAITING
    assert [row for row in certificate(services, request_id)["kept"] if row["category"] == "parcel_index"] == []


@pytest.mark.parametrize(("day", "is_held"), [(date(2027, 5, 12), False), (date(2027, 5, 13), True)])
def test_t17_the_law_holds_from_its_first_day(services, clock, platform, deliver, day, is_held):
    """Requirement L-01."""
    clock.at = local_start(services, day) + timedelta(hours=3)
    deliver(1001, clock.at - days(90), "AWB7007007")
    run_erasure(services)
    assert (platform.requested, list_order_ids(services)) == (([], {"1001"}) if is_held else (["7001"], set()))


def test_a_claim_on_one_order_keeps_it_and_shopify_and_nothing_else(services, clock, platform, deliver):
    """Requirement P-63: a dispute keeps what belongs to it, until a person releases it."""
    deliver(1001, LONG_AGO, "AWB1")
    deliver(1002, LONG_AGO, "AWB2")
    hold = open_order_legal_hold(SHOP, "1001", reference="CC-1", actor=WHO, reason="chargeback", services=services)
    request_id = run_erasure(services)
    assert (platform.requested, list_order_ids(services)) == ([], {"1001"})
    [held] = [line for line in plan_lines(services, request_id, "bridge") if line["action"] == ErasureAction.RESTRICT]
    assert (held["category"], held["until"], held["holds"]) == ("parcel_index", None, ["legal_claim"])
    carrier = {line["action"]: line for line in plan_lines(services, request_id, "delhivery")}
    assert (carrier["restrict"]["holds"], carrier["erase"]["count"]) == (["legal_claim"], 1)
    assert find_request(services, request_id).closed_at == clock.at
    assert certificate(services, request_id)["outcome"] == "erased_in_part"
    clock.at += days(1)
    process_request(request_id, services=services)
    assert platform.requested == [], "a claim has no end but its release"
    release_legal_hold(hold.legal_hold.id, actor=WHO, reason="settled", services=services)
    assert process_request(request_id, services=services), "the release wakes what waited for it"
    assert (platform.requested, list_order_ids(services)) == (["7001"], set())


def test_a_hold_that_was_opened_after_the_plan_stops_the_deed(services, clock, platform, deliver):
    """Requirement E-01: the executed result equals the plan, or the plan is made anew first."""
    deliver(1001, LONG_AGO, "AWB1")
    access = open_as_operator(services, ASHA, shop=SHOP, kind=RequestKind.ACCESS)
    request_id = run_erasure(services)
    assert tasks(services, request_id)[TaskAction.ERASE].last_error == "access_in_flight"
    assert {line["action"] for line in plan_lines(services, request_id, "delhivery")} == {"erase"}
    open_person_legal_hold(request_id, reference="CC-1", actor=WHO, reason="a summons", services=services)
    process_request(access, services=services)
    waive_answer(access, actor=WHO, reason="taken back", services=services)
    with services.store.transaction() as tx:
        tx.request_changes.restart_request(request_id)
    process_request(request_id, services=services)
    with services.store.transaction() as tx:
        stopped = tx.requests.get_request(request_id)
        assert (stopped.state, stopped.last_error) == (RequestState.AWAITING_APPROVAL, "plan_changed")
        tx.request_changes.restart_request(request_id)
    let_act(services, request_id)
    for _ in range(2):
        process_request(request_id, services=services)
        clock.at += timedelta(seconds=2)
    assert platform.requested == []
    assert tasks(services, request_id)[TaskAction.ERASE].last_error == "held_by_law"
    assert list_order_ids(services) == {"1001"}
    assert {line["action"] for line in plan_lines(services, request_id, "delhivery")} == {"restrict"}
    with services.store.transaction() as tx:
        assert "plan.changed" in [event.fact for event in tx.evidence.list_facts_of_request(request_id)]


def test_what_shopify_ordered_is_kept_here_and_at_the_carrier_but_not_at_shopify(services, clock, deliver):
    clock.at = IN_JUNE
    deliver(1001, LAST_MONTH, "AWB1")
    delivery = accepted(services.store, "customers/redact", redact_body(1001))
    request_id = dispatch_delivery(delivery.id, services=services)
    process_request(request_id, services=services)
    assert list_order_ids(services) == {"1001"}
    assert {line["action"] for line in plan_lines(services, request_id, "delhivery")} == {"restrict"}
    there = {line["reason"] for line in plan_lines(services, request_id, "shopify")}
    assert there == {"platform_erases_on_its_own", "platform_leaves_what_others_wrote"}
    clock.at = local_start(services, ONE_YEAR_LATER + days(1))
    process_request(request_id, services=services)
    assert list_order_ids(services) == set()


def test_an_open_refund_keeps_all_of_it_until_it_is_reconciled(services, clock, platform, deliver):
    """Requirement C-07: the contract part of an erasure follows by itself when the refund is over."""
    deliver(1001, LONG_AGO, "AWB1")
    details = BankDetails(account_number="123456789012", ifsc="HDFC0001234", account_holder="Asha")
    account = store_bank_details(
        SHOP, details, order_id="1001", refund="9001", opened_at=clock.at, actor=WHO, services=services
    )
    request_id = run_erasure(services)
    assert (platform.requested, list_order_ids(services)) == ([], {"1001"})
    assert plan_lines(services, request_id, "delhivery")[0]["holds"] == ["open_contract"]
    clock.at += days(5)
    paid = validate_settlement(reference="432112345678", amount="4999", currency="INR", on=clock.at.date())
    settle_refund(account.id, paid, actor=WHO, services=services)
    assert process_request(request_id, services=services), "the settlement wakes what waited for it"
    ask = tasks(services, request_id)[TaskAction.REQUEST_PLATFORM_ERASURE]
    assert ask.expected_by == local_start(services, clock.at.date() + days(31))
    clock.at = ask.expected_by
    process_request(request_id, services=services)
    assert (platform.requested, list_order_ids(services)) == (["7001"], set())


def test_an_open_contract_keeps_shopify_until_the_warranty_is_over(services, clock, platform, deliver):
    """Requirement P-60: contract data stay until delivery, warranty and returns are over."""
    placed_at = clock.at - days(10)
    deliver(1001, placed_at, "AWB1", has_arrived=False)
    request_id = run_erasure(services)
    assert list_order_ids(services) == set(), "no law keeps the index"
    ask = tasks(services, request_id)[TaskAction.REQUEST_PLATFORM_ERASURE]
    assert (platform.requested, ask.state, ask.expected_by) == ([], TaskState.WAITING, None)
    body = order_body(1001, at=placed_at)
    arrived_at = clock.at + timedelta(hours=20)
    shipment = {"tracking_company": "Delhivery", "tracking_numbers": ["AWB1"], "shipment_status": "delivered"}
    body["fulfillments"] = [shipment | {"updated_at": arrived_at.isoformat(), "created_at": placed_at.isoformat()}]
    clock.at += days(1)
    accepted(services.store, "orders/updated", body)
    index_deliveries(SHOP, services=services)
    process_request(request_id, services=services)
    ask = tasks(services, request_id)[TaskAction.REQUEST_PLATFORM_ERASURE]
    assert ask.expected_by == local_start(services, arrived_at.date() + days(31))
    clock.at = ask.expected_by
    process_request(request_id, services=services)
    assert platform.requested == ["7001"]


def test_the_customer_goes_with_the_last_order_and_a_new_contract_stays(services, clock, deliver):
    clock.at = IN_JUNE
    with services.store.transaction() as tx:
        tx.index.ingest_sightings(SHOP, [customer()])
    deliver(1001, LAST_MONTH, "AWB1")
    deliver(1002, LONG_AGO, "AWB2")
    request_id = run_erasure(services)
    assert list_order_ids(services) == {"1001"}
    progress = get_progress(tasks(services, request_id)[TaskAction.ERASE], EraseProgress)
    assert (progress.removed_rows["orders"], progress.removed_rows.get("customers")) == (1, None)
    clock.at = local_start(services, ONE_YEAR_LATER + days(1))
    deliver(1003, clock.at - days(20), "AWB3")
    process_request(request_id, services=services)
    assert list_order_ids(services) == {"1003"}, "an order that was placed after the request"
    progress = get_progress(tasks(services, request_id)[TaskAction.ERASE], EraseProgress)
    assert (progress.removed_rows["orders"], progress.removed_rows["customers"]) == (2, 1)


def test_no_replay_moves_a_day(services, clock, deliver):
    clock.at = IN_JUNE
    deliver(1001, LAST_MONTH, "AWB1")
    request_id = run_erasure(services)
    before = {action: task.expected_by for action, task in tasks(services, request_id).items()}
    for pause in (1, 40, 200):
        clock.at = IN_JUNE + days(pause)
        deliver(1001, LAST_MONTH, "AWB1")
        with services.store.transaction() as tx:
            tx.request_changes.restart_request(request_id)
        process_request(request_id, services=services)
        assert {action: task.expected_by for action, task in tasks(services, request_id).items()} == before
        assert list_order_ids(services) == {"1001"}
