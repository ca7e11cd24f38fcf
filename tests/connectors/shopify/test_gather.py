"""Gathering over a small shop with the real schema: everything of the data subject, nothing of others."""

import json
from collections import Counter
from dataclasses import replace

import pytest
import responses

from bridge.connectors.shopify.api.scopes import REQUIRED_SCOPES
from bridge.connectors.shopify.gathering import gather
from bridge.connectors.shopify.gathering.cursor import GatherStage
from bridge.connectors.shopify.gathering.session import quote_search_phrase
from bridge.errors import ConnectorRefused, ConnectorUnavailable
from bridge.model import Absence, Principal
from tests.connectors.shopify.shopify_shop import (
    ALL_SCOPES,
    API,
    ASHA,
    BIKRAM,
    MAIL,
    PHONE,
    PRINCIPAL,
    SHOP,
    Shop,
    asha,
    findings,
    gaps,
    order,
    refs,
    walk,
)
from tests.kit.silent_logs import forbid_output


@pytest.fixture
def shop():
    return Shop(customers=[asha()], orders=[order(1), order(2), order(3)])


@pytest.fixture(autouse=True)
def mock(mock, shop):
    mock.add_callback(responses.POST, API, callback=shop.answer)
    return mock


_silent_logs = forbid_output(lambda _: ("qwertzuiop", "shpat_canary", "Nowhere Lane", PHONE))


# --- find the customer ------------------------------------------------------------------------------------------------


def test_a_customer_is_found_by_id(platform):
    pages = walk(platform)
    assert refs(pages, "customer") == [("7", "customer_id")]
    assert refs(pages) == [("1", "customer_id"), ("2", "customer_id"), ("3", "customer_id")]
    assert gaps(pages) == []


def test_an_unknown_id_falls_back_to_the_email(platform):
    assert refs(walk(platform, Principal(customer_id="99", email=MAIL)), "customer") == [("7", "email")]


def test_nobody_is_found_by_phone_where_an_id_or_an_email_is_named(platform, shop):
    assert findings(walk(platform, Principal(customer_id="99", phone=PHONE))) == []
    assert findings(walk(platform, Principal(email="other@example.com", phone=PHONE))) == []
    assert not [variables for _, variables in shop.calls if "phoneNumber" in json.dumps(variables)]


def test_a_phone_alone_finds_the_customer_and_guest_orders_with_that_phone_but_not_those_of_the_email(platform, shop):
    shop.orders += [order(4, None, None, phone="090000 00001"), order(5, None, MAIL)]
    shop.orders[3]["note"] = PHONE
    pages = walk(platform, Principal(phone="+91 90000 00001"))
    assert refs(pages, "customer") == [("7", "phone")]
    assert ("4", "phone") in refs(pages)
    assert "5" not in dict(refs(pages))


def test_a_phone_that_shopify_cannot_read_finds_nobody(platform, shop):
    refused = json.dumps({"errors": [{"message": "invalid", "extensions": {"code": "INVALID_VARIABLE"}}]})
    shop.faults = [None, (200, {}, refused)]
    assert findings(walk(platform, Principal(phone="+919999999999"))) == []


# --- records -----------------------------------------------------------------------------------------------


def test_a_guest_order_is_found_by_email_and_no_order_twice(platform, shop):
    shop.orders += [order(4, None), order(5, None, "ASHA.Qwertzuiop@example.com "), order(6, None, "x" + MAIL)]
    pages = walk(platform)
    assert refs(pages) == [
        ("1", "customer_id"), ("2", "customer_id"), ("3", "customer_id"), ("4", "email"), ("5", "email"),
    ]  # fmt: skip
    assert gaps(pages) == []


def test_orders_of_another_customer_with_the_same_email_are_counted_and_left_out(platform, shop):
    shop.orders += [order(4, BIKRAM), order(5, BIKRAM, "bikram@example.in")]
    pages = walk(platform)
    assert "4" not in dict(refs(pages))
    assert gaps(pages) == [(Absence.UNATTRIBUTED, "1 orders", "another_customer_or_unconfirmed")]


