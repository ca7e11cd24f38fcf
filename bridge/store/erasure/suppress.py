"""Writes suppression keys: keyed HMACs by which late webhooks of an erased data subject are dropped."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from bridge.model import Tombstone
from bridge.store.schema.index_tables import suppressions
from bridge.store.upsert import upsert


def upsert_suppressions(
    connection: Connection, tombstones: Iterable[Tombstone], *, ledger_at: datetime | None = None
) -> None:
    """Write suppression keys; an older erasure never replaces a newer one. `ledger_at` None: not in the ledger yet."""
    rows = [
        {name: getattr(tombstone, name) for name in Tombstone.__slots__} | {"ledger_at": ledger_at}
        for tombstone in tombstones
    ]
    if rows:
        key, changes = ("shop", "field", "key"), ("erased_at", "request_id", "ledger_at")
        connection.execute(upsert(connection, suppressions, key, changes, where=_is_erased_later), rows)


def _is_erased_later(stored: Any, given: Any) -> Any:
    return given.erased_at >= stored.erased_at
