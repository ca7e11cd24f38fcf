"""Decide when a shop's orders are compared with the platform's, and from when on. Pure."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from bridge.model import OrderSelection

NIGHT_BEGINS_H = 1  # of the merchant's day
NIGHT_MINUTES = 240  # over which the shops are spread, so that they do not ask all at once
OVERLAP = timedelta(hours=6)  # Shopify retries a webhook for four hours, and its search index may lag behind
FIRST_SPAN = timedelta(days=7)  # before anything was compared; what is older comes by `backfill`
OVERDUE_AFTER = timedelta(hours=48)
VISIBLE_DAYS = 60  # of orders, without the scope read_all_orders
PAGED_ORDER_S = 0.16  # of Shopify's points: a page of fifty orders costs about 800, and 100 come back each second
EXPORTED_ORDER_S = 0.02
EXPORT_S = 60.0  # until the file is there


def find_last_night_start(shop: str, now: datetime, timezone: str) -> datetime:
    """Return the last moment at which the nightly comparison of this shop was due, in UTC."""
    local = now.astimezone(ZoneInfo(timezone))
    minutes = zlib.crc32(shop.encode()) % NIGHT_MINUTES
    due = local.replace(hour=NIGHT_BEGINS_H, minute=0, second=0, microsecond=0) + timedelta(minutes=minutes)
    return (due if due <= local else due - timedelta(days=1)).astimezone(UTC)


def choose_since(compared: Iterable[OrderSelection], now: datetime) -> datetime:
    """Return from when on changes are compared: some hours before the end of what was compared without a gap."""
    compared_until = None
    for span in compared:
        if compared_until is None or span.since <= compared_until:
            compared_until = max(span.until, compared_until or span.until)
    return compared_until - OVERLAP if compared_until else now - FIRST_SPAN


def estimate_duration(orders: int, *, by_export: bool) -> timedelta:
    """Return how long a comparison of so many orders takes at a shop of 100 points a second: measured, docs/reconciling.md."""
    seconds = EXPORT_S + orders * EXPORTED_ORDER_S if by_export else orders * PAGED_ORDER_S
    return timedelta(seconds=round(seconds))
