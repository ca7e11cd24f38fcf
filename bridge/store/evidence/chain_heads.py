"""Signed heads at rest: one row a day. What was signed never changes; how far its timestamp is does."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select, update

from bridge.errors import EvidenceBroken
from bridge.model import Event, SignedHead
from bridge.rules.evidence.chain_heads import statement
from bridge.store.schema.tables import evidence_head, evidence_heads

if TYPE_CHECKING:
    from bridge.store.session import Session

LONGEST_ERROR = 200


class HeadRows:
    """`ports.Heads` in one transaction."""

    def __init__(self, session: Session) -> None:
        self._session, self._connection = session, session.connection

    def sign(self, day: date, at: datetime) -> SignedHead | None:
        """See ports.Heads. Waits for whoever appends, so that two clocks sign one head."""
        end = self._connection.execute(select(evidence_head).with_for_update()).one()
        signed = select(evidence_heads.c.day).where(evidence_heads.c.day == day)
        if end.seq == 0 or self._connection.scalar(signed) is not None:
            return None
        vault = self._session.vault
        bare = SignedHead(day=day, seq=end.seq, hash=end.hash, signed_at=at, public_key=vault.public_key)
        head = replace(bare, signature=vault.sign(statement(bare)))
        row = {name: getattr(head, name) for name in SignedHead.__slots__}
        self._connection.execute(insert(evidence_heads).values(row))
        return head

    def all(self) -> list[SignedHead]:
        """See ports.Heads."""
        return [_head(row) for row in self._connection.execute(select(evidence_heads).order_by("day"))]

    def anchored(self, day: date, token: str, at: datetime) -> bool:
        """See ports.Heads."""
        waits = (evidence_heads.c.day == day, evidence_heads.c.anchored_at.is_(None))
        said = {"token": token, "anchored_at": at, "last_error": ""}
        return bool(self._connection.execute(update(evidence_heads).where(*waits).values(said)).rowcount)

    def refused(self, day: date, error: str) -> None:
        """See ports.Heads."""
        tried = {"attempts": evidence_heads.c.attempts + 1, "last_error": error[:LONGEST_ERROR]}
        self._connection.execute(update(evidence_heads).where(evidence_heads.c.day == day).values(tried))

    def verify(self, heads: Iterable[SignedHead], told: Iterable[Event]) -> None:
        """Check signatures, and that each head whose signing the chain tells of is still the one that is kept.

        Raises EvidenceBroken. A head that another key signed is checked against that key: who relies on it
        compares keys.
        """
        kept = {head.day.isoformat(): head.signature for head in self.all()}
        for fact in told:
            if kept.get(str(fact.detail.get("day"))) != fact.detail.get("signature"):
                raise EvidenceBroken(fact.seq, "the head whose signing it tells of is gone or another")
        for head in heads:
            if not self._session.vault.verify(statement(head), head.signature, head.public_key):
                raise EvidenceBroken(head.seq, f"the head that was signed on {head.day} was altered")


def _head(row: Any) -> SignedHead:
    return SignedHead(**{name: getattr(row, name) for name in SignedHead.__slots__})
