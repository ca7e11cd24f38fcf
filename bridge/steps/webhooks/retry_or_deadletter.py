"""Schedule a retry of a failed delivery; after the last attempt make it a dead letter.

Operators see dead letters with `inbox list` and put them back with `inbox replay`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from bridge.model import Delivery, DeliveryState, Fact, Lease
from bridge.rules.requests.lifecycle import TASK_RETRY_PAUSES_S, compute_retry_pause_s
from bridge.services import Services

if TYPE_CHECKING:
    from bridge.store import Tx

log = structlog.get_logger()


def retry_or_deadletter(delivery_id: str, error: str, *, services: Services) -> None:
    """Record that processing a delivery failed.

    `error` is an exception's type and source location, without its message. Raises StoreUnavailable.
    """
    with services.store.transaction() as tx:
        leased = tx.inbox.acquire_lease(delivery_id)
        if leased is None:
            return
        lease, delivery = leased
        retry_or_deadletter_leased(delivery, lease, error, tx, services)


def retry_or_deadletter_leased(delivery: Delivery, lease: Lease, error: str, tx: Tx, services: Services) -> None:
    """Schedule a retry of a leased delivery, or mark it as failed after its last attempt."""
    attempts = delivery.attempts + 1
    if attempts > len(TASK_RETRY_PAUSES_S):
        deadletter_delivery(delivery, lease, error, tx)
        return
    pause = timedelta(seconds=compute_retry_pause_s(attempts, None))
    tx.inbox.schedule_retry(lease, error, services.clock.now() + pause)


def deadletter_delivery(delivery: Delivery, lease: Lease, error: str, tx: Tx) -> None:
    """Mark a leased delivery as failed and record the fact."""
    tx.inbox.finish_delivery(lease, DeliveryState.FAILED, error[:64])
    detail = {"delivery": delivery.id, "topic": delivery.topic, "error": error}
    log.warning("delivery.failed", id=delivery.id, topic=delivery.topic, fault=error)
    tx.evidence.append_fact(Fact.DELIVERY_FAILED, shop=delivery.shop, **detail)