def test_an_order_with_a_denied_email_is_not_trusted_because_the_search_found_it(platform, shop):
    shop.orders.append(order(4, None, None, note=MAIL))
    assert gaps(walk(platform)) == [(Absence.UNATTRIBUTED, "1 orders", "another_customer_or_unconfirmed")]


def test_named_orders_are_read_unless_they_belong_to_another_customer(platform, shop):
    shop.orders += [order(4, None, None), order(5, BIKRAM, "b@example.in"), order(6, None, "b@example.in")]
    principal = Principal(customer_id="7", email=MAIL, order_ids=("1", "4", "5", "6", "404"))
    pages = walk(platform, principal)
    assert refs(pages)[3:] == [("4", "order_id")]
    assert gaps(pages) == [
        (Absence.UNREACHED, "1 orders", "not_returned"),
        (Absence.UNATTRIBUTED, "2 orders", "another_customer_or_unconfirmed"),
    ]
    assert [variables["ids"] for name, variables in shop.calls if name == "OrdersByIds"] == [
        [f"gid://shopify/Order/{number}" for number in (4, 5, 6, 404)]
    ]


def test_a_former_customer_is_found_by_orders(platform, shop):
    shop.customers, shop.orders = [], [order(1, None), order(2, None), order(3, BIKRAM), order(4, ASHA)]
    pages = walk(platform)
    assert refs(pages) == [("1", "email"), ("2", "email"), ("4", "customer_id")]
    assert gaps(pages) == [(Absence.UNATTRIBUTED, "1 orders", "another_customer_or_unconfirmed")]


def test_a_request_may_name_orders_only(platform):
    assert refs(walk(platform, Principal(order_ids=("2",)))) == [("2", "order_id")]


def test_related_records_belong_to_the_customer_only(platform, shop):
    shop.drafts = [{"id": "gid://shopify/DraftOrder/1", "customer": {"id": ASHA}, "note2": "Bespoke"}]
    shop.drafts.append({"id": "gid://shopify/DraftOrder/2", "customer": {"id": BIKRAM}})
    shop.cards = [
        {"id": "gid://shopify/GiftCard/1", "customer": {"id": ASHA}},
        {"id": "gid://shopify/GiftCard/2", "recipientAttributes": {"recipient": {"id": ASHA}}},
        {"id": "gid://shopify/GiftCard/3", "customer": {"id": BIKRAM}},
    ]
    shop.checkouts = [{"id": "gid://shopify/AbandonedCheckout/1", "customer": {"id": ASHA}}]
    shop.comments = [
        {"id": "gid://shopify/Comment/1", "author": {"name": "Asha", "email": MAIL}, "body": "Lovely"},
        {"id": "gid://shopify/Comment/2", "author": {"name": "B", "email": "b@example.in"}, "body": MAIL},
    ]
    found = [(one.kind, one.ref.rpartition("/")[2], one.matched_by) for one in findings(walk(platform))[4:]]
    assert found == [
        ("draft_order", "1", "customer_id"),
        ("gift_card", "1", "customer_id"),
        ("gift_card", "2", "customer_id"),
        ("abandoned_checkout", "1", "customer_id"),
        ("blog_comment", "1", "email"),
    ]


def test_a_record_has_shopifys_field_names_and_no_cursors(platform, shop):
    shop.customers[0]["metafields"] = [{"id": "m", "namespace": "loyalty", "key": "birthday", "value": "1991"}]
    shop.orders[0] |= {"shippingAddress": {"address1": "7 Nowhere Lane", "address2": None}, "note": None}
    pages = walk(platform)
    customer, first = findings(pages)[:2]
    assert customer.body["metafields"][0]["value"] == "1991"
    assert "orders" not in customer.body
    assert first.body["shippingAddress"]["address1"] == "7 Nowhere Lane"
    assert "address2" not in first.body["shippingAddress"]
    assert first.body["note"] is None
    assert first.body["lineItems"][0]["title"] == "Ring"
    assert "pageInfo" not in json.dumps([one.body for one in findings(pages)])
    json.dumps([one.body for one in findings(pages)])


