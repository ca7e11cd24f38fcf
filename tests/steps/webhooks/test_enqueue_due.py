"""Due rows are enqueued again from the database while the queue is short."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bridge.steps.webhooks.enqueue_due import MAX_WAITING_JOBS, enqueue_due
from tests.factories import NOW, SHOP, accepted, make_request, opened, order_body, redact_body

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def due(services, clock):
    """Store three rows that no worker took; return the jobs that are due."""
    redact = accepted(services.store, "customers/redact", redact_body())
    accepted(services.store, "orders/create", order_body())
    request = make_request()
    with services.store.transaction() as tx:
        opened(tx, request)
    clock.at = NOW + timedelta(seconds=6)
    return [("dispatch", redact.id, True), ("process", request.id, True), ("index", SHOP, False)]


def test_a_wiped_queue_is_filled_again_from_the_rows(services, queue, due):
    assert enqueue_due(services=services) == 3
    assert queue.jobs == due


def test_a_row_is_not_enqueued_again_within_a_while(services, queue, due):
    enqueue_due(services=services)
    assert enqueue_due(services=services) == 0
    assert len(queue.jobs) == len(due)


@pytest.mark.parametrize("waiting", [None, MAX_WAITING_JOBS, MAX_WAITING_JOBS + 1])
def test_a_full_or_unreachable_queue_gets_no_jobs(services, queue, due, waiting):
    queue.waiting = waiting
    assert enqueue_due(services=services) == 0
    queue.waiting = MAX_WAITING_JOBS - 1
    assert enqueue_due(services=services) == 1
    assert queue.jobs == due[:1]


def test_jobs_that_were_not_enqueued_are_not_counted_and_tried_again(services, queue, clock, due):
    queue.is_down = True
    assert enqueue_due(services=services) == 0
    queue.is_down = False
    clock.at += timedelta(seconds=16)
    assert enqueue_due(services=services) == 3
    assert sorted(queue.jobs) == sorted(due)
