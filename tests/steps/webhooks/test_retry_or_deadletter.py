"""A failed delivery is retried six times after growing pauses and then becomes a dead letter."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bridge.model import DeliveryState
from bridge.rules.requests.lifecycle import TASK_RETRY_PAUSES_S
from bridge.steps.webhooks.retry_or_deadletter import retry_or_deadletter
from tests.factories import NOW, accepted, redact_body

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

ERROR = "KeyError at dispatch.py:42 dispatch"


def row(services, delivery):
    with services.store.transaction() as tx:
        return tx.operator_queries.list_deliveries(ids=[delivery.id])[0]


def test_a_failed_delivery_is_retried_after_growing_pauses_and_then_dead_lettered(services, clock):
    delivery = accepted(services.store, "customers/redact", redact_body())
    for attempt, pause in enumerate(TASK_RETRY_PAUSES_S, start=1):
        retry_or_deadletter(delivery.id, ERROR, services=services)
        now = row(services, delivery)
        assert (now["state"], now["attempts"], now["last_error"]) == ("received", attempt, ERROR)
        assert now["wake_at"] == clock.at + timedelta(seconds=pause)
        clock.at = now["wake_at"]
    retry_or_deadletter(delivery.id, ERROR, services=services)
    now = row(services, delivery)
    assert (now["state"], now["reason"]) == ("failed", ERROR)
    with services.store.transaction() as tx:
        [fact] = tx.evidence.list_facts_of_request("")
    assert (fact.fact, fact.detail["delivery"], fact.detail["error"]) == ("delivery.failed", delivery.id, ERROR)


def test_a_replayed_dead_letter_has_all_its_attempts_again(services, clock):
    delivery = accepted(services.store, "customers/redact", redact_body())
    for _ in range(len(TASK_RETRY_PAUSES_S) + 1):
        retry_or_deadletter(delivery.id, "E" * 200, services=services)
        clock.at += timedelta(days=1)
    with services.store.transaction() as tx:
        assert tx.operator_queries.replay_deliveries([delivery.id]) == [delivery.id]
    retry_or_deadletter(delivery.id, ERROR, services=services)
    assert row(services, delivery)["attempts"] == 1


def test_a_finished_or_leased_delivery_is_not_changed(services):
    done, owned = (accepted(services.store, "customers/redact", redact_body(number)) for number in (1, 2))
    with services.store.transaction() as tx:
        tx.inbox.finish_delivery(tx.inbox.acquire_lease(done.id)[0], DeliveryState.DONE)
        tx.inbox.acquire_lease(owned.id)
    for delivery in (done, owned):
        retry_or_deadletter(delivery.id, ERROR, services=services)
        assert row(services, delivery)["last_error"] == ""
    retry_or_deadletter("dlv_none", ERROR, services=services)
    assert row(services, done)["received_at"] == NOW
