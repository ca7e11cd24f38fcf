"""Apply a delivery about an order that was already erased. Stores no personal data and calls no other system.

A carrier may still have the parcel: its status, an open return and a parcel sent after the erasure change what the
carrier has to be instructed to erase.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.model import Principal, RequestKind, Waybill
from bridge.rules.index.minimise import Sighting
from bridge.services import Services
from bridge.steps.notices.open_notice_items import open_notice_items

if TYPE_CHECKING:
    from bridge.store import Tx


def apply_late_delivery(shop: str, sighting: Sighting, *, tx: Tx, services: Services) -> None:
    """Update the notice items of the order, in the transaction that drops the rest of the delivery."""
    if sighting.matter:
        tx.notice_items.record_blocker(shop, sighting.order_id, sighting.matter, is_open=sighting.matter_open)
    unknown_parcels = [
        parcel
        for parcel in sighting.parcels
        if not tx.notice_items.record_parcel_status(shop, parcel.number, parcel.status, parcel.status_at)
    ]
    request_id = tx.erasures.find_erasing_request(shop, sighting.order_id) if unknown_parcels else ""
    request = tx.requests.get_request(request_id) if request_id else None
    if request is None or request.kind is not RequestKind.ERASURE:
        return
    blockers = tx.notice_items.list_blockers(shop, sighting.order_id)
    parcels = [
        Waybill(
            number=parcel.number,
            carrier=parcel.carrier,
            account_holder=parcel.account_holder,
            order_id=sighting.order_id,
            order_name=sighting.order_name,
            shipped_at=parcel.shipped_at,
            status=parcel.status,
            status_at=parcel.status_at,
            cod=sighting.cod,
            matters=blockers,
        )
        for parcel in unknown_parcels
    ]
    open_notice_items(request, Principal(), parcels, {}, tx=tx, services=services)
    tx.notice_items.wake_requests_of_items(tx.notice_items.list_items(request_id=request_id))
