"""Spot: what a delivery's notes, attributes and tags should not hold is told to a person, before the body goes.

Keeps places and kinds. A value never leaves the delivery.
"""

from __future__ import annotations

from collections.abc import Iterable

from bridge.ports import Tx
from bridge.rules.scanning.free_text import SensitiveTextLocation

BANK_DETAILS_REVIEW_KIND = "bank_details"  # of a review
FREE_TEXT_CATEGORY = "order_free_text"  # of the retention file: its `scan_for` says what is looked for


def flag_sensitive_text(shop: str, locations: Iterable[SensitiveTextLocation], *, tx: Tx) -> int:
    """Open a review for each place that has none yet. Returns how many."""
    review_ids = [
        tx.reviews.open_review(
            shop,
            BANK_DETAILS_REVIEW_KIND,
            location.what,
            order_id=location.order_id,
            idempotency_key=location.review_key,
        )
        for location in locations
    ]
    return sum(map(bool, review_ids))
