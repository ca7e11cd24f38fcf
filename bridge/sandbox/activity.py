"""List what happens in a bridge that runs in this terminal: a line for each webhook and for each request that closes.

Reads the database as an operator's lists do. The lines hold ids and codes, nothing personal.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from bridge.model import DeliveryState
from bridge.store.selection.row_filter import RowFilter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bridge.store import SqlStore

ROWS = 200
LOOK_BACK = timedelta(minutes=10)


class Activity:
    """Lines that were not shown yet. What stood in the database at the start is never shown."""

    def __init__(self, store: SqlStore, now: datetime) -> None:
        self._store = store
        self._since = now
        self._shown: set[str] = set()

    def list_news(self, now: datetime) -> list[str]:
        """Return a line for each webhook that was taken from the inbox, and each request that closed, since the last call."""
        with self._store.read() as tx:
            deliveries = tx.operator_queries.list_deliveries(since=max(self._since, now - LOOK_BACK), limit=ROWS)
            requests = tx.selection.select_requests(RowFilter(limit=ROWS)).rows
        lines = []
        for row in reversed(deliveries):
            if row["state"] != DeliveryState.RECEIVED and self._is_new(row["id"]):
                reason = f" ({row['reason']})" if row["reason"] else ""
                lines.append(
                    f"{_format_clock_time(row['received_at'])}  webhook  {row['topic']}: {row['state']}{reason}"
                )
        for request in reversed(requests):
            closed_at = request.closed_at
            if closed_at and closed_at >= self._since and self._is_new(f"{request.id} {closed_at}"):
                complete = "yes" if request.complete else "no"
                lines.append(
                    f"{_format_clock_time(closed_at)}  request  {request.id}: {request.kind} {request.state}, complete {complete}"
                )
        return lines

    def _is_new(self, key: str) -> bool:
        if key in self._shown:
            return False
        self._shown.add(key)
        return True


def fold_missing(missing: tuple[str, ...]) -> Iterator[str]:
    """Yield one line that counts what is unset: variables, and answers of the merchant's files."""
    answers = sum(": " in each for each in missing)
    if missing:
        yield f"Unset: {len(missing) - answers} settings, {answers} answers of the merchant. `doctor` lists them; `init` asks."


def _format_clock_time(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%H:%M:%SZ}"
