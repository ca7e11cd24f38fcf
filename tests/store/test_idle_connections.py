"""A connection that died while nobody used it is noticed before a transaction begins on it."""

import pytest
from sqlalchemy import text

from bridge.store import engine as engines

pytestmark = pytest.mark.parametrize("database_url", ["postgres"], indirect=True)


def end_connections(store):
    """End all connections of the store but the one that asks for it."""
    with store.engine.connect() as connection:
        others = text(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        connection.execute(others)


def open_two(store):
    """Use two connections, and leave them in the pool."""
    with store.read() as first, store.read() as second:
        for tx in (first, second):
            tx.operator_queries.list_deliveries()


def test_after_a_while_it_is_replaced(store, monkeypatch):
    open_two(store)
    end_connections(store)
    monkeypatch.setattr(engines, "ASK_AFTER_S", 0)
    open_two(store)


def test_between_two_transactions_that_follow_each_other_its_end_is_seen(store, monkeypatch):
    monkeypatch.setattr(engines, "ASK_AFTER_S", 60)
    open_two(store)
    end_connections(store)
    open_two(store)


def test_where_the_server_was_killed_its_end_is_seen(store, postgres, monkeypatch):
    monkeypatch.setattr(engines, "ASK_AFTER_S", 60)
    open_two(store)
    postgres.kill()
    postgres.start()
    open_two(store)


def test_what_was_used_a_moment_ago_is_not_asked(store, monkeypatch):
    asked = []
    do_ping = type(store.engine.dialect).do_ping
    monkeypatch.setattr(type(store.engine.dialect), "do_ping", lambda *given: asked.append(True) or do_ping(*given))
    open_two(store)
    open_two(store)
    assert asked == []
    monkeypatch.setattr(engines, "ASK_AFTER_S", 0)
    open_two(store)
    assert len(asked) == 2
