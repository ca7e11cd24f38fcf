"""The right of one worker to a row for a while."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Lease:
    """A row that one worker may change until the lease ends. Every write shows `fence`, the number of the lease.

    `acquired_at` is when a worker began with it, where that counts.
    """

    row_id: str
    fence: int
    acquired_at: datetime | None = None
