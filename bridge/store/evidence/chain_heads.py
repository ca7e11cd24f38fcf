"""Signed heads of the chain: one row a day. A signed head never changes; only its timestamp is added."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, tzinfo
from typing import Any

from sqlalchemy import insert, select, update

from bridge.errors import EvidenceBroken
from bridge.model import Event, Fact, SignedHead
from bridge.rules.evidence.chain_heads import encode_head_statement
from bridge.store.schema.retention_tables import evidence_heads
from bridge.store.schema.tables import evidence_head
from bridge.store.session import Session

MAX_ERROR_CHARS = 200


class SignedHeadRows:
    """The end of the chain, signed once a day."""

    def __init__(self, session: Session) -> None:
        self._session, self._connection = session, session.connection

    def sign_chain_end(self, day: date, signed_at: datetime) -> SignedHead | None:
        """Sign the chain's end for that day. None where the day has a head, or the chain is empty.

        It locks the head first, so that two clocks sign the same one.
        """
        end = self._connection.execute(select(evidence_head).with_for_update()).one()
        signed = select(evidence_heads.c.day).where(evidence_heads.c.day == day)
        if end.seq == 0 or self._connection.scalar(signed) is not None:
            return None
        head = self._sign_end(end, day, signed_at)
        row = {name: getattr(head, name) for name in SignedHead.__slots__}
        self._connection.execute(insert(evidence_heads).values(row))
        return head

    def sign_chain_end_now(self, zone: tzinfo) -> SignedHead | None:
        """Sign the chain's end as it is at this moment, beside the head of the day, and store nothing. None: it is empty."""
        end = self._connection.execute(select(evidence_head).with_for_update()).one()
        now = self._session.now()
        return self._sign_end(end, now.astimezone(zone).date(), now) if end.seq else None

    def _sign_end(self, end: Any, day: date, signed_at: datetime) -> SignedHead:
        keyring = self._session.keyring
        bare = SignedHead(day=day, seq=end.seq, hash=end.hash, signed_at=signed_at, public_key=keyring.public_key)
        return replace(bare, signature=keyring.sign(encode_head_statement(bare)))

    def list_signed_heads(self) -> list[SignedHead]:
        """Return all signed heads, oldest first."""
        return [_signed_head_from_row(row) for row in self._connection.execute(select(evidence_heads).order_by("day"))]

    def record_timestamp(self, day: date, token: str, anchored_at: datetime) -> bool:
        """Store a day's timestamp (base64). False where the day has one."""
        without_timestamp = (evidence_heads.c.day == day, evidence_heads.c.anchored_at.is_(None))
        values = {"token": token, "anchored_at": anchored_at, "last_error": ""}
        return bool(self._connection.execute(update(evidence_heads).where(*without_timestamp).values(values)).rowcount)

    def record_timestamp_failure(self, day: date, error: str) -> None:
        """Record that no timestamp came, and the error code; never the text of another server."""
        values = {"attempts": evidence_heads.c.attempts + 1, "last_error": error[:MAX_ERROR_CHARS]}
        self._connection.execute(update(evidence_heads).where(evidence_heads.c.day == day).values(values))

    def verify_signed_heads(self, heads: Iterable[SignedHead], signing_events: Iterable[Event]) -> None:
        """Verify the signatures, and that each head in a HEAD_SIGNED fact is still the one that is stored.

        A head in a HEAD_GIVEN fact is stored there alone: it is that of the fact before.
        Raises EvidenceBroken. A head that was signed with another key is checked against that key: the reader compares keys.
        """
        signatures = {head.day.isoformat(): head.signature for head in self.list_signed_heads()}
        given = []
        for fact in signing_events:
            if fact.fact == Fact.HEAD_GIVEN:
                given.append(_read_given_head(fact))
            elif signatures.get(str(fact.detail.get("day"))) != fact.detail.get("signature"):
                raise EvidenceBroken(fact.seq, "the signed head that it records is missing or another")
        for head in [*heads, *given]:
            if not self._session.keyring.verify(encode_head_statement(head), head.signature, head.public_key):
                raise EvidenceBroken(head.seq, f"the head that was signed on {head.day} was altered")


def _read_given_head(fact: Event) -> SignedHead:
    """Return the head that a HEAD_GIVEN fact records. Raises EvidenceBroken where it is not that of the fact before."""
    try:
        head = SignedHead(
            day=date.fromisoformat(fact.detail["day"]),
            signed_at=datetime.fromisoformat(fact.detail["signed_at"]),
            **{name: fact.detail[name] for name in ("seq", "hash", "signature", "public_key")},
        )
    except (KeyError, ValueError, TypeError):
        raise EvidenceBroken(fact.seq, "the signed head that it records is unreadable") from None
    if (head.seq, head.hash) != (fact.seq - 1, fact.prev_hash):
        raise EvidenceBroken(fact.seq, "the signed head that it records is of another row")
    return head


def _signed_head_from_row(row: Any) -> SignedHead:
    return SignedHead(**{name: getattr(row, name) for name in SignedHead.__slots__})
