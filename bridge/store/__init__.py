"""Our memory: the only SQL, the only keys. What rests here is sealed here."""

from __future__ import annotations

from bridge.store.crypto.keyring import Keyring
from bridge.store.sql import SqlStore

__all__ = ["Keyring", "SqlStore"]
