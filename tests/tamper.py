"""What somebody does to the evidence who owns its tables: takes the triggers away, changes rows, makes hashes anew."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import text, update

from bridge.model import Fact
from bridge.rules.evidence.chain import GENESIS_HASH, hash_event
from bridge.store.schema.tables import evidence, evidence_head
from tests.factories import SHOP

if TYPE_CHECKING:
    from bridge.store import SqlStore

TRIGGERS = {
    "sqlite": [
        "DROP TRIGGER IF EXISTS evidence_no_update",
        "DROP TRIGGER IF EXISTS evidence_no_delete",
        "DROP TRIGGER IF EXISTS evidence_heads_no_update",
        "DROP TRIGGER IF EXISTS evidence_heads_no_delete",
    ],
    "postgresql": [
        "DROP TRIGGER IF EXISTS evidence_append_only ON evidence",
        "ALTER TABLE evidence_heads DISABLE TRIGGER ALL",
    ],
}
COPY = (
    "INSERT INTO evidence SELECT {seq}, at, actor, fact, shop, request_id, subject, detail, prev_hash, hash "
    "FROM evidence WHERE seq = {of}"
)
WAYS = {  # name: what is done to a chain of five rows, the first bad row
    "edited": (["UPDATE evidence SET detail = '{\"records\": 9}' WHERE seq = 3"], 3),
    "actor edited": (["UPDATE evidence SET actor = 'somebody' WHERE seq = 1"], 1),
    "said twice": (["UPDATE evidence SET detail = '{\"records\": 9, ' || substr(detail, 2) WHERE seq = 3"], 3),
    "no number": (["UPDATE evidence SET detail = '{\"records\": 2.0}' WHERE seq = 3"], 3),
    "no JSON": (["UPDATE evidence SET detail = 'nothing' WHERE seq = 4"], 4),
    "hash replaced": (["UPDATE evidence SET hash = prev_hash WHERE seq = 2"], 2),
    "one deleted": (["DELETE FROM evidence WHERE seq = 2"], 2),
    "first deleted": (["DELETE FROM evidence WHERE seq = 1"], 1),
    "end cut off": (["DELETE FROM evidence WHERE seq >= 4"], 4),
    "all deleted": (["DELETE FROM evidence"], 1),
    "two swapped": (
        [
            "UPDATE evidence SET seq = 99 WHERE seq = 2",
            "UPDATE evidence SET seq = 2 WHERE seq = 3",
            "UPDATE evidence SET seq = 3 WHERE seq = 99",
        ],
        2,
    ),
    "renumbered": (["UPDATE evidence SET seq = seq + 10 WHERE seq = 5"], 5),
    "one inserted": (
        [
            "UPDATE evidence SET seq = seq + 100 WHERE seq >= 3",
            "UPDATE evidence SET seq = seq - 99 WHERE seq > 100",
            COPY.format(seq=3, of=2),
        ],
        3,
    ),
    "one put at the end": ([COPY.format(seq=6, of=5)], 6),
    "end moved back": (
        ["UPDATE evidence_head SET seq = 4, hash = (SELECT hash FROM evidence WHERE seq = 4)"],
        6,  # wherever the end is told to be, what stands after the last row is what is wrong
    ),
    "end taken away": (["DELETE FROM evidence_head"], 1),
}


def append(store: SqlStore, count: int = 5) -> None:
    """Add facts of one request, each in a transaction of its own."""
    for number in range(count):
        with store.transaction() as tx:
            tx.evidence.append_fact(Fact.TASK_DONE, shop=SHOP, request_id="req_1", records=number, gaps=["a: ü"])


def tamper(store: SqlStore, *statements: str) -> None:
    """Do this as the owner, without triggers."""
    with store.engine.begin() as connection:
        for statement in (*TRIGGERS[store.engine.dialect.name], *statements):
            connection.execute(text(statement))


def make_anew(store: SqlStore, *statements: str) -> None:
    """Do this, and then compute every hash and the end anew: the chain holds by itself again."""
    tamper(store, *statements)
    with store.transaction() as tx:
        rows, before = list(tx.evidence.iterate_facts()), GENESIS_HASH
        for number, row in enumerate(rows, 1):
            draft = replace(row, seq=number, prev_hash=before)
            new = {"seq": number, "prev_hash": before, "hash": hash_event(draft)}
            tx.session.connection.execute(update(evidence).where(evidence.c.seq == row.seq).values(new))
            before = new["hash"]
        tx.session.connection.execute(update(evidence_head).values(seq=len(rows), hash=before))
