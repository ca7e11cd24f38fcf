"""The append-only chain of facts. Rows are inserted and read, never changed: triggers refuse every change."""

from __future__ import annotations

import itertools
import json
from collections.abc import Generator, Iterable, Iterator
from typing import Any

from sqlalchemy import bindparam, insert, select, true, update

from bridge.errors import EvidenceBroken
from bridge.model import Event, Fact
from bridge.rules.evidence import chain
from bridge.store.evidence.chain_heads import SignedHeadRows
from bridge.store.schema.tables import evidence, evidence_head
from bridge.store.session import Session

INSERT_FACT = insert(evidence)
ADVANCE_CHAIN_HEAD = update(evidence_head).values({name: bindparam(f"head_{name}") for name in ("seq", "hash", "at")})
INSERT_FACT_AND_ADVANCE_HEAD = ADVANCE_CHAIN_HEAD.add_cte(  # Postgres takes both as one statement
    INSERT_FACT.values({column.name: bindparam(column.name) for column in evidence.c}).cte("added")
)
LOCK_CHAIN_HEAD = select(evidence_head).with_for_update()
CHAIN_HEAD_COLUMNS = (evidence_head.c.seq.label("end_seq"), evidence_head.c.hash.label("end_hash"))


class EvidenceRows:
    """The chain of facts."""

    def __init__(self, session: Session) -> None:
        self._session, self._connection, self._now = session, session.connection, session.now

    def append_fact(
        self, fact: Fact, *, shop: str, actor: str = "bridge", request_id: str = "", subject: str = "", **detail: Any
    ) -> Event:
        """Append one fact to the chain in this transaction. `detail` is JSON-ready and holds nothing personal.

        Writers wait for each other at the head's row, so that the chain has one order.
        """
        # from the first fact of a transaction on, only this transaction moves the head
        head, now = self._session.last_fact or self._connection.execute(LOCK_CHAIN_HEAD).one(), self._now()
        draft = Event(
            seq=head.seq + 1,
            at=max(now, head.at or now),  # times never decrease, even where a writer's clock is behind
            actor=actor,
            fact=fact.value,
            shop=shop,
            request_id=request_id,
            subject=subject,
            detail=detail,
            prev_hash=head.hash,
        )
        event = chain.build_chained_event(draft)
        row = {name: getattr(event, name) for name in event.__slots__} | {"detail": json.dumps(detail)}
        head_row = {"head_seq": event.seq, "head_hash": event.hash, "head_at": event.at}
        if self._connection.dialect.name == "postgresql":
            self._connection.execute(INSERT_FACT_AND_ADVANCE_HEAD, row | head_row)
        else:
            self._connection.execute(INSERT_FACT, row)
            self._connection.execute(ADVANCE_CHAIN_HEAD, head_row)
        self._session.last_fact = event
        return event

    def list_facts_of_request(self, request_id: str) -> list[Event]:
        """Return the facts of one request, oldest first."""
        rows = select(evidence).where(evidence.c.request_id == request_id).order_by(evidence.c.seq)
        return [_event_from_row(row) for row in self._connection.execute(rows)]

    def list_facts_between(self, first_seq: int, last_seq: int) -> list[Event]:
        """Return the facts with these sequence numbers, both included."""
        rows = select(evidence).where(evidence.c.seq.between(first_seq, last_seq)).order_by(evidence.c.seq)
        return [_event_from_row(row) for row in self._connection.execute(rows)]

    def iterate_facts(self) -> Generator[Event]:
        """Yield the whole chain from its first row."""
        everything = select(evidence).order_by(evidence.c.seq).execution_options(yield_per=1000)
        with self._connection.execute(everything) as rows:
            for row in rows:
                yield _event_from_row(row)

    def verify_chain(self, checkpoints: Iterable[tuple[int, str]] = ()) -> int:
        """Verify the whole chain against its signed heads and `checkpoints`: (sequence number, hash).

        Returns its length; raises EvidenceBroken.
        """
        heads, signing_events = SignedHeadRows(self._session), list[Event]()
        stored_heads = heads.list_signed_heads()
        # the head and the rows are read by one statement: nothing is appended between them
        joined = select(*CHAIN_HEAD_COLUMNS, evidence).select_from(evidence_head.outerjoin(evidence, true()))
        all_rows = joined.order_by(evidence.c.seq).execution_options(yield_per=1000)
        with self._connection.execute(all_rows) as rows:  # a broken chain is not read to its end
            try:
                first = rows.fetchone()
            except (ValueError, TypeError):
                raise EvidenceBroken(self._find_unreadable_seq(1), "unreadable") from None
            if first is None:
                raise EvidenceBroken(1, "the head of the chain is missing")
            length = chain.verify_chain(
                self._read_events(first, rows, signing_events),
                length=first.end_seq,
                head_hash=first.end_hash,
                signed_hashes=[*checkpoints, *((head.seq, head.hash) for head in stored_heads)],
            )
        heads.verify_signed_heads(stored_heads, signing_events)
        return length

    def _read_events(self, first: Any, rows: Iterable[Any], signing_events: list[Event]) -> Iterator[Event]:
        """Yield the rows as events, and add those that record a signed head to `signing_events`."""
        if first.seq is None:  # an empty chain still has an end
            return
        seq = 0
        try:
            for row in itertools.chain([first], rows):
                event = _event_from_row(row)
                if event.fact in (Fact.HEAD_SIGNED, Fact.HEAD_GIVEN):
                    signing_events.append(event)
                seq = event.seq
                yield event
        except (ValueError, TypeError):  # an unreadable time
            raise EvidenceBroken(self._find_unreadable_seq(seq + 1), "unreadable") from None

    def _find_unreadable_seq(self, seq: int) -> int:
        """Return the first row from `seq` that is missing or unreadable: rows are fetched by the thousand."""
        try:
            while self.list_facts_between(seq, seq):
                seq += 1
        except (ValueError, TypeError, EvidenceBroken):
            return seq
        return seq

    def read_head(self) -> tuple[int, str]:
        """Return sequence number and hash of the last fact."""
        row = self._connection.execute(select(evidence_head)).one()
        return row.seq, row.hash


def _event_from_row(row: Any) -> Event:
    try:
        detail = json.loads(row.detail, object_pairs_hook=_reject_duplicate_names)
    except (ValueError, TypeError):
        raise EvidenceBroken(row.seq, "unreadable") from None
    return Event(**{name: getattr(row, name) for name in Event.__slots__} | {"detail": detail})


def _reject_duplicate_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the object. Raises ValueError where a name stands twice: readers would see another value than was hashed."""
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("evidence: duplicate name")
    return made
