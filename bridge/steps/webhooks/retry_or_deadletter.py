"""Setback: a delivery whose step broke is given back with a pause; after the last attempt it is a dead letter.

Ops see dead letters with `inbox list`, and put them back with `inbox replay`.
"""

from __future__ import annotations

from datetime import timedelta

from bridge.model import DeliveryState, Fact
from bridge.ports import Services
from bridge.rules.requests.lifecycle import TASK_RETRY_PAUSES_S, compute_retry_pause_s


def retry_or_deadletter(delivery_id: str, error: str, *, services: Services) -> None:
    """Record that a delivery's step broke with `error` (a type and a place, no text of a stranger)."""
    with services.store.transaction() as tx:
        leased = tx.inbox.acquire_lease(delivery_id)
        if leased is None:
            return
        lease, delivery = leased
        attempts = delivery.attempts + 1
        if attempts <= len(TASK_RETRY_PAUSES_S):
            tx.inbox.schedule_retry(
                lease, error, services.clock.now() + timedelta(seconds=compute_retry_pause_s(attempts, None))
            )
            return
        tx.inbox.finish_delivery(lease, DeliveryState.FAILED, error[:64])
        tx.evidence.append_fact(
            Fact.DELIVERY_FAILED, shop=delivery.shop, delivery=delivery.id, topic=delivery.topic, error=error
        )
