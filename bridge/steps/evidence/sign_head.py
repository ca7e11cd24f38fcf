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
from bridge.logs import place
from bridge.model import Fact, Head, SignedHead
from bridge.ports import Services
from bridge.rules.evidence.chain_heads import asked_again_at, statement

log = structlog.get_logger()


def sign_head(*, services: Services) -> SignedHead | None:
    """Sign today's head where it is not signed yet, and ask for the timestamp that is missing.

    Returns the head that was signed now. Raises StoreUnavailable.
    """
    now = services.clock.now()
    today = now.astimezone(ZoneInfo(services.retention.timezone)).date()
    with services.store.transaction() as tx:
        signed = tx.heads.sign(today, now)
        if signed is not None:
            tx.evidence.append(
                Fact.HEAD_SIGNED,
                shop="",
                day=signed.day.isoformat(),
                seq=signed.seq,
                hash=signed.hash,
                signature=signed.signature,
                public_key=signed.public_key,
            )
        newest = tx.heads.all()[-1:]
        seq, last = tx.restoring.head()
    if signed is not None and services.ledger.configured:
        _deposit(Head(at=now, seq=seq, hash=last, signature=services.sign(last.encode())), signed, services)
    for head in newest:
        if services.stamper is not None and head.anchored_at is None and asked_again_at(head) <= now:
            _stamp(head, services)
    return signed


def _deposit(head: Head, signed: SignedHead, services: Services) -> None:
    """Give the end of the chain to the ledger outside the backup; one that is away gets the next day's."""
    try:
        services.ledger.put_head(head)
    except BridgeError as fault:
        log.warning("ledger.not_carried", fault=place(fault))
        return
    with services.store.transaction() as tx:
        tx.evidence.append(
            Fact.HEAD_ANCHORED, shop="", day=signed.day.isoformat(), seq=head.seq, hash=head.hash, by="ledger"
        )


def _stamp(head: SignedHead, services: Services) -> None:
    if services.stamper is None:
        return
    try:
        stamp = services.stamper.stamp(hashlib.sha256(statement(head)).digest())
    except BridgeError as fault:
        with services.store.transaction() as tx:
            tx.heads.refused(head.day, str(fault))
        return
    with services.store.transaction() as tx:
        if tx.heads.anchored(head.day, b64encode(stamp.token).decode(), stamp.at):
            tx.evidence.append(
                Fact.HEAD_ANCHORED,
                shop="",
                day=head.day.isoformat(),
                seq=head.seq,
                by="rfc3161",
                at=stamp.at.isoformat(),
                token_sha256=hashlib.sha256(stamp.token).hexdigest(),
            )
