"""The directory of shops that a process keeps is always that of the transaction."""

from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from bridge.store import SqlStore
from bridge.store.shops.directory_cache import read_shop_directory
from tests.kit.suite.examples import count_examples

NOW = datetime(2026, 11, 30, tzinfo=UTC)


@pytest.fixture
def second_store(store, database_url, vault, clock):
    """Another process over the same database."""
    with closing(SqlStore(database_url, keyring=vault, now=clock.now)) as made:
        yield made


def read_names(tx):
    return tx.shop_names.directory.names


def read_stored(tx):
    return read_shop_directory(tx.session.connection).names


def save(tx, domain, number="", *, hours=0):
    tx.shop_names.record_name(domain, number, seen_at=NOW + timedelta(hours=hours))


def test_a_change_of_another_process_is_seen_by_the_next_transaction(store, second_store):
    for hour, (first, second) in enumerate([(store, second_store), (second_store, store)] * 3):
        with first.transaction() as tx:
            save(tx, "a.myshopify.com", "1", hours=hour)
        with second.transaction() as tx:
            assert read_names(tx) == read_stored(tx)
            assert read_names(tx)[0].last_seen_at == NOW + timedelta(hours=hour)


def test_a_transaction_sees_its_own_changes_and_nobody_sees_those_that_were_rolled_back(store, second_store):
    with store.transaction() as tx:
        save(tx, "a.myshopify.com", "1")

    def change_and_give_up():
        with store.transaction() as tx:
            save(tx, "a.myshopify.com", "1", hours=1)
            save(tx, "b.myshopify.com")
            assert [name.domain for name in read_names(tx)] == ["a.myshopify.com", "b.myshopify.com"]
            save(tx, "a.myshopify.com", "1", hours=2)  # the same transaction writes the same row once more
            assert read_names(tx)[0].last_seen_at == NOW + timedelta(hours=2)
            raise RuntimeError("given up")

    with pytest.raises(RuntimeError, match="given up"):
        change_and_give_up()
    for each in (store, second_store):
        with each.transaction() as tx:
            assert [(name.domain, name.last_seen_at) for name in read_names(tx)] == [("a.myshopify.com", NOW)]


def test_a_transaction_that_wrote_a_row_twice_leaves_the_last_value(store, second_store):
    with store.transaction() as tx:
        save(tx, "a.myshopify.com", "1", hours=1)
        assert len(read_names(tx)) == 1
        save(tx, "a.myshopify.com", "1", hours=2)
        assert len(read_names(tx)) == 1
    for each in (store, second_store):
        with each.transaction() as tx:
            assert read_names(tx)[0].last_seen_at == NOW + timedelta(hours=2)


@settings(max_examples=count_examples(15), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    changes=st.lists(
        st.tuples(st.integers(0, 1), st.sampled_from("abc"), st.sampled_from(["", "1", "2"]), st.integers(0, 9)),
        max_size=8,
    )
)
def test_whatever_two_processes_write_in_turn_both_read_what_is_stored(store, second_store, changes):
    both = (store, second_store)
    for process, letter, number, hours in changes:
        with both[process].transaction() as tx:
            save(tx, f"{letter}.myshopify.com", number, hours=hours)
        for each in both:
            with each.read() as tx:
                assert read_names(tx) == read_stored(tx)


def test_on_postgres_the_names_are_read_again_only_after_a_change(store):
    if store.engine.dialect.name != "postgresql":
        pytest.skip("SQLite reads them each time")
    read: list[str] = []
    event.listen(store.engine, "before_cursor_execute", lambda *given: read.append(given[2]))
    with store.transaction() as tx:
        save(tx, "a.myshopify.com", "1")
    for expected in (1, 0, 0):
        read.clear()
        with store.transaction() as tx:
            assert len(read_names(tx)) == 1
        assert sum("shop_names.domain" in statement for statement in read) == expected