def test_only_a_truncated_order_is_completed(platform, shop):
    back = {
        "id": "r",
        "returnLineItems": [
            {"__typename": "ReturnLineItem", "id": f"rl{number}", "customerNote": "back"} for number in range(6)
        ],
    }
    shop.orders[1] |= {
        "lineItems": [{"id": str(number), "title": f"Ring {number}"} for number in range(120)],
        "metafields": [{"id": str(number), "value": f"field {number}"} for number in range(9)],
        "shippingLines": [{"id": str(number)} for number in range(3)],
        "fulfillments": [{"id": str(number), "trackingInfo": [{"number": f"awb {number}"}]} for number in range(6)],
        "refunds": [{"id": str(number)} for number in range(3)],
        "transactions": [{"id": str(number)} for number in range(5)],
        "returns": [back],
        "hasTimelineComment": True,
        "events": [{"__typename": "CommentEvent", "id": "e", "message": "called", "rawMessage": "called"}],
    }
    complete = next(one for one in findings(walk(platform)) if one.ref.endswith("Order/2")).body
    assert [line["title"] for line in complete["lineItems"]] == [f"Ring {number}" for number in range(120)]
    sizes = {"metafields": 9, "shippingLines": 3, "fulfillments": 6, "refunds": 3, "transactions": 5, "events": 1}
    assert {name: len(complete[name]) for name in sizes} == sizes
    assert len(complete["returns"][0]["returnLineItems"]) == 6
    assert Counter(name for name, _ in shop.calls)["OrderRemainingLists"] == 2


def test_all_addresses_metafields_and_events_of_a_customer_are_read(platform, shop):
    shop.customers[0] |= {
        "addressesV2": [{"id": str(number)} for number in range(130)],
        "metafields": [{"id": str(number)} for number in range(21)],
        "events": [{"__typename": "BasicEvent", "id": str(number), "message": "m"} for number in range(25)],
    }
    body = findings(walk(platform))[0].body
    assert [len(body[name]) for name in ("addressesV2", "metafields", "events")] == [130, 21, 25]


def test_a_list_that_stays_truncated_is_a_gap(platform, shop):
    lines = [{"id": str(number), "title": "t"} for number in range(21)]
    shop.drafts = [{"id": "gid://shopify/DraftOrder/1", "customer": {"id": ASHA}, "lineItems": lines}]
    assert gaps(walk(platform)) == [(Absence.UNREACHED, "draft_order.lineItems", "list_too_long")]


# --- denied ---------------------------------------------------------------------------------------------


def test_a_missing_scope_is_a_gap_and_the_rest_is_read(platform, shop):
    shop.scopes = ["read_customers", "write_orders"]
    shop.denied = {("Order", "returns"): "no", ("QueryRoot", "draftOrders"): "no", ("QueryRoot", "giftCards"): "no"}
    pages = walk(platform)
    assert len(refs(pages)) == 3
    lacking = [need for need in REQUIRED_SCOPES if need.scope not in {"read_customers", "read_orders"}]
    assert gaps(pages) == [(Absence.DENIED, need.what, need.scope) for need in lacking]


def test_without_read_orders_the_customer_is_still_read(platform, shop):
    shop.scopes = ["read_customers"]
    shop.denied = {("QueryRoot", "orders"): "no", ("Customer", "orders"): "no"}
    pages = walk(platform, Principal(customer_id="7", email=MAIL, order_ids=("1",)))
    assert [one.kind for one in findings(pages)] == ["customer"]


