"""Three kinds of absence: empty, denied, failed. Each is named, and takes nothing else with it."""

import json
from collections import Counter
from datetime import UTC, datetime

import pytest

from bridge.connectors.shopify import Shopify
from bridge.connectors.shopify.gathering.session import build_gid as gid
from bridge.errors import ConnectorUnavailable, CredentialRejected
from bridge.model import Absence, Principal
from tests.connectors.shopify.shopify_shop import (
    ASHA,
    BIKRAM,
    MAIL,
    PHONE,
    SHOP,
    Shop,
    asha,
    findings,
    gaps,
    order,
    refs,
    walk,
)

HEAVY_ORDERS = 40
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
UNAPPROVED = "This app is not approved to use the field"


@pytest.fixture
def full_shop(serve_shop):
    shop = Shop(customers=[asha()], orders=[order(1), order(2), order(3)])
    shop.customers[0]["companyContactProfiles"] = [{"id": gid("CompanyContact", 1)}]
    shop.drafts = [{"id": gid("DraftOrder", 1), "customer": {"id": ASHA}}]
    shop.cards = [{"id": gid("GiftCard", 1), "customer": {"id": ASHA}}]
    shop.checkouts = [{"id": gid("AbandonedCheckout", 1), "customer": {"id": ASHA}}]
    shop.comments = [{"id": gid("Comment", 1), "author": {"name": "Asha", "email": MAIL}, "body": "Lovely"}]
    return serve_shop(shop)


def kinds(pages):
    return Counter(one.kind for one in findings(pages))


# --- denied -----------------------------------------------------------------------------------------------


def test_several_denied_fields_take_only_themselves_away(platform, full_shop):
    """The name may not be null and would remove every list of its answer; the other denials are of nullable fields."""
    complete = kinds(walk(platform))
    denied = [("CommentAuthor", "name"), ("Customer", "displayName"), ("Order", "phone"), ("DraftOrder", "email")]
    denied += [("GiftCard", "customer"), ("Order", "returns"), ("Customer", "mergeable")]
    full_shop.denied = dict.fromkeys(denied, UNAPPROVED)
    pages = walk(platform)
    assert kinds(pages) == complete - Counter(gift_card=1)
    assert {(what, reason) for absence, what, reason in gaps(pages) if absence is Absence.DENIED} == {
        ("blog_comment.author.name", "not_approved"),
        ("customer.displayName", "not_approved"),
        ("order.phone", "not_approved"),
        ("draft_order.email", "not_approved"),
        ("gift_card.customer", "not_approved"),
        ("order.returns", "not_approved"),
        ("customer.mergeable", "not_approved"),
    }
    assert (Absence.UNATTRIBUTED, "1 gift cards", "owner_hidden") in gaps(pages)


@pytest.mark.parametrize("denied", ["drafts", "giftCards", "abandonedCheckouts", "comments", "orders"])
def test_each_list_that_is_denied_is_named_and_the_others_are_read(platform, full_shop, denied):
    complete = kinds(walk(platform))
    field = {"drafts": "draftOrders"}.get(denied, denied)
    full_shop.denied = {("QueryRoot", field): "no", ("CommentAuthor", "name"): UNAPPROVED}
    pages = walk(platform)
    lost = {
        "drafts": ("draft_order", "draft orders"),
        "giftCards": ("gift_card", "gift cards"),
        "abandonedCheckouts": ("abandoned_checkout", "abandoned checkouts"),
        "comments": ("blog_comment", "blog comments"),
        "orders": ("", "orders"),
    }[denied]
    assert kinds(pages) == Counter({kind: count for kind, count in complete.items() if kind != lost[0]})
    assert (Absence.DENIED, lost[1], "access_denied") in gaps(pages)


@pytest.mark.parametrize("body", [{"data": {}}, {"data": {}, "errors": []}])
def test_an_answer_without_any_data_is_a_denial_and_not_an_outage(platform, full_shop, body, waits):
    full_shop.faults = [(200, {}, json.dumps(body))] * 20
    pages = walk(platform)
    assert findings(pages) == []
    assert {(absence, reason) for absence, _, reason in gaps(pages)} == {(Absence.DENIED, "not_approved")}
    subjects = {what for _, what, _ in gaps(pages)}
    assert subjects >= {"customer", "company contacts", "payment methods", "draft orders", "gift cards", "orders"}
    assert waits == []


def test_without_any_approval_everything_is_named_and_nothing_retried(platform, full_shop, waits):
    full_shop.denied = {("QueryRoot", name): UNAPPROVED for name in (
        "customer", "customerByIdentifier", "orders", "draftOrders", "giftCards", "abandonedCheckouts", "comments",
        "segments", "metaobjectDefinitions", "customerSegmentMembership", "nodes",
    )}  # fmt: skip
    principal = Principal(customer_id="7", email=MAIL, order_ids=("1",))
    pages = walk(platform, principal)
    assert findings(pages) == []
    assert {(absence, reason) for absence, _, reason in gaps(pages)} == {(Absence.DENIED, "not_approved")}
    assert {what for _, what, _ in gaps(pages)} >= {"customer", "draft orders", "gift cards", "blog comments", "orders"}
    assert waits == []


