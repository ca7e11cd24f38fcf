"""Lists that do not end: each is left, named as a gap, and what its pages held is kept once."""

import time
from collections import Counter
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.connectors.http import HttpClient
from bridge.connectors.shopify import Shopify
from bridge.connectors.shopify.gathering import paging
from bridge.connectors.shopify.gathering.paging import LIST_DOES_NOT_END, ListDoesNotEnd, ListTrace, advance_list
from bridge.errors import ConnectorRefused, ConnectorUnavailable
from bridge.model import Absence, Principal
from tests.kit.gathering import collect_gaps
from tests.kit.suite.examples import count_examples

HEAVY_ORDERS = 300
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
ENDLESS = ["repeat_cursor", "alternate_cursor", "null_cursor", "empty_page"]


@pytest.fixture
def endless_shopify(heavy_stand_in):
    yield heavy_stand_in
    heavy_stand_in.reset()


@pytest.fixture
def patient_platform(endless_shopify):
    return Shopify(
        api_version="2026-10",
        base_url=endless_shopify.url,
        client_id="sandbox-client",
        client_secret="sandbox-secret",
        sleep=lambda _: None,
    )


def gather_person(patient_platform, heavy_world, person):
    principal = Principal(customer_id=str(person.id), email=person.email)
    return list(patient_platform.gather(principal, shop=heavy_world.shop, parcels=()))


def count_records(pages):
    return Counter((one.kind, one.ref) for page in pages for one in page.findings)


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
def test_each_list_that_does_not_end_is_a_gap_and_nothing_else_is_lost(
    endless_shopify, patient_platform, heavy_world, kind, field, who, what
):
    complete = count_records(gather_person(patient_platform, heavy_world, getattr(heavy_world, who)))
    endless_shopify.calls.clear()
    endless_shopify.faults.add(kind, times=None, field=field)
    pages = gather_person(patient_platform, heavy_world, getattr(heavy_world, who))
    assert collect_gaps(pages) >= {(Absence.UNREACHED, name, LIST_DOES_NOT_END) for name in what}
    assert {reason for _, _, reason in collect_gaps(pages)} == {LIST_DOES_NOT_END}
    found = count_records(pages)
    assert set(found.values()) == {1}
    lost = {kind for kind, ref in complete if (kind, ref) not in found}
    assert lost <= {"order", "order_history"} if kind != "empty_page" else len(lost) <= 2
    assert endless_shopify.calls.summarize_calls()["total"] < 60


def test_an_empty_page_in_the_middle_is_passed(endless_shopify, patient_platform, heavy_world):
    complete = count_records(gather_person(patient_platform, heavy_world, heavy_world.heavy_customer))
    endless_shopify.faults.add("empty_page", times=3, field="Customer.orders", match="CustomerOrders")
    pages = gather_person(patient_platform, heavy_world, heavy_world.heavy_customer)
    assert count_records(pages) == complete
    assert collect_gaps(pages) == set()


def test_an_order_on_two_pages_is_given_once(endless_shopify, patient_platform, heavy_world):
    complete = count_records(gather_person(patient_platform, heavy_world, heavy_world.heavy_customer))
    endless_shopify.faults.add("repeat_row", times=None, field="orders")
    assert count_records(gather_person(patient_platform, heavy_world, heavy_world.heavy_customer)) == complete
    assert set(complete.values()) == {1}


@pytest.mark.parametrize("kind", ENDLESS)
def test_the_other_readers_end_too(endless_shopify, patient_platform, heavy_world, kind):
    for field in ("orders", "giftCards", "storeCreditAccounts", "metafields"):
        endless_shopify.faults.add(kind, times=None, field=field)
    person = Principal(customer_id=str(heavy_world.heavy_customer.id), email=heavy_world.heavy_customer.email)
    assert {one.count for one in patient_platform.balances(person.customer_id, shop=heavy_world.shop)} == {None}
    with pytest.raises(ConnectorRefused, match="list does not end"):
        patient_platform.list_platform_residue(person, shop=heavy_world.shop)
    with pytest.raises(ListDoesNotEnd):
        list(patient_platform.list_shipped_orders(person, shop=heavy_world.shop))


# --- the trace ------------------------------------------------------------------------------------------


def page(cursor, *ids, more=True):
    return {"nodes": [{"id": one} for one in ids], "pageInfo": {"hasNextPage": more, "endCursor": cursor}}


@settings(max_examples=count_examples(100), derandomize=True, deadline=None)
@given(
    lead=st.lists(st.integers(0, 10**9), unique=True, max_size=40),
    loop=st.integers(1, 30),
    has_rows=st.booleans(),
    fresh=st.booleans(),
)
def test_every_loop_is_found_within_a_few_rounds(lead, loop, has_rows, fresh):
    """`fresh`: each cursor is new, and only the rows repeat."""
    turns = [*lead, *range(-loop, 0)]
    after, trace, pages = "", ListTrace(), 0
    while after is not None:
        turn = turns[pages] if pages < len(turns) else -loop + (pages - len(lead)) % loop
        rows = (f"row {turn}",) if has_rows or fresh else ()
        connection = page(f"page {pages}" if fresh else f"cursor {turn}", *rows)
        after, trace, fault = advance_list(connection, after, trace)
        pages += 1
        assert pages <= 4 * (len(lead) + loop) + 2
    assert fault == LIST_DOES_NOT_END


@settings(max_examples=count_examples(50), derandomize=True, deadline=None)
@given(sizes=st.lists(st.integers(0, 5), max_size=60))
def test_a_list_that_ends_is_read_to_its_end(sizes):
    empty = max((len(run) for run in "".join("x" if one else " " for one in sizes).split("x")), default=0)
    after, trace, number = "", ListTrace(), 0
    for at, size in enumerate([*sizes, 1]):
        rows = range(number, number := number + size)
        connection = page(f"cursor {at}", *rows, more=at < len(sizes))
        after, trace, fault = advance_list(connection, after, trace)
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


# --- answers without end --------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["huge", "drip"])
def test_an_answer_without_end_is_an_outage_within_its_bounds(endless_shopify, kind):
    http = HttpClient("shopify", sleep=lambda _: None, exchange_timeout_s=1.0)
    client = Shopify(api_version="2026-10", base_url=endless_shopify.url, access_token="shpat_fixed", http=http)
    endless_shopify._control_tokens({"fixed": "shpat_fixed"})
    endless_shopify.faults.add(kind, times=None, match="Installation")
    started = time.monotonic()
    with pytest.raises(ConnectorUnavailable):
        list(client.gather(Principal(customer_id="1"), shop=next(iter(endless_shopify.shops)), parcels=()))
    assert time.monotonic() - started < 10
