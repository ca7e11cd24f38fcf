"""How reviews are shown."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bridge.cli.printing import select_fields, show_table
from bridge.model import Review

REVIEW_FIELDS = ("id", "kind", "what", "shop", "request_id", "opened_at", "closed_at", "closed_by", "decision")
REVIEW_TABLE_COLUMNS = ("id", "kind", "what", "shop", "opened_at", "closed_at")


def review_row(review: Review) -> dict[str, Any]:
    """Return a review as it is shown."""
    return select_fields(review, REVIEW_FIELDS)


def show_reviews(reviews: Iterable[Review]) -> None:
    """Print reviews."""
    show_table(list(map(review_row, reviews)), REVIEW_TABLE_COLUMNS, empty="There is nothing to review.")
