"""Spot: what a delivery's notes, attributes and tags should not hold is told to a person, before the body goes.

Keeps places and kinds. A value never leaves the delivery.
"""

from __future__ import annotations

from collections.abc import Iterable

from bridge.ports import Tx
from bridge.rules.scanning.free_text import Spot

KIND = "bank_details"  # of a review
CATEGORY = "order_free_text"  # of the retention file: its `scan_for` says what is looked for


def spot(shop: str, spots: Iterable[Spot], *, tx: Tx) -> int:
    """Open a review for each place that has none yet. Returns how many."""
    opened = [
        tx.reviews.open(shop, KIND, each.what, order_id=each.order_id, once=each.once) for each in spots
    ]
    return sum(map(bool, opened))
