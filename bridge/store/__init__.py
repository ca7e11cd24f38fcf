"""The only SQL and the only keys. It seals what it stores."""

from __future__ import annotations

from bridge.store.crypto.keyring import Keyring
from bridge.store.sql import SqlStore
from bridge.store.transaction import Tx

__all__ = ["Keyring", "SqlStore", "Tx"]