def test_a_scope_that_opens_several_doors_names_each(platform, full_shop):
    full_shop.scopes = [scope for scope in full_shop.scopes if scope not in ("read_orders", "read_customers")]
    pages = walk(platform)
    named = {what for _, what, reason in gaps(pages) if reason == "read_orders"}
    assert named == {"orders", "abandoned checkouts", "abandonments", "tender transactions", "disputes"}
    named = {what for _, what, reason in gaps(pages) if reason == "read_customers"}
    below = {"company contacts", "payment methods", "store credit accounts", "subscription contracts"}
    assert named == {"customer", "customer segments", "metaobjects", "abandonments", *below}


# --- a denied owner is not "no owner" -------------------------------------------------------------------


def test_an_order_whose_owner_is_hidden_is_counted_and_not_given(platform, full_shop):
    full_shop.customers, full_shop.drafts, full_shop.cards, full_shop.checkouts, full_shop.comments = [], [], [], [], []
    full_shop.orders = [order(1, BIKRAM), order(2, None), order(3, ASHA), order(4, BIKRAM, "b@example.in")]
    full_shop.denied = dict.fromkeys([("Order", "customer"), ("QueryRoot", "customer")], UNAPPROVED)
    full_shop.denied[("QueryRoot", "customerByIdentifier")] = UNAPPROVED
    pages = walk(platform, Principal(customer_id="7", email=MAIL, order_ids=("3",)))
    assert refs(pages) == [("3", "order_id")]
    assert (Absence.UNATTRIBUTED, "2 orders", "owner_hidden") in gaps(pages)
    assert "8" not in {one.ref.rpartition("/")[2] for one in findings(pages)}


def test_a_hidden_owner_inside_the_customer_is_hidden_too(platform, full_shop):
    full_shop.orders = [order(1), order(4, BIKRAM), order(5, None)]
    full_shop.denied = {("Customer", "id"): UNAPPROVED}
    pages = walk(platform, Principal(email=MAIL))
    assert refs(pages) == []
    assert (Absence.UNATTRIBUTED, "3 orders", "owner_hidden") in gaps(pages)


def test_parcels_of_an_order_whose_owner_is_hidden_are_told_to_nobody(platform, full_shop):
    full_shop.orders = [order(1), order(2, BIKRAM), order(3, None)]
    full_shop.denied = {("Order", "customer"): UNAPPROVED}
    found = platform.list_shipped_orders(Principal(email=MAIL, order_ids=("1",)), shop=SHOP)
    assert next(found)["id"] == gid("Order", 1)
    with pytest.raises(CredentialRejected):
        next(found)


# --- drafts and checkouts without a customer -----------------------------------------------------------


@pytest.mark.parametrize(
    ("principal", "matched"),
    [
        (Principal(customer_id="7", email=MAIL), "email"),
        (Principal(email=MAIL), "email"),
        (Principal(phone=PHONE), "phone"),
    ],
)
def test_a_draft_that_carries_the_contact_and_no_customer_is_given(platform, full_shop, principal, matched):
    full_shop.customers = [] if matched == "phone" else full_shop.customers
    full_shop.drafts += [
        {"id": gid("DraftOrder", 2), "customer": None, "email": MAIL.upper(), "phone": PHONE},
        {"id": gid("DraftOrder", 3), "customer": {"id": BIKRAM}, "email": MAIL, "phone": PHONE},
        {"id": gid("DraftOrder", 4), "customer": None, "email": "b@example.in", "note2": MAIL},
    ]
    pages = walk(platform, principal)
    assert ("2", matched) in refs(pages, "draft_order")
    assert not {"3", "4"} & set(dict(refs(pages, "draft_order")))
    assert (Absence.UNATTRIBUTED, "1 draft orders", "another_customer_or_unconfirmed") in gaps(pages)


def test_a_checkout_without_a_customer_is_given_if_it_carries_the_contact_and_else_counted(platform, full_shop):
    full_shop.checkouts += [
        {"id": gid("AbandonedCheckout", 2), "customer": None, "customAttributes": [{"key": "mail", "value": MAIL}]},
        {"id": gid("AbandonedCheckout", 3), "customer": None, "note": MAIL},
        {"id": gid("AbandonedCheckout", 4), "customer": {"id": BIKRAM}, "note": MAIL},
    ]
    pages = walk(platform)
    assert refs(pages, "abandoned_checkout") == [("1", "customer_id"), ("2", "email")]
    assert gaps(pages) == [(Absence.UNATTRIBUTED, "1 abandoned checkouts", "owner_hidden")]


def test_the_number_of_the_other_customer_on_a_gift_card_is_masked(platform, full_shop):
    full_shop.cards = [
        {"id": gid("GiftCard", 1), "customer": {"id": BIKRAM}, "recipientAttributes": {"recipient": {"id": ASHA}}},
        {"id": gid("GiftCard", 2), "customer": {"id": ASHA}, "recipientAttributes": {"recipient": {"id": BIKRAM}}},
    ]
    pages = walk(platform)
    text = json.dumps([one.body for one in findings(pages) if one.kind == "gift_card"])
    assert len(refs(pages, "gift_card")) == 2
    assert BIKRAM not in text
    assert text.count(ASHA) == 2


