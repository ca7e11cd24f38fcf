"""What the steps need from the world, as Protocols; and `Services`, the frozen bundle a step is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bridge.ports.endings import Endings
from bridge.ports.holding import Documents, Plans, Reviews
from bridge.ports.inbox import Claim, Inbox
from bridge.ports.ledger import Ledger, Restoring
from bridge.ports.notices import Notices
from bridge.ports.proof import Evidence, Heads, Packages
from bridge.ports.records import Findings, Index
from bridge.ports.refunds import Refunds
from bridge.ports.releasing import Ageing, LawFiles, LegalClaims, OrderKey, VaultOrders
from bridge.ports.requests import Requests
from bridge.ports.store import Store, Tx
from bridge.ports.systems import (
    Canceller,
    Clock,
    Connector,
    Eraser,
    Mailer,
    Platform,
    Queue,
    Stamp,
    Stamper,
    Tracker,
    Watcher,
)
from config.merchant_file.merchant import Merchant
from config.retention_file.retention import Retention
from config.settings import Settings

__all__ = [
    "Ageing",
    "Canceller",
    "Claim",
    "Clock",
    "Connector",
    "Documents",
    "Endings",
    "Eraser",
    "Evidence",
    "Findings",
    "Heads",
    "Inbox",
    "Index",
    "LawFiles",
    "Ledger",
    "LegalClaims",
    "Mailer",
    "Notices",
    "OrderKey",
    "Packages",
    "Plans",
    "Platform",
    "Queue",
    "Refunds",
    "Requests",
    "Restoring",
    "Reviews",
    "Services",
    "Stamp",
    "Stamper",
    "Store",
    "Tracker",
    "Tx",
    "VaultOrders",
    "Watcher",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class Services:
    """All that a step is given.

    `digest(name, content)` is a keyed HMAC (hex), `sign(content)` an Ed25519 signature (base64).
    `stamper` gives timestamps, None where no authority is set.
    """

    settings: Settings
    merchant: Merchant
    retention: Retention
    clock: Clock
    store: Store
    ledger: Ledger
    queue: Queue
    mailer: Mailer
    connectors: Mapping[str, Connector]
    digest: Callable[[str, bytes], str]
    sign: Callable[[bytes], str]
    stamper: Stamper | None = None
