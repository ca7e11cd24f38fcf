"""Tell which requests are marked as of a person under 18. Apart from marking them: every listing asks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bridge.rules.identity.minor_reviews import MINOR_REVIEW_KIND, OF_AGE

if TYPE_CHECKING:
    from bridge.store import Tx


def list_marked_minors(request_ids: Sequence[str], tx: Tx) -> set[str]:
    """Return those of these requests that are marked as of a person under 18, where no officer said that the person is of age."""
    return tx.reviews.find_standing_requests(MINOR_REVIEW_KIND, request_ids, ended_by=OF_AGE)
