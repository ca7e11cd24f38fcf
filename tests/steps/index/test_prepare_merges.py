"""A merge of a customer with many orders goes in short transactions, killed between any two, and is right at the end."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

import pytest

from bridge.model import Fact, Principal
from bridge.steps.index import prepare_merges
from bridge.steps.index.index_orders import index_deliveries
from bridge.steps.index.release_merged import MERGE_BLOCKER
from bridge.steps.requests.process import process_request
from bridge.steps.webhooks.dispatch import dispatch_delivery
from bridge.store.schema import index_tables
from tests.factories import NOW, SHOP, accepted, customer, fixture, order, order_body, redact_body
from tests.kit.indexing import ingest
from tests.kit.stored import count_table, list_details_of
from tests.kit.transactions import KilledError, watch_transactions

MANY = 130
KEPT, OTHERS = Principal(customer_id="7002"), Principal(customer_id="7003")


def merge_body(gone=7001, kept=7002):
    ids = {"deleted": gone, "kept": kept}
    named = {f"admin_graphql_api_customer_{which}_id": f"gid://shopify/Customer/{one}" for which, one in ids.items()}
    return fixture("customers_merge.json") | named | {"status": "completed"}


@pytest.fixture
def with_orders(services, monkeypatch):
    monkeypatch.setattr(prepare_merges, "RECORDS_PER_TRANSACTION", 16)
    old = NOW - timedelta(days=400)
    orders = [order(100_000 + at, at=old, parcels=[("Delhivery", f"AWB{at:09d}")]) for at in range(MANY)]
    others = [order(1, customer_id=7003, email="bhavna@example.com", phone="")]
    ingest(services.store, customer(), customer(7002, email="b@example.com"), *orders, *others)
    return services


def index_with_kills(services, kill_before):
    """Index all, killed before the commit of each run's last writing transaction. Return how many kills."""
    for kills in range(100):
        with suppress(KilledError), watch_transactions(services.store, kill_before=kill_before):
            index_deliveries(SHOP, services=services)
            return kills
    raise AssertionError("it never ends")


def list_ids(services, principal):
    with services.store.read() as tx:
        return set(tx.index.list_orders(SHOP, principal))


@pytest.mark.parametrize("kill_before", [3, 4])
def test_a_large_merge_that_is_killed_before_any_commit_goes_on(with_orders, kill_before):
    accepted(with_orders.store, "customers/merge", merge_body())
    kills = index_with_kills(with_orders, kill_before)
    assert kills > 3
    assert len(list_ids(with_orders, KEPT)) == MANY
    assert list_ids(with_orders, OTHERS) == {"1"}
    assert len(list_details_of(with_orders.store, Fact.CUSTOMERS_MERGED)) == 1
    with with_orders.store.read() as tx:
        assert tx.person_lookup.is_merged(SHOP, Principal(customer_id="7001"))


def test_before_the_merge_is_stored_each_order_belongs_to_one_of_both(with_orders):
    accepted(with_orders.store, "customers/merge", merge_body())
    with suppress(KilledError), watch_transactions(with_orders.store, kill_before=5):
        index_deliveries(SHOP, services=with_orders)
    moved, left = list_ids(with_orders, KEPT), list_ids(with_orders, Principal(customer_id="7001"))
    assert 0 < len(moved) < MANY
    assert (len(moved | left), moved & left) == (MANY, set())


def test_no_transaction_of_a_large_merge_changes_more_than_some_rows(with_orders):
    accepted(with_orders.store, "customers/merge", merge_body())
    with watch_transactions(with_orders.store) as watched:
        index_deliveries(SHOP, services=with_orders)
    assert len(list_ids(with_orders, KEPT)) == MANY
    assert sum(watched.rows) > MANY
    assert max(watched.rows) <= 20


def test_orders_of_one_delivery_before_the_merge_move_with_it(with_orders):
    accepted(with_orders.store, "orders/create", order_body(555), received_at=NOW - timedelta(minutes=1))
    accepted(with_orders.store, "customers/merge", merge_body())
    index_deliveries(SHOP, services=with_orders)
    assert len(list_ids(with_orders, KEPT)) == MANY + 1


@pytest.mark.parametrize("kill_before", [3, 5])
def test_what_an_erasure_before_the_merge_suppressed_is_taken_back_once(with_orders, kill_before):
    delivery = accepted(with_orders.store, "customers/redact", redact_body())
    request_id = dispatch_delivery(delivery.id, services=with_orders)
    process_request(request_id, services=with_orders)
    assert (
        count_table(with_orders.store, index_tables.suppressions, index_tables.suppressions.c.field == "order") == MANY
    )
    accepted(with_orders.store, "customers/merge", merge_body())
    kills = index_with_kills(with_orders, kill_before)
    assert kills > 3
    assert count_table(with_orders.store, index_tables.suppressions, index_tables.suppressions.c.field == "order") == 0
    assert sum(one["orders"] for one in list_details_of(with_orders.store, Fact.SUPPRESSION_RELEASED)) == MANY
    with with_orders.store.read() as tx:
        items = tx.notice_items.list_items(request_id=request_id)
    assert [MERGE_BLOCKER + request_id in item.matters for item in items] == [True] * MANY
    accepted(with_orders.store, "orders/updated", order_body(100_000, customer_id=7002))
    index_deliveries(SHOP, services=with_orders)
    assert list_ids(with_orders, KEPT) == {"100000"}, "it is learned again"
