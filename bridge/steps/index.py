"""Index: order, fulfilment, refund, return and customer deliveries teach who, which parcel, which carrier.

Drained in batches of one shop by one job. The body is destroyed in the transaction that learned from it; what
does not fit becomes `rejected` and never stops its neighbours.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from bridge.errors import PayloadInvalid
from bridge.model import Delivery, DeliveryState, Fact
from bridge.ports import Claim, Services, Tx
from bridge.rules import payload, topics
from bridge.rules.minimise import Seen, Sighting, learn

BATCH_ROWS = 200
BATCH_BYTES = 8_000_000
LONGEST_S = 20.0  # then the job rings for itself again, so that privacy work gets its turn


def index(shop: str, *, services: Services) -> int:
    """Drain a shop's deliveries. Returns how many were settled. Raises StoreUnavailable."""
    until = services.clock.now() + timedelta(seconds=LONGEST_S)
    settled = 0
    while True:
        with services.store.transaction() as tx:
            batch = tx.inbox.claim_batch(shop, topics.LEARNED, BATCH_ROWS, BATCH_BYTES)
            _learn(shop, batch, tx)
        settled += len(batch)
        if not batch:
            return settled
        if services.clock.now() > until:
            services.queue.nudge("index", shop)
            return settled


def _learn(shop: str, batch: Sequence[tuple[Claim, Delivery]], tx: Tx) -> None:
    """One transaction: claimed, learned and settled together, so dying here changes nothing."""
    sightings: list[Sighting] = []
    for claim, delivery in batch:
        try:
            sightings.append(_sighting(delivery))
        except PayloadInvalid as fault:
            tx.inbox.settle(claim, DeliveryState.REJECTED, fault.reason)
            tx.evidence.append(
                Fact.DELIVERY_REJECTED,
                shop=shop,
                delivery=delivery.id,
                topic=delivery.topic,
                reason=fault.reason,
            )
        else:
            tx.inbox.settle(claim, DeliveryState.DONE)
    dropped = tx.index.learn(shop, sightings)
    if dropped:
        tx.evidence.append(Fact.LATE_DELIVERY_DROPPED, shop=shop, deliveries=dropped)
    for seen in sightings:
        if seen.kind is Seen.UNINSTALLED:
            tx.evidence.append(Fact.SHOP_UNINSTALLED, shop=shop)
        elif seen.kind is Seen.MERGE:
            tx.evidence.append(Fact.CUSTOMERS_MERGED, shop=shop)


def _sighting(delivery: Delivery) -> Sighting:
    body = payload.parse(delivery.raw)
    topics.check_shape(delivery.topic, body, delivery.shop)
    return learn(delivery.topic, body)
