"""Merges the times of payments into few short windows: tender transactions can only be filtered by time.

Sends nothing. Too many windows are merged, the nearest first, so that a little more is read and nothing is missed.
https://shopify.dev/docs/api/admin-graphql/latest/queries/tenderTransactions
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

TimeWindows = tuple[tuple[str, str], ...]  # from and to, ISO 8601 in UTC

WINDOW_MARGIN = timedelta(minutes=2)  # the order and the transaction may record the payment at different times
MAX_WINDOWS = 20  # a query of 20 windows has about 2,000 characters


def add_to_windows(windows: TimeWindows, timestamps: Iterable[str]) -> TimeWindows:
    """Return the windows extended by these ISO 8601 times; times without a zone or unreadable ones are ignored."""
    spans = [(_parse_aware_time(start), _parse_aware_time(end)) for start, end in windows]
    added = [(at - WINDOW_MARGIN, at + WINDOW_MARGIN) for at in map(_parse_aware_time, timestamps) if at]
    joined: list[tuple[datetime, datetime]] = []
    for start, end in sorted([*((one, two) for one, two in spans if one and two), *added]):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    while len(joined) > MAX_WINDOWS:
        at = min(range(len(joined) - 1), key=lambda one: joined[one + 1][0] - joined[one][1])
        joined[at : at + 2] = [(joined[at][0], joined[at + 1][1])]
    return tuple((format_search_time(start), format_search_time(end)) for start, end in joined)


def build_payments_query(windows: TimeWindows) -> str:
    """Return the windows in Shopify's search syntax. https://shopify.dev/docs/api/usage/search-syntax."""
    spans = [f"(processed_at:>='{start}' AND processed_at:<='{end}')" for start, end in windows]
    return " OR ".join(spans)


def _parse_aware_time(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return found if found.tzinfo else None


def format_search_time(at: datetime) -> str:
    """Return a moment as Shopify's search syntax takes it: UTC, to the second."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
