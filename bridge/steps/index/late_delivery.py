"""Late: what the shop says about an order of somebody who was erased. Nothing of her is kept.

But a carrier may still have her parcel: where it is, whether a return of it is settled, and a parcel that was sent
after the erasure all belong to what the carrier must be told. Calls nobody.
"""

from __future__ import annotations

from bridge.model import Kind, Principal, Waybill
from bridge.ports import Services, Tx
from bridge.rules.index.minimise import Sighting
from bridge.steps.notices.open_notice_items import note


def late(shop: str, seen: Sighting, *, tx: Tx, services: Services) -> None:
    """Take in what concerns the instructions, in the transaction that drops the rest."""
    if seen.matter:
        tx.notices.settled(shop, seen.order_id, seen.matter, is_open=seen.matter_open)
    unknown = [
        parcel
        for parcel in seen.parcels
        if not tx.notices.seen(shop, parcel.number, parcel.status, parcel.status_at)
    ]
    request_id = tx.index.erased_by(shop, seen.order_id) if unknown else ""
    request = tx.requests.get(request_id) if request_id else None
    if request is None or request.kind is not Kind.ERASURE:
        return
    matters = tx.notices.matters(shop, seen.order_id)
    parcels = [
        Waybill(
            number=parcel.number,
            carrier=parcel.carrier,
            account_holder=parcel.account_holder,
            order_id=seen.order_id,
            order_name=seen.order_name,
            shipped_at=parcel.shipped_at,
            status=parcel.status,
            status_at=parcel.status_at,
            cod=seen.cod,
            matters=matters,
        )
        for parcel in unknown
    ]
    note(request, Principal(), parcels, {}, tx=tx, services=services)
    tx.notices.touch(tx.notices.entries(request_id=request_id))
