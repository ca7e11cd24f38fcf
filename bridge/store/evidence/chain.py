"""The append-only chain of facts. Rows are inserted and read, never changed: triggers refuse the rest."""

from __future__ import annotations

import itertools
import json
from collections.abc import Generator, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select, true, update

from bridge.errors import EvidenceBroken
from bridge.model import Event, Fact
from bridge.rules.evidence import chain
from bridge.store.evidence.chain_heads import HeadRows
from bridge.store.schema.tables import evidence, evidence_head

if TYPE_CHECKING:
    from bridge.store.session import Session


APPEND, ADVANCE = insert(evidence), update(evidence_head)
HEAD = select(evidence_head).with_for_update()
END = (evidence_head.c.seq.label("end_seq"), evidence_head.c.hash.label("end_hash"))


class EvidenceRows:
    """`ports.Evidence` in one transaction."""

    def __init__(self, session: Session) -> None:
        self._session, self._connection, self._now = session, session.connection, session.now

    def append(
        self,
        fact: Fact,
        *,
        shop: str,
        actor: str = "bridge",
        request_id: str = "",
        subject: str = "",
        **detail: Any,
    ) -> Event:
        """See ports.Evidence. Writers queue at the head's row, so the chain has one order."""
        head, now = self._connection.execute(HEAD).one(), self._now()
        event = chain.chained(
            seq=head.seq + 1,
            at=max(now, head.at or now),  # a writer whose clock is behind must not turn time back
            actor=actor,
            fact=fact.value,
            shop=shop,
            request_id=request_id,
            subject=subject,
            detail=detail,
            prev_hash=head.hash,
        )
        row = {name: getattr(event, name) for name in event.__slots__} | {"detail": json.dumps(detail)}
        self._connection.execute(APPEND, row)
        self._connection.execute(ADVANCE, {"seq": event.seq, "hash": event.hash, "at": event.at})
        return event

    def of(self, request_id: str) -> list[Event]:
        """See ports.Evidence."""
        rows = select(evidence).where(evidence.c.request_id == request_id).order_by(evidence.c.seq)
        return [_event(row) for row in self._connection.execute(rows)]

    def between(self, first: int, last: int) -> list[Event]:
        """See ports.Evidence."""
        rows = select(evidence).where(evidence.c.seq.between(first, last)).order_by(evidence.c.seq)
        return [_event(row) for row in self._connection.execute(rows)]

    def all(self) -> Generator[Event]:
        """The whole chain from its first row."""
        everything = select(evidence).order_by(evidence.c.seq).execution_options(yield_per=1000)
        with self._connection.execute(everything) as rows:
            for row in rows:
                yield _event(row)

    def verify(self, marks: Iterable[tuple[int, str]] = ()) -> int:
        """See ports.Evidence."""
        heads, told = HeadRows(self._session), list[Event]()
        kept = heads.all()
        # where it ends and its rows are one statement: nobody appends between the two
        joined = select(*END, evidence).select_from(evidence_head.outerjoin(evidence, true()))
        walk = joined.order_by(evidence.c.seq).execution_options(yield_per=1000)
        with self._connection.execute(walk) as rows:  # a broken chain is left in the middle
            try:
                first = rows.fetchone()
            except (ValueError, TypeError):
                raise EvidenceBroken(self._unreadable(1), "unreadable") from None
            if first is None:
                raise EvidenceBroken(1, "the end of the chain was stored apart, and is gone")
            length = chain.verify(
                self._events(first, rows, told),
                length=first.end_seq,
                head=first.end_hash,
                marks=[*marks, *((head.seq, head.hash) for head in kept)],
            )
        heads.verify(kept, told)
        return length

    def _events(self, first: Any, rows: Iterable[Any], told: list[Event]) -> Iterator[Event]:
        """The rows as events; `told` gets those that tell of a head's signing."""
        if first.seq is None:  # an empty chain still has an end
            return
        seq = 0
        try:
            for row in itertools.chain([first], rows):
                event = _event(row)
                if event.fact == Fact.HEAD_SIGNED:
                    told.append(event)
                seq = event.seq
                yield event
        except (ValueError, TypeError):  # a moment that is none
            raise EvidenceBroken(self._unreadable(seq + 1), "unreadable") from None

    def _unreadable(self, seq: int) -> int:
        """The first row from here that is not there or cannot be read: rows come by the thousand."""
        try:
            while self.between(seq, seq):
                seq += 1
        except (ValueError, TypeError, EvidenceBroken):
            return seq
        return seq

    def head(self) -> tuple[int, str]:
        """See ports.Evidence."""
        row = self._connection.execute(select(evidence_head)).one()
        return row.seq, row.hash


def _event(row: Any) -> Event:
    try:
        detail = json.loads(row.detail, object_pairs_hook=_once)
    except (ValueError, TypeError):
        raise EvidenceBroken(row.seq, "unreadable") from None
    return Event(
        seq=row.seq,
        at=row.at,
        actor=row.actor,
        fact=row.fact,
        shop=row.shop,
        request_id=row.request_id,
        subject=row.subject,
        detail=detail,
        prev_hash=row.prev_hash,
        hash=row.hash,
    )


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object that says nothing twice: what is shown first would not be what was hashed."""
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("evidence: a name stands twice")
    return made
