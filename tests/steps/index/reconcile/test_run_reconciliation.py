"""A reconciliation finds what no webhook brought, and brings nothing else."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from bridge.connectors.shopify import changed_orders
from bridge.model import Fact, OrderSelection, ReconciliationKind, ReconciliationState
from bridge.rules.index.reconcile import OVERLAP
from bridge.sandbox.webhooks import build_body
from bridge.sandbox.world import INVENTED_SHOP
from bridge.steps.index.reconcile import run_reconciliation as step
from bridge.steps.index.reconcile.fill_holes import fill_page
from bridge.steps.index.reconcile.open_reconciliation import open_reconciliation, start_nightly_reconciliations
from bridge.steps.index.reconcile.preview_reconciliation import preview_reconciliation
from bridge.steps.requests.process import process_request
from bridge.steps.webhooks.dispatch import dispatch_delivery
from bridge.store.schema.notice_tables import notice_items
from tests.factories import NOW, accepted, settled_retention
from tests.steps.index.reconcile.reconcile_case import LONG_AGO

ALL_CHANGES = OrderSelection(since=LONG_AGO, until=NOW)


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch):
    monkeypatch.setattr(changed_orders, "PAGE_SIZE", 5)


def facts(case):
    with case.services.store.read() as tx:
        return [fact for fact in tx.evidence.iterate_facts() if fact.fact == Fact.ORDERS_RECONCILED]


def erase_person(case, person):
    """Run customers/redact of a person with all orders."""
    body = build_body("customers/redact", case.world, person=person)
    delivery = accepted(case.services.store, "customers/redact", body, shop=INVENTED_SHOP)
    request_id = dispatch_delivery(delivery.id, services=case.services)
    process_request(request_id, services=case.services)
    return request_id


def erase_shop(case):
    with case.services.store.transaction() as tx:
        tx.shop_eraser.erase_shop(INVENTED_SHOP, request_id="req_1", include_held_records=True)


# --- What is found


def test_orders_of_which_no_webhook_came_are_filled_in(case):
    run = case.reconcile()
    assert run.state is ReconciliationState.DONE
    assert run.counts.missing == run.counts.orders == len(case.world.orders)
    parcels = [row for row in case.read_index() if row.startswith("parcel ")]
    assert len(parcels) == len({(one.waybill, one.order_id) for one in case.world.parcels}) + sum(
        len(order.returns) for order in case.world.orders
    )
    assert run.counts.parcels == len(parcels)
    assert run.counts.documents > 0


def test_a_second_run_finds_nothing(case):
    case.reconcile()
    before = case.read_index()
    run = case.reconcile()
    assert (run.counts.orders, run.counts.holes) == (len(case.world.orders), 0)
    assert case.read_index() == before


def test_what_was_found_is_a_fact_with_counts(case):
    run = case.reconcile()
    [fact] = facts(case)
    assert (fact.shop, fact.detail["missing"], fact.detail["state"]) == (INVENTED_SHOP, run.counts.missing, "done")
    with case.services.store.read() as tx:
        assert tx.reconciliations.sum_counts()["missing"] == run.counts.missing


def test_a_parcel_and_an_invoice_copy_of_a_known_order_are_filled_in(case):
    order = next(one for one in case.world.orders if one.parcels and one.gateway != "cod" and not one.returns)
    case.deliver("orders/create", order=order)
    case.index()
    run = case.reconcile()
    assert run.counts.missing == len(case.world.orders) - 1
    assert run.counts.outdated == 1
    with case.services.store.read() as tx:
        assert tx.documents.find_documents_by_order_id(INVENTED_SHOP, [str(order.id)])


def test_a_copy_that_a_webhook_sealed_is_not_sealed_again(case):
    for order in case.world.orders:
        case.deliver("orders/paid", order=order)
    case.index()
    run = case.reconcile()
    with case.services.store.read() as tx:
        found = tx.documents.find_documents_by_order_id(INVENTED_SHOP, [str(one.id) for one in case.world.orders])
    invoices = [one for of_order in found.values() for one in of_order if one.kind == "invoice"]
    assert len(invoices) == len(case.world.orders)
    assert run.counts.documents == sum(len(of_order) for of_order in found.values()) - len(invoices)


# --- Nothing comes back


def test_the_orders_of_an_erased_person_do_not_come_back(case):
    case.reconcile()
    erase_person(case, case.world.bikram)
    before = case.read_index()
    run = case.reconcile()
    after = case.read_index()
    assert run.counts.erased > 0
    assert after == before
    with case.services.store.read() as tx:
        of_person = [str(one.id) for one in case.world.list_orders(case.world.bikram)]
        assert tx.reconciliations.sum_counts()["erased"] >= len(of_person)


def test_an_order_of_an_erased_person_is_applied_once_however_often_it_is_read(case):
    case.reconcile()
    erase_person(case, case.world.bikram)

    def read_notice_items():
        with case.services.store.read() as tx:
            rows = select(notice_items.c.id, notice_items.c.state)
            return sorted(map(tuple, tx.session.connection.execute(rows)))

    case.reconcile()
    first = read_notice_items()
    case.reconcile()
    assert read_notice_items() == first


def test_what_a_law_keeps_of_an_erased_person_stays_as_it_is(case):
    held = replace(case, services=replace(case.services, retention=settled_retention()))
    held.reconcile()
    erase_person(held, held.world.bikram)
    before = held.read_index()
    run = held.reconcile()
    assert held.read_index() == before
    assert run.counts.holes == 0


def test_orders_that_came_only_after_an_erasure_are_recognised_too(case):
    erase_person(case, case.world.bikram)
    run = case.reconcile()
    keys = {one for one in case.read_index() if one.startswith("order ")}
    of_person = case.world.list_orders(case.world.bikram)
    assert len(keys) == len(case.world.orders) - len(of_person)
    assert (run.counts.missing, run.counts.erased) == (len(keys), len(of_person))
    with case.services.store.read() as tx:
        assert not tx.documents.find_documents_by_order_id(INVENTED_SHOP, [str(one.id) for one in of_person])


def test_orders_from_before_the_erasure_of_their_shop_do_not_come_back(case):
    case.reconcile()
    erase_shop(case)
    run = case.reconcile()
    assert case.read_index() == {}
    assert (run.counts.erased, run.counts.holes) == (len(case.world.orders), 0)


def test_a_shop_that_is_being_erased_is_not_read(case, stand_in):
    run = case.begin()
    body = build_body("shop/redact", case.world)
    delivery = accepted(case.services.store, "shop/redact", body, shop=INVENTED_SHOP)
    dispatch_delivery(delivery.id, services=case.services)
    run = case.work(run)
    assert (run.state, run.last_error) == (ReconciliationState.FAILED, "shop_leaves")
    assert case.read_index() == {}


def test_a_shop_that_uninstalled_the_app_is_not_asked_each_night(case, stand_in, clock):
    start_nightly_reconciliations(services=case.services)
    clock.at += timedelta(days=1)
    stand_in.faults.add("http_401", times=None)
    assert start_nightly_reconciliations(services=case.services) == 0
    stand_in.faults.clear()
    assert start_nightly_reconciliations(services=case.services) == 1


def test_a_token_that_is_rejected_ends_the_run_where_operators_see_it(case, stand_in):
    stand_in.faults.add("http_403", match="OrderCount", times=None)
    run = case.reconcile()
    assert (run.state, run.last_error) == (ReconciliationState.FAILED, "shopify: forbidden")
    assert facts(case)[0].detail["state"] == "failed"


def test_orders_whose_age_is_over_are_left(case):
    category = replace(
        case.services.retention.categories["parcel_index"],
        max_age={"event": "last_processing_at", "months": 0, "days": 1},
        holds=(),
    )
    categories = {**case.services.retention.categories, "parcel_index": category}
    retention = replace(case.services.retention, categories=categories)
    run = replace(case, services=replace(case.services, retention=retention)).reconcile()
    assert run.counts.expired > 0
    assert run.counts.missing + run.counts.expired == len(case.world.orders)


# --- Newest wins


def test_a_webhook_that_came_meanwhile_is_not_undone(case, connector):
    """The page was read before the webhook came; the order has another parcel and status since."""
    [page] = [one for one in connector.read_changed_orders(ALL_CHANGES, shop=INVENTED_SHOP) if one.orders][:1]
    order = next(one for one in case.world.orders if str(one.id) == page.orders[0].order_id)
    body = rest_body(case, order)
    body["updated_at"] = (NOW + timedelta(minutes=1)).isoformat()
    body["email"] = "newer@example.com"
    body["fulfillments"] = []
    accepted(case.services.store, "orders/updated", body, shop=INVENTED_SHOP)
    case.index()
    before = case.read_index()
    limits = step.read_hole_limits(INVENTED_SHOP, services=case.services)
    with case.services.store.transaction() as tx:
        fill_page(INVENTED_SHOP, page, limits, tx=tx, services=case.services)
    after = case.read_index()
    changed = {key for key in before if after[key] != before[key]}
    assert changed == set()


def rest_body(case, order):
    return json.loads(build_body("orders/updated", case.world, order=order))


# --- Faults, deaths, and others that wait


def test_what_one_job_left_another_goes_on_with(case, services):
    services.queue.waiting = 3  # others wait: each job does one page
    run = case.begin()
    step.run_reconciliation(run.id, services=services)
    run = case.read(run)
    assert (run.state, run.counts.orders) == (ReconciliationState.RUNNING, 5)
    assert services.queue.jobs == [("reconcile", run.id, False)] * 2
    run = case.work(run)
    assert (run.state, run.counts.orders) == (ReconciliationState.DONE, len(case.world.orders))


def test_a_worker_that_dies_within_a_page_repeats_that_page_only(case, services, clock, monkeypatch):
    run = case.begin()

    class Killed(BaseException):
        """What a process that is killed does: nothing more."""

    real, pages = step.fill_page, []

    def die_in_the_second_page(shop, page, limits, **given):
        pages.append(page)
        counts = real(shop, page, limits, **given)
        if len(pages) == 2:
            raise Killed
        return counts

    monkeypatch.setattr(step, "fill_page", die_in_the_second_page)
    with pytest.raises(Killed):
        step.run_reconciliation(run.id, services=services)
    monkeypatch.setattr(step, "fill_page", real)
    assert case.read(run).counts.orders == 5
    assert not step.run_reconciliation(run.id, services=services), "the dead worker's lease holds"
    clock.at += timedelta(seconds=60)
    run = case.work(run)
    assert (run.state, run.counts.orders) == (ReconciliationState.DONE, len(case.world.orders))
    assert run.counts.missing == len(case.world.orders)


def test_an_outage_is_retried_and_then_a_person_must_look(case, stand_in, clock):
    stand_in.faults.add("http_503", match="ChangedOrders", times=None)
    run = case.begin()
    for _ in range(step.MAX_ATTEMPTS):
        step.run_reconciliation(run.id, services=case.services)
        clock.at += timedelta(hours=3)
    run = case.read(run)
    assert (run.state, run.attempts) == (ReconciliationState.FAILED, step.MAX_ATTEMPTS)
    stand_in.faults.clear()
    assert case.reconcile().state is ReconciliationState.DONE


def test_an_outage_that_ends_costs_nothing(case, stand_in, clock):
    stand_in.faults.add("http_503", match="ChangedOrders", times=4)
    run = case.begin()
    step.run_reconciliation(run.id, services=case.services)
    assert case.read(run).last_error
    clock.at += timedelta(minutes=5)
    run = case.work(run)
    assert (run.state, run.counts.missing, run.last_error) == (ReconciliationState.DONE, len(case.world.orders), "")


def test_orders_that_shopify_cannot_serve_do_not_stop_the_others(case, stand_in, clock):
    stand_in.faults.add("null_node", match="ChangedOrders", field="QueryRoot.orders", row=1, times=None)
    stand_in.faults.add("fail_field", match="ChangedOrders", field="Order.createdAt", row=1, times=None)
    run = case.begin()
    for _ in range(step.MAX_ATTEMPTS):
        step.run_reconciliation(run.id, services=case.services)
        clock.at += timedelta(hours=3)
    run = case.read(run)
    assert run.state is ReconciliationState.DONE
    assert run.counts.unread > 0
    assert run.counts.missing + run.counts.unread >= len(case.world.orders)


def test_an_order_that_cannot_be_stored_does_not_stop_the_others(case, services, monkeypatch):
    real, poisoned = step.fill_page, str(case.world.orders[2].id)

    def break_at_one_order(shop, page, limits, **given):
        if poisoned in [order.order_id for order in page.orders]:
            raise ValueError(poisoned)
        return real(shop, page, limits, **given)

    monkeypatch.setattr(step, "fill_page", break_at_one_order)
    run = case.reconcile()
    assert (run.counts.missing, run.counts.unread) == (len(case.world.orders) - 1, 1)


def test_a_run_that_breaks_each_time_ends_where_operators_see_it(case, services, clock, monkeypatch):
    def break_down(*_, **__):
        raise KeyError("asha@example.com")

    monkeypatch.setattr(step, "read_hole_limits", break_down)
    run = case.begin()
    for _ in range(step.MAX_ATTEMPTS):
        assert step.run_reconciliation(run.id, services=services)
        clock.at += timedelta(hours=3)
    run = case.read(run)
    assert run.state is ReconciliationState.FAILED
    assert run.last_error.startswith("KeyError at test_run_reconciliation.py")


def test_one_run_of_a_shop_at_a_time(case, services):
    run = case.begin()
    assert (
        open_reconciliation(INVENTED_SHOP, ReconciliationKind.BACKFILL, LONG_AGO, actor="operator:b", services=services)
        is None
    )
    with services.store.transaction() as tx:
        first = tx.reconciliations.acquire_lease(run.id)
    with services.store.transaction() as tx:
        assert first is not None
        assert tx.reconciliations.acquire_lease(run.id) is None
    assert not step.run_reconciliation(run.id, services=services)


# --- Each night


def test_each_night_once_and_from_the_end_of_the_last_one(case, services, clock):
    assert start_nightly_reconciliations(services=services) == 0, "the shop was first seen today"
    clock.at += timedelta(days=1)
    assert start_nightly_reconciliations(services=services) == 1
    assert start_nightly_reconciliations(services=services) == 0, "it runs"
    with services.store.read() as tx:
        first = tx.reconciliations.find_running(INVENTED_SHOP)
    first = case.work(first)
    assert start_nightly_reconciliations(services=services) == 0, "it is done for this night"
    clock.at += timedelta(days=1)
    assert start_nightly_reconciliations(services=services) == 1
    with services.store.read() as tx:
        second = tx.reconciliations.find_running(INVENTED_SHOP)
    assert second.selection.since == first.selection.until - OVERLAP
    assert case.work(second).state is ReconciliationState.DONE


# --- Older orders


def test_orders_are_imported_by_pages_where_they_are_few(case, stand_in):
    run = case.reconcile(kind=ReconciliationKind.BACKFILL)
    assert (run.state, run.counts.missing) == (ReconciliationState.DONE, len(case.world.orders))
    assert "BulkStart" not in stand_in.calls.summarize_calls()["by_name"]


def test_many_orders_are_imported_from_a_file(case, stand_in, monkeypatch):
    stand_in.calls.clear()
    monkeypatch.setattr(step, "EXPORT_FROM_ORDERS", 5)
    run = case.reconcile(kind=ReconciliationKind.BACKFILL)
    assert (run.state, run.counts.missing) == (ReconciliationState.DONE, len(case.world.orders))
    assert stand_in.calls.summarize_calls()["by_name"]["BulkStart"] == 1


@pytest.mark.parametrize(
    "settings", [{"fail": "TIMEOUT"}, {"fail": "INTERNAL_SERVER_ERROR", "kept": 4}, {"lives_s": -1.0}]
)
def test_where_the_file_fails_pages_go_on(case, stand_in, monkeypatch, settings):
    monkeypatch.setattr(step, "EXPORT_FROM_ORDERS", 5)
    stand_in.shops[INVENTED_SHOP].bulk_operations.configure(settings)
    run = case.reconcile(kind=ReconciliationKind.BACKFILL)
    assert (run.state, run.counts.missing) == (ReconciliationState.DONE, len(case.world.orders))


def test_where_others_export_it_is_waited_for_and_then_pages_are_read(case, stand_in, services, clock, monkeypatch):
    monkeypatch.setattr(step, "EXPORT_FROM_ORDERS", 5)
    monkeypatch.setattr(step, "MAX_EXPORT_WAITS", 2)
    operations = stand_in.shops[INVENTED_SHOP].bulk_operations
    operations.configure({"polls": 10_000})
    for _ in range(5):
        operations.start("other", [], 0, denied=False)
    run = case.begin(kind=ReconciliationKind.BACKFILL)
    for _ in range(4):
        step.run_reconciliation(run.id, services=services)
        clock.at += timedelta(minutes=2)
    run = case.read(run)
    assert (run.state, run.counts.missing) == (ReconciliationState.DONE, len(case.world.orders))


def test_an_import_that_failed_goes_on_where_it_stopped(case, services, stand_in, monkeypatch):
    services.queue.waiting = 1
    run = case.begin(kind=ReconciliationKind.BACKFILL)
    step.run_reconciliation(run.id, services=services)
    stand_in.faults.add("http_403", match="ChangedOrders", times=None)
    assert case.work(run).state is ReconciliationState.FAILED
    stand_in.faults.clear()
    services.queue.waiting = 0
    again = case.reconcile(kind=ReconciliationKind.BACKFILL)
    assert (again.state, again.counts.orders) == (ReconciliationState.DONE, len(case.world.orders) - 5)
    assert len([key for key in case.read_index() if key.startswith("order ")]) == len(case.world.orders)


def test_without_the_scope_it_is_said_that_old_orders_are_hidden(case, stand_in):
    stand_in.faults.add("deny_scope", scope="read_all_orders")
    run = case.reconcile(kind=ReconciliationKind.BACKFILL)
    assert run.state is ReconciliationState.DONE
    assert not run.progress.sees_all_orders


def test_a_preview_says_what_would_be_found_and_changes_nothing(case, services):
    reported = []
    counts = preview_reconciliation(INVENTED_SHOP, ALL_CHANGES, services=services, report=reported.append)
    assert (counts.missing, reported[-1]) == (len(case.world.orders), counts)
    assert case.read_index() == {}
    assert facts(case) == []
    assert case.reconcile().counts.missing == counts.missing
