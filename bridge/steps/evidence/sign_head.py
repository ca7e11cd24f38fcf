"""Sign the head of the evidence chain once a day and request a timestamp for it.

The day is that of the merchant's calendar. A timestamp (RFC 3161) is requested if an authority is configured, for the
newest head only, because it covers all earlier ones; one whose signature does not verify is not kept. The ledger outside the backup gets the head too, if there is
one. No transaction is open during these calls; a failed timestamp is requested again later.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from dataclasses import asdict
from datetime import tzinfo
from typing import TYPE_CHECKING, Any

import structlog

from bridge.clock_error import read_clock_error
from bridge.errors import BridgeError
from bridge.logs import describe_exception
from bridge.model import Fact, LedgerHead, SignedHead
from bridge.rules.evidence.chain_heads import compute_next_timestamp_attempt, encode_head_statement
from bridge.rules.retention.statutory_last_days import local_day
from bridge.services import Services

if TYPE_CHECKING:
    from bridge.store import Tx

log = structlog.get_logger()


def sign_head(*, services: Services) -> SignedHead | None:
    """Sign today's head if it is not signed yet, and request the newest head's timestamp if it is missing.

    Return the head if it was signed now, else None. Raises StoreUnavailable.
    """
    now = services.clock.now()
    today = local_day(now, services.retention)
    with services.store.transaction() as tx:
        signed = tx.signed_heads.sign_chain_end(today, now)
        if signed is not None:
            tx.evidence.append_fact(Fact.HEAD_SIGNED, shop="", **_describe_head(signed), **_describe_clock())
        newest = tx.signed_heads.list_signed_heads()[-1:]
        seq, head_hash = tx.ledger_state.read_head()
    if signed is not None and services.ledger.configured:
        _send_head_to_ledger(build_ledger_head(seq, head_hash, services), signed, services)
    for head in newest:
        if head.anchored_at is None and compute_next_timestamp_attempt(head) <= now:
            _timestamp_head(head, services)
    return signed


def sign_head_now(tx: Tx, *, zone: tzinfo, actor: str) -> SignedHead | None:
    """Sign the end of the chain at this moment, for somebody who keeps it, and record who signed. None: it is empty.

    It is beside the head of the day, and has no timestamp. `zone` is that of the merchant's calendar.
    """
    signed = tx.signed_heads.sign_chain_end_now(zone)
    if signed is not None:
        tx.evidence.append_fact(
            Fact.HEAD_GIVEN, shop="", actor=actor, signed_at=signed.signed_at.isoformat(), **_describe_head(signed)
        )
    return signed


def _describe_head(head: SignedHead) -> dict[str, Any]:
    names = ("seq", "hash", "signature", "public_key")
    return {"day": head.day.isoformat(), **{name: getattr(head, name) for name in names}}


def _describe_clock() -> dict[str, Any]:
    """Return how far the clock that dates the facts may be off, where the kernel says it."""
    error = read_clock_error()
    return {"clock_error": asdict(error) if error else "unknown"}


def build_ledger_head(seq: int, head_hash: str, services: Services, *, restored_from: str = "") -> LedgerHead:
    """Return the signed head of the chain as the ledger stores it.

    `seq` and `head_hash` are those of the chain's last fact. `restored_from` is `seq:hash` of the head at which a
    restored backup begins another branch.
    """
    now, signature = services.clock.now(), services.sign(head_hash.encode())
    return LedgerHead(at=now, seq=seq, hash=head_hash, signature=signature, restored_from=restored_from)


def _send_head_to_ledger(head: LedgerHead, signed: SignedHead, services: Services) -> None:
    """Append the head to the ledger; if the ledger does not answer, it gets the head of the next day."""
    try:
        services.ledger.append_head(head)
    except BridgeError as fault:
        log.warning("ledger.sync_failed", fault=describe_exception(fault))
        return
    with services.store.transaction() as tx:
        day = signed.day.isoformat()
        tx.evidence.append_fact(Fact.HEAD_TIMESTAMPED, shop="", day=day, seq=head.seq, hash=head.hash, by="ledger")


def _timestamp_head(head: SignedHead, services: Services) -> None:
    if services.timestamp_authority is None:
        return
    try:
        timestamp = services.timestamp_authority.request_timestamp(encode_head_statement(head))
    except BridgeError as fault:
        log.warning("head.timestamp_failed", day=head.day.isoformat(), seq=head.seq, fault=describe_exception(fault))
        with services.store.transaction() as tx:
            tx.signed_heads.record_timestamp_failure(head.day, str(fault))
        return
    with services.store.transaction() as tx:
        if tx.signed_heads.record_timestamp(head.day, b64encode(timestamp.token).decode(), timestamp.at):
            tx.evidence.append_fact(
                Fact.HEAD_TIMESTAMPED,
                shop="",
                day=head.day.isoformat(),
                seq=head.seq,
                by="rfc3161",
                at=timestamp.at.isoformat(),
                token_sha256=hashlib.sha256(timestamp.token).hexdigest(),
                verified=timestamp.verified,
            )
