"""Our memory: the only SQL, the only keys. What rests here is sealed here."""

from __future__ import annotations

from bridge.store.sql import SqlStore
from bridge.store.vault import Vault

__all__ = ["SqlStore", "Vault"]
