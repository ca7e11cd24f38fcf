"""Setback: a broken delivery comes back after a pause, six times, and is then a dead letter."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bridge.model import DeliveryState
from bridge.rules.requests.lifecycle import RETRY_S
from bridge.steps.webhooks.retry_or_deadletter import setback
from tests.factories import NOW, accepted, redact_body

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

ERROR = "KeyError at dispatch.py:42 dispatch"


def row(services, delivery):
    with services.store.transaction() as tx:
        return tx.listing.deliveries(ids=[delivery.id])[0]


def test_a_delivery_is_given_back_with_growing_pauses_and_then_shown(services, clock):
    delivery = accepted(services.store, "customers/redact", redact_body())
    for attempt, pause in enumerate(RETRY_S, start=1):
        setback(delivery.id, ERROR, services=services)
        now = row(services, delivery)
        assert (now["state"], now["attempts"], now["last_error"]) == ("received", attempt, ERROR)
        assert now["wake_at"] == clock.at + timedelta(seconds=pause)
        clock.at = now["wake_at"]
    setback(delivery.id, ERROR, services=services)
    now = row(services, delivery)
    assert (now["state"], now["reason"]) == ("failed", ERROR)
    with services.store.transaction() as tx:
        [fact] = tx.evidence.of("")
    assert (fact.fact, fact.detail["delivery"], fact.detail["error"]) == (
        "delivery.failed",
        delivery.id,
        ERROR,
    )


def test_a_dead_letter_that_is_put_back_has_all_its_attempts_again(services, clock):
    delivery = accepted(services.store, "customers/redact", redact_body())
    for _ in range(len(RETRY_S) + 1):
        setback(delivery.id, "E" * 200, services=services)
        clock.at += timedelta(days=1)
    with services.store.transaction() as tx:
        assert tx.listing.put_back([delivery.id]) == [delivery.id]
    setback(delivery.id, ERROR, services=services)
    assert row(services, delivery)["attempts"] == 1


def test_a_delivery_that_is_done_or_owned_is_left_alone(services):
    done, owned = (accepted(services.store, "customers/redact", redact_body(number)) for number in (1, 2))
    with services.store.transaction() as tx:
        tx.inbox.settle(tx.inbox.claim(done.id)[0], DeliveryState.DONE)
        tx.inbox.claim(owned.id)
    for delivery in (done, owned):
        setback(delivery.id, ERROR, services=services)
        assert row(services, delivery)["last_error"] == ""
    setback("dlv_none", ERROR, services=services)
    assert row(services, done)["received_at"] == NOW
