"""A free worker takes the request whose turn it is; a job gives way while others wait, and keeps what it has."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bridge.errors import ConnectorUnavailable, SystemBusy
from bridge.model import FindingPage, RequestState, TaskState, WaitReason
from bridge.rules.requests.turns import MAX_SLICE, SMALL_RECORDS
from bridge.steps.index import index_orders
from bridge.steps.requests import take_turns
from bridge.steps.requests.process import process_next_request, process_request
from bridge.steps.requests.take_turns import choose_next_delivery, must_give_way
from bridge.steps.task_results import after_failure
from bridge.steps.webhooks.dispatch import dispatch_delivery
from bridge.steps.webhooks.enqueue_due import enqueue_due
from tests.factories import (
    NOW,
    OTHER_SHOP,
    SHOP,
    accepted,
    make_finding,
    make_request,
    make_services,
    make_task,
    opened,
    order,
)
from tests.fakes import FakeCarrier, FakePlatform, page


@pytest.fixture(autouse=True)
def _no_plain_turns(monkeypatch):
    monkeypatch.setattr(take_turns.random, "randrange", lambda _: 1)


def many(start):
    """A page of more records than a person with few orders has."""
    return page(*(make_finding(ref=f"order-{start}-{number}") for number in range(SMALL_RECORDS)))


def open_gathering(services, *, shop=SHOP, subject="subject-1", **values):
    request = make_request(shop=shop, subject=subject, **values)
    with services.store.transaction() as tx:
        return opened(tx, request, make_task(request.id)).id


def load(services, request_id):
    with services.store.transaction() as tx:
        request, tasks = tx.requests.get_request(request_id), tx.tasks.list_tasks(request_id)
        return request, tasks, list(tx.findings.read_findings(request_id))


class SlowPlatform(FakePlatform):
    """A platform whose pages take three seconds each."""

    def gather(self, principal, *, shop, parcels=(), cursor=""):
        for one in super().gather(principal, shop=shop, parcels=parcels, cursor=cursor):
            self.clock.at += timedelta(seconds=3)
            yield one


@pytest.fixture
def platform(clock):
    slow = SlowPlatform(many(0), many(1), many(2))
    slow.clock = clock
    return slow


@pytest.fixture
def services(store, clock, queue, platform):
    return make_services(store, clock, queue, platform)


def test_a_job_works_on_the_request_whose_turn_it_is_and_not_on_the_one_it_names(services):
    named = [open_gathering(services, subject=f"s{number}") for number in range(3)]
    other = open_gathering(services, shop=OTHER_SHOP, subject="other")
    for _ in range(2):
        assert process_next_request(named[-1], services=services)
    worked = {each for each in (*named, other) if load(services, each)[2]}
    assert worked == {named[0], other}


def test_a_request_whose_job_went_to_another_has_another_job_at_the_next_turn_of_the_clock(services, clock, queue):
    late = open_gathering(services, subject="late", due_at=NOW + timedelta(days=30))
    clock.at += timedelta(minutes=1)
    enqueue_due(services=services)
    soon = open_gathering(services, subject="soon", due_at=NOW + timedelta(days=1))  # since then, and no job names it
    assert process_next_request(late, services=services)
    assert [bool(load(services, each)[2]) for each in (late, soon)] == [False, True]
    queue.jobs.clear()
    enqueue_due(services=services)
    assert ("process", late, True) in queue.jobs


def test_where_none_waits_a_job_works_on_the_request_that_it_names(services, clock):
    request_id = open_gathering(services)
    process_request(request_id, services=services)
    assert not process_next_request("req_unknown", services=services)


def test_a_long_gathering_gives_way_to_one_that_waits_and_goes_on_from_its_cursor(services, platform, queue):
    huge = open_gathering(services, subject="huge")
    small = open_gathering(services, shop=OTHER_SHOP, subject="small")
    assert process_request(huge, services=services)
    request, (task, *_), found = load(services, huge)
    assert (request.state, task.state, task.wait_reason) == (
        RequestState.IN_PROGRESS,
        TaskState.RETRY,
        WaitReason.GAVE_WAY,
    )
    assert (task.attempts, len(found)) == (0, SMALL_RECORDS)
    assert ("process", huge, False) in queue.jobs, "it is on the queue again, behind all others"
    platform.pages = [page(make_finding())]
    assert process_next_request(huge, services=services)
    assert load(services, small)[0].state is RequestState.DONE
    platform.pages = [many(0), many(1), many(2)]
    assert process_next_request(huge, services=services)
    request, (task, *_), found = load(services, huge)
    assert (request.state, len(found)) == (RequestState.DONE, 3 * SMALL_RECORDS)
    assert len({one.ref for _, one in found}) == len(found)


def test_a_long_gathering_goes_on_while_nobody_waits(services):
    huge = open_gathering(services)
    process_request(huge, services=services)
    assert load(services, huge)[0].state is RequestState.DONE


def test_nobody_gives_way_before_a_slice_is_over_or_with_few_records(services, clock):
    open_gathering(services, subject="waits")
    request_id = open_gathering(services, shop=OTHER_SHOP, subject="works")
    with services.store.transaction() as tx:
        lease = tx.requests.acquire_lease(request_id)
    assert not must_give_way(lease, SMALL_RECORDS, services)
    clock.at += timedelta(seconds=services.settings.gather_slice_s)
    assert must_give_way(lease, SMALL_RECORDS, services)
    assert not must_give_way(lease, SMALL_RECORDS - 1, services)
    clock.at = lease.acquired_at + MAX_SLICE
    assert must_give_way(lease, 0, services)


def test_a_worker_that_dies_in_a_slice_leaves_what_it_had_to_the_next(services, platform, clock):
    huge = open_gathering(services)
    platform.dies_before[2] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        process_next_request(huge, services=services)
    assert not process_next_request(huge, services=services), "its lease stands"
    clock.at += timedelta(seconds=60)
    assert process_next_request(huge, services=services)
    request, (task, *_), found = load(services, huge)
    assert (request.state, task.records, len(found)) == (RequestState.DONE, 3 * SMALL_RECORDS, 3 * SMALL_RECORDS)


def test_waiting_for_a_busy_platform_uses_up_no_attempt_and_leaves_no_gap(services, platform, clock):
    request_id = open_gathering(services)
    platform.pages = [page(make_finding())]
    for _ in range(3 * services.settings.connector_attempts):
        platform.dies_before[1] = SystemBusy("shopify: THROTTLED", retry_after_s=7)
        assert process_next_request(request_id, services=services)
        request, (task, *_), _ = load(services, request_id)
        assert (task.state, task.attempts, task.gaps) == (TaskState.RETRY, 0, ())
        assert task.wake_at == clock.at + timedelta(seconds=7)
        assert (request.state, request.attempts) == (RequestState.IN_PROGRESS, 0)
        clock.at += timedelta(seconds=7)
    assert process_next_request(request_id, services=services)
    request, (task, *_), found = load(services, request_id)
    assert (request.state, request.complete, len(found)) == (RequestState.DONE, True, 1)


def test_deliveries_of_shops_are_dispatched_in_turns(services, clock):
    for number in range(4):
        accepted(
            services.store,
            "customers/redact",
            {"shop_domain": SHOP, "customer": {"id": number + 1}},
            received_at=clock.at,
        )
        clock.at += timedelta(seconds=1)
    other = accepted(
        services.store,
        "customers/redact",
        {"shop_domain": OTHER_SHOP, "customer": {"id": 9}},
        shop=OTHER_SHOP,
        received_at=clock.at,
    )
    order = []
    while chosen := choose_next_delivery(services=services):
        clock.at += timedelta(seconds=1)
        assert dispatch_delivery(chosen, services=services)
        order.append(chosen)
    assert order.index(other.id) == 1
    assert len(order) == 5


def test_a_shops_many_order_webhooks_do_not_hold_up_another_shop(services, platform, clock, queue, monkeypatch):
    platform.pages = [page(make_finding())]
    monkeypatch.setattr(index_orders, "BATCH_ROWS", 1)
    monkeypatch.setattr(
        index_orders, "identify_shops", lambda *_, **__: setattr(clock, "at", clock.at + timedelta(seconds=9))
    )
    numbers = range(3)
    orders = [accepted(services.store, "orders/create", {"id": number, "customer": {"id": 1}}) for number in numbers]
    clock.at += timedelta(seconds=9)
    flooded = open_gathering(services, due_at=clock.at + timedelta(days=5))
    other = open_gathering(services, shop=OTHER_SHOP, subject="other", due_at=clock.at + timedelta(days=9))
    assert process_next_request(flooded, services=services)
    request, tasks, _ = load(services, flooded)
    assert (request.state, {task.state for task in tasks}) == (RequestState.IN_PROGRESS, {TaskState.PENDING})
    assert ("process", flooded, False) in queue.jobs
    assert process_next_request(flooded, services=services)
    assert load(services, other)[0].state is RequestState.DONE
    assert process_next_request(flooded, services=services)
    assert load(services, flooded)[0].state is RequestState.DONE
    with services.store.transaction() as tx:
        assert not [one for one in orders if tx.inbox.acquire_lease(one.id)], "all are indexed"


def test_a_carrier_with_very_many_parcels_gives_way_too_and_the_answer_waits_for_the_rest(
    store, clock, queue, platform
):
    class SlowCarrier(FakeCarrier):
        def gather(self, principal, *, shop, parcels, cursor=""):
            for start in range(int(cursor or 0), 3):
                clock.at += timedelta(seconds=3)
                found = (
                    replace(make_finding(ref=f"{start}-{number}"), kind="parcel") for number in range(SMALL_RECORDS)
                )
                yield FindingPage(findings=tuple(found), cursor=str(start + 1))

    services = make_services(store, clock, queue, platform, SlowCarrier("delhivery"))
    platform.pages = [page()]
    request = make_request(subject="huge")
    with store.transaction() as tx:
        tx.index.ingest_sightings(SHOP, [order(parcels=[("Delhivery", "AWB1")])])
        opened(tx, request, make_task(request.id), make_task(request.id, "delhivery"))
    small = open_gathering(services, shop=OTHER_SHOP, subject="small")
    process_request(request.id, services=services)
    huge, (_, task), found = load(services, request.id)
    assert (huge.closed_at, task.wait_reason, len(found)) == (None, WaitReason.GAVE_WAY, SMALL_RECORDS)
    for _ in range(2):
        process_next_request(small, services=services)
    assert load(services, small)[0].state is RequestState.DONE
    huge, (_, task), found = load(services, request.id)
    assert (huge.state, task.attempts, len(found)) == (RequestState.DONE, 0, 3 * SMALL_RECORDS)


def test_no_step_counts_waiting_as_an_attempt_and_each_is_due_again_when_the_system_is(services, clock):
    task = replace(make_task("req_1"), attempts=services.settings.connector_attempts - 1)
    after = after_failure(task, SystemBusy("delhivery: does not answer", retry_after_s=60), services)
    assert (after.state, after.attempts) == (TaskState.RETRY, task.attempts)
    assert after.wake_at == clock.at + timedelta(seconds=60)
    assert after_failure(task, ConnectorUnavailable("down"), services).state is TaskState.FAILED
