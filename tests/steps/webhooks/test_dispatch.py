"""Dispatch: one request a person and kind, whatever comes how often; clocks from stored facts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bridge.model import DeliveryState, Principal, RequestKind, RequestState, TaskAction, TaskState
from bridge.steps.webhooks.dispatch import dispatch_delivery
from tests.factories import (
    ASHA,
    NOW,
    SHOP,
    accepted,
    customer,
    data_request_body,
    fixture,
    order,
    redact_body,
)

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def told(services, topic="customers/data_request", body=None, **given):
    """Accept and dispatch; give the request as it stands."""
    delivery = accepted(services.store, topic, data_request_body() if body is None else body, **given)
    return delivery, dispatch_delivery(delivery.id, services=services)


def read(services, request_id):
    with services.store.transaction() as tx:
        return (
            tx.requests.get_request(request_id),
            tx.requests.list_tasks(request_id),
            tx.evidence.list_facts_of_request(request_id),
        )


def state_of(services, delivery):
    with services.store.transaction() as tx:
        return tx.operator_queries.reveal_delivery(delivery.id).state


def finish(services, request_id, state=RequestState.DONE):
    with services.store.transaction() as tx:
        claim = tx.requests.acquire_lease(request_id)
        tx.requests.release_lease(
            claim, state=state, wake_at=None, complete=True, closed_at=services.clock.now()
        )


def test_an_access_webhook_becomes_a_request_with_tasks_and_a_fact(services, queue):
    delivery, request_id = told(services, body=data_request_body(9999, 1001, 1001, 1002))
    request, tasks, facts = read(services, request_id)
    assert (request.kind, request.state, request.external_ref) == (
        RequestKind.ACCESS,
        RequestState.IN_PROGRESS,
        "9999",
    )
    assert request.principal == replace(ASHA, order_ids=("1001", "1002"))
    assert [(task.system, task.action) for task in tasks] == [
        ("shopify", TaskAction.GATHER),
        ("delhivery", TaskAction.GATHER),
    ]
    assert [fact.fact for fact in facts] == ["request.opened"]
    assert facts[0].detail["orders"] == 2
    assert facts[0].detail["delivery"] == delivery.id
    assert "qwertzuiop" not in repr(facts)
    assert queue.jobs == [("process", request_id, True)]
    assert state_of(services, delivery) is DeliveryState.DONE


@pytest.mark.parametrize(
    ("topic", "body", "kind", "actions"),
    [
        (
            "customers/redact",
            redact_body(1001),
            RequestKind.ERASURE,
            {
                TaskAction.LOCATE_PARCELS,
                TaskAction.SEAL_INVOICES,
                TaskAction.ERASE,
                TaskAction.POLL_PLATFORM_ERASURE,
            },
        ),
        ("shop/redact", {"shop_domain": SHOP}, RequestKind.SHOP_ERASURE, {TaskAction.ERASE}),
    ],
)
def test_an_erasure_webhook_plans_what_must_be_erased(services, topic, body, kind, actions):
    request, tasks, _ = read(services, told(services, topic, body)[1])
    assert (request.kind, {task.action for task in tasks}) == (kind, actions)
    assert {task.state for task in tasks} == {TaskState.PENDING}


def test_twice_is_once(services, queue):
    delivery, _ = told(services)
    assert dispatch_delivery(delivery.id, services=services) == ""
    assert dispatch_delivery("dlv_none", services=services) == ""
    assert len(queue.jobs) == 1


@pytest.mark.parametrize(
    ("age", "basis"),
    [
        (timedelta(0), "webhook_received"),
        (timedelta(hours=5), "webhook_triggered"),
        (timedelta(days=1), "webhook_triggered"),
        (timedelta(days=1, seconds=1), "webhook_received"),
        (timedelta(seconds=-1), "webhook_received"),
        (None, "webhook_received"),
    ],
)
def test_the_clock_starts_at_the_trigger_where_that_can_be_believed(services, age, basis):
    triggered = None if age is None else NOW - age
    request, *_ = read(services, told(services, triggered_at=triggered)[1])
    began = triggered if basis == "webhook_triggered" else NOW
    assert (request.received_at, request.received_at_basis) == (began, basis)
    assert request.webhook_received_at == NOW
    assert request.acknowledge_due_at == began + timedelta(hours=48)
    assert began + timedelta(days=28) <= request.due_at <= began + timedelta(days=31)
    assert request.clocks[request.due_governed_by] == request.due_at.isoformat()


def test_the_same_request_of_shopifys_sent_again_joins_and_resets_no_clock(services, clock):
    _, first = told(services)
    before, *_ = read(services, first)
    clock.at = NOW + timedelta(days=2)
    delivery, second = told(services, body=data_request_body(9999, 1005))
    after, _, facts = read(services, first)
    assert second == first
    assert after == replace(before, principal=replace(ASHA, order_ids=("1005",)))
    assert [fact.fact for fact in facts] == ["request.opened", "request.joined"]
    assert facts[1].detail["delivery"] == delivery.id


def test_another_request_of_the_same_person_in_flight_joins(services):
    _, first = told(services)
    _, second = told(services, body=data_request_body(10_000, 1005, id=7001))
    assert second == first
    assert read(services, first)[0].principal == replace(ASHA, order_ids=("1005",))


def test_a_request_that_is_done_is_not_run_again_by_its_replay(services, clock):
    _, first = told(services)
    finish(services, first)
    clock.at = NOW + timedelta(days=5)
    _, second = told(services, body=data_request_body(9999, 1005))
    request, _, facts = read(services, first)
    assert (second, request.state, request.principal) == (first, RequestState.DONE, ASHA)
    assert facts[-1].fact == "request.joined"


def test_a_later_request_of_the_same_person_is_a_new_one(services):
    _, first = told(services)
    finish(services, first)
    assert told(services, body=data_request_body(10_000))[1] != first


def test_a_failed_request_is_run_again_by_the_next(services):
    _, first = told(services)
    with services.store.transaction() as tx:
        tx.requests.fail_request(tx.requests.acquire_lease(first), "gave_up")
    assert told(services, body=data_request_body(10_000))[1] == first
    assert read(services, first)[0].state is RequestState.IN_PROGRESS


def test_erasure_and_access_of_one_person_are_two_requests(services):
    assert told(services)[1] != told(services, "customers/redact", redact_body())[1]


def test_a_person_named_only_by_email_is_the_customer_who_has_it(services):
    with services.store.transaction() as tx:
        tx.index.ingest_sightings(SHOP, [customer(), order()])
    _, by_id = told(services, "customers/redact", redact_body())
    _, by_email = told(services, "customers/redact", redact_body(email=ASHA.email))
    assert by_id == by_email


def test_a_person_named_only_by_email_and_unknown_has_a_request(services):
    body = fixture("customers_redact_email_only.json") | {"shop_domain": SHOP}
    request, *_ = read(services, told(services, "customers/redact", body)[1])
    assert request.principal == Principal(email="john@example.com")
    assert len(request.subject) == 32


def test_nulls_and_empty_orders_are_a_request_all_the_same(services):
    body = fixture("customers_data_request_nulls.json") | {"shop_domain": SHOP}
    request, *_ = read(services, told(services, body=body)[1])
    assert request.principal == Principal(customer_id="191167")


def test_orders_alone_are_somebody(services):
    body = redact_body(1001, id=None)
    request, *_ = read(services, told(services, "customers/redact", body)[1])
    assert request.principal == Principal(order_ids=("1001",))
    assert request.subject


def test_somebody_who_cannot_be_told_has_a_request_of_her_own(services):
    _, first = told(services, "customers/redact", redact_body(email="nobody"))
    _, second = told(services, "customers/redact", redact_body(email="no one"))
    assert first != second
    assert len(read(services, first)[0].subject) == 32


@pytest.mark.parametrize(
    ("topic", "body", "reason"),
    [
        ("customers/redact", b"{", "not_json"),
        ("customers/redact", redact_body() | {"shop_domain": "x.myshopify.com"}, "shop_differs"),
        ("orders/create", {"id": 1}, "topic_not_handled"),
    ],
)
def test_what_does_not_fit_is_rejected_with_a_fact_and_asks_for_nothing(services, queue, topic, body, reason):
    delivery, request_id = told(services, topic, body)
    assert request_id == ""
    assert queue.jobs == []
    assert state_of(services, delivery) is DeliveryState.REJECTED
    with services.store.transaction() as tx:
        [fact] = tx.evidence.list_facts_of_request("")
    assert (fact.fact, fact.detail["reason"]) == ("delivery.rejected", reason)


def test_a_dispatch_that_dies_before_its_commit_is_dispatched_once_by_the_next(services):
    delivery = accepted(services.store, "customers/redact", redact_body())

    def digest(name, content):
        raise RuntimeError("the machine stops")

    with pytest.raises(RuntimeError):
        dispatch_delivery(delivery.id, services=replace(services, digest=digest))
    assert state_of(services, delivery) is DeliveryState.RECEIVED
    request_id = dispatch_delivery(delivery.id, services=services)
    assert [fact.fact for fact in read(services, request_id)[2]] == ["request.opened"]


def test_a_bell_that_nobody_hears_loses_nothing(services, queue, clock):
    queue.is_down = True
    _, request_id = told(services)
    clock.at = NOW + timedelta(seconds=5)
    rung = []
    services.store.enqueue_due(lambda *job: rung.append(job) or True, max_jobs=9)
    assert rung == [("process", request_id, True)]


@pytest.mark.parametrize("late", [True, False])
def test_two_dispatchers_at_the_same_moment_open_one_request(services, late):
    """The other opens it between our look and our insert: then we join."""
    delivery = accepted(services.store, "customers/redact", redact_body())
    racing = replace(services, store=_Racing(services.store, found_later=late))
    if late:
        told(services, "customers/redact", redact_body(1005))
        request_id = dispatch_delivery(delivery.id, services=racing)
        assert [fact.fact for fact in read(services, request_id)[2]] == ["request.opened", "request.joined"]
        return
    told(services, "customers/redact", redact_body(1005))
    with pytest.raises(AssertionError, match="neither new nor known"):
        dispatch_delivery(delivery.id, services=racing)


class _Racing:
    """A store whose first look finds nothing; the second does where `found_later`."""

    def __init__(self, store, *, found_later):
        self._store, self._found_later = store, found_later

    def __getattr__(self, name):
        return getattr(self._store, name)

    def transaction(self):
        return _Blind(self._store.transaction(), found_later=self._found_later)


class _Blind:
    def __init__(self, inner, *, found_later):
        self._inner, self._found_later = inner, found_later

    def __enter__(self):
        tx = self._inner.__enter__()
        looks, look = [], tx.requests.find_open_request

        def in_flight(*asked):
            looks.append(asked)
            return look(*asked) if self._found_later and len(looks) > 1 else None

        tx.requests.find_open_request = in_flight
        return tx

    def __exit__(self, *fault):
        return self._inner.__exit__(*fault)
