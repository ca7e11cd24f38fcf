"""Index order, fulfilment, refund, return and customer deliveries: customers, orders, parcels and carriers.

One job takes one shop's deliveries in batches. The body is destroyed in the transaction that indexed it and sealed
its invoice copy; a delivery of another shape becomes `rejected` and never stops the rest of its batch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from bridge.errors import PayloadInvalid, Retryable, TimeLimitExceeded
from bridge.logs import describe_exception
from bridge.model import Delivery, DeliveryState, Fact, Lease
from bridge.rules.index.sales import read_sale
from bridge.rules.operations.batch_pace import BatchPace
from bridge.rules.webhooks import payload, topics
from bridge.services import Services
from bridge.steps.index.ingest_bodies import ParsedBody, ingest_bodies, parse_body
from bridge.steps.index.prepare_merges import LargeMerges, find_large_merges, prepare_merges
from bridge.steps.requests.take_turns import is_slice_over
from bridge.steps.shops.identify_shops import identify_shops
from bridge.steps.shops.record_uninstalls import lease_uninstalls, record_uninstalls
from bridge.steps.webhooks.retry_or_deadletter import deadletter_delivery
from bridge.telemetry import report_exception

if TYPE_CHECKING:
    from bridge.rules.shops.shop_names import ShopDirectory
    from bridge.store import Tx

OBJECT_TOPIC_PREFIXES = tuple(topic for topic in topics.INDEXED_TOPIC_PREFIXES if topic != topics.UNINSTALLED_TOPIC)
BATCH_ROWS = 200
BATCH_BYTES = 8_000_000
MAX_RUN_S = 20.0  # then the job enqueues itself again, so that other jobs get a worker


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _ParsedDelivery:
    """What was read of one delivery."""

    lease: Lease
    delivery: Delivery
    parsed: ParsedBody


def index_deliveries_of_shop(shop: str, lease: Lease, *, services: Services) -> bool:
    """Index all deliveries of a shop, under each of its domains. Raises as `index_deliveries`.

    Return False where the job that acquired this lease gave way to others before all were indexed.
    """
    began_at = lease.acquired_at or services.clock.now()
    directory = services.store.read_shop_directory()
    for number, domain in enumerate(directory.list_domains(shop)):
        known = None if number else directory  # what the platform answered for the first may have changed them
        _, is_empty = _index_until(domain, lambda: is_slice_over(began_at, services), services, known)
        if not is_empty:
            return False
    return True


def index_deliveries(shop: str, *, services: Services, until_empty: bool = False) -> int:
    """Index the deliveries under one domain of a shop. Return how many were finished.

    Stop after MAX_RUN_S seconds, or once a slice is over while privacy work waits, and enqueue the rest, unless
    `until_empty`. Raises StoreUnavailable, TimeLimitExceeded.
    """
    began_at = services.clock.now()

    def must_stop() -> bool:
        is_over = services.clock.now() - began_at > timedelta(seconds=MAX_RUN_S)
        return not until_empty and (is_over or is_slice_over(began_at, services))

    settled, is_empty = _index_until(shop, must_stop, services)
    if not is_empty:
        services.queue.enqueue("index", shop)
    return settled


def _index_until(
    shop: str, must_stop: Callable[[], bool], services: Services, known: ShopDirectory | None = None
) -> tuple[int, bool]:
    """Index batches until none is left or it must stop. Return how many were finished, and whether none is left."""
    identify_shops(shop, services=services, known=known)
    settled, pace = 0, BatchPace(BATCH_ROWS)
    while True:
        try:
            count = _index_batch(shop, pace, services)
        except (Retryable, TimeLimitExceeded):
            raise
        except Exception:  # noqa: BLE001 - one broken delivery must not stop the rest of the batch
            count = _index_each_delivery(shop, services)
        settled += count
        if not count:
            return settled, True
        if must_stop():
            return settled, False


def _index_batch(shop: str, pace: BatchPace, services: Services) -> int:
    """Index a batch; before it what must be done outside of its transaction: uninstalls that are due, and large merges."""
    while True:
        try:
            return _index_ready_batch(shop, pace, services)
        except LargeMerges as found:
            prepare_merges(shop, found.sightings, services=services)


def _index_ready_batch(shop: str, pace: BatchPace, services: Services) -> int:
    """Index a batch, or work on uninstalls that are due, for which the platform is asked. Raises LargeMerges."""
    with services.store.transaction(pace) as tx:
        uninstalls = lease_uninstalls(shop, tx)
        if not uninstalls:
            batch = tx.inbox.hold_batch(shop, OBJECT_TOPIC_PREFIXES, pace.size, BATCH_BYTES)
            # an empty batch too: it takes the shop lock, so it waits for a batch that another worker is indexing
            _ingest_batch(shop, batch, tx, services)
            return len(batch)
    return record_uninstalls(uninstalls, services=services)


def _index_each_delivery(shop: str, services: Services) -> int:
    """Index the deliveries of a failed batch one by one; each that fails again becomes a dead letter."""
    for settled in range(BATCH_ROWS):
        try:
            if not _index_batch(shop, BatchPace(1), services):
                return settled
        except (Retryable, TimeLimitExceeded):
            raise
        except Exception as fault:  # noqa: BLE001 - see above
            report_exception(fault)
            _mark_next_failed(shop, describe_exception(fault), services)
    return BATCH_ROWS


def _mark_next_failed(shop: str, error: str, services: Services) -> None:
    with services.store.transaction() as tx:
        for lease, delivery in tx.inbox.acquire_lease_batch(shop, OBJECT_TOPIC_PREFIXES, 1, BATCH_BYTES):
            deadletter_delivery(delivery, lease, error, tx)


def _ingest_batch(domain: str, batch: Sequence[tuple[Lease, Delivery]], tx: Tx, services: Services) -> None:
    """Index a batch and finish its deliveries in the transaction that leased them: a crash changes nothing."""
    parsed, rejected = _parse_batch(batch, services)
    shop = tx.shop_names.directory.find_key(domain)
    foreign = _find_foreign_bodies(shop, [one.parsed for one in parsed], tx)
    rejected += [(one.lease, one.delivery, topics.FOREIGN_BODY) for one in parsed if one.parsed in foreign]
    own = [one for one in parsed if one.parsed not in foreign]
    if merges := find_large_merges(shop, [one.parsed.sighting for one in own], tx):
        raise LargeMerges(merges)
    tx.inbox.write_leases([lease for lease, *_ in rejected])
    for lease, _, reason in rejected:
        tx.inbox.finish_delivery(lease, DeliveryState.REJECTED, reason)
    tx.inbox.complete_held_deliveries([one.lease for one in own])
    dropped = ingest_bodies(shop, [one.parsed for one in own], tx=tx, services=services)
    for _, delivery, reason in rejected:
        detail = {"delivery": delivery.id, "topic": delivery.topic, "reason": reason}
        tx.evidence.append_fact(Fact.DELIVERY_REJECTED, shop=shop, **detail)
    if dropped:
        tx.evidence.append_fact(Fact.LATE_DELIVERY_DROPPED, shop=shop, deliveries=len(dropped))


def _parse_batch(
    batch: Sequence[tuple[Lease, Delivery]], services: Services
) -> tuple[list[_ParsedDelivery], list[tuple[Lease, Delivery, str]]]:
    """Return what was read, and the deliveries of another shape with the reason of each."""
    parsed, rejected = list[_ParsedDelivery](), list[tuple[Lease, Delivery, str]]()
    for lease, delivery in batch:
        try:
            body = payload.parse_json_object(delivery.raw)
            topics.check_body_shape(delivery.topic, body, delivery.shop)
            sale = read_sale(delivery.topic, body, delivery.received_at)
            found = parse_body(delivery.topic, body, [sale] if sale else [], services)
        except PayloadInvalid as fault:
            rejected.append((lease, delivery, fault.reason))
        else:
            parsed.append(_ParsedDelivery(lease=lease, delivery=delivery, parsed=found))
    return parsed, rejected


def _find_foreign_bodies(shop: str, parsed: Sequence[ParsedBody], tx: Tx) -> list[ParsedBody]:
    """Return the bodies that are another shop's, although signed: it says so, or only that shop knows its record."""
    directory = tx.shop_names.directory
    says_own = [directory.is_body_of(shop, *one.named_shop) for one in parsed]
    silent = [one for one, is_own in zip(parsed, says_own, strict=True) if is_own is None]
    own = [one.sighting for one, is_own in zip(parsed, says_own, strict=True) if is_own]
    positions = tx.index.find_sightings_of_other_shops(shop, [one.sighting for one in silent], own)
    foreign = [one for one, is_own in zip(parsed, says_own, strict=True) if is_own is False]
    return foreign + [silent[position] for position in sorted(positions)]
