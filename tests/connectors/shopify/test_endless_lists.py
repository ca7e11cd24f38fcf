"""Lists that do not end: each is left, named as a gap, and what its pages held is kept once."""

import time
from collections import Counter
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.connectors.shopify import Shopify
from bridge.connectors.shopify.gathering import paging
from bridge.connectors.shopify.gathering.paging import LIST_DOES_NOT_END, ListDoesNotEnd, ListGuard, advance_list
from bridge.errors import ConnectorRefused
from bridge.model import Absence, Principal
from bridge.sandbox.shopify import ShopifyStandIn
from bridge.sandbox.world import invent_world

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
ENDLESS = ["repeat_cursor", "alternate_cursor", "null_cursor", "empty_page"]


@pytest.fixture(scope="module")
def world():
    return invent_world(orders=20, now=NOW, heavy_orders=300)


@pytest.fixture(scope="module")
def server(world):
    with ShopifyStandIn(world) as server:
        yield server


@pytest.fixture
def platform(server):
    yield Shopify(
        api_version="2026-10",
        base_url=server.url,
        client_id="sandbox-client",
        client_secret="sandbox-secret",
        sleep=lambda _: None,
    )
    server.reset()


def walk(platform, world, person):
    principal = Principal(customer_id=str(person.id), email=person.email)
    return list(platform.gather(principal, shop=world.shop, parcels=()))


def refs(pages):
    return Counter((one.kind, one.ref) for page in pages for one in page.findings)


def gaps(pages):
    return {(gap.absence, gap.what, gap.reason) for page in pages for gap in page.gaps}


@pytest.mark.parametrize("kind", ENDLESS)
@pytest.mark.parametrize(
    ("field", "who", "what"),
    [
        ("Customer.orders", "heavy_customer", {"orders", "order histories"}),
        ("QueryRoot.orders", "asha", {"orders"}),
        ("draftOrders", "asha", {"draft orders"}),
        ("giftCards", "asha", {"gift cards"}),
        ("abandonedCheckouts", "asha", {"abandoned checkouts"}),
        ("comments", "asha", {"blog comments"}),
        ("tenderTransactions", "asha", {"tender transactions"}),
        ("metaobjects", "asha", {"metaobjects"}),
        ("Customer.addressesV2", "asha", {"customer.addressesV2"}),
        ("Customer.metafields", "asha", {"customer.metafields"}),
        ("Order.lineItems", "asha", {"order.lineItems"}),
    ],
)
def test_each_list_that_does_not_end_is_a_gap_and_nothing_else_is_lost(server, platform, world, kind, field, who, what):
    complete = refs(walk(platform, world, getattr(world, who)))
    server.calls.clear()
    server.faults.add(kind, times=None, field=field)
    pages = walk(platform, world, getattr(world, who))
    assert gaps(pages) >= {(Absence.UNREACHED, name, LIST_DOES_NOT_END) for name in what}
    assert {reason for _, _, reason in gaps(pages)} == {LIST_DOES_NOT_END}
    found = refs(pages)
    assert set(found.values()) == {1}
    lost = {kind for kind, ref in complete if (kind, ref) not in found}
    assert lost <= {"order", "order_history"} if kind != "empty_page" else len(lost) <= 2
    assert server.calls.summarize_calls()["total"] < 60


def test_an_empty_page_in_the_middle_is_passed(server, platform, world):
    complete = refs(walk(platform, world, world.heavy_customer))
    server.faults.add("empty_page", times=3, field="Customer.orders", match="CustomerOrders")
    pages = walk(platform, world, world.heavy_customer)
    assert refs(pages) == complete
    assert gaps(pages) == set()


def test_an_order_on_two_pages_is_given_once(server, platform, world):
    complete = refs(walk(platform, world, world.heavy_customer))
    server.faults.add("repeat_row", times=None, field="orders")
    assert refs(walk(platform, world, world.heavy_customer)) == complete
    assert set(complete.values()) == {1}


@pytest.mark.parametrize("kind", ENDLESS)
def test_the_other_readers_end_too(server, platform, world, kind):
    for field in ("orders", "giftCards", "storeCreditAccounts", "metafields"):
        server.faults.add(kind, times=None, field=field)
    person = Principal(customer_id=str(world.heavy_customer.id), email=world.heavy_customer.email)
    assert {one.count for one in platform.balances(person.customer_id, shop=world.shop)} == {None}
    with pytest.raises(ConnectorRefused, match="list does not end"):
        platform.list_platform_residue(person, shop=world.shop)
    with pytest.raises(ListDoesNotEnd):
        list(platform.list_shipped_orders(person, shop=world.shop))


# --- the guard ------------------------------------------------------------------------------------------


def page(cursor, *ids, more=True):
    return {"nodes": [{"id": one} for one in ids], "pageInfo": {"hasNextPage": more, "endCursor": cursor}}


@settings(max_examples=100, derandomize=True, deadline=None)
@given(
    lead=st.lists(st.integers(0, 10**9), unique=True, max_size=40),
    loop=st.integers(1, 30),
    has_rows=st.booleans(),
    fresh=st.booleans(),
)
def test_every_loop_is_found_within_a_few_rounds(lead, loop, has_rows, fresh):
    """`fresh`: each cursor is new, and only the rows repeat."""
    turns = [*lead, *range(-loop, 0)]
    after, guard, pages = "", ListGuard(), 0
    while after is not None:
        turn = turns[pages] if pages < len(turns) else -loop + (pages - len(lead)) % loop
        rows = (f"row {turn}",) if has_rows or fresh else ()
        connection = page(f"page {pages}" if fresh else f"cursor {turn}", *rows)
        after, guard, fault = advance_list(connection, after, guard)
        pages += 1
        assert pages <= 4 * (len(lead) + loop) + 2
    assert fault == LIST_DOES_NOT_END


@settings(max_examples=50, derandomize=True, deadline=None)
@given(sizes=st.lists(st.integers(0, 5), max_size=60))
def test_a_list_that_ends_is_read_to_its_end(sizes):
    empty = max((len(run) for run in "".join("x" if one else " " for one in sizes).split("x")), default=0)
    after, guard, number = "", ListGuard(), 0
    for at, size in enumerate([*sizes, 1]):
        rows = range(number, number := number + size)
        connection = page(f"cursor {at}", *rows, more=at < len(sizes))
        after, guard, fault = advance_list(connection, after, guard)
        if fault:
            break
    assert (after, bool(fault)) == (None, empty > paging.MAX_EMPTY_PAGES)


def test_new_pages_without_end_are_bounded(monkeypatch):
    monkeypatch.setattr(paging, "MAX_LIST_PAGES", 100)
    numbers = iter(range(10**9))
    pages = paging.iterate_list(lambda _: page(f"cursor {next(numbers)}", next(numbers)))
    started = time.monotonic()
    with pytest.raises(ListDoesNotEnd):
        list(pages)
    assert time.monotonic() - started < 5
