"""Overwrites what destroyed keys and erased values left in the database's files, and records it with its request.

The wrapped keys of data subjects go as soon as an erasure is carried out, all other sealed values within the hour. A part
that is in use, too large, or not the bridge's to rewrite stays for the next run, and `doctor` says so. It never changes
what is stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import structlog

from bridge.errors import BridgeError
from bridge.logs import describe_exception
from bridge.model import Fact, Remnant
from bridge.services import Services

if TYPE_CHECKING:
    from bridge.store import SqlStore

MAX_BYTES_AT_ONCE = 32_000_000  # Postgres rewrites this in well under a second, in which nobody else uses the table
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
        for remnant in found:
            gained = result.parts_by_id[remnant.id] - remnant.overwritten
            is_complete = every_part <= remnant.overwritten | gained
            if not gained or not tx.remnants.record_overwritten(remnant, gained, is_complete=is_complete):
                continue
            if remnant.request_id:
                tx.evidence.append_fact(
                    Fact.REMNANTS_OVERWRITTEN,
                    shop=remnant.shop,
                    request_id=remnant.request_id,
                    parts=sorted(gained),
                    complete=is_complete,
                    log_position=result.log_position,
                    log_limit=result.log_limit,
                    ring=sorted(services.store.keyring.key_ids),
                )
