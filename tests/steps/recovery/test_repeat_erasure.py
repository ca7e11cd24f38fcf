"""A restored backup is repaired in short transactions: each bounded in rows, killed between any two, and right at the end."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from bridge.model import Destruction, Fact, LedgerHead, RequestKind, TaskAction
from bridge.steps.recovery import reapply_erasures, repeat_erasure
from bridge.steps.recovery.ledger_gate import check_ledger_gate
from bridge.steps.recovery.reapply_erasures import repair_restored_database
from bridge.store.recovery.ledger import SqlLedger
from bridge.store.schema import index_tables
from tests.factories import ASHA, NOW, SHOP, customer, make_request, make_task, opened, order
from tests.kit.indexing import ingest
from tests.kit.stored import count_table, list_details_of
from tests.kit.transactions import KilledError, watch_transactions
from tests.steps.sealed_case import seal

OLD = NOW - timedelta(days=400)
FEW, MANY = 23, 120
HEAD = LedgerHead(at=NOW, seq=99, hash="f" * 64, signature="signed")
INDEX_TABLES = (index_tables.orders, index_tables.parcels, index_tables.customers, index_tables.contact_keys)


@pytest.fixture
def restored(services, database_url, tmp_path, request):
    """Services over a database in which nobody is erased yet, and an empty ledger outside of it."""
    url = f"sqlite:///{tmp_path}/ledger.db"
    if database_url.startswith("postgresql"):
        url = request.getfixturevalue("postgres").create_database("ledger_of_thousands")
    ledger = SqlLedger(url)
    yield replace(services, ledger=ledger)
    ledger.close()


def learn_orders(services, count):
    orders = [order(100_000 + at, at=OLD, parcels=[("Delhivery", f"AWB{at:09d}")]) for at in range(count)]
    ingest(services.store, customer(), *orders)


def let_ledger_know(services, request_id, *destructions):
    """Write to the ledger what an erasure of Asha's would write, which this database does not know."""
    with services.store.transaction() as tx:
        tx.person_eraser.erase_person(SHOP, ASHA, request_id=request_id)
        tombstones, _ = tx.ledger_state.list_unsynced(500)
        tx.session.connection.rollback()
    services.ledger.append_records(tombstones, destructions, HEAD)
    return len(tombstones)


def repair(services):
    return repair_restored_database(actor="operator:test", services=services)


def repair_with_kills(services, kill_before):
    """Repair, killed before the commit of each run's last writing transaction. Return the last report and how many kills."""
    for kills in range(100):
        with suppress(KilledError), watch_transactions(services.store, kill_before=kill_before):
            return repair(services), kills
    raise AssertionError("it never ends")


def assert_repaired(services, report, count, keys, *, is_known=False):
    assert (report.left, report.faults) == (0, [])
    assert [count_table(services.store, table) for table in INDEX_TABLES] == [0] * len(INDEX_TABLES)
    assert count_table(services.store, index_tables.suppressions) == keys
    details = list_details_of(services.store, Fact.TOMBSTONES_APPLIED)
    removed = sum((Counter(detail["removed"]) for detail in details), Counter())
    assert removed == {"orders": count, "parcels": count, "customers": 1}
    assert sum(detail["keys"] for detail in details) == keys
    assert {detail["request_known"] for detail in details} == {is_known}
    assert [detail.get("unfinished", False) for detail in details] == [True] * (len(details) - 1) + [False]
    assert check_ledger_gate(services=services) == ""
    assert repair(services).tombstones == 0


@pytest.mark.parametrize("kill_before", [5, 6])  # a run needs four before its last, which opens the gate
def test_a_repeated_erasure_that_is_killed_before_any_commit_goes_on(restored, monkeypatch, kill_before):
    monkeypatch.setattr(repeat_erasure, "ORDERS_PER_TRANSACTION", 2)
    learn_orders(restored, FEW)
    keys = let_ledger_know(restored, "req_lost")
    report, kills = repair_with_kills(restored, kill_before)
    assert kills > 2
    assert_repaired(restored, report, FEW, keys)