def test_without_read_customers_orders_are_found_by_email(platform, shop):
    shop.scopes = [scope for scope in ALL_SCOPES if scope != "read_customers"]
    shop.denied = {("QueryRoot", "customer"): "no", ("QueryRoot", "customerByIdentifier"): "no"}
    pages = walk(platform)
    assert refs(pages) == [(number, "customer_id") for number in "123"]
    assert (Absence.DENIED, "customer", "read_customers") in gaps(pages)


def test_a_denied_non_null_field_does_not_remove_the_page(platform, shop):
    """The scope is granted, the protected field denied: the name would remove the customer, returns the orders."""
    unapproved = "This app is not approved to use the name field"
    shop.denied = {
        ("Customer", "displayName"): unapproved,
        ("Order", "statusPageUrl"): unapproved,
        ("Order", "returns"): "no",
        ("Order", "phone"): unapproved,
        ("QueryRoot", "abandonedCheckouts"): "no",
    }
    pages = walk(platform)
    assert len(refs(pages)) == 3
    assert set(gaps(pages)) == {
        (Absence.DENIED, "customer.displayName", "not_approved"),
        (Absence.DENIED, "order.statusPageUrl", "not_approved"),
        (Absence.DENIED, "order.returns", "access_denied"),
        (Absence.DENIED, "order.phone", "not_approved"),
        (Absence.DENIED, "abandoned checkouts", "access_denied"),
    }


# --- calls and resuming ---------------------------------------------------------------


@pytest.mark.parametrize(("count", "budget"), [(10, 6), (100, 8), (1000, 25)])
def test_calls_stay_within_the_budget(platform, shop, count, budget):
    shop.customers = [asha(numberOfOrders=str(count))]
    shop.orders = [order(number) for number in range(1, count + 1)] + [order(5000, None), order(5001, BIKRAM)]
    principal = Principal(customer_id="7", email=MAIL, order_ids=tuple(str(n) for n in range(1, count + 1)))
    pages = walk(platform, principal)
    assert len(refs(pages)) == count + 1
    assert len(shop.calls) <= budget
    assert {10: 4, 100: 6, 1000: 17}[count] == len(shop.calls)


def test_a_page_that_is_too_costly_is_reduced_and_the_size_remembered(platform, shop):
    shop.customers = [asha(numberOfOrders="300")]
    shop.orders = [order(number) for number in range(1, 301)]
    shop.largest = 250
    walk(platform)
    pages = [variables["first"] for name, variables in shop.calls if name == "CustomerOrders"]
    assert pages == [244, 45, 250, 250]  # the first halves, then the second ones
    shop.calls.clear()
    shop.largest = 120
    pages = [one for one in walk(platform) if one.findings]
    assert len(refs(pages)) == 300


def test_a_single_order_that_is_too_costly_is_refused(platform, shop):
    shop.largest = 0
    with pytest.raises(ConnectorRefused, match="MAX_COST_EXCEEDED"):
        walk(platform)


def test_gathering_resumes_after_any_page_without_reading_one_twice(platform, shop):
    shop.customers = [asha(numberOfOrders="40")]
    shop.orders = [order(number) for number in range(1, 41)]
    shop.orders += [order(50, None), order(60, None, None), order(61, BIKRAM, MAIL), order(62, BIKRAM, "b@example.in")]
    shop.drafts = [{"id": f"gid://shopify/DraftOrder/{number}", "customer": {"id": ASHA}} for number in range(30)]
    principal = Principal(customer_id="7", email=MAIL, order_ids=("1", "39", "60", "62"))
    pages = walk(platform, principal)
    complete, calls = pages, list(shop.calls)
    assert len(pages) >= 4
    assert gaps(pages) == [(Absence.UNATTRIBUTED, "2 orders", "another_customer_or_unconfirmed")]
    for read_count in range(1, len(complete) + 1):
        shop.calls.clear()
        rest = walk(platform, principal, complete[read_count - 1].cursor)
        assert complete[:read_count] + rest == complete
        assert shop.calls == calls[len(calls) - len(shop.calls) :]
    assert walk(platform, principal, complete[-1].cursor) == []
    assert shop.calls == []


