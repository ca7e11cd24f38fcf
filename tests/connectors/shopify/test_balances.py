"""Balances of a customer at the stand-in: counted without amounts; a list hidden by a scope is not empty."""

from datetime import UTC, datetime, timedelta

import pytest

from bridge.connectors.shopify import Shopify
from bridge.errors import ConnectorUnavailable
from bridge.sandbox.shopify.server import CLIENT_ID, CLIENT_SECRET
from bridge.sandbox.world import INVENTED_SHOP

NOW = datetime.now(UTC)
STORE_CREDIT, CARDS, ORDERS = "store_credit_balance", "gift_card_balance", "open_order"


@pytest.fixture(params=["2026-01", "2026-10"])
def look(request, stand_in, invented_shop):
    shopify = Shopify(
        api_version=request.param, base_url=stand_in.url, client_id=CLIENT_ID, client_secret=CLIENT_SECRET
    )

    def counts(who=""):
        found = shopify.balances(str(who or invented_shop.world.asha.id), shop=INVENTED_SHOP)
        return {one.code: one.count for one in found}

    return counts


def credits_of(shop, *amounts):
    accounts = [
        {"id": f"gid://shopify/StoreCreditAccount/{n}", "balance": {"amount": a}} for n, a in enumerate(amounts)
    ]
    shop.write_fields(f"gid://shopify/Customer/{shop.world.asha.id}", {"storeCreditAccounts": accounts})


def card(shop, at=0, **given):
    fields = {"enabled": True, "expiresOn": None, "recipientAttributes": None, "balance": {"amount": "500.0"}}
    fields["customer"] = shop.find_customer_record(shop.world.asha.id)
    shop.write_fields(f"gid://shopify/GiftCard/{shop.world.gift_cards[at].id}", fields | given)


def no_cards(shop):
    for at in range(len(shop.world.gift_cards)):
        card(shop, at, enabled=False)


def test_accounts_with_money_on_them_are_counted(look, invented_shop):
    credits_of(invented_shop, "0.0", "12.5", "0.01")
    assert look()[STORE_CREDIT] == 2
    credits_of(invented_shop, "0.0")
    assert look()[STORE_CREDIT] == 0


def test_every_page_is_read(look, invented_shop):
    credits_of(invented_shop, *["1.0"] * 120)
    assert look()[STORE_CREDIT] == 120


@pytest.mark.parametrize(
    ("given", "count"),
    [
        ({}, 1),
        ({"balance": {"amount": "0.0"}}, 0),
        ({"enabled": False}, 0),
        ({"expiresOn": (NOW - timedelta(days=2)).date().isoformat()}, 0),
        ({"expiresOn": (NOW + timedelta(days=2)).date().isoformat()}, 1),
    ],
)
def test_gift_cards_that_can_still_be_used_are_counted(look, invented_shop, given, count):
    no_cards(invented_shop)
    card(invented_shop, **given)
    assert look()[CARDS] == count


def test_a_card_with_a_recipient_belongs_to_the_recipient(look, invented_shop):
    no_cards(invented_shop)
    bikram = invented_shop.world.bikram.id
    given_to = {"recipient": invented_shop.find_customer_record(bikram), "preferredName": "B", "message": ""}
    card(invented_shop, recipientAttributes=given_to)
    assert look()[CARDS] == 0


def test_open_orders_are_counted(look, invented_shop):
    for order in invented_shop.world.list_orders(invented_shop.world.asha):
        fields = {"closedAt": None, "cancelledAt": None, "fulfillments": [], "returnStatus": "NO_RETURN"}
        invented_shop.write_fields(
            f"gid://shopify/Order/{order.id}", fields | {"displayFulfillmentStatus": "FULFILLED"}
        )
    assert look()[ORDERS] == 0
    own_orders = [one for one in invented_shop.world.list_orders(invented_shop.world.asha) if one.person_id]
    invented_shop.write_fields(f"gid://shopify/Order/{own_orders[0].id}", {"displayFulfillmentStatus": "UNFULFILLED"})
    assert look()[ORDERS] == 1


@pytest.mark.parametrize(
    ("scope", "unread"),
    [
        ("read_gift_cards", {CARDS}),
        ("read_store_credit_accounts", {STORE_CREDIT}),
        ("read_orders", {ORDERS}),
        ("read_customers", {STORE_CREDIT, CARDS, ORDERS}),
    ],
)
def test_a_list_hidden_by_a_scope_is_unread_and_not_empty(look, stand_in, scope, unread):
    before = look()
    assert all(before.values())
    stand_in.faults.add("deny_scope", scope=scope)
    assert look() == before | dict.fromkeys(unread)


def test_an_unknown_customer_has_no_balances(look):
    assert look(4711) == {STORE_CREDIT: 0, CARDS: 0, ORDERS: 0}


def test_a_shopify_outage_raises(look, stand_in):
    stand_in.stop()
    with pytest.raises(ConnectorUnavailable):
        look()
