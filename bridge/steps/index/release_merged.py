"""Makes the index learn the orders of a merged customer again, where its erasure was carried out before the merge came."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from bridge.model import Fact
from bridge.rules.index.minimise import Sighting, SightingKind
from bridge.services import Services
from bridge.steps.notices.pause_items import pause_items

if TYPE_CHECKING:
    from bridge.store import Tx

MERGE_BLOCKER = "merge/"  # before the request that erased the customer: an operator decides whether the notice is sent


def release_merged_suppressions(
    shop: str, sightings: Iterable[Sighting], *, tx: Tx, services: Services
) -> Mapping[str, int]:
    """Take back the suppression of orders that belong to the customer who remains. Return how many, by request.

    Processors that had no notice yet about these orders get none. Call before the sightings are stored; the
    caller records the facts (`record_released_suppressions`).
    """
    released: Counter[str] = Counter()
    for sighting in sightings:
        if sighting.kind is not SightingKind.CUSTOMERS_MERGED:
            continue
        ids = (sighting.customer_id, sighting.kept_customer_id)
        released.update(
            pause_released_items(
                shop, tx.suppression_releaser.release_suppressions(shop, *ids), tx=tx, services=services
            )
        )
    return released


def pause_released_items(
    shop: str, released: Mapping[str, Sequence[str]], *, tx: Tx, services: Services
) -> Mapping[str, int]:
    """Pause the notice items of these orders, by the request that erased them. Return how many orders, by request."""
    for request_id, order_keys in released.items():
        items = tx.notice_items.list_items(shop=shop, order_keys=order_keys) if order_keys else []
        pause_items(items, MERGE_BLOCKER + request_id, tx=tx, services=services)
    return {request_id: len(order_keys) for request_id, order_keys in released.items()}


def record_released_suppressions(shop: str, released: Mapping[str, int], tx: Tx) -> None:
    """Record the facts, last: evidence is every worker's lock."""
    for request_id, count in released.items():
        tx.evidence.append_fact(Fact.SUPPRESSION_RELEASED, shop=shop, request_id=request_id, orders=count, why="merge")
