"""Open reviews for sensitive data in a delivery's notes, attributes and tags, before its body is destroyed.

Records the location and the kind of the data; never a value.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from bridge.rules.scanning.free_text import SensitiveTextLocation

if TYPE_CHECKING:
    from bridge.store import Tx

BANK_DETAILS_REVIEW_KIND = "bank_details"
FREE_TEXT_CATEGORY = "order_free_text"  # its `scan_for` in the retention file lists the kinds to find


def flag_sensitive_text(shop: str, locations: Iterable[SensitiveTextLocation], *, tx: Tx) -> int:
    """Open a review for each location that has none yet. Return how many were opened."""
    opened = 0
    for location in locations:
        detail = {"order_id": location.order_id, "idempotency_key": location.review_key}
        opened += bool(tx.reviews.open_review(shop, BANK_DETAILS_REVIEW_KIND, location.what, **detail))
    return opened
