"""Whoever has a body with its signature can post it anywhere, any time: it does no harm.

The history: a shop left and came back, a customer was erased and came back. All of its webhooks were captured.
"""

from __future__ import annotations

import itertools
import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from bridge.model import DeliveryState, RequestKind, TaskState, WaitReason
from bridge.rules.webhooks.mandatory_bodies import MANDATORY_TOPICS
from bridge.rules.webhooks.signature import sign_webhook
from bridge.steps.index.index_orders import index_deliveries
from bridge.steps.requests.process import process_request
from bridge.steps.webhooks.dispatch import dispatch_delivery
from bridge.steps.webhooks.receive import receive_webhook
from bridge.store.schema.index_tables import customers, orders, parcels
from bridge.store.selection.row_filter import RowFilter
from tests.factories import (
    ASHA,
    NOW,
    OTHER_SHOP,
    SECRETS,
    SHOP,
    data_request_body,
    order_body,
    redact_body,
    uninstalled_body,
)
from tests.kit.handing_over import hand_over_package

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

HOUR = timedelta(hours=1)
BEFORE = (NOW - timedelta(days=9)).isoformat()
CUSTOMER = {"id": 7001, "email": ASHA.email, "phone": ASHA.phone, "created_at": BEFORE, "updated_at": BEFORE}
CAPTURED = {
    "app/uninstalled": uninstalled_body(),
    "shop/redact": {"shop_id": 1, "shop_domain": SHOP},
    "customers/update": CUSTOMER | {"multipass_identifier": None},
    "orders/create": order_body(1001, line_items=[]),
    "orders/updated": order_body(1001, tags="x", parcels=[("Delhivery", "AWB7007007")]),
    "fulfillments/create": {
        "id": 5,
        "order_id": 1001,
        "tracking_company": "Delhivery",
        "tracking_numbers": ["AWB7007007"],
        "email": ASHA.email,
        "created_at": BEFORE,
    },
    "refunds/create": {"id": 6, "order_id": 1001, "refund_line_items": [], "created_at": BEFORE},
    "customers/data_request": data_request_body(9999, 1001),
    "customers/redact": redact_body(1001),
    "orders/delete": {"id": 1001},
    "customers/merge": {
        "admin_graphql_api_customer_kept_id": "gid://shopify/Customer/2",
        "admin_graphql_api_customer_deleted_id": "gid://shopify/Customer/3",
        "status": "completed",
    },
}
PATHS = ("", "compliance", *CAPTURED, "customers/delete", "no/such", "orders/")
HEADERS = ("", *CAPTURED, "customers/delete")


def post_captured(services, topic, body, path=None, shop=SHOP):
    raw = json.dumps(body).encode()
    signature = sign_webhook(raw, SECRETS[0].encode())
    headers = {"x-shopify-hmac-sha256": signature, "x-shopify-topic": topic, "x-shopify-shop-domain": shop}
    return receive_webhook(topic if path is None else path, headers, raw, services=services)


def run_workers(services):
    """What the workers do with all that came in, and half an hour later."""
    with services.store.transaction() as tx:
        received = tx.operator_queries.list_deliveries(state=DeliveryState.RECEIVED, limit=10_000)
    for row in reversed(received):
        if row["topic"] in MANDATORY_TOPICS:
            dispatch_delivery(row["id"], services=services)
    for shop in (SHOP, OTHER_SHOP):
        index_deliveries(shop, services=services, until_empty=True)
    services.clock.at += HOUR / 2
    for request in list_requests(services):
        process_request(request.id, services=services)
    for request in list_requests(services, kind=RequestKind.ACCESS):
        hand_over_package(services, request.id)


def list_requests(services, **which):
    with services.store.transaction() as tx:
        return list(tx.selection.select_requests(RowFilter(**which)).rows)


def indexed(services, shop=SHOP):
    """The shop's index rows without what a repeated report may refresh."""
    with services.store.engine.connect() as connection:
        return {
            table.name: {row[1:3] for row in connection.execute(select(table).where(table.c.shop == shop))}
            for table in (customers, orders, parcels)
        }


def has_tokens(services):
    with services.store.transaction() as tx:
        return [tx.tokens.read_tokens(shop) is not None for shop in (SHOP, OTHER_SHOP)]


def live_through_history(services, platform):
    for topic in ("app/uninstalled", "shop/redact"):
        post_captured(services, topic, CAPTURED[topic])
        run_workers(services)
    services.clock.at += 48 * HOUR
    platform.installed = {SHOP, OTHER_SHOP}
    with services.store.transaction() as tx:
        for shop in platform.installed:
            tx.tokens.save_tokens(shop, "shpat_new", services.clock.at + timedelta(days=900), "refresh")
    for topic in list(CAPTURED)[2:]:
        post_captured(services, topic, CAPTURED[topic])
        run_workers(services)
    assert indexed(services) == {"customers": set(), "orders": set(), "parcels": set()}
    services.clock.at += 24 * HOUR
    back = services.clock.at
    post_captured(
        services, "customers/update", CUSTOMER | {"created_at": back.isoformat(), "updated_at": back.isoformat()}
    )
    post_captured(services, "orders/create", order_body(2001, at=back, parcels=[("Delhivery", "AWB2001")]))
    run_workers(services)
    assert [len(rows) for rows in indexed(services).values()] == [1, 1, 1]


@pytest.fixture(scope="module")
def history():
    """The database after the history, and the moment: kept by the first test that needs it."""
    return {}


@pytest.fixture
def after_history(services, platform, database_url, history):
    """Services of a bridge where everything of CAPTURED was received and acted on, and shop and customer are back."""
    database = Path(database_url.removeprefix("sqlite:///"))
    if not history:
        live_through_history(services, platform)
        services.store.engine.dispose()
        assert not database.with_name(f"{database.name}-wal").exists(), "all of it is in the file"
        history["bytes"], history["now"] = database.read_bytes(), services.clock.at
    database.write_bytes(history["bytes"])
    services.clock.at, platform.installed = history["now"], {SHOP, OTHER_SHOP}
    return services


@pytest.mark.parametrize("captured", CAPTURED)
def test_a_captured_pair_erases_nothing_new_and_brings_nothing_back(after_history, captured):
    services = after_history
    before, opened = indexed(services), {request.id for request in list_requests(services)}
    for _ in range(2):
        for path, header in itertools.product(PATHS, HEADERS):
            post_captured(services, header, CAPTURED[captured], path)
            if captured in (path, header):  # for another shop, where one of the two names its own topic
                post_captured(services, header, CAPTURED[captured], path, OTHER_SHOP)
        run_workers(services)
        services.clock.at += 5 * HOUR  # what was deduplicated is forgotten
        assert indexed(services) == before
        assert has_tokens(services) == [True, True]
    new = [request for request in list_requests(services) if request.id not in opened]
    assert {request.kind for request in new} <= {MANDATORY_TOPICS.get(captured)} - {RequestKind.ACCESS}
    if captured == "shop/redact":
        [waiting] = new
        with services.store.transaction() as tx:
            [task] = tx.tasks.list_tasks(waiting.id)
            reviews = tx.reviews.list_reviews(request_id=waiting.id)
        assert (task.state, task.wait_reason) == (TaskState.WAITING, WaitReason.INSTALLED_AGAIN)
        assert [review.kind for review in reviews] == ["installed_again"]
    with services.store.transaction() as tx:
        unknown = tx.operator_queries.count_mandatory_rejections()
    assert unknown == {}, "a captured body of another topic does not call for an operator"
