"""Chain the facts of the evidence: bind each fact to the fact before, and verify the chain.

Pure: the row before is given. Canonical JSON is RFC 8785 (JCS) for what facts hold: text, whole numbers, booleans,
null, lists and objects; anything else is refused. A chain shows any edit, deletion or re-order by somebody who cannot
recompute it; it does not bind the administrator who can, which is why its head is signed every day (`chain_heads.py`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from bridge.errors import EvidenceBroken
from bridge.model import Event

GENESIS_HASH = "0" * 64
MAX_SAFE_INTEGER = 2**53 - 1  # RFC 7493: beyond it, readers that hold numbers as doubles disagree


def encode_canonical_json(value: Mapping[str, Any]) -> bytes:
    """Return canonical JSON (RFC 8785), UTF-8.

    Raises ValueError for what it does not write: floats, whole numbers beyond 2^53, names that are no text,
    lone surrogates, and every other kind. The message names the kind, never the value.
    """
    return json.dumps(_sort_object_names(value), separators=(",", ":"), ensure_ascii=False).encode()


def _sort_object_names(value: Any) -> Any:
    """Return the same value with every object's names in order of their UTF-16 code units (RFC 8785, 3.2.3)."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        if abs(value) > MAX_SAFE_INTEGER:
            raise ValueError("canonical JSON: a whole number beyond 2^53: write it as text")
        return value
    if isinstance(value, list | tuple):
        return [_sort_object_names(item) for item in value]
    if isinstance(value, Mapping):
        if not all(isinstance(name, str) for name in value):
            raise ValueError("canonical JSON: a name that is no text")
        names = sorted(value, key=lambda name: name.encode("utf-16-be"))
        return {name: _sort_object_names(value[name]) for name in names}
    raise ValueError(f"canonical JSON: no {type(value).__name__}: write it as text")


def encode_event(event: Event) -> bytes:
    """Return the bytes of an event that are hashed after the previous hash."""
    names = ("seq", "actor", "fact", "shop", "request_id", "subject", "detail")
    return encode_canonical_json({"at": event.at.isoformat(), **{name: getattr(event, name) for name in names}})


def hash_event(event: Event) -> str:
    """Return the SHA-256 (hex) of the previous hash and the event's own content."""
    return hashlib.sha256(event.prev_hash.encode() + encode_event(event)).hexdigest()


def build_chained_event(draft: Event) -> Event:
    """Return the event with its hash, which the draft lacks."""
    return replace(draft, hash=hash_event(draft))


def verify_chain(
    events: Iterable[Event], *, length: int, head_hash: str, signed_hashes: Iterable[tuple[int, str]] = ()
) -> int:
    """Walk the chain from its first row to the head that was stored apart; return the number of rows.

    `signed_hashes` are (sequence number, hash) of signed heads. Raises EvidenceBroken with the sequence number of the
    first bad row: altered, missing, out of order, cut off at the end, or another than the one that was signed.
    """
    signed: dict[int, set[str]] = {}
    for seq, digest in signed_hashes:
        signed.setdefault(seq, set()).add(digest)
    expected, previous_hash = 1, GENESIS_HASH
    for event in events:
        if event.seq != expected:
            raise EvidenceBroken(expected, "missing or out of order")
        if event.prev_hash != previous_hash:
            raise EvidenceBroken(event.seq, "not bound to the row before")
        if event.hash != _hash_event_or_blank(event):
            raise EvidenceBroken(event.seq, "altered")
        if signed.get(event.seq, {event.hash}) != {event.hash}:
            raise EvidenceBroken(event.seq, "another hash was signed for it: the chain was made anew")
        expected, previous_hash = expected + 1, event.hash
    if (expected - 1, previous_hash) != (length, head_hash):
        raise EvidenceBroken(expected, "the end of the chain is missing or was replaced")
    if missing_rows := [seq for seq in signed if seq > length]:
        raise EvidenceBroken(expected, f"missing: a head was signed at row {min(missing_rows)}")
    return length


def _hash_event_or_blank(event: Event) -> str:
    try:
        return hash_event(event)
    except ValueError:  # not canonical, so the bridge never wrote it
        return ""
