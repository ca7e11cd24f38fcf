"""What destroys much does so in short transactions: each bounded in rows, killed between any two, and right at the end."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from bridge.model import Outcome, RequestKind, TaskAction, TaskState
from bridge.rules.retention.retention_registry import CATEGORY_REGISTRY
from bridge.steps.erasure import erase_person
from bridge.steps.erasure.run import erasure_run
from bridge.steps.requests.process import process_request
from bridge.steps.retention import expire
from bridge.steps.retention.expire import expire_aged_records
from bridge.steps.retention.expire_bodies import expire_bodies_and_packages
from bridge.steps.shops import erase_shop
from bridge.steps.webhooks.dispatch import dispatch_delivery
from bridge.store.schema import index_tables, tables
from tests.factories import (
    NOW,
    SHOP,
    accepted,
    customer,
    make_delivery,
    make_request,
    make_task,
    opened,
    order,
    redact_body,
)
from tests.kit.indexing import ingest
from tests.kit.stored import read_request
from tests.kit.transactions import KilledError, watch_transactions

OLD = NOW - timedelta(days=400)
FEW, MANY = 23, 120
MOST_ROWS = 800  # of the largest transaction, however many orders there are


def learn_orders(store, count):
    orders = [order(100_000 + at, at=OLD, parcels=[("Delhivery", f"AWB{at:09d}")]) for at in range(count)]
    ingest(store, customer(), *orders)


def open_erasure(services, *order_ids):
    delivery = accepted(services.store, "customers/redact", redact_body(*order_ids))
    return dispatch_delivery(delivery.id, services=services)


def end_leases(services):
    with services.store.transaction() as tx:
        tx.session.connection.execute(update(tables.requests).values(lease_until=None, attempts=0, rung_at=None))


def count_rows(services, table, *conditions):
    with services.store.read() as tx:
        return tx.session.connection.scalar(select(func.count()).select_from(table).where(*conditions))


def list_details(services, request_id, fact):
    with services.store.read() as tx:
        return [event.detail for event in tx.evidence.list_facts_of_request(request_id) if event.fact == fact]


def assert_erased_once(services, request_id, count):
    assert len(list_details(services, request_id, "principal.suppressed")) == 1
    [erased] = list_details(services, request_id, "principal.erased")
    assert erased["removed"] == {"orders": count, "parcels": count, "customers": 1}
    [noticed] = list_details(services, request_id, "instruction.opened")
    assert (noticed["processor"], noticed["entries"]) == ("delhivery", count)
    _, tasks, _ = read_request(services.store, request_id)
    [task] = [one for one in tasks if one.action is TaskAction.ERASE]
    assert (task.state, task.outcome, task.records) == (TaskState.DONE, Outcome.ERASED, 2 * count + 1)
    assert not task.progress.unfinished_rows
    for table in (index_tables.orders, index_tables.parcels, index_tables.customers, index_tables.contact_keys):
        assert count_rows(services, table) == 0
    assert count_rows(services, index_tables.suppressions, index_tables.suppressions.c.field == "order") == count
    with services.store.read() as tx:
        certificate = tx.packages.find_certificate(request_id)
        assert len(tx.notice_items.list_items(request_id=request_id)) == count
    certified = {row["table"]: row["count"] for row in certificate["erased"] if row["system"] == "bridge"}
    assert certified == {"orders": count, "parcels": count, "customers": 1}


def test_an_erasure_that_is_killed_before_any_commit_goes_on_and_is_recorded_once(services, monkeypatch):
    monkeypatch.setattr(erase_person, "RECORDS_PER_TRANSACTION", 10)
    learn_orders(services.store, FEW)
    request_id = open_erasure(services)
    kills = 0
    # each run ends before the commit of its second transaction that erases: there is always one step forward
    for allowed in (9, 12):
        end_leases(services)
        with suppress(KilledError), watch_transactions(services.store, kill_before=allowed):
            process_request(request_id, services=services)
            continue
        kills += 1
    assert kills
    end_leases(services)
    process_request(request_id, services=services)
    assert_erased_once(services, request_id, FEW)


LEFT_AFTER = (23, 18, 13, 8, 3, 0)  # batches of 5 orders with a parcel each


@pytest.mark.parametrize("batches_done", range(len(LEFT_AFTER)))
def test_an_erasure_that_dies_between_two_batches_continues(services, monkeypatch, batches_done):
    monkeypatch.setattr(erase_person, "RECORDS_PER_TRANSACTION", 10)
    learn_orders(services.store, FEW)
    request_id = open_erasure(services)
    done = []
    erase_batch, erase_rest = erasure_run.ErasureRun.erase_batch, erasure_run.ErasureRun.erase_rest

    def die(deed):
        def run(self, *given, **named):
            if len(done) == batches_done:
                raise KilledError
            result = deed(self, *given, **named)
            done.append(result)
            return result

        return run

    with monkeypatch.context() as patch:
        patch.setattr(erasure_run.ErasureRun, "erase_batch", die(erase_batch))
        patch.setattr(erasure_run.ErasureRun, "erase_rest", die(erase_rest))
        with suppress(KilledError):
            process_request(request_id, services=services)
    left = count_rows(services, index_tables.orders)
    assert left == LEFT_AFTER[batches_done]
    # a late webhook of an order that is gone brings nothing back; a new order of the person is erased with the rest
    gone = [number for number in range(FEW) if number < FEW - left]
    ingest(services.store, *(order(100_000 + at, at=OLD) for at in gone))
    assert count_rows(services, index_tables.orders) == left
    end_leases(services)
    process_request(request_id, services=services)
    assert_erased_once(services, request_id, FEW)


def test_an_order_that_changes_between_plan_and_deed_is_read_again(services, monkeypatch):
    monkeypatch.setattr(erase_person, "RECORDS_PER_TRANSACTION", 10)
    learn_orders(services.store, FEW)
    request_id = open_erasure(services)
    erase_batch, changed = erasure_run.ErasureRun.erase_batch, []

    def change_first(self, batch, *given, tx, **named):
        if not changed:
            changed.append(int(next(iter(batch.order_ids))))
            tx.index.ingest_sightings(SHOP, [order(changed[0], at=NOW, parcels=[("Delhivery", "AWBNEW")])])
        return erase_batch(self, batch, *given, tx=tx, **named)

    monkeypatch.setattr(erasure_run.ErasureRun, "erase_batch", change_first)
    process_request(request_id, services=services)
    assert changed
    assert_erased_once(services, request_id, FEW)  # the transaction that found the change was rolled back with it


def test_no_transaction_of_an_erasure_changes_more_than_some_rows(services):
    learn_orders(services.store, MANY)
    request_id = open_erasure(services, *range(100_000, 100_000 + MANY))
    with watch_transactions(services.store) as watched:
        process_request(request_id, services=services)
    assert_erased_once(services, request_id, MANY)
    assert sum(watched.rows) > 3 * MANY
    assert max(watched.rows) <= MOST_ROWS / 2


@pytest.fixture
def shop_request(services):
    request = make_request(kind=RequestKind.SHOP_ERASURE, subject="")
    with services.store.transaction() as tx:
        opened(tx, request, make_task(request.id, "bridge", TaskAction.ERASE))
    return request.id


def test_a_shop_goes_in_short_transactions_that_can_be_killed(services, shop_request, monkeypatch):
    monkeypatch.setattr(erase_shop, "ROWS_PER_TRANSACTION", 60)
    learn_orders(services.store, MANY)
    kills = 0
    for _ in range(60):
        end_leases(services)
        with suppress(KilledError), watch_transactions(services.store, kill_before=5):
            process_request(shop_request, services=services)
            break
        kills += 1
    assert kills > 3
    [erased] = list_details(services, shop_request, "shop.erased")
    assert {name: erased["removed"][name] for name in ("orders", "parcels", "customers")} == {
        "orders": MANY,
        "parcels": MANY,
        "customers": 1,
    }
    assert count_rows(services, index_tables.orders) == 0


def test_no_transaction_of_a_shops_erasure_changes_more_than_some_rows(services, shop_request):
    learn_orders(services.store, 3 * MANY)
    with watch_transactions(services.store) as watched:
        process_request(shop_request, services=services)
    assert sum(watched.rows) > 6 * MANY
    assert max(watched.rows) <= MOST_ROWS


def test_no_transaction_of_what_expires_changes_more_than_some_rows(services, clock, monkeypatch):
    assert "parcel_index" in CATEGORY_REGISTRY
    learn_orders(services.store, 3 * MANY)
    for _ in range(MANY):
        services.store.accept_delivery(make_delivery(state="rejected", reason="shop_unknown", received_at=NOW))
    clock.at = NOW + timedelta(days=3_000)
    with watch_transactions(services.store) as watched:
        expired = expire_bodies_and_packages(services=services)
        aged = expire_aged_records(services=services)
    assert (expired["raw_bodies"], aged["parcel_index"]) == (MANY, 3 * MANY + 1)
    assert sum(watched.rows) > 6 * MANY
    assert max(watched.rows) <= MOST_ROWS
    assert expire.RECORDS_PER_BATCH < 3 * MANY