# --- named and not returned -----------------------------------------------------------------------------


def test_orders_heads_and_disputes_that_are_not_returned_are_counted(platform, full_shop):
    full_shop.orders.append(order(9, None))
    full_shop.orders[0]["disputes"] = [{"id": gid("OrderDisputeSummary", number)} for number in (1, 2)]
    full_shop.disputes = [{"id": gid("ShopifyPaymentsDispute", 2)}]
    known = full_shop.root_nodes
    full_shop.root_nodes = lambda ids: [
        None if one == gid("Order", 9) else found for one, found in zip(ids, known(ids), strict=True)
    ]
    principal = Principal(customer_id="7", email=MAIL, order_ids=("1", "404", "405"))
    pages = walk(platform, principal)
    assert set(gaps(pages)) == {
        (Absence.UNREACHED, "3 orders", "not_returned"),
        (Absence.UNREACHED, "1 disputes", "not_returned"),
    }


# --- failed -------------------------------------------------------------------------------------------


@pytest.fixture
def failing_shopify(heavy_stand_in):
    yield heavy_stand_in
    heavy_stand_in.reset()


@pytest.fixture
def gather_asha(failing_shopify, heavy_world, waits):
    platform = Shopify(
        api_version="2026-10",
        base_url=failing_shopify.url,
        client_id="sandbox-client",
        client_secret="sandbox-secret",
        sleep=waits.append,
    )
    orders = tuple(str(one.id) for one in heavy_world.list_orders(heavy_world.asha, with_guests=False))
    principal = Principal(customer_id=str(heavy_world.asha.id), email=heavy_world.asha.email, order_ids=orders)
    return lambda: list(platform.gather(principal, shop=heavy_world.shop, parcels=()))


@pytest.mark.parametrize(
    "field", ["Order.events", "DraftOrder.note2", "Customer.metafields", "GiftCard.balance", "draftOrders"]
)
@pytest.mark.parametrize("row", [None, 0])
def test_a_field_that_fails_once_is_read_by_the_second_look(failing_shopify, gather_asha, field, row):
    complete = gather_asha()
    failing_shopify.faults.add("fail_field", field=field, row=row)
    pages = gather_asha()
    assert [one.body for one in findings(pages)] == [one.body for one in findings(complete)]
    assert gaps(pages) == []


@pytest.mark.parametrize(
    ("field", "what", "lost"),
    [
        ("Order.customerJourneySummary", "order.customerJourneySummary", ""),
        ("Order.events", "order.events", ""),
        ("Customer.displayName", "customer.displayName", ""),
        ("DraftOrder.note2", "draft_order.note2", ""),
        ("Comment.body", "blog_comment.body", ""),
        ("GiftCard.balance", "gift_card.balance", ""),
        ("draftOrders", "draft orders", "draft_order"),
        ("comments", "blog comments", "blog_comment"),
        ("Customer.companyContactProfiles", "company contacts", "company_contact"),
    ],
)
def test_a_field_that_shopify_cannot_serve_is_named_and_the_rest_is_read(
    failing_shopify, gather_asha, waits, field, what, lost
):
    complete = kinds(gather_asha())
    failing_shopify.faults.add("fail_field", field=field, times=None)
    pages = gather_asha()
    assert kinds(pages) == Counter({kind: count for kind, count in complete.items() if kind != lost})
    assert gaps(pages) == [(Absence.UNREACHED, what, "internal_error")]
    assert sum(waits) < 10


def test_rows_that_are_null_are_counted(failing_shopify, gather_asha):
    complete = kinds(gather_asha())
    failing_shopify.faults.add("null_node", field="DraftOrderConnection.nodes", row=0, times=None)
    failing_shopify.faults.add("null_node", field="GiftCardConnection.nodes", row=0, times=None)
    pages = gather_asha()
    assert kinds(pages) == complete - Counter(draft_order=1, gift_card=1)
    assert set(gaps(pages)) == {
        (Absence.UNREACHED, "1 draft orders", "lost_row"),
        (Absence.UNREACHED, "1 gift cards", "lost_row"),
    }


def test_readers_that_decide_take_a_failed_field_as_an_outage(failing_shopify, heavy_world, waits):
    platform = Shopify(
        api_version="2026-10", base_url=failing_shopify.url, client_id="sandbox-client", client_secret="sandbox-secret",
        sleep=waits.append,
    )  # fmt: skip
    who = Principal(customer_id=str(heavy_world.asha.id), email=heavy_world.asha.email)
    failing_shopify.faults.add("fail_field", field="metafields", times=None)
    with pytest.raises(ConnectorUnavailable):
        platform.list_platform_residue(who, shop=heavy_world.shop)
    failing_shopify.faults.add("fail_field", field="emailMarketingConsent", times=None)
    with pytest.raises(ConnectorUnavailable):
        platform.read_erasure_state(who, shop=heavy_world.shop)
