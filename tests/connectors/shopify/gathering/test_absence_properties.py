"""Whatever the stand-in withholds is named in the package, and whatever it serves is in it."""

import re
from collections import defaultdict
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bridge.connectors.shopify import Shopify
from bridge.connectors.shopify.api import documents
from bridge.connectors.shopify.api.answers import CUSTOMER_RECORD_NAMES, RECORD_NAMES
from bridge.model import Principal
from bridge.sandbox.faults import PAGE_FAULTS
from bridge.sandbox.shopify import ShopifyStandIn
from bridge.sandbox.world import invent_world
from tests.kit.suite.examples import count_examples

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
WORLD = invent_world(orders=12, now=NOW)
DOCUMENTS = ("customer_by_id", "related_records", "orders_by_ids", "linked_records", "order_remaining_lists")
PLUMBING = {"id", "nodes", "pageInfo", "hasNextPage", "endCursor", "node", "__typename"}
FIELDS = sorted({use.path[-1] for name in DOCUMENTS for use in documents.list_fields(name, "2026-10")} - PLUMBING)
LISTS = [
    "Customer.orders",
    "QueryRoot.orders",
    "draftOrders",
    "giftCards",
    "abandonedCheckouts",
    "comments",
    "metafields",
]
LISTS += ["lineItems", "events", "addressesV2", "tenderTransactions", "metaobjects", "fulfillmentOrders"]
ROWS = ["DraftOrderConnection.nodes", "GiftCardConnection.nodes", "CommentConnection.nodes", "OrderConnection.nodes"]
ROWS += [
    "AbandonedCheckoutConnection.nodes",
    "MetafieldConnection.nodes",
    "QueryRoot.nodes",
    "LineItemConnection.nodes",
]
NAMES = defaultdict(set, order={"order histories"}, customer={"customer", "customers"})
for _record, _records in (RECORD_NAMES | CUSTOMER_RECORD_NAMES).values():
    NAMES[_record] |= {_record, _records}
# Records to which only another record leads: without that, they are not known.
NAMES["abandonment"] |= {"abandoned checkouts", "abandoned_checkout.id", "customer.id", "customer"}
NAMES["tender_transaction"] |= {
    "orders",
    "order.transactions",
    "order.transactions.processedAt",
    "order.transactions.createdAt",
}
NAMES["dispute"] |= {"orders", "order.disputes", "order.disputes.id"}
NAMES["metaobject"] |= {"metaobject definitions", "metaobject.type", "metaobject.fieldDefinitions"}

denials = st.builds(lambda field: {"kind": "deny_field", "field": field}, st.sampled_from(FIELDS))
failures = st.builds(
    lambda field, row, times: {"kind": "fail_field", "field": field, "row": row, "times": times},
    st.sampled_from(FIELDS),
    st.sampled_from([None, 0, 1]),
    st.sampled_from([None, None, 1]),
)
null_rows = st.builds(
    lambda field, row: {"kind": "null_node", "field": field, "row": row, "times": None},
    st.sampled_from(ROWS),
    st.sampled_from([0, 1]),
)
odd_pages = st.builds(
    lambda kind, field, times: {"kind": kind, "field": field, "times": times},
    st.sampled_from(PAGE_FAULTS),
    st.sampled_from(LISTS),
    st.sampled_from([None, 1, 2]),
)
no_data = st.builds(
    lambda match: {"kind": "empty_data", "match": match, "times": None},
    st.sampled_from(["CustomerById", "RelatedRecords", "LinkedRecords", "OrdersByIds"]),
)


@pytest.fixture(scope="module")
def spoiled_shopify():
    with ShopifyStandIn(WORLD) as spoiled_shopify:
        yield spoiled_shopify


def gather_asha_from(spoiled_shopify):
    platform = Shopify(
        api_version="2026-10",
        base_url=spoiled_shopify.url,
        client_id="sandbox-client",
        client_secret="sandbox-secret",
        sleep=lambda _: None,
    )
    orders = tuple(str(one.id) for one in WORLD.list_orders(WORLD.asha, with_guests=False))
    principal = Principal(customer_id=str(WORLD.asha.id), email=WORLD.asha.email, order_ids=orders)
    pages = list(platform.gather(principal, shop=WORLD.shop, parcels=()))
    records = {(one.kind, one.ref): dict(list_leaf_values(one.body)) for page in pages for one in page.findings}
    return records, {gap.what for page in pages for gap in page.gaps}


def list_leaf_values(body):
    """Yield each path of a record with all its values."""
    found = defaultdict(list)

    def look(value, path):
        if isinstance(value, dict):
            for name, one in value.items():
                look(one, (*path, name))
        elif isinstance(value, list):
            for one in value:
                look(one, path)
        elif value is not None:
            found[path].append(value)

    look(body, ())
    return found.items()


def is_named(kind, path, subjects):
    """Return whether a gap names this field, one around it or one in it, or records of the kind."""
    kind = "order" if kind == "order_history" else kind
    wanted = ".".join([kind, *path])
    for what in subjects:
        name = re.sub(r"^\d+ ", "", what)
        if name in NAMES[kind] or name == "answer":
            return True
        if name == "customer segments" and wanted.startswith("customer.segments"):
            return True
        if f"{wanted}.".startswith(f"{name}.") or f"{name}.".startswith(f"{wanted}."):
            return True
    return False


class Records(dict):
    """Records that a failing example does not print."""

    def __repr__(self):
        return f"{len(self)} records"


@pytest.fixture(scope="module")
def complete(spoiled_shopify):
    records, subjects = gather_asha_from(spoiled_shopify)
    assert not subjects
    return Records(records)


@settings(
    max_examples=count_examples(40),
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(faults=st.lists(st.one_of(denials, failures, null_rows, odd_pages, no_data), min_size=1, max_size=4))
@example(faults=[{"kind": "deny_field", "field": one} for one in ("phone", "name", "displayName", "email", "returns")])
@example(faults=[{"kind": "deny_field", "field": "QueryRoot.*"}])
@example(faults=[{"kind": "deny_field", "group": group} for group in ("name", "email", "phone", "address")])
@example(
    faults=[{"kind": "fail_field", "field": "displayName", "times": None}, {"kind": "deny_field", "field": "name"}]
)
def test_what_is_withheld_is_named_and_what_is_served_is_there(spoiled_shopify, complete, faults):
    spoiled_shopify.reset()
    for fault in faults:
        spoiled_shopify.faults.add(**fault)
    records, subjects = gather_asha_from(spoiled_shopify)
    assert set(records) <= set(complete)
    for (kind, ref), body in complete.items():
        if (kind, ref) not in records:
            assert is_named(kind, (), subjects), (kind, subjects)
            continue
        found = records[kind, ref]
        for path, values in body.items():
            if found.get(path) != values:
                assert is_named(kind, path, subjects), (kind, path, subjects)
    assert spoiled_shopify.calls.summarize_calls()["total"] < 150
