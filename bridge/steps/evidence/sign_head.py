"""Sign head: once a day the end of the evidence chain is signed, and given a timestamp by somebody else.

The day is that of the merchant's calendar. A timestamp (RFC 3161) is asked for where an authority is set; only for
the newest head, because it covers all that came before. The ledger outside the backup gets it, too, where there is one. No transaction is open while the authority thinks; a day
that it does not answer is asked again later.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from zoneinfo import ZoneInfo

import structlog

from bridge.errors import BridgeError
from bridge.logs import describe_exception
from bridge.model import Fact, LedgerHead, SignedHead
from bridge.ports import Services
from bridge.rules.evidence.chain_heads import compute_next_timestamp_attempt, encode_head_statement

log = structlog.get_logger()


def sign_head(*, services: Services) -> SignedHead | None:
    """Sign today's head where it is not signed yet, and ask for the timestamp that is missing.

    Returns the head that was signed now. Raises StoreUnavailable.
    """
    now = services.clock.now()
    today = now.astimezone(ZoneInfo(services.retention.timezone)).date()
    with services.store.transaction() as tx:
        signed = tx.signed_heads.sign_chain_end(today, now)
        if signed is not None:
            tx.evidence.append_fact(
                Fact.HEAD_SIGNED,
                shop="",
                day=signed.day.isoformat(),
                seq=signed.seq,
                hash=signed.hash,
                signature=signed.signature,
                public_key=signed.public_key,
            )
        newest = tx.signed_heads.list_signed_heads()[-1:]
        seq, head_hash = tx.ledger_state.read_head()
    if signed is not None and services.ledger.configured:
        _send_head_to_ledger(
            LedgerHead(at=now, seq=seq, hash=head_hash, signature=services.sign(head_hash.encode())),
            signed,
            services,
        )
    for head in newest:
        if (
            services.timestamp_authority is not None
            and head.anchored_at is None
            and compute_next_timestamp_attempt(head) <= now
        ):
            _timestamp_head(head, services)
    return signed


def _send_head_to_ledger(head: LedgerHead, signed: SignedHead, services: Services) -> None:
    """Give the end of the chain to the ledger outside the backup; one that is away gets the next day's."""
    try:
        services.ledger.append_head(head)
    except BridgeError as fault:
        log.warning("ledger.not_carried", fault=describe_exception(fault))
        return
    with services.store.transaction() as tx:
        tx.evidence.append_fact(
            Fact.HEAD_TIMESTAMPED,
            shop="",
            day=signed.day.isoformat(),
            seq=head.seq,
            hash=head.hash,
            by="ledger",
        )


def _timestamp_head(head: SignedHead, services: Services) -> None:
    if services.timestamp_authority is None:
        return
    try:
        timestamp = services.timestamp_authority.request_timestamp(
            hashlib.sha256(encode_head_statement(head)).digest()
        )
    except BridgeError as fault:
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
            )
