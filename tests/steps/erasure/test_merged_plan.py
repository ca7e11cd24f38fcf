"""I15: the erasure of an id that was merged away plans what it does: nothing of the customer that was kept goes."""

from __future__ import annotations

import pytest

from bridge.errors import ConnectorRefused
from bridge.model import Principal, RequestState, TaskAction, TaskState
from bridge.rules.requests.progress_codec import encode_detail
from bridge.steps.erasure.erasure import Erasure
from bridge.steps.requests.process import process_request
from bridge.steps.webhooks.dispatch import dispatch_delivery
from tests.factories import ASHA, SHOP, accepted, customer, merged, order, redact_body

KEPT = Principal(customer_id="7002")


@pytest.fixture
def merged_request_id(services):
    """`customers/redact` for 7001, which was merged into 7002 while a parcel is under way."""
    with services.store.transaction() as tx:
        seen = [customer(), customer(7002), order(parcels=[("Delhivery", "AWB1")]), merged(7001, 7002)]
        tx.index.ingest_sightings(SHOP, seen)
    delivery = accepted(services.store, "customers/redact", redact_body(1001))
    return dispatch_delivery(delivery.id, services=services)


def plan_lines(services, request_id):
    with services.store.transaction() as tx:
        request, tasks = tx.requests.get_request(request_id), tx.tasks.list_tasks(request_id)
        return [
            (line.what, line.action, line.reason)
            for line in Erasure(request, tasks, tx=tx, services=services).preview()
        ]


def stands(services, request_id):
    with services.store.transaction() as tx:
        return tx.requests.get_request(request_id), {task.action: task for task in tx.tasks.list_tasks(request_id)}


def test_i15_the_plan_says_merged_and_that_no_order_is_erased(services, merged_request_id):
    result = plan_lines(services, merged_request_id)
    assert ("orders, parcels, e-mail and phone of the customer that was kept", "keep", "merged_into_another") in result
    assert {deed for _, deed, _ in result} == {"keep", "keep_as_evidence"}


def test_i15_what_was_planned_is_what_is_done(services, merged_request_id):
    before = plan_lines(services, merged_request_id)
    assert process_request(merged_request_id, services=services)
    with services.store.transaction() as tx:
        kept = tx.plans.find_plan(merged_request_id)
        assert [parcel.number for parcel in tx.index.list_parcels(SHOP, KEPT)] == ["AWB1"]
        assert tx.person_lookup.find_subject(SHOP, Principal(email=ASHA.email)) == tx.person_lookup.find_subject(
            SHOP, KEPT
        )
        certificate = tx.packages.find_certificate(merged_request_id)
    assert [(line["what"], line["action"], line["reason"]) for line in kept["lines"]] == before
    _, tasks = stands(services, merged_request_id)
    assert TaskAction.NOTIFY_PROCESSOR not in tasks
    assert encode_detail(tasks[TaskAction.ERASE].progress) == {"merged_into_another": 1}
    assert certificate["plan"]["lines"] == kept["lines"]


def test_i15_a_copy_that_the_kept_customers_order_lacks_holds_nothing_up(services, platform, merged_request_id):
    platform.sold["1001"] = ConnectorRefused("shopify: refused")
    process_request(merged_request_id, services=services)
    request, tasks = stands(services, merged_request_id)
    assert (tasks[TaskAction.SEAL_INVOICES].state, tasks[TaskAction.ERASE].state) == (TaskState.DONE, TaskState.DONE)
    assert request.state is RequestState.WAITING  # on Shopify's own word only
    with services.store.transaction() as tx:
        assert tx.reviews.list_reviews(request_id=merged_request_id) == []


def test_i15_a_parcel_that_only_shopify_knew_of_opens_no_notice_item(services, platform, merged_request_id):
    parcel = {"id": "gid://shopify/Fulfillment/1", "trackingInfo": [{"company": "Delhivery", "number": "AWB2"}]}
    platform.sent = [{"id": "gid://shopify/Order/1002", "fulfillments": [parcel]}]
    process_request(merged_request_id, services=services)
    assert platform.located
    _, tasks = stands(services, merged_request_id)
    assert tasks[TaskAction.LOCATE_PARCELS].records == 0
    assert TaskAction.NOTIFY_PROCESSOR not in tasks
