"""The chain: facts are added and never changed, and whoever changes one is found out."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from bridge.errors import BridgeError, EvidenceBroken
from bridge.model import Fact
from tests.factories import NOW, SHOP

DROP = {
    "sqlite": ["DROP TRIGGER evidence_no_update", "DROP TRIGGER evidence_no_delete"],
    "postgresql": ["DROP TRIGGER evidence_append_only ON evidence"],
}


def append(store, count=5):
    for number in range(count):
        with store.transaction() as tx:
            tx.evidence.append(Fact.TASK_DONE, shop=SHOP, request_id="req_1", records=number, gaps=["a: ü"])


def tamper(store, *statements):
    """Change the chain as somebody would who owns the database."""
    with store.engine.begin() as connection:
        for statement in (*DROP[store.engine.dialect.name], *statements):
            connection.execute(text(statement))


def test_facts_are_chained_and_verify(store):
    append(store)
    with store.transaction() as tx:
        assert tx.evidence.verify() == 5
        facts = tx.evidence.of("req_1")
        assert tx.evidence.head() == (5, facts[-1].hash)
        assert list(tx.evidence.all()) == facts
        assert tx.evidence.of("req_2") == []
    assert [fact.seq for fact in facts] == [1, 2, 3, 4, 5]
    assert facts[0].prev_hash == "0" * 64
    assert facts[2].prev_hash == facts[1].hash
    assert facts[0].at == NOW
    assert facts[4].detail == {"records": 4, "gaps": ["a: ü"]}


def test_an_empty_chain_verifies(store):
    with store.transaction() as tx:
        assert tx.evidence.verify() == 0


def test_a_fact_of_a_transaction_that_failed_never_was(store):
    append(store, 1)

    def fail():
        with store.transaction() as tx:
            tx.evidence.append(Fact.TASK_FAILED, shop=SHOP)
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    append(store, 1)
    with store.transaction() as tx:
        assert tx.evidence.verify() == 2


@pytest.mark.parametrize("statement", ["UPDATE evidence SET fact = 'task.failed'", "DELETE FROM evidence"])
def test_the_database_refuses_to_change_a_fact(store, statement):
    append(store, 2)
    with pytest.raises(BridgeError), store.transaction() as tx:
        tx.session.connection.execute(text(statement))
    with store.transaction() as tx:
        assert tx.evidence.verify() == 2


@pytest.mark.parametrize(
    ("statements", "first_bad"),
    [
        (["UPDATE evidence SET detail = '{\"records\": 9}' WHERE seq = 3"], 3),
        (["UPDATE evidence SET actor = 'somebody' WHERE seq = 1"], 1),
        (["UPDATE evidence SET hash = prev_hash WHERE seq = 2"], 2),
        (["DELETE FROM evidence WHERE seq = 2"], 2),
        (["DELETE FROM evidence WHERE seq = 1"], 1),
        (["DELETE FROM evidence WHERE seq >= 4"], 4),
        (["DELETE FROM evidence"], 1),
        (
            [
                "UPDATE evidence SET seq = 99 WHERE seq = 2",
                "UPDATE evidence SET seq = 2 WHERE seq = 3",
                "UPDATE evidence SET seq = 3 WHERE seq = 99",
            ],
            2,
        ),
        (["UPDATE evidence SET seq = seq + 10 WHERE seq = 5"], 5),
        (["UPDATE evidence_head SET seq = 4, hash = (SELECT hash FROM evidence WHERE seq = 4)"], 6),
    ],
    ids=[
        "edited",
        "actor edited",
        "hash replaced",
        "one deleted",
        "first deleted",
        "tail cut off",
        "all deleted",
        "two swapped",
        "renumbered",
        "head moved back",
    ],
)
def test_tampering_is_found_and_the_first_bad_row_is_named(store, statements, first_bad):
    append(store)
    tamper(store, *statements)
    with pytest.raises(EvidenceBroken) as caught, store.transaction() as tx:
        tx.evidence.verify()
    assert caught.value.seq == first_bad


def test_writers_at_the_same_moment_make_one_chain(store):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: append(store, 4), range(8)))
    with store.transaction() as tx:
        assert tx.evidence.verify() == 32
