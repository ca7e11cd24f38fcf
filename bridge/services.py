"""`Services`, the frozen bundle that every step is given. It makes nothing: `bridge.bootstrap` fills it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bridge.ports import AlertReceiver, Clock, Connector, Ledger, Mailbox, Mailer, Queue, TimestampAuthority
    from bridge.store import SqlStore
    from config.merchant_file.merchant import Merchant
    from config.retention_file.retention import Retention
    from config.settings import Settings


@dataclass(frozen=True, kw_only=True, slots=True)
class Services:
    """All that a step is given.

    `connectors` are by system. `digest(name, content)` is a keyed HMAC (hex), `sign(content)` an Ed25519 signature
    (base64). `timestamp_authority`, `alert_receiver` and `mailbox` are None where none is configured.
    """

    settings: Settings
    merchant: Merchant
    retention: Retention
    clock: Clock
    store: SqlStore
    ledger: Ledger
    queue: Queue
    mailer: Mailer
    connectors: Mapping[str, Connector]
    digest: Callable[[str, bytes], str]
    sign: Callable[[bytes], str]
    timestamp_authority: TimestampAuthority | None = None
    alert_receiver: AlertReceiver | None = None
    mailbox: Mailbox | None = None

    @property
    def signing_key_fingerprint(self) -> str:
        """Return the SHA-256 (hex) of the public key that checks certificates and bundles."""
        return self.store.keyring.public_key_fingerprint
