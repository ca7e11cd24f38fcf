"""Apply a delivery about an order that was already erased. Stores no personal data and calls no other system.

A carrier may still have the parcel: its status, an open return and a parcel sent after the erasure change what the
carrier has to be instructed to erase.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from bridge.model import ParcelListing, Principal, RequestKind, Waybill
from bridge.rules.index.consignee.clues import build_digester, build_tokens, dump_tokens
from bridge.rules.index.listings import build_listings, decide_listing, find_fulfillments
from bridge.rules.index.minimise import Sighting
from bridge.rules.index.shipping import ParcelSighting
from bridge.rules.notices.parcel_reviews import is_outdated
from bridge.services import Services
from bridge.steps.index.doubt_parcels import open_item_reviews, pause_superseded_items
from bridge.steps.notices.open_notice_items import open_notice_items

if TYPE_CHECKING:
    from bridge.store import Tx


def apply_late_delivery(shop: str, sighting: Sighting, *, tx: Tx, services: Services) -> None:
    """Update the notice items of the order, in the transaction that drops the rest of the delivery."""
    if sighting.matter:
        tx.notice_items.record_blocker(shop, sighting.order_id, sighting.matter, is_open=sighting.matter_open)
    paused = pause_superseded_items(shop, sighting.order_id, sighting.listings, tx=tx, services=services)
    unknown_parcels = [
        parcel
        for parcel in sighting.parcels
        if not tx.notice_items.record_parcel_status(shop, parcel.number, parcel.status, parcel.status_at)
    ]
    request_id = tx.erasures.find_erasing_request(shop, sighting.order_id) if unknown_parcels else ""
    request = tx.requests.get_request(request_id) if request_id else None
    if request is not None and request.kind is RequestKind.ERASURE:
        parcels = _build_late_parcels(shop, sighting, unknown_parcels, tx, services)
        open_notice_items(request, Principal(), parcels, {}, tx=tx, services=services)
        tx.notice_items.wake_requests_of_items(tx.notice_items.list_items(request_id=request_id))
    open_item_reviews(paused, {}, tx=tx)


def _build_late_parcels(
    shop: str, sighting: Sighting, parcels: Iterable[ParcelSighting], tx: Tx, services: Services
) -> list[Waybill]:
    """Return the parcels as the index would know them; a number that a late event lists is superseded by a newer one's."""
    blockers = tx.notice_items.list_blockers(shop, sighting.order_id)
    items = tx.notice_items.lock_items_of_order(shop, sighting.order_id)
    encode = build_digester(services.digest, shop)
    clues = dump_tokens(build_tokens(sighting.clues, encode))
    outdated_ids = {one.id for one in sighting.listings if is_outdated(one, items, encode)}
    outdated = build_listings(one for one in sighting.listings if one.id in outdated_ids)
    current = build_listings(one for one in sighting.listings if one.id not in outdated_ids)
    return [
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
            fulfillments=find_fulfillments(current | outdated, parcel.number),
            listing=(
                ParcelListing.SUPERSEDED
                if find_fulfillments(outdated, parcel.number) and not find_fulfillments(current, parcel.number)
                else decide_listing(current, parcel.number)
            ),
            clues=clues,
            is_return=parcel.is_return,
            is_conflict=parcel.is_conflict,
        )
        for parcel in parcels
    ]
