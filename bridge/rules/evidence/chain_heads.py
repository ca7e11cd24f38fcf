"""Decide what is signed at the end of each day, and when its timestamp is requested again.

Pure. A head says "on this day the chain had this many rows and ended in this hash". Whoever forges the chain cannot
forge a head that was exported, nor one that a timestamp authority has signed.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from bridge.model import SignedHead
from bridge.rules.evidence.chain import encode_canonical_json

HEAD_SCHEMA = "evidence-head/1"
TIMESTAMP_RETRY_HOURS = (1, 2, 4, 8)  # after each failure; then twelve hours each time
MAX_TIMESTAMP_RETRY_HOURS = 12


def encode_head_statement(head: SignedHead) -> bytes:
    """Return the bytes that are signed and timestamped: canonical JSON."""
    return encode_canonical_json(
        {
            "schema": HEAD_SCHEMA,
            "day": head.day.isoformat(),
            "seq": head.seq,
            "hash": head.hash,
            "signed_at": head.signed_at.isoformat(),
        }
    )


def compute_next_timestamp_attempt(head: SignedHead) -> datetime:
    """Return when a timestamp for this head is requested next, after `head.attempts` attempts."""
    pauses = [*TIMESTAMP_RETRY_HOURS, *[MAX_TIMESTAMP_RETRY_HOURS] * head.attempts][: head.attempts]
    return head.signed_at + timedelta(hours=sum(pauses))
