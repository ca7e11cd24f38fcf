"""A webhook as it was received, and where it stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class DeliveryState(StrEnum):
    """Where a webhook stands in the inbox."""

    RECEIVED = "received"
    DONE = "done"
    FAILED = "failed"
    REJECTED = "rejected"


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """One webhook as received. `raw` is the signed body, or empty once it was destroyed."""

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
