"""Decides whose turn it is when a worker is free: which shop, and which of its rows. Pure.

Shops take turns, so that a thousand requests of one do not delay the one of another. Requests near their deadline go
first, then those of which least was read: what a person with few orders needs is done before one with thousands goes on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

URGENT_BEFORE = timedelta(days=3)  # of its deadline
# Every so manieth choice is made by the shops' turns alone: neither many urgent requests nor many new ones of one shop
# stop what another shop has waiting.
PLAIN_TURN = 4
# A job gives way after this, at the end of its page, even if nothing is known to wait: what has no row here waits too.
MAX_SLICE = timedelta(seconds=60)
# Of a person with fewer records all is read in one go: it is done before others that wait could gain by it.
SMALL_RECORDS = 100
NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class WaitingRow:
    """A row that a worker may lease now. `due_at` is its deadline; `records` were read before a job of it gave way."""

    id: str
    shop: str
    due_at: datetime
    records: int = 0


def choose_next_row(
    rows: Iterable[WaitingRow], served_at: Mapping[str, datetime], now: datetime, *, is_plain_turn: bool = False
) -> WaitingRow | None:
    """Return the row to work on next; None where none waits.

    `served_at` is when each shop had its last turn. With `is_plain_turn` the shops' turns alone decide between shops.
    """

    def order(row: WaitingRow) -> tuple[bool, int, datetime, int, datetime, str]:
        is_later = row.due_at - now > URGENT_BEFORE
        last = served_at.get(row.shop, NEVER)
        if is_plain_turn:
            return False, 0, last, row.records, row.due_at, row.id
        return is_later, row.records, last, 0, row.due_at, row.id

    return min(rows, key=order, default=None)
