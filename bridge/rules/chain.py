"""The evidence chain: how one fact is bound to the fact before.

Pure: the row before is given. Canonical JSON is RFC 8785 for what facts hold (strings, whole numbers,
booleans, null, lists, objects with ASCII keys). A chain shows any edit, deletion or re-order by somebody who
cannot recompute it; it does not bind the administrator who can, which is why its head is signed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from bridge.errors import EvidenceBroken
from bridge.model import Event

GENESIS = "0" * 64


def canonical(value: Mapping[str, Any]) -> bytes:
    """Canonical JSON (RFC 8785). Raises ValueError for floats that are no numbers."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode()


def link(event: Event) -> str:
    """SHA-256 (hex) over the hash before and the event's own content."""
    content = {
        "seq": event.seq,
        "at": event.at.isoformat(),
        "actor": event.actor,
        "fact": event.fact,
        "shop": event.shop,
        "request_id": event.request_id,
        "subject": event.subject,
        "detail": event.detail,
    }
    return hashlib.sha256(event.prev_hash.encode() + canonical(content)).hexdigest()


def chained(
    *,
    seq: int,
    at: datetime,
    actor: str,
    fact: str,
    shop: str,
    request_id: str,
    subject: str,
    detail: Mapping[str, Any],
    prev_hash: str,
) -> Event:
    """The event with its hash in place."""
    draft = Event(
        seq=seq,
        at=at,
        actor=actor,
        fact=fact,
        shop=shop,
        request_id=request_id,
        subject=subject,
        detail=detail,
        prev_hash=prev_hash,
        hash="",
    )
    return Event(**{name: getattr(draft, name) for name in draft.__slots__} | {"hash": link(draft)})


def verify(events: Iterable[Event], *, length: int, head: str) -> int:
    """Walk the chain from its first row to the head that was stored apart.

    Returns the number of rows. Raises EvidenceBroken with the sequence number of the first bad row: altered,
    missing, out of order, or cut off at the end.
    """
    expected, before = 1, GENESIS
    for event in events:
        if event.seq != expected:
            raise EvidenceBroken(expected, "missing or out of order")
        if event.prev_hash != before:
            raise EvidenceBroken(event.seq, "not bound to the row before")
        if event.hash != link(event):
            raise EvidenceBroken(event.seq, "altered")
        expected, before = expected + 1, event.hash
    if (expected - 1, before) != (length, head):
        raise EvidenceBroken(expected, "the end of the chain is missing or was replaced")
    return length
