"""Does most of what a merge of two customers changes before it is indexed, in short transactions: there may be thousands of orders.

The merge itself is stored with the rest, in the transaction that ends its delivery. A run that is cut off between two is
continued by the next: what was moved or taken back is not found again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from bridge.rules.index.minimise import Sighting, SightingKind
from bridge.rules.operations.batch_pace import BatchPace
from bridge.services import Services
from bridge.steps.index.release_merged import pause_released_items, record_released_suppressions

if TYPE_CHECKING:
    from bridge.store import Tx

RECORDS_PER_TRANSACTION = 200
FEW_RECORDS = 20  # which the transaction that ends the delivery may change by itself


class LargeMerges(Exception):
    """The merges of a batch that change much. The batch is rolled back and indexed after `prepare_merges`."""

    def __init__(self, sightings: Sequence[Sighting]) -> None:
        super().__init__("merges that change much")
        self.sightings = sightings


def find_large_merges(shop: str, sightings: Iterable[Sighting], tx: Tx) -> list[Sighting]:
    """Return the merges that change more than FEW_RECORDS orders or suppression keys."""
    return [
        one
        for one in sightings
        if one.kind is SightingKind.CUSTOMERS_MERGED
        and any(
            rows.has_more_orders(shop, one.customer_id, one.kept_customer_id, FEW_RECORDS)
            for rows in (tx.merged_orders, tx.suppression_releaser)
        )
    ]


def prepare_merges(shop: str, merges: Iterable[Sighting], *, services: Services) -> None:
    """Take back the suppression of the orders and move them, some in each transaction. Raises StoreUnavailable."""
    for merge in merges:
        pace, has_more = BatchPace(RECORDS_PER_TRANSACTION), True
        while has_more:
            with services.store.transaction(pace) as tx:
                has_more = _prepare_part(shop, merge, pace.size, tx, services)


def _prepare_part(shop: str, merge: Sighting, limit: int, tx: Tx, services: Services) -> bool:
    """Take back the suppression of at most `limit` orders, or move as many. Return whether there was any."""
    ids = (merge.customer_id, merge.kept_customer_id)
    released = tx.suppression_releaser.release_suppressions(shop, *ids, limit=limit)
    if released:
        counts = pause_released_items(shop, released, tx=tx, services=services)
        record_released_suppressions(shop, counts, tx)
        return True
    return bool(tx.merged_orders.move_orders(shop, *ids, limit=limit))