def test_orders_named_later_are_read_after_a_resume(platform, shop):
    shop.orders.append(order(60, None, None))
    first = walk(platform)[0]
    joined = Principal(customer_id="7", email=MAIL, order_ids=("60",))
    assert ("60", "order_id") in refs(walk(platform, joined, first.cursor))


@pytest.mark.parametrize("cursor", ["x", "{}", "[]", '{"v":2}', '{"v":1,"seen":"0","of":"","stage":"moon"}'])
def test_a_cursor_that_is_not_ours_is_refused(platform, cursor):
    with pytest.raises(ConnectorRefused, match="cursor"):
        walk(platform, PRINCIPAL, cursor)


def test_steps_that_find_nothing_go_with_the_page_after_them_but_only_a_few(platform, monkeypatch):
    steps, between = iter(range(23)), [0]

    def find_nothing(_session, cursor):
        between[-1] += 1
        after = replace(cursor, stage=GatherStage.NAMED_ORDERS, list_cursors={})
        return (), (), cursor if next(steps, None) is not None else after

    monkeypatch.setitem(gather.STAGE_READERS, GatherStage.RELATED_RECORDS, find_nothing)
    pages = []
    for page in platform.gather(PRINCIPAL, shop=SHOP, parcels=()):
        pages.append(page)
        between.append(0)
    assert sum(between) == 24
    assert max(between) <= gather.MAX_EMPTY_STEPS + 1
    assert [bool(page.findings) for page in pages] == [True] + [False] * (len(pages) - 1)


def test_a_failure_raises_after_the_pages_before_it(platform, shop):
    shop.faults = [None, None, *[(503, {}, "busy")] * 3]
    walking = platform.gather(PRINCIPAL, shop=SHOP, parcels=())
    assert next(walking).findings
    with pytest.raises(ConnectorUnavailable):
        next(walking)


def test_a_customer_deleted_during_gathering_ends_it_with_a_gap(platform, shop):
    shop.customers = [asha(numberOfOrders="300")]
    shop.orders = [order(number) for number in range(1, 301)]
    walking = platform.gather(PRINCIPAL, shop=SHOP, parcels=())
    next(walking)
    shop.customers = []
    assert findings(walking) == []


@pytest.mark.parametrize(
    ("value", "phrase"),
    [("a@b.c", "'a@b.c'"), ("o'neil@b.c", r"'o\'neil@b.c'"), ('x" OR *:', r"""'x\" OR *:'"""), ("a\\", r"'a\\'")],
)
def test_a_search_term_cannot_escape_its_quotes(value, phrase):
    assert quote_search_phrase(value) == phrase


def test_an_order_in_doubt_is_reported_once_and_goes_where_an_operator_decided(platform, shop):
    """Its number only; drafts and orders whose owner Shopify hides are counted and not reported."""
    shop.orders += [order(4, BIKRAM), order(5, BIKRAM, "bikram@example.in"), order(6, BIKRAM)]
    pages = walk(platform)
    assert [one for page in pages for one in page.doubtful_orders] == ["4", "6"]
    assert gaps(pages) == [(Absence.UNATTRIBUTED, "2 orders", "another_customer_or_unconfirmed")]
    decided = walk(platform, replace(PRINCIPAL, confirmed_order_ids=("4",), foreign_order_ids=("6",)))
    assert ("4", "order_id") in refs(decided)
    assert "6" not in dict(refs(decided))
    assert [one for page in decided for one in page.doubtful_orders] == []
    assert gaps(decided) == []


def test_a_confirmed_order_is_read_though_no_search_finds_it(platform, shop):
    shop.orders.append(order(5, BIKRAM, "bikram@example.in"))
    assert ("5", "order_id") in refs(walk(platform, replace(PRINCIPAL, confirmed_order_ids=("5",))))
