"""One request for each data subject and kind, however often a webhook comes; clocks come from stored facts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bridge.model import DeliveryState, Principal, RequestKind, RequestState, TaskAction, TaskState
from bridge.steps.webhooks.dispatch import dispatch_delivery
from tests.factories import ASHA, NOW, SHOP, accepted, customer, data_request_body, fixture, order, redact_body
from tests.kit.stored import read_request

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def dispatched(services, topic="customers/data_request", body=None, **given):
    """Accept and dispatch a delivery; return the request."""
    delivery = accepted(services.store, topic, data_request_body() if body is None else body, **given)
    return delivery, dispatch_delivery(delivery.id, services=services)


def state_of(services, delivery):
    with services.store.transaction() as tx:
        return tx.operator_queries.reveal_delivery(delivery.id).state


def finish(services, request_id, state=RequestState.DONE):
    with services.store.transaction() as tx:
        legal_hold = tx.requests.acquire_lease(request_id)
        tx.requests.release_lease(legal_hold, state=state, wake_at=None, complete=True, closed_at=services.clock.now())


def test_an_access_webhook_becomes_a_request_with_tasks_and_a_fact(services, queue):
    delivery, request_id = dispatched(services, body=data_request_body(9999, 1001, 1001, 1002))
    request, tasks, facts = read_request(services.store, request_id)
    assert (request.kind, request.state, request.external_ref) == (RequestKind.ACCESS, RequestState.IN_PROGRESS, "9999")
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
            {TaskAction.LOCATE_PARCELS, TaskAction.SEAL_INVOICES, TaskAction.ERASE, TaskAction.POLL_PLATFORM_ERASURE},
        ),
        ("shop/redact", {"shop_domain": SHOP}, RequestKind.SHOP_ERASURE, {TaskAction.ERASE}),
    ],
)
def test_an_erasure_webhook_plans_what_must_be_erased(services, topic, body, kind, actions):
    """Requirement C-05."""
    request, tasks, _ = read_request(services.store, dispatched(services, topic, body)[1])
    assert (request.kind, {task.action for task in tasks}) == (kind, actions)
    assert {task.state for task in tasks} == {TaskState.PENDING}


def test_a_delivery_is_dispatched_once(services, queue):
    delivery, _ = dispatched(services)
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
def test_the_clock_starts_at_a_plausible_trigger(services, age, basis):
    triggered = None if age is None else NOW - age
    request, *_ = read_request(services.store, dispatched(services, triggered_at=triggered)[1])
    began = triggered if basis == "webhook_triggered" else NOW
    assert (request.received_at, request.received_at_basis) == (began, basis)
    assert request.webhook_received_at == NOW
    assert request.acknowledge_due_at == began + timedelta(hours=48)
    assert began + timedelta(days=28) <= request.due_at <= began + timedelta(days=31)
    assert request.clocks[request.due_governed_by] == request.due_at.isoformat()


def test_the_same_shopify_request_sent_again_joins_and_resets_no_clock(services, clock):
    _, first = dispatched(services)
    before, *_ = read_request(services.store, first)
    clock.at = NOW + timedelta(days=2)
    delivery, second = dispatched(services, body=data_request_body(9999, 1005))
    after, _, facts = read_request(services.store, first)
    assert second == first
    assert after == replace(before, principal=replace(ASHA, order_ids=("1005",)))
    assert [fact.fact for fact in facts] == ["request.opened", "request.joined"]
    assert facts[1].detail["delivery"] == delivery.id


def test_another_request_of_the_same_person_joins_the_open_one(services):
    _, first = dispatched(services)
    _, second = dispatched(services, body=data_request_body(10_000, 1005, id=7001))
    assert second == first
    assert read_request(services.store, first)[0].principal == replace(ASHA, order_ids=("1005",))


def test_a_request_that_is_done_is_not_run_again_by_its_replay(services, clock):
    _, first = dispatched(services)
    finish(services, first)
    clock.at = NOW + timedelta(days=5)
    _, second = dispatched(services, body=data_request_body(9999, 1005))
    request, _, facts = read_request(services.store, first)
    assert (second, request.state, request.principal) == (first, RequestState.DONE, ASHA)
    assert facts[-1].fact == "request.joined"


def test_a_later_request_of_the_same_person_is_a_new_one(services):
    _, first = dispatched(services)
    finish(services, first)
    assert dispatched(services, body=data_request_body(10_000))[1] != first


def test_a_failed_request_is_run_again_by_the_next(services):
    _, first = dispatched(services)
    with services.store.transaction() as tx:
        tx.requests.fail_request(tx.requests.acquire_lease(first), "gave_up")
    assert dispatched(services, body=data_request_body(10_000))[1] == first
    assert read_request(services.store, first)[0].state is RequestState.IN_PROGRESS


def test_erasure_and_access_of_one_person_are_two_requests(services):
    assert dispatched(services)[1] != dispatched(services, "customers/redact", redact_body())[1]


def test_a_person_named_only_by_email_is_the_customer_who_has_it(services):
    with services.store.transaction() as tx:
        tx.index.ingest_sightings(SHOP, [customer(), order()])
    _, by_id = dispatched(services, "customers/redact", redact_body())
    _, by_email = dispatched(services, "customers/redact", redact_body(email=ASHA.email))
    assert by_id == by_email


def test_a_person_named_only_by_email_and_unknown_has_a_request(services):
    body = fixture("customers_redact_email_only.json") | {"shop_domain": SHOP}
    request, *_ = read_request(services.store, dispatched(services, "customers/redact", body)[1])
    assert request.principal == Principal(email="john@example.com")
    assert len(request.subject) == 32


def test_nulls_and_empty_orders_open_a_request_too(services):
    body = fixture("customers_data_request_nulls.json") | {"shop_domain": SHOP}
    request, *_ = read_request(services.store, dispatched(services, body=body)[1])
    assert request.principal == Principal(customer_id="191167")


def test_orders_alone_identify_a_data_subject(services):
    body = redact_body(1001, id=None)
    request, *_ = read_request(services.store, dispatched(services, "customers/redact", body)[1])
    assert request.principal == Principal(order_ids=("1001",))
    assert request.subject


def test_an_unidentified_data_subject_gets_a_separate_request(services):
    _, first = dispatched(services, "customers/redact", redact_body(email="nobody"))
    _, second = dispatched(services, "customers/redact", redact_body(email="no one"))
    assert first != second
    assert len(read_request(services.store, first)[0].subject) == 32


@pytest.mark.parametrize(
    ("topic", "body", "reason"),
    [
        ("customers/redact", b"{", "not_json"),
        ("customers/redact", redact_body() | {"shop_domain": "x.myshopify.com"}, "shop_differs"),
        ("orders/create", {"id": 1}, "topic_not_handled"),
    ],
)
def test_a_malformed_delivery_is_rejected_with_a_fact_and_opens_no_request(services, queue, topic, body, reason):
    delivery, request_id = dispatched(services, topic, body)
    assert request_id == ""
    assert queue.jobs == []
    assert state_of(services, delivery) is DeliveryState.REJECTED
    with services.store.transaction() as tx:
        [fact] = tx.evidence.list_facts_of_request("")
    assert (fact.fact, fact.detail["reason"]) == ("delivery.rejected", reason)


def test_a_crash_before_the_commit_is_dispatched_once_by_the_next_run(services):
    delivery = accepted(services.store, "customers/redact", redact_body())

    def digest(name, content):
        raise RuntimeError("the machine stops")

    with pytest.raises(RuntimeError):
        dispatch_delivery(delivery.id, services=replace(services, digest=digest))
    assert state_of(services, delivery) is DeliveryState.RECEIVED
    request_id = dispatch_delivery(delivery.id, services=services)
    assert [fact.fact for fact in read_request(services.store, request_id)[2]] == ["request.opened"]


def test_an_unavailable_queue_loses_no_request(services, queue, clock):
    queue.is_down = True
    _, request_id = dispatched(services)
    clock.at = NOW + timedelta(seconds=5)
    enqueued = []
    services.store.enqueue_due(lambda *job: enqueued.append(job) or True, max_jobs=9)
    assert enqueued == [("process", request_id, True)]


@pytest.mark.parametrize("late", [True, False])
def test_two_dispatchers_at_the_same_time_open_one_request(services, late):
    """Another dispatcher opens the request between lookup and insert: this one joins it."""
    delivery = accepted(services.store, "customers/redact", redact_body())
    racing = replace(services, store=_Racing(services.store, found_later=late))
    if late:
        dispatched(services, "customers/redact", redact_body(1005))
        request_id = dispatch_delivery(delivery.id, services=racing)
        assert [fact.fact for fact in read_request(services.store, request_id)[2]] == [
            "request.opened",
            "request.joined",
        ]
        return
    dispatched(services, "customers/redact", redact_body(1005))
    with pytest.raises(AssertionError, match="neither new nor known"):
        dispatch_delivery(delivery.id, services=racing)


class _Racing:
    """A store whose first lookup finds nothing; the second does with `found_later`."""

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
