"""The ledger outside the backup: rows are added and never changed, and its last head decides."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from bridge.errors import BackupRestored, LedgerUnavailable
from bridge.model import Destruction, LedgerHead, Tombstone
from bridge.ports import Ledger
from bridge.store.recovery.ledger import NullLedger, SqlLedger
from tests.factories import NOW, OTHER_SHOP, SHOP
from tests.test_fakes import public


@pytest.fixture
def ledger(database_url, request):
    """An empty ledger in a database of its own, of the kind that the test's database has."""
    url = f"{database_url}.ledger"
    if database_url.startswith("postgresql"):
        url = request.getfixturevalue("postgres").create_database("ledger_alone")
    made = SqlLedger(url)
    yield made
    made.close()


def head(seq, **given):
    values = {"at": NOW, "seq": seq, "hash": f"{seq:064}", "signature": "signed"}
    return LedgerHead(**(values | given))


def tombstone(key="a" * 32, field="customer", **given):
    values = {"shop": SHOP, "field": field, "key": key, "erased_at": NOW, "request_id": "req_1"}
    return Tombstone(**(values | given))


def test_both_ledgers_have_the_ports_public_signatures():
    assert public(SqlLedger) == public(NullLedger) == public(Ledger)


def test_a_ledger_is_created_on_first_use_and_stores_each_record_once(ledger):
    assert ledger.read_last_head() is None
    assert (ledger.list_tombstones(), ledger.list_destructions()) == ([], [])
    destruction = [Destruction(kind="document", ref="doc_1", shop=SHOP, at=NOW)]
    for _ in range(2):
        ledger.append_records([tombstone(), tombstone("b" * 32, "order")], destruction, head(7))
    assert ledger.list_tombstones() == [tombstone(), tombstone("b" * 32, "order")]
    assert ledger.list_destructions() == destruction
    assert ledger.read_last_head() == head(7)
    second = SqlLedger(ledger._engine.url.render_as_string(hide_password=False))
    assert second.read_last_head() == head(7), "made once"
    second.close()


def test_of_several_erasures_of_a_key_the_newest_is_returned(ledger):
    later = tombstone(erased_at=NOW + timedelta(days=1), request_id="req_2")
    ledger.append_records([tombstone(), later, tombstone(shop=OTHER_SHOP)], [], head(1))
    assert ledger.list_tombstones() == [tombstone(shop=OTHER_SHOP), later]


def test_a_head_that_does_not_continue_is_refused_with_its_records(ledger):
    ledger.append_head(head(7))
    for other in (head(6), head(7, hash="f" * 64)):
        with pytest.raises(BackupRestored):
            ledger.append_records([tombstone()], [], other)
    assert ledger.list_tombstones() == []
    branch = head(5, restored_from=f"7:{7:064}")
    ledger.append_head(branch)
    assert ledger.read_last_head() == branch, "the last one counts, not the highest"
    ledger.append_head(head(6))
    assert ledger.read_last_head() == head(6)


@pytest.mark.parametrize("deed", ["UPDATE {} SET {} = 'x'", "DELETE FROM {}"])
@pytest.mark.parametrize(("table", "column"), [("tombstones", "key"), ("destroyed", "ref"), ("heads", "hash")])
def test_the_database_refuses_to_change_what_the_ledger_holds(ledger, table, column, deed):
    ledger.append_records([tombstone()], [Destruction(kind="document", ref="doc_1", shop=SHOP, at=NOW)], head(1))
    with pytest.raises(Exception, match="append-only"), ledger._engine.begin() as connection:
        connection.execute(text(deed.format(table, column)))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_unavailable_ledger_is_not_asked_again_for_a_while(database_url, monkeypatch):
    away = SqlLedger("postgresql+psycopg://nobody:secret@/x?host=/nowhere")
    with pytest.raises(
        LedgerUnavailable, match="ledger: Postgres at /nowhere:5432, database x: there is no such socket"
    ):
        away.read_last_head()
    knocks = []
    monkeypatch.setattr(away._engine, "begin", lambda: knocks.append(1))
    with pytest.raises(LedgerUnavailable):
        away.append_head(head(1))
    assert knocks == []


def test_the_null_ledger_stores_nothing_and_never_fails():
    none = NullLedger()
    none.append_records([tombstone()], [], head(1))
    none.append_head(head(1))
    none.close()
    assert (none.configured, none.read_last_head(), none.list_tombstones(), none.list_destructions()) == (
        False,
        None,
        (),
        (),
    )
