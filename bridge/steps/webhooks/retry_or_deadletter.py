"""Setback: a delivery whose step broke is given back with a pause; after the last attempt it is a dead letter.

Ops see dead letters with `inbox list`, and put them back with `inbox replay`.
"""

from __future__ import annotations

from datetime import timedelta

from bridge.model import DeliveryState, Fact
from bridge.ports import Services
from bridge.rules.requests.lifecycle import RETRY_S, pause_s


def setback(delivery_id: str, error: str, *, services: Services) -> None:
    """Record that a delivery's step broke with `error` (a type and a place, no text of a stranger)."""
    with services.store.transaction() as tx:
        claimed = tx.inbox.claim(delivery_id)
        if claimed is None:
            return
        claim, delivery = claimed
        attempts = delivery.attempts + 1
        if attempts <= len(RETRY_S):
            tx.inbox.retry(claim, error, services.clock.now() + timedelta(seconds=pause_s(attempts, None)))
            return
        tx.inbox.settle(claim, DeliveryState.FAILED, error[:64])
        tx.evidence.append(
            Fact.DELIVERY_FAILED, shop=delivery.shop, delivery=delivery.id, topic=delivery.topic, error=error
        )
