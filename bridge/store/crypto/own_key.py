"""Seals a row under a key of its own, which the keyring wraps: destroying the wrapped key makes the row unreadable."""

from __future__ import annotations

import secrets

from bridge.store.crypto.keyring import Keyring


def seal_under_own_key(keyring: Keyring, row_id: str, plain: bytes, aad_template: str) -> dict[str, bytes]:
    """Return the columns `wrapped` and `doc` of a row. `aad_template` names `{column}`."""
    key = secrets.token_bytes(32)
    return {
        "wrapped": keyring.seal(key, aad_template.format(column="wrapped")),
        "doc": keyring.seal(plain, aad_template.format(column="doc"), key_id=row_id, key=key),
    }


def open_under_own_key(keyring: Keyring, wrapped: bytes, doc: bytes, aad_template: str) -> bytes:
    """Return what `seal_under_own_key` sealed. Raises KeyMissing, SealBroken."""
    key = keyring.open(wrapped, aad_template.format(column="wrapped"))
    return keyring.open(doc, aad_template.format(column="doc"), find_data_key=lambda _: key)