def test_the_processors_items_of_every_batch_are_opened_once(restored, monkeypatch):
    monkeypatch.setattr(repeat_erasure, "ORDERS_PER_TRANSACTION", 2)
    learn_orders(restored, FEW)
    request = make_request(kind=RequestKind.ERASURE)
    with restored.store.transaction() as tx:
        opened(tx, request, make_task(request.id, "bridge", TaskAction.ERASE))
    keys = let_ledger_know(restored, request.id)
    report, kills = repair_with_kills(restored, 5)
    assert kills > 2
    assert report.lost == []
    assert_repaired(restored, report, FEW, keys, is_known=True)
    with restored.store.read() as tx:
        items = tx.notice_items.list_items(request_id=request.id)
    assert sorted(item.reference for item in items) == [f"AWB{at:09d}" for at in range(FEW)]
    assert sum(one["entries"] for one in list_details_of(restored.store, Fact.NOTICE_ITEMS_OPENED)) == FEW


def test_an_order_that_changes_between_reading_and_deed_is_read_again(restored, monkeypatch):
    monkeypatch.setattr(repeat_erasure, "ORDERS_PER_TRANSACTION", 2)
    learn_orders(restored, FEW)
    keys = let_ledger_know(restored, "req_lost")
    erase, changed = repeat_erasure._Run._erase_batch, []

    def change_first(self, order_keys, tx):
        if not changed:
            changed.append(int(self._order_ids[order_keys[0]]))
            tx.index.ingest_sightings(SHOP, [order(changed[0], at=NOW, parcels=[("Delhivery", "AWBNEW")])])
        return erase(self, order_keys, tx)

    monkeypatch.setattr(repeat_erasure._Run, "_erase_batch", change_first)
    assert_repaired(
        restored, repair(restored), FEW, keys
    )  # the transaction that found the change was rolled back with it


def test_no_transaction_of_a_repeated_erasure_changes_more_than_some_rows(restored):
    learn_orders(restored, MANY)
    keys = let_ledger_know(restored, "req_lost")
    with watch_transactions(restored.store) as watched:
        report = repair(restored)
    assert_repaired(restored, report, MANY, keys)
    assert sum(watched.rows) > 3 * MANY
    assert max(watched.rows) <= 4 * repeat_erasure.ORDERS_PER_TRANSACTION


def test_a_shop_that_came_back_goes_in_short_transactions_that_can_be_killed(restored, monkeypatch):
    monkeypatch.setattr(reapply_erasures, "ROWS_PER_TRANSACTION", 10)
    learn_orders(restored, MANY)
    restored.ledger.append_records([], [Destruction(kind="shop", ref="req_shop", shop=SHOP, at=NOW)], HEAD)
    report, kills = repair_with_kills(restored, 5)
    assert kills > 2
    assert (report.left, report.faults) == (0, [])
    details = list_details_of(restored.store, Fact.TOMBSTONES_APPLIED)
    removed = sum((Counter(detail["removed"]) for detail in details), Counter())
    assert (removed["orders"], removed["parcels"], removed["customers"]) == (MANY, MANY, 1)
    assert [one for one in details if one.get("shop_erased")] == details[-1:]
    assert count_table(restored.store, index_tables.orders) == 0


def test_documents_that_came_back_go_in_short_transactions_that_can_be_killed(restored, monkeypatch):
    monkeypatch.setattr(reapply_erasures, "RECORDS_PER_TRANSACTION", 2)
    ids = [seal(restored, 1000 + at) for at in range(FEW)]
    restored.ledger.append_records([], [Destruction(kind="document", ref=one, shop=SHOP, at=NOW) for one in ids], HEAD)
    report, kills = repair_with_kills(restored, 5)
    assert kills > 2
    assert (report.left, report.faults) == (0, [])
    details = list_details_of(restored.store, Fact.TOMBSTONES_APPLIED)
    assert sum(detail["destroyed"]["document"] for detail in details) == FEW
    with restored.store.transaction() as tx:
        assert tx.documents.list_documents() == []
