"""Index: order, fulfilment, refund, return and customer deliveries teach who, which parcel, which carrier.

Drained in batches of one shop by one job. The body is destroyed in the transaction that learned from it and that
sealed what the tax books need of it; what does not fit becomes `rejected` and never stops its neighbours.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from bridge.errors import PayloadInvalid, Retryable, TimeLimitExceeded
from bridge.logs import describe_exception
from bridge.model import Delivery, DeliveryState, Fact, Sale
from bridge.ports import Lease, Services, Tx
from bridge.rules.index.minimise import Sighting, SightingKind, extract_sighting
from bridge.rules.index.sales import read_sale
from bridge.rules.scanning.free_text import SensitiveTextLocation, find_sensitive_text
from bridge.rules.webhooks import payload, topics
from bridge.steps.index.flag_sensitive_text import FREE_TEXT_CATEGORY, flag_sensitive_text
from bridge.steps.index.late_delivery import apply_late_delivery
from bridge.steps.retention.seal_invoices import seal_sales

BATCH_ROWS = 200
BATCH_BYTES = 8_000_000
MAX_RUN_S = 20.0  # then the job rings for itself again, so that privacy work gets its turn


def index_deliveries(shop: str, *, services: Services, until_empty: bool = False) -> int:
    """Drain a shop's deliveries. Returns how many were settled. Raises StoreUnavailable, TimeUp.

    Stops after a while and rings for itself, unless `to_the_end`: an erasure must know all that came before.
    """
    deadline = services.clock.now() + timedelta(seconds=MAX_RUN_S)
    settled = 0
    while True:
        try:
            count = _index_batch(shop, BATCH_ROWS, services)
        except (Retryable, TimeLimitExceeded):
            raise
        except Exception:  # noqa: BLE001 - one that cannot be learned from must not stop its neighbours
            count = _index_each_delivery(shop, services)
        settled += count
        if not count:
            return settled
        if services.clock.now() > deadline and not until_empty:
            services.queue.enqueue("index", shop)
            return settled


def _index_batch(shop: str, max_rows: int, services: Services) -> int:
    with services.store.transaction() as tx:
        batch = tx.inbox.acquire_lease_batch(shop, topics.INDEXED_TOPIC_PREFIXES, max_rows, BATCH_BYTES)
        # an empty batch too: learning takes turns, so it waits for what another worker is in the midst of
        _ingest_batch(shop, batch, tx, services)
    return len(batch)


def _index_each_delivery(shop: str, services: Services) -> int:
    """A batch that broke again as single deliveries: the one that breaks is a dead letter for ops."""
    for settled in range(BATCH_ROWS):
        try:
            if not _index_batch(shop, 1, services):
                return settled
        except (Retryable, TimeLimitExceeded):
            raise
        except Exception as fault:  # noqa: BLE001 - see above
            _mark_next_failed(shop, describe_exception(fault), services)
    return BATCH_ROWS


def _mark_next_failed(shop: str, error: str, services: Services) -> None:
    with services.store.transaction() as tx:
        for lease, delivery in tx.inbox.acquire_lease_batch(
            shop, topics.INDEXED_TOPIC_PREFIXES, 1, BATCH_BYTES
        ):
            tx.inbox.finish_delivery(lease, DeliveryState.FAILED, error[:64])
            tx.evidence.append_fact(
                Fact.DELIVERY_FAILED, shop=shop, delivery=delivery.id, topic=delivery.topic, error=error
            )


def _ingest_batch(shop: str, batch: Sequence[tuple[Lease, Delivery]], tx: Tx, services: Services) -> None:
    """One transaction: claimed, learned and settled together, so dying here changes nothing."""
    sightings: list[Sighting] = []
    sales: list[Sale] = []
    sensitive_locations: list[SensitiveTextLocation] = []
    rejected: list[tuple[Delivery, str]] = []
    category = services.retention.categories.get(FREE_TEXT_CATEGORY)
    kinds = category.scan_for if category else ()
    for lease, delivery in batch:
        try:
            body = payload.parse_json_object(delivery.raw)
            topics.check_body_shape(delivery.topic, body, delivery.shop)
            sightings.append(extract_sighting(delivery.topic, body, services.merchant.attribution))
            sales += [sale] if (sale := read_sale(delivery.topic, body, delivery.received_at)) else []
            sensitive_locations += find_sensitive_text(delivery.topic, body, kinds)
        except PayloadInvalid as fault:
            tx.inbox.finish_delivery(lease, DeliveryState.REJECTED, fault.reason)
            rejected.append((delivery, fault.reason))
        else:
            tx.inbox.finish_delivery(lease, DeliveryState.DONE)
    dropped = tx.index.ingest_sightings(
        shop, sightings
    )  # first: people's keys are locked before the evidence, everywhere
    for delivery, reason in rejected:
        tx.evidence.append_fact(
            Fact.DELIVERY_REJECTED, shop=shop, delivery=delivery.id, topic=delivery.topic, reason=reason
        )
    seal_sales(
        shop, sales, tx=tx, services=services, erased_order_ids=[sighting.order_id for sighting in dropped]
    )
    flag_sensitive_text(
        shop, sensitive_locations, tx=tx
    )  # after it: all who write evidence of people take their turn first
    if dropped:
        tx.evidence.append_fact(Fact.LATE_DELIVERY_DROPPED, shop=shop, deliveries=len(dropped))
        for sighting in dropped:
            apply_late_delivery(shop, sighting, tx=tx, services=services)
    for sighting in sightings:
        if sighting.kind is SightingKind.UNINSTALLED:
            tx.evidence.append_fact(Fact.SHOP_UNINSTALLED, shop=shop)
        elif sighting.kind is SightingKind.CUSTOMERS_MERGED:
            tx.evidence.append_fact(Fact.CUSTOMERS_MERGED, shop=shop)
