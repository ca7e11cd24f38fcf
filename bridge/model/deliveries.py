"""A webhook as it was received, and its state."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class DeliveryState(StrEnum):
    """The state of a webhook in the inbox."""

    RECEIVED = "received"
    DONE = "done"
    FAILED = "failed"
    REJECTED = "rejected"


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """One webhook as received. `raw` is the signed body, empty once it was destroyed."""

    id: str
    shop: str
    topic: str
    received_at: datetime
    raw: bytes
    webhook_id: str = ""
    event_id: str = ""
    api_version: str = ""
    triggered_at: datetime | None = None
    secret_index: int = 0
    state: DeliveryState = DeliveryState.RECEIVED
    reason: str = ""
    attempts: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class RememberedBody:
    """Signed bytes that were received before: when first, and the request that they opened or joined ('' for none)."""

    first_received_at: datetime
    request_id: str
