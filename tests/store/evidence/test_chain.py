"""The chain: facts are added and never changed, and every change is found."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text

from bridge.errors import BridgeError, EvidenceBroken
from bridge.model import Fact
from bridge.store import SqlStore
from tests.factories import NOW, SHOP
from tests.tamper import WAYS, append, tamper


def test_facts_are_chained_and_verify(store):
    append(store)
    with store.transaction() as tx:
        assert tx.evidence.verify_chain() == 5
        facts = tx.evidence.list_facts_of_request("req_1")
        assert tx.evidence.read_head() == (5, facts[-1].hash)
        assert list(tx.evidence.iterate_facts()) == facts
        assert tx.evidence.list_facts_between(2, 4) == facts[1:4]
        assert tx.evidence.list_facts_of_request("req_2") == []
    assert [fact.seq for fact in facts] == [1, 2, 3, 4, 5]
    assert facts[0].prev_hash == "0" * 64
    assert facts[2].prev_hash == facts[1].hash
    assert facts[0].at == NOW
    assert facts[4].detail == {"records": 4, "gaps": ["a: ü"]}


def test_an_empty_chain_verifies(store):
    with store.transaction() as tx:
        assert tx.evidence.verify_chain() == 0


def test_a_fact_of_a_failed_transaction_is_not_stored(store):
    append(store, 1)

    def fail():
        with store.transaction() as tx:
            tx.evidence.append_fact(Fact.TASK_FAILED, shop=SHOP)
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    append(store, 1)
    with store.transaction() as tx:
        assert tx.evidence.verify_chain() == 2


def test_a_detail_without_canonical_form_is_refused(store):
    with pytest.raises(ValueError, match="no float"), store.transaction() as tx:
        tx.evidence.append_fact(Fact.TASK_DONE, shop=SHOP, days=1.5)
    with store.transaction() as tx:
        assert tx.evidence.verify_chain() == 0


@pytest.mark.parametrize("statement", ["UPDATE evidence SET fact = 'task.failed'", "DELETE FROM evidence"])
def test_the_database_refuses_to_change_a_fact(store, statement):
    """Requirement V-01."""
    append(store, 2)
    with pytest.raises(BridgeError), store.transaction() as tx:
        tx.session.connection.execute(text(statement))
    with store.transaction() as tx:
        assert tx.evidence.verify_chain() == 2


@pytest.mark.parametrize("tampering", WAYS)
def test_t22_tampering_is_found_and_the_first_bad_row_is_named(store, tampering):
    """Requirement V-02."""
    statements, first_bad = WAYS[tampering]
    append(store)
    tamper(store, *statements)
    with pytest.raises(EvidenceBroken) as caught, store.transaction() as tx:
        tx.evidence.verify_chain()
    assert caught.value.seq == first_bad


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_unreadable_time_is_found_among_thousands(store):
    """Postgres refuses an invalid time; a SQLite file takes any text."""
    append(store, 1200)
    for seq in (1100, 3, 1):
        tamper(store, f"UPDATE evidence SET at = 'yesterday' WHERE seq = {seq}")  # noqa: S608 - numbers
        with pytest.raises(EvidenceBroken, match=f"row {seq}: unreadable"), store.transaction() as tx:
            tx.evidence.verify_chain()


def test_parallel_writers_make_one_chain(store):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: append(store, 4), range(8)))
    with store.transaction() as tx:
        assert tx.evidence.verify_chain() == 32


def test_times_never_decrease_even_where_a_writers_clock_is_behind(store, clock, vault, database_url):
    """Two machines whose clocks differ by a minute write in turn: no fact is earlier than the one before it. Requirement V-08."""
    behind = SqlStore(database_url, keyring=vault, now=lambda: clock.now() - timedelta(minutes=1))
    for _ in range(3):
        append(store, 1)
        append(behind, 1)
        clock.at += timedelta(seconds=20)
    clock.at -= timedelta(days=1)
    append(store, 1)
    behind.close()
    with store.transaction() as tx:
        moments = [fact.at for fact in tx.evidence.iterate_facts()]
        assert tx.evidence.verify_chain() == 7
    seconds = [(moment - NOW).total_seconds() for moment in moments]
    assert seconds == [0, 0, 20, 20, 40, 40, 40]


def test_a_chain_that_grows_while_it_is_verified_is_not_broken(store):
    """Verifying reads the head and the rows in one statement; on SQLite, writers wait for it anyway."""
    append(store, 50)
    with ThreadPoolExecutor(3) as pool:
        writing = [pool.submit(append, store, 20) for _ in range(2)]
        for _ in range(10):
            with store.transaction() as tx:
                assert tx.evidence.verify_chain() >= 50
        for each in writing:
            each.result(30)
