"""Very much data of one person delays nobody: after a while the job gives way and goes on from its page later."""

from __future__ import annotations

from collections import deque
from datetime import UTC, datetime, timedelta

import pytest

from bridge.connectors.shopify import Shopify
from bridge.model import Outcome, Principal, RequestState, TaskState, WaitReason
from bridge.sandbox.shopify import ShopifyStandIn
from bridge.sandbox.world import invent_world
from bridge.steps.requests.process import process_request
from bridge.steps.webhooks.enqueue_due import enqueue_due
from tests.factories import make_request, make_services, make_task, opened

PAGE_S = 18.0  # what each page of Shopify takes here


@pytest.fixture(scope="module")
def busy_world():
    return invent_world(orders=5, now=datetime(2026, 11, 23, 9, 0, tzinfo=UTC), heavy_orders=600)


@pytest.fixture(scope="module")
def busy_shopify(busy_world):
    with ShopifyStandIn(busy_world) as busy_shopify:
        yield busy_shopify


class SlowShopify(Shopify):
    """The connector, with a clock that moves on at each page."""

    def gather(self, principal, *, shop, parcels=(), cursor=""):
        for page in super().gather(principal, shop=shop, parcels=parcels, cursor=cursor):
            self.clock.at += timedelta(seconds=PAGE_S)
            yield page


@pytest.fixture
def services(store, clock, queue, carrier, busy_shopify):
    slow = SlowShopify(
        api_version="2026-10", base_url=busy_shopify.url, client_id="sandbox-client", client_secret="sandbox-secret"
    )
    slow.clock = clock
    yield make_services(store, clock, queue, slow, carrier)
    busy_shopify.reset()


def open_request(services, busy_world, person, number):
    principal = Principal(customer_id=str(person.id), email=person.email)
    request = make_request(shop=busy_world.shop, principal=principal, subject=f"subject-{number}")
    with services.store.transaction() as tx:
        return opened(tx, request, make_task(request.id), make_task(request.id, "delhivery")).id


def load(services, request_id):
    with services.store.transaction() as tx:
        tasks = tx.tasks.list_tasks(request_id)
        task = next(one for one in tasks if one.system == "shopify")
        return tx.requests.get_request(request_id), task, list(tx.findings.read_findings(request_id))


def work_until_idle(services, queue, clock, waiting):
    """Work as one worker and one clock process do, until nothing is due. Return the requests in the order of their jobs."""
    worked = []
    while waiting:
        job, row_id = waiting.popleft()
        if job != "process":
            continue  # the letters that say that the requests arrived
        worked += [row_id] if process_request(row_id, services=services) else []
        clock.at += timedelta(seconds=1)
        queue.jobs.clear()
        enqueue_due(services=services)
        for job, row_id, at_front in queue.jobs:
            (waiting.appendleft if at_front else waiting.append)((job, row_id))
    return worked


def test_a_person_with_three_orders_does_not_wait_for_one_with_hundreds(services, queue, clock, busy_world):
    heavy = open_request(services, busy_world, busy_world.heavy_customer, 0)
    small = [open_request(services, busy_world, busy_world.people[at], at + 1) for at in (0, 1)]
    worked = work_until_idle(services, queue, clock, deque([("process", heavy), *(("process", one) for one in small)]))
    assert (worked[0], set(worked[1:3])) == (heavy, set(small))
    assert worked.count(heavy) > 1
    assert set(worked[3:]) == {heavy}
    for request_id in (heavy, *small):
        request, task, found = load(services, request_id)
        assert (request.state, task.state) == (RequestState.DONE, TaskState.DONE)
        assert not [gap for gap in task.gaps if gap.system == "shopify"]
        assert len({(one.kind, one.ref) for _, one in found}) == len(found) == task.records
    _, _, found = load(services, heavy)
    assert len([one for _, one in found if one.kind == "order"]) == 600


def test_a_slice_ends_with_its_cursor_saved_and_counts_as_no_failure(services, busy_world):
    heavy = open_request(services, busy_world, busy_world.heavy_customer, 0)
    process_request(heavy, services=services)
    request, task, found = load(services, heavy)
    assert request.state is RequestState.IN_PROGRESS
    assert (task.state, task.wait_reason, task.attempts) == (TaskState.RETRY, WaitReason.GAVE_WAY, 0)
    assert task.progress.cursor
    assert len(found) == task.records > 0


@pytest.mark.parametrize("kind", ["repeat_cursor", "empty_page"])
def test_a_list_without_end_delays_nobody(services, busy_shopify, queue, clock, busy_world, kind):
    busy_shopify.faults.add(kind, times=None, field="orders")
    busy_shopify.faults.add(kind, times=None, field="comments")
    heavy = open_request(services, busy_world, busy_world.heavy_customer, 0)
    small = open_request(services, busy_world, busy_world.people[1], 1)
    worked = work_until_idle(services, queue, clock, deque([("process", heavy), ("process", small)]))
    assert worked[:2] == [heavy, small]
    request, task, _ = load(services, heavy)
    assert (request.state, task.outcome) == (RequestState.DONE, Outcome.INCOMPLETE)
    assert {gap.reason for gap in task.gaps if gap.system == "shopify"} == {"list_does_not_end"}
