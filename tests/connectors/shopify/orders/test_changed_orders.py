"""Orders of a shop, by pages and by a bulk operation, with what may go wrong at Shopify."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bridge.connectors.shopify import Shopify, changed_orders
from bridge.connectors.shopify.changed_orders import RESERVED_SHARE, OrderExportFailed
from bridge.connectors.shopify.gathering.bulk import BULK_POLL_PAUSES_S
from bridge.connectors.shopify.gathering.paging import ListDoesNotEnd
from bridge.errors import ConnectorThrottled, ConnectorUnavailable, CredentialRejected
from bridge.model import OrderSelection, WebhookSubscription
from bridge.sandbox.shopify.server import CLIENT_ID, CLIENT_SECRET
from bridge.sandbox.world import INVENTED_SHOP as SHOP

INVENTED_ORDERS = 23
NOW = datetime.now(UTC)
ALL = OrderSelection(since=NOW - timedelta(days=3650), until=NOW + timedelta(days=30), by_creation=True)


@pytest.fixture
def reader(stand_in, waits):
    """A connector to the stand-in that notes its waits, with small pages."""
    return Shopify(
        api_version="2026-10",
        base_url=stand_in.url,
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
        sleep=waits.append,
    )


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch):
    monkeypatch.setattr(changed_orders, "PAGE_SIZE", 5)


def read(reader, **given):
    return list(reader.read_changed_orders(given.pop("selection", ALL), shop=SHOP, **given))


def ids(pages):
    return [order.order_id for page in pages for order in page.orders]


def all_ids(world):
    return sorted((str(order.id) for order in world.orders), key=int)


def test_pages_have_every_order_once_in_the_order_of_ids(reader, world):
    pages = read(reader)
    assert ids(pages) == all_ids(world)
    assert [page.is_last for page in pages] == [False] * (len(pages) - 1) + [True]


def test_reading_goes_on_after_an_id(reader, world):
    first = next(reader.read_changed_orders(ALL, shop=SHOP))
    assert ids(read(reader, after=first.after)) == all_ids(world)[5:]


def test_only_what_changed_in_the_span_is_read(reader, world):
    moments = sorted(order.updated_at for order in world.orders)
    span = OrderSelection(since=moments[5], until=moments[-5])
    expected = {str(one.id) for one in world.orders if span.since <= one.updated_at <= span.until}
    assert set(ids(read(reader, selection=span))) == expected
    assert 0 < len(expected) < len(world.orders)


def test_the_number_of_orders_is_known(reader, world):
    reach = reader.read_order_reach(ALL, shop=SHOP)
    assert (reach.count, reach.sees_all_orders) == (len(world.orders), True)


def test_without_the_scope_old_orders_are_not_seen_and_it_is_said(reader, stand_in, world):
    stand_in.faults.add("deny_scope", scope="read_all_orders")
    visible = [one for one in world.orders if one.created_at >= world.now - timedelta(days=60)]
    reach = reader.read_order_reach(ALL, shop=SHOP)
    assert (reach.count, reach.sees_all_orders) == (len(visible), False)
    assert len(ids(read(reader))) == len(visible)


@pytest.mark.parametrize("kind", ["null_cursor", "repeat_cursor", "alternate_cursor", "empty_page", "repeat_row"])
def test_a_page_with_a_fault_loses_no_order_and_repeats_none(reader, stand_in, world, kind):
    stand_in.faults.add(kind, match="ChangedOrders", times=1)
    assert ids(read(reader)) == all_ids(world)


@pytest.mark.parametrize("kind", ["empty_page", "null_cursor"])
def test_a_list_that_never_ends_is_left(reader, stand_in, kind):
    stand_in.faults.add(kind, match="ChangedOrders", times=None)
    with pytest.raises(ListDoesNotEnd):
        read(reader)


def test_throttling_is_waited_for(reader, stand_in, world, waits):
    stand_in.faults.add("throttle", match="ChangedOrders", times=2)
    assert ids(read(reader)) == all_ids(world)
    assert waits


def test_a_share_of_the_points_is_left_to_others(reader, stand_in):
    for _ in reader.read_changed_orders(ALL, shop=SHOP):
        budget = reader._client.get_budget(SHOP)
        assert budget.compute_wait_s(0.0, RESERVED_SHARE) >= 0.0
    price = 100.0
    budget._available = budget.maximum * RESERVED_SHARE
    budget._updated_at_s = budget.now_s()
    assert budget.compute_wait_s(price) == 0.0
    assert budget.compute_wait_s(price, RESERVED_SHARE) == pytest.approx(price * 1.01 / budget.restore_rate, rel=0.1)


def test_orders_that_are_denied_are_not_taken_for_none(reader, stand_in):
    stand_in.faults.add("deny_scope", scope="read_orders")
    with pytest.raises(CredentialRejected):
        reader.read_order_reach(ALL, shop=SHOP)
    with pytest.raises(CredentialRejected):
        read(reader)


@pytest.mark.parametrize(
    "scope",
    ["read_returns", "read_merchant_managed_fulfillment_orders", "read_customers", "read_shopify_payments_disputes"],
)
def test_a_part_that_is_denied_takes_no_order_with_it(reader, stand_in, world, scope):
    stand_in.faults.add("deny_scope", scope=scope)
    assert ids(read(reader)) == all_ids(world)


def test_a_denied_field_is_named_and_no_copy_is_made_without_it(reader, stand_in, world):
    stand_in.faults.add("deny_field", field="Order.email")
    pages = read(reader)
    assert ids(pages) == all_ids(world)
    assert {name for page in pages for name in page.denied} == {"order.email"}
    assert not any(order.sales for page in pages for order in page.orders)


def test_an_order_that_shopify_cannot_serve_is_waited_for_then_counted(reader, stand_in, world):
    stand_in.faults.add("fail_field", match="ChangedOrders", field="Order.name", row=1, times=None)
    with pytest.raises(ConnectorUnavailable):
        read(reader)
    pages = read(reader, skips_failed=True)
    assert sum(page.unread for page in pages) == len(pages)
    assert len(ids(pages)) == len(world.orders) - len(pages)


def test_a_file_says_the_same_as_pages(reader, world):
    export = reader.start_order_export(ALL, shop=SHOP)
    pages = read(reader, export=export)
    assert [order for page in pages for order in page.orders] == [one for page in read(reader) for one in page.orders]
    assert any("returns/update" in dict(order.webhooks) for page in pages for order in page.orders)


def test_a_file_is_read_on_where_the_last_job_stopped(reader, world):
    export = reader.start_order_export(ALL, shop=SHOP)
    first = next(reader.read_changed_orders(ALL, shop=SHOP, export=export))
    assert ids(read(reader, after=first.after, export=first.export)) == all_ids(world)[5:]
    assert ids(read(reader, after=first.after, export=export)) == all_ids(world)[5:]


def test_a_file_that_is_not_ready_is_waited_for(reader, invented_shop, waits):
    invented_shop.bulk_operations.configure({"polls": 50})
    export = reader.start_order_export(ALL, shop=SHOP)
    with pytest.raises(ConnectorThrottled) as raised:
        read(reader, export=export)
    assert raised.value.retry_after_s == 60
    assert waits[-len(BULK_POLL_PAUSES_S) :] == list(BULK_POLL_PAUSES_S)


@pytest.mark.parametrize(
    "settings", [{"fail": "TIMEOUT"}, {"fail": "INTERNAL_SERVER_ERROR", "kept": 3}, {"lives_s": -1.0}]
)
def test_an_operation_that_failed_and_a_file_that_is_gone_are_refused(reader, invented_shop, settings):
    invented_shop.bulk_operations.configure(settings)
    export = reader.start_order_export(ALL, shop=SHOP)
    with pytest.raises(OrderExportFailed):
        read(reader, export=export)


def test_where_a_field_is_hidden_pages_say_which(reader, stand_in):
    stand_in.faults.add("deny_field", field="Order.email")
    assert reader.start_order_export(ALL, shop=SHOP) == ""


def test_an_operation_that_shopify_does_not_know_is_refused(reader):
    with pytest.raises(OrderExportFailed):
        read(reader, export="gid://shopify/BulkOperation/1")


def test_an_operation_begins_when_others_have_ended(reader, invented_shop):
    invented_shop.bulk_operations.configure({"polls": 1000})
    for _ in range(5):
        assert reader.start_order_export(ALL, shop=SHOP)
    with pytest.raises(ConnectorThrottled):
        reader.start_order_export(ALL, shop=SHOP)


def test_subscriptions_are_named_as_webhooks_name_their_topics(reader, invented_shop):
    for topic in ("ORDERS_PARTIALLY_FULFILLED", "APP_UNINSTALLED"):
        invented_shop.subscribe(topic, f"https://bridge.example.com/{topic}", api_version="2026-07")
    uri = "https://bridge.example.com/"
    assert reader.list_subscriptions(shop=SHOP) == [
        WebhookSubscription(
            topic="orders/partially_fulfilled", uri=f"{uri}ORDERS_PARTIALLY_FULFILLED", api_version="2026-07"
        ),
        WebhookSubscription(topic="app/uninstalled", uri=f"{uri}APP_UNINSTALLED", api_version="2026-07"),
    ]
