"""Locate: parcels that no webhook told of are noted; an erasure waits for no token."""

from __future__ import annotations

import pytest

from bridge.errors import ConnectorUnavailable, CredentialRejected
from bridge.model import Outcome, Principal, RequestKind, TaskAction, TaskState
from bridge.rules.notices.parcel_reviews import PARCEL_REVIEW_KIND
from bridge.steps.requests.process import process_request
from tests.factories import ASHA, SHOP, make_request, make_task, order

SENT = {
    "id": "gid://shopify/Order/1001",
    "legacyResourceId": "1001",
    "name": "#1001",
    "paymentGatewayNames": ["Cash on Delivery (COD)"],
    "fulfillments": [
        {
            "displayStatus": "DELIVERED",
            "deliveredAt": "2026-09-01T10:00:00Z",
            "createdAt": "2026-08-28T10:00:00Z",
            "trackingInfo": [{"company": "Delhivery", "number": "14908100000012", "url": None}],
        }
    ],
}


@pytest.fixture
def process_erasure(services, platform):
    """Process Asha's erasure with the tasks that a webhook plans."""

    def run(*, learned=()):
        platform.sent = [SENT]
        request = make_request(kind=RequestKind.ERASURE, principal=ASHA)
        plan_lines = [
            make_task(request.id, "shopify", TaskAction.LOCATE_PARCELS),
            make_task(request.id, "bridge", TaskAction.ERASE),
            make_task(request.id, "shopify", TaskAction.POLL_PLATFORM_ERASURE),
        ]
        with services.store.transaction() as tx:
            tx.index.ingest_sightings(SHOP, learned)
            tx.requests.open_request(request, idempotency_key=request.id, tasks=plan_lines)
        process_request(request.id, services=services)
        return request

    return run


def read_tasks_and_items(services, request):
    with services.store.transaction() as tx:
        tasks = {task.action: task for task in tx.tasks.list_tasks(request.id)}
        return tasks, tx.notice_items.list_items(request_id=request.id), tx.requests.get_request(request.id)


def test_what_no_webhook_told_of_is_noted_with_what_the_platform_knows(services, process_erasure):
    tasks, (entry,), _ = read_tasks_and_items(services, process_erasure())
    assert (
        tasks[TaskAction.LOCATE_PARCELS].state,
        tasks[TaskAction.LOCATE_PARCELS].outcome,
        tasks[TaskAction.LOCATE_PARCELS].records,
    ) == (TaskState.DONE, Outcome.FOUND, 1)
    assert (entry.processor, entry.reference, entry.order, entry.cod) == ("delhivery", "14908100000012", "#1001", True)
    assert (entry.status, entry.status_at.isoformat()) == ("delivered", "2026-09-01T10:00:00+00:00")


def test_what_the_index_knows_is_noted_from_there_once(services, process_erasure):
    learned = [order(1001, parcels=[("Delhivery", "14908100000012")])]
    tasks, entries, _ = read_tasks_and_items(services, process_erasure(learned=learned))
    assert (tasks[TaskAction.LOCATE_PARCELS].outcome, len(entries)) == (Outcome.ABSENT, 1)


def test_a_platform_that_is_down_delays_nothing_and_is_asked_again_by_what_was_known(
    services, platform, process_erasure
):
    platform.locate_faults = [ConnectorUnavailable("shopify: HTTP 503")]
    request = process_erasure()
    tasks, entries, kept = read_tasks_and_items(services, request)
    assert (tasks[TaskAction.LOCATE_PARCELS].state, tasks[TaskAction.ERASE].state) == (TaskState.RETRY, TaskState.DONE)
    assert entries == []
    assert (kept.principal.email, kept.principal.phone) == (ASHA.email, "")
    services.clock.at = tasks[TaskAction.LOCATE_PARCELS].wake_at
    process_request(request.id, services=services)
    tasks, entries, kept = read_tasks_and_items(services, request)
    assert (tasks[TaskAction.LOCATE_PARCELS].state, len(entries)) == (TaskState.DONE, 1)
    assert kept.principal == Principal(customer_id=ASHA.customer_id), "what was kept for asking is gone"
    assert platform.located[-1].email == ASHA.email


@pytest.mark.parametrize("fault", [CredentialRejected("shopify: HTTP 401"), None])
def test_without_a_token_the_erasure_runs_all_the_same_and_the_gap_is_named(services, platform, process_erasure, fault):
    if fault:
        platform.locate_faults = [fault]
    else:
        services.connectors.pop("shopify")
    tasks, _, _ = read_tasks_and_items(services, process_erasure())
    assert tasks[TaskAction.ERASE].state is TaskState.DONE
    assert tasks[TaskAction.LOCATE_PARCELS].state is TaskState.FAILED
    assert [gap.what for gap in tasks[TaskAction.LOCATE_PARCELS].gaps] == ["parcels that no webhook told of"]


def test_a_number_that_the_platform_no_longer_lists_waits_for_an_operator(services, process_erasure, monkeypatch):
    """No webhook told of the correction; the platform's fulfilment lists another number now."""
    wrong = {"id": 80001, "tracking_company": "Delhivery", "tracking_numbers": ["14908100000023"]}
    learned = [order(1001, fulfillments=[wrong, {**wrong, "id": 80002, "tracking_numbers": ["14908100000034"]}])]
    monkeypatch.setitem(SENT["fulfillments"][0], "id", "gid://shopify/Fulfillment/80001")
    _, entries, _ = read_tasks_and_items(services, process_erasure(learned=learned))
    assert {entry.reference: bool(entry.matters) for entry in entries} == {
        "14908100000012": False,
        "14908100000023": True,
        "14908100000034": False,  # the platform says nothing of its fulfilment
    }
    with services.store.transaction() as tx:
        assert len(tx.reviews.list_reviews(kind=PARCEL_REVIEW_KIND)) == 1
