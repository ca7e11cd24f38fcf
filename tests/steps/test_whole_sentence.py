"""The complete flow on both databases: from the webhook to the package or certificate, and what remains."""

from __future__ import annotations

import json
from datetime import timedelta

from sqlalchemy import select

from bridge.model import ErasureState, Outcome, RequestState
from bridge.rules.webhooks.signature import sign_webhook
from bridge.steps.requests.process import process_request
from bridge.steps.retention.expire_bodies import expire_bodies_and_packages
from bridge.steps.webhooks.dispatch import dispatch_delivery
from bridge.steps.webhooks.enqueue_due import enqueue_due
from bridge.steps.webhooks.receive import receive_webhook
from bridge.store.schema.index_tables import data_keys
from bridge.store.schema.tables import certificates, metadata
from bridge.store.selection.row_filter import RowFilter
from tests.factories import (
    CANARIES,
    NOW,
    SECRETS,
    SHOP,
    data_request_body,
    make_finding,
    order_body,
    redact_body,
    uninstalled_body,
)
from tests.fakes import page
from tests.kit.handing_over import hand_over_package

VERBS = {"dispatch": dispatch_delivery, "process": process_request}


def post(services, topic, body):
    raw = json.dumps(body).encode()
    headers = {
        "x-shopify-hmac-sha256": sign_webhook(raw, SECRETS[0].encode()),
        "x-shopify-topic": topic,
        "x-shopify-shop-domain": SHOP,
    }
    return receive_webhook(topic, headers, raw, services=services)


def work(services, queue):
    """Run queued jobs and due rows until none remains, as worker and scheduler do."""
    services.clock.at += timedelta(seconds=20)
    enqueue_due(services=services)
    while queue.jobs:
        job, row_id, _ = queue.jobs.pop(0)
        if job in VERBS:
            VERBS[job](row_id, services=services)


def requests(services, **which):
    with services.store.transaction() as tx:
        return list(tx.selection.select_requests(RowFilter(**which)).rows)


def test_access_then_erasure_leaves_no_personal_data(services, queue, platform, carrier):
    platform.pages = [page(make_finding("1001", number="AWB7007007"))]
    carrier.knows = {"AWB7007007"}
    post(services, "orders/create", order_body(parcels=[("Delhivery", "AWB7007007")]))
    post(services, "customers/data_request", data_request_body(9999, 1001))
    work(services, queue)
    [access] = requests(services, kind="access")
    assert (access.state, access.complete) == (RequestState.DONE, True)
    assert carrier.asked[0][1] == ("AWB7007007",)

    hand_over_package(services, access.id)
    platform.erasures = [ErasureState(outcome=Outcome.ERASED, reason="redacted")]
    post(services, "customers/redact", redact_body(1001))
    work(services, queue)
    [erasure] = requests(services, kind="erasure")
    assert (erasure.state, erasure.complete) == (RequestState.WAITING, False)
    with services.store.transaction() as tx:
        tx.evidence.verify_chain()
        certificate = tx.packages.find_certificate(erasure.id)
        assert list(tx.packages.read_package(access.id)) == []
    assert certificate["outcome"] == "erased_here_others_must_answer"
    assert [row["records"] for row in certificate["processors"]] == [1]
    with services.store.engine.connect() as connection:
        kept = {
            table.name: [tuple(row) for row in connection.execute(select(table))] for table in metadata.sorted_tables
        }
    assert kept["orders"] == kept["parcels"] == kept["customers"] == kept["data_keys"] == []
    assert kept["findings"] == kept["packages"] == []
    assert not [canary for canary in CANARIES if canary.lower() in repr(kept).lower()]


def test_an_erasure_waits_for_an_earlier_access_request(services, queue, platform):
    platform.pages = [page(make_finding("1001"))]
    platform.erasures = [ErasureState(outcome=Outcome.ABSENT, reason="unknown")]
    post(services, "orders/create", order_body())
    post(services, "customers/redact", redact_body(1001))
    post(services, "customers/data_request", data_request_body(9999, 1001))
    services.clock.at = NOW + timedelta(seconds=6)
    with services.store.transaction() as tx:
        waiting = {row["topic"]: row["id"] for row in tx.operator_queries.list_deliveries()}
    access_id = dispatch_delivery(waiting["customers/data_request"], services=services)
    erasure_id = dispatch_delivery(waiting["customers/redact"], services=services)
    process_request(erasure_id, services=services)
    with services.store.transaction() as tx:
        assert list(tx.index.list_orders(SHOP, tx.requests.get_request(erasure_id).principal)) == ["1001"]
    process_request(access_id, services=services)
    hand_over_package(services, access_id)
    for _ in range(3):
        work(services, queue)
    assert {request.state for request in requests(services)} == {RequestState.DONE}
    with services.store.engine.connect() as connection:
        assert connection.execute(select(data_keys)).all() == []


def test_a_shop_erasure_leaves_only_its_record(services, queue):
    post(services, "orders/create", order_body())
    post(services, "customers/data_request", data_request_body())
    post(services, "app/uninstalled", uninstalled_body())
    work(services, queue)
    post(services, "shop/redact", {"shop_id": 1, "shop_domain": SHOP})
    work(services, queue)
    [gone] = requests(services, kind="shop_erasure")
    assert (gone.state, gone.complete) == (RequestState.DONE, True)
    services.clock.at += timedelta(days=400)
    assert expire_bodies_and_packages(services=services) == {"raw_bodies": 0, "packages": 0, "request_details": 0}
    with services.store.engine.connect() as connection:
        left = {table.name for table in metadata.sorted_tables if connection.execute(select(table)).first() is not None}
        body = json.loads(connection.execute(select(certificates)).one().body)
    record = {
        "requests",
        "tasks",
        "deliveries",
        "evidence",
        "evidence_head",
        "locks",
        "certificates",
        "remembered_bodies",
        "shop_names",
    }
    assert left == record | {"destructions", "remnants"}, (
        "its id, for the ledger outside the backup; until the next hour"
    )
    assert body["outcome"] == "erased"
