"""A delivery after an erasure: no personal data is stored; what carriers must be instructed about is."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bridge.model import NoticeState, ParcelStatus, RequestKind, TaskAction, TaskState
from bridge.steps.index.index_orders import index_deliveries
from bridge.steps.requests.process import process_request
from tests.factories import ASHA, NOW, SHOP, accepted, make_request, make_task, order, order_body


@pytest.fixture
def erased(services):
    """Run Asha's erasure with one parcel and return the request id."""
    with services.store.transaction() as tx:
        tx.index.ingest_sightings(SHOP, [order(1001, parcels=[("Delhivery", "14908100000012")])])
        request = make_request(kind=RequestKind.ERASURE, principal=ASHA)
        tx.requests.open_request(
            request, idempotency_key=request.id, tasks=[make_task(request.id, "bridge", TaskAction.ERASE)]
        )
    process_request(request.id, services=services)
    return request


def deliver(services, topic, body):
    accepted(services.store, topic, body)
    index_deliveries(SHOP, services=services)


def entries(services, request):
    with services.store.transaction() as tx:
        return tx.notice_items.list_items(request_id=request.id)


def fulfilment(number, **given):
    at = (NOW + timedelta(hours=2)).isoformat()
    values = {"id": 5, "order_id": 1001, "status": "success", "updated_at": at, "created_at": at}
    return values | {"tracking_company": "Delhivery", "tracking_numbers": [number]} | given


def test_the_status_of_an_erased_parcel_is_updated(services, erased):
    (entry,) = entries(services, erased)
    assert entry.status is ParcelStatus.UNKNOWN
    deliver(services, "fulfillments/update", fulfilment("14908100000012", shipment_status="delivered"))
    (entry,) = entries(services, erased)
    assert (entry.status, entry.status_at) == (ParcelStatus.DELIVERED, NOW + timedelta(hours=2))
    deliver(
        services,
        "fulfillments/update",
        fulfilment("14908100000012", shipment_status="in_transit", updated_at=NOW.isoformat()),
    )
    assert entries(services, erased)[0].status is ParcelStatus.DELIVERED, "an older status does not replace a newer one"


def test_a_parcel_sent_after_the_erasure_becomes_a_notice_item(services, erased):
    deliver(services, "fulfillments/create", fulfilment("14908100000023"))
    old, new = entries(services, erased)
    assert (new.reference, new.state, new.task_id) == ("14908100000023", NoticeState.WAITING, old.task_id)
    with services.store.transaction() as tx:
        assert tx.index.list_parcels(SHOP, ASHA) == []
        assert ("notify", f"{SHOP}|delhivery", False) in _due(tx)


def _due(tx):
    rows = tx.session.connection.exec_driver_sql("SELECT id FROM notice_accounts WHERE wake_at IS NOT NULL")
    return [("notify", row.id, False) for row in rows]


def test_an_open_return_blocks_the_item_and_a_closed_one_releases_it(services, erased):
    deliver(services, "returns/approve", {"id": 9, "order_id": 1001, "status": "open"})
    assert entries(services, erased)[0].matters == ("return/9",)
    deliver(services, "disputes/update", {"id": 4, "order_id": 1001, "status": "won"})
    assert entries(services, erased)[0].matters == ("return/9",)
    deliver(services, "returns/close", {"id": 9, "order_id": 1001, "status": "closed"})
    assert entries(services, erased)[0].matters == ()


def test_a_new_order_is_a_new_contract_and_opens_no_item(services, erased):
    body = order_body(2002, at=NOW + timedelta(days=1), parcels=[("Delhivery", "14908100000034")])
    deliver(services, "orders/create", body)
    assert len(entries(services, erased)) == 1


def test_an_item_with_an_open_return_waits(services):
    with services.store.transaction() as tx:
        tx.index.ingest_sightings(SHOP, [order(1001, parcels=[("Delhivery", "14908100000012")])])
    deliver(services, "returns/request", {"id": 9, "order_id": 1001, "status": "requested"})
    request = make_request(kind=RequestKind.ERASURE, principal=ASHA)
    with services.store.transaction() as tx:
        tx.requests.open_request(
            request, idempotency_key=request.id, tasks=[make_task(request.id, "bridge", TaskAction.ERASE)]
        )
    process_request(request.id, services=services)
    assert entries(services, request)[0].matters == ("return/9",)
    with services.store.transaction() as tx:
        (task,) = [task for task in tx.tasks.list_tasks(request.id) if task.action is TaskAction.NOTIFY_PROCESSOR]
    assert task.state is TaskState.WAITING
