"""Admin tokens between jobs and processes, sealed. Losing one costs a call, so faults here are no faults."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING

from bridge.errors import BridgeError

if TYPE_CHECKING:
    from bridge.store.sql import SqlStore


class StoredTokens:
    """The token cache that all workers of a database share."""

    def __init__(self, store: SqlStore) -> None:
        self._store = store

    def get(self, shop: str) -> tuple[str, datetime] | None:
        """The shop's token and the moment it ends, or None."""
        with suppress(BridgeError), self._store.transaction() as tx:
            return tx.listing.token(shop)
        return None

    def put(self, shop: str, token: str, expires_at: datetime) -> None:
        """Keep a token."""
        with suppress(BridgeError), self._store.transaction() as tx:
            tx.listing.keep_token(shop, token, expires_at)
