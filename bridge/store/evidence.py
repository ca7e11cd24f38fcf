"""The append-only chain of facts. Rows are inserted and read, never changed: triggers refuse the rest."""

from __future__ import annotations

import json
from collections.abc import Generator
from contextlib import closing
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select, update

from bridge.model import Event, Fact
from bridge.rules import chain
from bridge.store.tables import evidence, evidence_head

if TYPE_CHECKING:
    from bridge.store.session import Session


APPEND, ADVANCE = insert(evidence), update(evidence_head)
HEAD = select(evidence_head).with_for_update()


class EvidenceRows:
    """`ports.Evidence` in one transaction."""

    def __init__(self, session: Session) -> None:
        self._connection, self._now = session.connection, session.now

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
        head = self._connection.execute(HEAD).one()
        event = chain.chained(
            seq=head.seq + 1,
            at=self._now(),
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
        self._connection.execute(ADVANCE, {"seq": event.seq, "hash": event.hash})
        return event

    def of(self, request_id: str) -> list[Event]:
        """See ports.Evidence."""
        rows = select(evidence).where(evidence.c.request_id == request_id).order_by(evidence.c.seq)
        return [_event(row) for row in self._connection.execute(rows)]

    def all(self) -> Generator[Event]:
        """The whole chain from its first row."""
        everything = select(evidence).order_by(evidence.c.seq).execution_options(yield_per=1000)
        with self._connection.execute(everything) as rows:
            for row in rows:
                yield _event(row)

    def verify(self) -> int:
        """See ports.Evidence."""
        head = self._connection.execute(select(evidence_head)).one()
        with closing(self.all()) as events:  # a broken chain is left in the middle
            return chain.verify(events, length=head.seq, head=head.hash)

    def head(self) -> tuple[int, str]:
        """Sequence number and hash of the last row."""
        row = self._connection.execute(select(evidence_head)).one()
        return row.seq, row.hash


def _event(row: Any) -> Event:
    return Event(
        seq=row.seq,
        at=row.at,
        actor=row.actor,
        fact=row.fact,
        shop=row.shop,
        request_id=row.request_id,
        subject=row.subject,
        detail=json.loads(row.detail),
        prev_hash=row.prev_hash,
        hash=row.hash,
    )
