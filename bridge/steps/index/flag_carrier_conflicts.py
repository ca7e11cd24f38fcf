"""Opens a review for each parcel whose texts name different carriers: an operator must find out which one had it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from bridge.model import Waybill
from bridge.rules.index.shipping import ParcelSighting
from bridge.rules.notices.parcel_reviews import CARRIER_REVIEW_KIND, build_parcel_review_key

if TYPE_CHECKING:
    from bridge.store import Tx


def flag_carrier_conflicts(shop: str, order_id: str, parcels: Iterable[Waybill | ParcelSighting], *, tx: Tx) -> None:
    """Open a review for each, once for an order and number. Writes evidence."""
    for parcel in parcels:
        if parcel.is_conflict:
            tx.reviews.open_review(
                shop,
                CARRIER_REVIEW_KIND,
                "parcel of an order: company, label and tracking link name different carriers",
                order_id=order_id,
                idempotency_key=build_parcel_review_key(order_id, parcel.number),
            )
