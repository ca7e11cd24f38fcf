"""Overwrites what destroyed keys and erased values left in the database's files, and records it with its request.

The wrapped keys of data subjects go as soon as an erasure is carried out, all other sealed values within the hour. A part
that is in use, too large, or not the bridge's to rewrite stays for the next run, and `doctor` says so. A certificate that
was issued before is then made anew, once. Nothing else that is stored changes.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING

import structlog

from bridge.errors import BridgeError, StoreUnavailable
from bridge.logs import describe_exception
from bridge.model import Fact, Remnant
from bridge.services import Services
from bridge.steps.requests.conclude import reissue_certificates
from bridge.telemetry import report_exception

if TYPE_CHECKING:
    from bridge.store import SqlStore

MAX_BYTES_AT_ONCE = 32_000_000  # Postgres rewrites this in well under a second, in which nobody else uses the table
MAX_CERTIFICATES = 500  # made anew in one run, each in a transaction of its own; the others follow in the next
MAX_BYTES_EACH_HOUR = 256_000_000  # a few seconds: writers wait that long, and Shopify sends again
log = structlog.get_logger()


def overwrite_erased_keys(*, services: Services) -> None:
    """Overwrite the wrapped keys that were just destroyed. Never raises for the database: the clock tries again."""
    try:
        _overwrite(services.store.list_parts(keys_only=True), MAX_BYTES_AT_ONCE, services.store, services)
    except BridgeError as fault:
        log.warning("remnants.not_overwritten", fault=describe_exception(fault))


def overwrite_remnants(
    *, services: Services, max_bytes: int | None = MAX_BYTES_EACH_HOUR, owner: SqlStore | None = None
) -> Sequence[Remnant]:
    """Overwrite everything that was erased since the last run. Return what still waits.

    `max_bytes` is the largest part that is rewritten, None for any. `owner` is the store that may rewrite tables, where
    the bridge's own role may not. Raises StoreUnavailable and StoreFault.
    """
    parts = services.store.list_parts()
    _overwrite(parts, max_bytes, owner or services.store, services)
    _renew_certificates(parts, services)
    with services.store.read() as tx:
        return tx.remnants.list_remnants(lacking=parts)


def _overwrite(parts: Sequence[str], max_bytes: int | None, store: SqlStore, services: Services) -> None:
    # what is read here is committed: what is rewritten from now on holds none of it
    with services.store.read() as tx:
        found = tx.remnants.list_remnants(lacking=parts)
    if not found:
        return
    result = store.overwrite_parts(found, parts, max_bytes=max_bytes)
    every_part = set(services.store.list_parts())
    with services.store.transaction() as tx:
        recorded: list[tuple[Remnant, AbstractSet[str]]] = []
        for remnant in found:
            gained = result.parts_by_id[remnant.id] - remnant.overwritten
            is_complete = every_part <= remnant.overwritten | gained
            if gained and tx.remnants.record_overwritten(remnant, gained, is_complete=is_complete):
                recorded.append((remnant, gained))
        # a request that ran twice is overwritten when the last of its remnants is
        waiting = {each.request_id for each in tx.remnants.list_remnants(lacking=sorted(every_part))}
        for remnant, gained in recorded:
            if remnant.request_id:
                tx.evidence.append_fact(
                    Fact.REMNANTS_OVERWRITTEN,
                    shop=remnant.shop,
                    request_id=remnant.request_id,
                    parts=sorted(gained),
                    complete=remnant.request_id not in waiting,
                    log_position=result.log_position,
                    log_limit=result.log_limit,
                    ring=sorted(services.store.keyring.key_ids),
                )


def _renew_certificates(parts: Sequence[str], services: Services) -> None:
    """Make the certificates anew that say that values remain. What fails stays for the next run, and `doctor` says so."""
    remnants_by_request: dict[str, list[Remnant]] = {}
    with services.store.read() as tx:
        for remnant in tx.remnants.list_overwritten(parts):
            remnants_by_request.setdefault(remnant.request_id, []).append(remnant)
    for request_id, found in itertools.islice(remnants_by_request.items(), MAX_CERTIFICATES):
        try:
            with services.store.transaction() as tx:
                tx.requests.lock_request(request_id)
                certificate = tx.packages.find_certificate(request_id) or {}
                stated = certificate.get("remnants")
                if stated and stated["values_overwritten_at"] is None:
                    reissue_certificates([request_id], tx=tx, services=services)
                tx.remnants.forget_remnants(found)
        except StoreUnavailable:
            raise
        except Exception as fault:  # noqa: BLE001 - one certificate that cannot be made must not block the others
            log.warning("remnants.certificate_failed", id=request_id, fault=describe_exception(fault))
            report_exception(fault, request=request_id)
