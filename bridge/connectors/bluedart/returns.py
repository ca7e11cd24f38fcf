"""Decides where a returned Blue Dart parcel is, by its second waybill. Sends nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bridge.connectors import shipment, tracking
from bridge.model import ParcelStatus, TrackingResult
from bridge.rules.index.attribution import normalise_waybill

# The parcel's status by the status of its second waybill; with any other one the parcel is returning.
RETURN_LEG_STATUSES: Mapping[ParcelStatus, ParcelStatus] = {
    ParcelStatus.DELIVERED: ParcelStatus.RETURNED,
    ParcelStatus.LOST: ParcelStatus.LOST,
}
# With one of these the first waybill has ended.
FINAL_FIRST_LEG_STATUSES = frozenset(
    {ParcelStatus.DELIVERED, ParcelStatus.RETURNED, ParcelStatus.REDIRECTED, ParcelStatus.LOST}
)


def find_return_waybill(record: Mapping[str, Any], number: str) -> str:
    """Return the waybill on which the parcel `number` travels back; '' if the record names no valid one."""
    return_number = normalise_waybill(record.get("return_waybill") or "")
    is_valid = shipment.is_valid_waybill_number(return_number) and return_number != number
    return return_number if is_valid else ""


def apply_return_leg(first_leg: TrackingResult, return_number: str, return_record: Mapping[str, Any]) -> TrackingResult:
    """Return the tracking result of a returned parcel: delivered on its second waybill means returned.

    A redirected parcel takes the status of its second waybill unchanged. If the second waybill is not found (deleted,
    or not scanned yet), a first leg that has ended counts; else the parcel is returning.
    """
    status = ParcelStatus(return_record["status"])
    if status is ParcelStatus.NOT_FOUND:
        status = first_leg.status if first_leg.status in FINAL_FIRST_LEG_STATUSES else ParcelStatus.RETURNING
    elif first_leg.status is not ParcelStatus.REDIRECTED:
        status = RETURN_LEG_STATUSES.get(status, ParcelStatus.RETURNING)
    at = tracking.parse_status_time(return_record["status_at"]) or first_leg.status_at
    return replace(first_leg, status=status, status_at=at, other_waybills=(return_number,))
