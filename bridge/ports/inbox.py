"""What the steps need of the inbox: owning deliveries and ending them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bridge.model import (
    Delivery,
    DeliveryState,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Lease:
    """A row that this worker owns until its lease ends. Every write of the owner shows the fence."""

    row_id: str
    fence: int


class Inbox(Protocol):
    """Deliveries, from received to done."""

    def acquire_lease(self, delivery_id: str) -> tuple[Lease, Delivery] | None:
        """Own one delivery, or None where it is done, owned or not due."""
        ...

    def acquire_lease_batch(
        self, shop: str, topics: Iterable[str], limit: int, limit_bytes: int
    ) -> list[tuple[Lease, Delivery]]:
        """Own the oldest deliveries of these topics, bounded in rows and bytes."""
        ...

    def finish_delivery(self, lease: Lease, state: DeliveryState, reason: str = "") -> None:
        """End a delivery. Done destroys its body. Raises ClaimLost."""
        ...

    def schedule_retry(self, lease: Lease, error: str, retry_at: datetime) -> None:
        """Give a delivery back until `at`. Raises ClaimLost."""
        ...
