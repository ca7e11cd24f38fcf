"""Fetch parcel statuses from a carrier and merge them into notice items. Stores no consignee in the clear."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from bridge.model import NoticeItem, TrackingResult
from bridge.ports import Tracker
from bridge.rules.index.attribution import normalise_waybill
from bridge.rules.notices.timing import UNINFORMATIVE_PARCEL_STATUSES
from bridge.services import Services


def fetch_tracking_batches(
    items: Sequence[NoticeItem], tracker: Tracker, *, consignees: bool = False
) -> Iterator[list[tuple[NoticeItem, TrackingResult]]]:
    """Yield each item with the tracking result of its parcel, in batches of the carrier's size.

    Raises as `Tracker.track_parcels`.
    """
    by_number: dict[str, list[NoticeItem]] = {}
    for item in items:
        by_number.setdefault(normalise_waybill(item.reference), []).append(item)
    if not by_number:
        return
    numbers = [group[0].reference for group in by_number.values()]
    for batch in tracker.track_parcels(numbers, include_consignees=consignees):
        yield [(item, result) for result in batch for item in by_number.get(normalise_waybill(result.number), ())]


def merge_carrier_status(item: NoticeItem, tracking: TrackingResult, now: datetime) -> NoticeItem:
    """Return the item with the carrier's status merged into it.

    An uninformative status (unknown, not found) never replaces a known one. A status without a date keeps the time
    it was first seen, so that periods that count from it end.
    """
    item = replace(
        item,
        also=tuple(dict.fromkeys((*item.also, *tracking.other_waybills))),
        cod=item.cod if tracking.cod is None else tracking.cod,
        remitted=item.remitted if tracking.remitted is None else tracking.remitted,
    )
    if tracking.status in UNINFORMATIVE_PARCEL_STATUSES and item.status not in UNINFORMATIVE_PARCEL_STATUSES:
        return item
    known_since = item.status_at if tracking.status is item.status else None
    return replace(item, status=tracking.status, status_at=tracking.status_at or known_since or now)


def digest_consignee(item: NoticeItem, consignee: str, services: Services) -> str:
    """Return a keyed digest of the consignee as the carrier shows it: it reveals a change, not the person."""
    return services.digest(f"consignee|{item.shop}", consignee.encode())[:64]
