"""Index: order, fulfilment, refund, return and customer deliveries teach who, which parcel, which carrier.

Drained in batches of one shop by one job. The body is destroyed in the transaction that learned from it and that
sealed what the tax books need of it; what does not fit becomes `rejected` and never stops its neighbours.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from bridge.errors import PayloadInvalid, Retryable, TimeUp
from bridge.logs import place
from bridge.model import Delivery, DeliveryState, Fact, Sale
from bridge.ports import Claim, Services, Tx
from bridge.rules.index.minimise import Seen, Sighting, learn
from bridge.rules.index.sales import sale
from bridge.rules.scanning.free_text import Spot, spots
from bridge.rules.webhooks import payload, topics
from bridge.steps.index.flag_sensitive_text import CATEGORY, spot
from bridge.steps.index.late_delivery import late
from bridge.steps.retention.seal_invoices import seal_sold

BATCH_ROWS = 200
BATCH_BYTES = 8_000_000
LONGEST_S = 20.0  # then the job rings for itself again, so that privacy work gets its turn


def index(shop: str, *, services: Services, to_the_end: bool = False) -> int:
    """Drain a shop's deliveries. Returns how many were settled. Raises StoreUnavailable, TimeUp.

    Stops after a while and rings for itself, unless `to_the_end`: an erasure must know all that came before.
    """
    until = services.clock.now() + timedelta(seconds=LONGEST_S)
    settled = 0
    while True:
        try:
            batch = _drain(shop, BATCH_ROWS, services)
        except (Retryable, TimeUp):
            raise
        except Exception:  # noqa: BLE001 - one that cannot be learned from must not stop its neighbours
            batch = _one_by_one(shop, services)
        settled += batch
        if not batch:
            return settled
        if services.clock.now() > until and not to_the_end:
            services.queue.nudge("index", shop)
            return settled


def _drain(shop: str, rows: int, services: Services) -> int:
    with services.store.transaction() as tx:
        batch = tx.inbox.claim_batch(shop, topics.LEARNED, rows, BATCH_BYTES)
        # an empty batch too: learning takes turns, so it waits for what another worker is in the midst of
        _learn(shop, batch, tx, services)
    return len(batch)


def _one_by_one(shop: str, services: Services) -> int:
    """A batch that broke again as single deliveries: the one that breaks is a dead letter for ops."""
    for settled in range(BATCH_ROWS):
        try:
            if not _drain(shop, 1, services):
                return settled
        except (Retryable, TimeUp):
            raise
        except Exception as fault:  # noqa: BLE001 - see above
            _fail_next(shop, place(fault), services)
    return BATCH_ROWS


def _fail_next(shop: str, error: str, services: Services) -> None:
    with services.store.transaction() as tx:
        for claim, delivery in tx.inbox.claim_batch(shop, topics.LEARNED, 1, BATCH_BYTES):
            tx.inbox.settle(claim, DeliveryState.FAILED, error[:64])
            tx.evidence.append(
                Fact.DELIVERY_FAILED, shop=shop, delivery=delivery.id, topic=delivery.topic, error=error
            )


def _learn(shop: str, batch: Sequence[tuple[Claim, Delivery]], tx: Tx, services: Services) -> None:
    """One transaction: claimed, learned and settled together, so dying here changes nothing."""
    sightings: list[Sighting] = []
    sales: list[Sale] = []
    spotted: list[Spot] = []
    refused: list[tuple[Delivery, str]] = []
    category = services.retention.categories.get(CATEGORY)
    kinds = category.scan_for if category else ()
    for claim, delivery in batch:
        try:
            body = payload.parse(delivery.raw)
            topics.check_shape(delivery.topic, body, delivery.shop)
            sightings.append(learn(delivery.topic, body, services.merchant.attribution))
            sales += [sold] if (sold := sale(delivery.topic, body, delivery.received_at)) else []
            spotted += spots(delivery.topic, body, kinds)
        except PayloadInvalid as fault:
            tx.inbox.settle(claim, DeliveryState.REJECTED, fault.reason)
            refused.append((delivery, fault.reason))
        else:
            tx.inbox.settle(claim, DeliveryState.DONE)
    dropped = tx.index.learn(
        shop, sightings
    )  # first: people's keys are locked before the evidence, everywhere
    for delivery, reason in refused:
        tx.evidence.append(
            Fact.DELIVERY_REJECTED, shop=shop, delivery=delivery.id, topic=delivery.topic, reason=reason
        )
    seal_sold(shop, sales, tx=tx, services=services, once=[seen.order_id for seen in dropped])
    spot(shop, spotted, tx=tx)  # after it: all who write evidence of people take their turn first
    if dropped:
        tx.evidence.append(Fact.LATE_DELIVERY_DROPPED, shop=shop, deliveries=len(dropped))
        for seen in dropped:
            late(shop, seen, tx=tx, services=services)
    for seen in sightings:
        if seen.kind is Seen.UNINSTALLED:
            tx.evidence.append(Fact.SHOP_UNINSTALLED, shop=shop)
        elif seen.kind is Seen.MERGE:
            tx.evidence.append(Fact.CUSTOMERS_MERGED, shop=shop)
