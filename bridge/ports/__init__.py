"""What the steps need from the world, as Protocols; and `Services`, the frozen bundle a step is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bridge.ports.endings import ShopExits
from bridge.ports.holding import Documents, Plans, Reviews
from bridge.ports.inbox import Inbox, Lease
from bridge.ports.ledger import Ledger, LedgerState
from bridge.ports.notices import Notices
from bridge.ports.proof import Evidence, Packages, SignedHeads
from bridge.ports.records import Findings, Index
from bridge.ports.refunds import Refunds
from bridge.ports.releasing import Expiry, LegalHolds, RetentionPolicies, ShopOrderKey, VaultOrders
from bridge.ports.requests import Requests
from bridge.ports.store import Store, Tx
from bridge.ports.systems import (
    Canceller,
    Clock,
    Connector,
    CopiesAllParcels,
    Eraser,
    Mailer,
    Platform,
    Queue,
    SignedTimestamp,
    TimestampAuthority,
    Tracker,
)
from config.merchant_file.merchant import Merchant
from config.retention_file.retention import Retention
from config.settings import Settings

__all__ = [
    "Canceller",
    "Clock",
    "Connector",
    "CopiesAllParcels",
    "Documents",
    "Eraser",
    "Evidence",
    "Expiry",
    "Findings",
    "Inbox",
    "Index",
    "Lease",
    "Ledger",
    "LedgerState",
    "LegalHolds",
    "Mailer",
    "Notices",
    "Packages",
    "Plans",
    "Platform",
    "Queue",
    "Refunds",
    "Requests",
    "RetentionPolicies",
    "Reviews",
    "Services",
    "ShopExits",
    "ShopOrderKey",
    "SignedHeads",
    "SignedTimestamp",
    "Store",
    "TimestampAuthority",
    "Tracker",
    "Tx",
    "VaultOrders",
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
    timestamp_authority: TimestampAuthority | None = None
