"""Batches of any size are one or few statements; what is known is not new, also where a statement is repeated."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, text

from bridge.store.schema.tables import deliveries
from bridge.store.webhooks import insert_rows
from bridge.store.webhooks.inbox import new_delivery_row
from bridge.store.webhooks.insert_rows import GIVEN_COLUMNS, insert_new_rows
from tests.factories import NOW, make_delivery

SAME_FOR_ALL = {"attempts": 0, "last_error": "", "fence": 0, "done_at": None, "rung_at": None, "lease_until": None}


def make_row(number, **changes):
    delivery = make_delivery(raw=b'{"id": %d}' % number)
    row = new_delivery_row(delivery, sealed_body=bytes(range(256)), digest=f"digest-{number}", unique_webhook_id=True)
    return row | changes


def insert(store, rows, **given):
    with store._accept_engine.begin() as connection:
        return insert_new_rows(connection, rows, dedupe_after=NOW - timedelta(hours=4), **given)


@pytest.fixture
def statements(monkeypatch):
    """The texts of all statements that insert."""
    found, execute = [], insert_rows._execute

    def keep_and_execute(connection, statement, parameters):
        found.append(statement)
        return execute(connection, statement, parameters)

    monkeypatch.setattr(insert_rows, "_execute", keep_and_execute)
    return found


@pytest.mark.parametrize("size", [1, 2, 3, 7, 31, 32, 100, 256])
def test_a_batch_of_any_size_is_stored_whole(store, size):
    rows = [make_row(number) for number in range(size)]
    assert insert(store, rows) == {row["id"] for row in rows}
    with store.engine.connect() as connection:
        stored = {row.id: row._asdict() for row in connection.execute(select(deliveries))}
    for row in rows:
        assert stored[row["id"]] == row | SAME_FOR_ALL


def test_the_text_of_the_statement_does_not_depend_on_the_batch(store, statements):
    for begin, size in ((0, 100), (100, 37), (200, 64), (300, 1), (400, 63)):
        insert(store, [make_row(begin + number) for number in range(size)])
    assert len(set(statements)) <= (1 if store.engine.dialect.name == "postgresql" else 7)


def test_of_known_rows_and_new_ones_the_new_ones_are_told(store):
    first = [make_row(number) for number in range(10)]
    insert(store, first)
    again = [make_row(number) for number in range(20)]
    assert insert(store, again) == {row["id"] for row in again[10:]}
    same_id = make_row(50, once_key=first[0]["once_key"])
    assert insert(store, [same_id]) == set()


def test_a_statement_that_is_repeated_because_its_answer_was_lost_tells_the_same(store):
    rows = [make_row(number) for number in range(5)]
    assert insert(store, rows[:3]) == {row["id"] for row in rows[:3]}
    assert insert(store, rows, is_again=True) == {row["id"] for row in rows}
    assert insert(store, rows) == set()


def test_bytes_received_before_the_window_are_new_and_keep_the_old_row(store):
    old = make_row(1, received_at=NOW - timedelta(hours=5))
    insert(store, [old])
    new = make_row(1)
    assert insert(store, [new, make_row(2)]) >= {new["id"]}
    with store.engine.connect() as connection:
        digests = dict(connection.execute(select(deliveries.c.id, deliveries.c.digest)).all())
    assert (digests[old["id"]], digests[new["id"]]) == (None, "digest-1")


def test_every_column_is_given_or_the_same_for_all():
    assert set(make_row(1)) == set(GIVEN_COLUMNS)
    assert set(deliveries.c.keys()) == set(GIVEN_COLUMNS) | set(SAME_FOR_ALL)


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_a_connection_that_died_meanwhile_is_replaced_and_the_webhook_accepted(store):
    assert store.accept_delivery(make_delivery())
    with store.engine.connect() as connection:
        own = connection.scalar(text("SELECT pg_backend_pid()"))
        for pid in connection.scalars(text("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")):
            if pid != own:
                connection.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
    assert store.accept_delivery(make_delivery())
