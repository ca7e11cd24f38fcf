"""How reviews are shown."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bridge.cli.context import name_shops
from bridge.cli.printing import select_fields, show_table
from bridge.model import Review
from bridge.store import Tx

REVIEW_KINDS = (
    "bank_details",
    "carrier_in_conflict",
    "copy_incomplete",
    "guard",
    "installed_again",
    "law_file_changed",
    "minor",
    "order_in_doubt",
    "parcel_in_doubt",
    "platform_erasure",
    "quarantine",
    "restored_merge",
    "seal_missing",
    "several_customers",
    "shop_unidentified",
)
REVIEW_FIELDS = ("id", "kind", "what", "shop", "request_id", "opened_at", "closed_at", "closed_by", "decision")
NOTHING_TO_REVIEW = "There is nothing to review."
REVIEW_TABLE_COLUMNS = ("id", "kind", "what", "shop", "opened_at", "closed_at")


def build_review_rows(reviews: Iterable[Review], tx: Tx) -> list[dict[str, Any]]:
    """Return reviews as they are shown, with the present name of their shop."""
    return name_shops((select_fields(review, REVIEW_FIELDS) for review in reviews), tx)


def show_reviews(reviews: Iterable[Review], tx: Tx) -> None:
    """Print reviews."""
    show_table(build_review_rows(reviews, tx), REVIEW_TABLE_COLUMNS, empty=NOTHING_TO_REVIEW)
