"""Residue of other apps at the stand-in: listed without values, removed, read again, kept on open orders."""

from dataclasses import replace

import pytest

from bridge.connectors.shopify import Shopify
from bridge.connectors.shopify import residue as module
from bridge.errors import CredentialRejected
from bridge.model import Principal, Residue
from bridge.sandbox.shopify.server import CLIENT_ID, CLIENT_SECRET, ShopifyStandIn
from bridge.sandbox.world import INVENTED_SHOP
from bridge.sandbox.world.models import Metafield


@pytest.fixture
def asha(invented_shop):
    return Principal(customer_id=str(invented_shop.world.asha.id))


@pytest.fixture
def order(invented_shop):
    """Return Asha's closed order that has a note, attributes and metafields."""
    found = next(
        one for one in invented_shop.world.list_orders(invented_shop.world.asha) if one.attributes and one.person_id
    )
    settle_order(invented_shop, found)
    return found


def settle_order(shop, order, **given):
    fields = {"closedAt": None, "cancelledAt": None, "fulfillments": [], "returnStatus": "NO_RETURN"}
    fields["displayFulfillmentStatus"] = "FULFILLED"
    shop.write_fields(f"gid://shopify/Order/{order.id}", fields | given)


def of(items, order):
    return [item for item in items if item.ref == str(order.id)]


def test_residue_is_named_without_its_value(shopify, asha, invented_shop, order):
    items = shopify.list_platform_residue(asha, shop=INVENTED_SHOP)
    kinds = {item.kind: item.what for item in of(items, order)}
    assert kinds["order_notes"] == "note"
    assert "gstin" in kinds["order_attributes"]
    assert "gift.card_text" in {item.what for item in of(items, order) if item.kind == "order_metafields"}
    own_keys = {f"{one.namespace}.{one.key}" for one in invented_shop.world.asha.metafields}
    assert {item.what for item in items if item.kind == "customer_metafields"} == own_keys
    text = repr(items)
    assert [word for word in ("Asha", "Nowhere", "29ABCDE", "after 6pm") if word in text] == []


def test_p62_the_metafields_of_a_customer_are_listed_and_removed_without_its_orders(shopify, asha, invented_shop):
    """Requirement P-62."""
    number = asha.customer_id
    items = shopify.list_customer_residue(number, shop=INVENTED_SHOP)
    own_keys = {f"{one.namespace}.{one.key}" for one in invented_shop.world.asha.metafields}
    assert {(item.kind, item.ref) for item in items} == {("customer_metafields", number)}
    assert {item.what for item in items} == own_keys
    assert "1991" not in repr(items)
    birthday = [item for item in items if item.what == "loyalty.birthday"]
    assert shopify.remove_platform_residue(birthday, shop=INVENTED_SHOP) == []
    left = shopify.list_customer_residue(number, shop=INVENTED_SHOP)
    assert {item.what for item in left} == own_keys - {"loyalty.birthday"}
    assert shopify.list_customer_residue("1", shop=INVENTED_SHOP) == []


def test_only_the_given_items_are_removed(shopify, asha, invented_shop, order):
    before = shopify.list_platform_residue(asha, shop=INVENTED_SHOP)
    goes = [item for item in before if item.kind == "customer_metafields"]
    goes += [item for item in of(before, order) if item.kind != "order_attributes"]
    assert goes
    assert shopify.remove_platform_residue(goes, shop=INVENTED_SHOP) == []
    assert shopify.list_platform_residue(asha, shop=INVENTED_SHOP) == [item for item in before if item not in goes]
    (attributes,) = [item for item in of(before, order) if item.kind == "order_attributes"]
    assert shopify.remove_platform_residue([attributes], shop=INVENTED_SHOP) == []
    assert of(shopify.list_platform_residue(asha, shop=INVENTED_SHOP), order) == []


def test_removing_twice_equals_removing_once(shopify, asha, order):
    goes = of(shopify.list_platform_residue(asha, shop=INVENTED_SHOP), order)
    assert shopify.remove_platform_residue(goes, shop=INVENTED_SHOP) == []
    assert shopify.remove_platform_residue(goes, shop=INVENTED_SHOP) == []


def test_reading_changes_nothing_and_nothing_to_remove_writes_nothing(shopify, asha, invented_shop, order):
    before = {name: dict(values) for name, values in invented_shop.written_fields.items()}
    items = shopify.list_platform_residue(asha, shop=INVENTED_SHOP)
    assert shopify.remove_platform_residue([], shop=INVENTED_SHOP) == []
    assert invented_shop.written_fields == before
    assert shopify.list_platform_residue(asha, shop=INVENTED_SHOP) == items


def test_an_item_that_shopify_keeps_is_returned(shopify, asha, invented_shop, order, monkeypatch):
    monkeypatch.setattr(invented_shop, "remove_metafield", lambda *_: None)
    goes = of(shopify.list_platform_residue(asha, shop=INVENTED_SHOP), order)
    still = shopify.remove_platform_residue(goes, shop=INVENTED_SHOP)
    assert still
    assert {item.kind for item in still} == {"order_metafields"}


@pytest.mark.parametrize(
    ("given", "held"),
    [
        ({"displayFulfillmentStatus": "UNFULFILLED"}, "order_open"),
        ({"displayFulfillmentStatus": "PARTIALLY_FULFILLED"}, "order_open"),
        ({"displayFulfillmentStatus": "UNFULFILLED", "cancelledAt": "2026-01-01T00:00:00Z"}, ""),
        ({"displayFulfillmentStatus": "UNFULFILLED", "closedAt": "2026-01-01T00:00:00Z"}, ""),
        ({"returnStatus": "IN_PROGRESS"}, "return_open"),
        ({"returnStatus": "RETURNED"}, ""),
        ({}, ""),
    ],
)
def test_an_open_order_is_on_hold_and_never_changed(shopify, asha, invented_shop, order, given, held):
    settle_order(invented_shop, order, **given)
    items = of(shopify.list_platform_residue(asha, shop=INVENTED_SHOP), order)
    assert {item.hold_reason for item in items} == {held}
    assert shopify.remove_platform_residue(items, shop=INVENTED_SHOP) == (items if held else [])
    assert of(shopify.list_platform_residue(asha, shop=INVENTED_SHOP), order) == (items if held else [])


@pytest.mark.parametrize(
    ("parcel", "held"),
    [
        ({"displayStatus": "IN_TRANSIT", "deliveredAt": None}, "parcel_not_delivered"),
        ({"displayStatus": "ATTEMPTED_DELIVERY"}, "parcel_not_delivered"),
        ({"displayStatus": None}, "parcel_not_delivered"),
        ({"displayStatus": "FULFILLED", "trackingInfo": [{"number": "AWB1"}]}, "parcel_not_delivered"),
        ({"displayStatus": "FULFILLED", "trackingInfo": []}, ""),
        ({"displayStatus": "DELIVERED"}, ""),
        ({"displayStatus": "IN_TRANSIT", "deliveredAt": "2026-01-01T00:00:00Z"}, ""),
    ],
)
def test_a_closed_order_counts_as_open_while_a_parcel_is_in_transit(parcel, held):
    order = {"closedAt": "2026-01-02T00:00:00Z", "fulfillments": [parcel]}
    assert module.find_block_reason(order) == held


def test_an_order_with_more_parcels_than_requested_counts_as_open():
    order = {"closedAt": "2026-01-02T00:00:00Z", "fulfillments": [{"displayStatus": "DELIVERED"}]}
    assert module.find_block_reason({**order, "fulfillments": order["fulfillments"] * module.MAX_LISTED_PARCELS})


def test_more_metafields_than_one_page_holds_are_all_seen_and_removed(stand_in, shopify, invented_shop, order):
    many = tuple(
        Metafield(id=10_000_000 + at, namespace="loyalty", key=f"k{at}", type="number_integer", value="1")
        for at in range(130)
    )
    world = invented_shop.world
    person = replace(world.bikram, metafields=many)
    his = next(one for one in world.orders if one.person_id == person.id)
    people = tuple(person if one.id == person.id else one for one in world.people)
    orders = tuple(replace(one, metafields=many) if one.id == his.id else one for one in world.orders)
    changed = replace(world, people=people, orders=orders)
    with ShopifyStandIn(changed) as other:
        settle_order(other.shops[INVENTED_SHOP], his)
        shopify = Shopify(api_version="2026-10", base_url=other.url, client_id=CLIENT_ID, client_secret=CLIENT_SECRET)
        who = Principal(customer_id=str(person.id))
        items = shopify.list_platform_residue(who, shop=INVENTED_SHOP)
        named = [item for item in items if item.what.startswith("loyalty.") and not item.hold_reason]
        assert len(named) == 260
        assert shopify.remove_platform_residue(named, shop=INVENTED_SHOP) == []


def test_a_customer_is_found_by_email_and_an_unknown_email_has_no_residue(shopify, invented_shop):
    assert shopify.list_platform_residue(Principal(email=invented_shop.world.asha.email), shop=INVENTED_SHOP)
    assert shopify.list_platform_residue(Principal(email="nobody@example.com"), shop=INVENTED_SHOP) == []
    assert shopify.list_platform_residue(Principal(customer_id="1"), shop=INVENTED_SHOP) == []


def test_without_read_all_orders_the_older_orders_are_reported(stand_in, shopify, asha):
    stand_in.faults.add("deny_scope", scope="read_all_orders")
    (unread,) = [item for item in shopify.list_platform_residue(asha, shop=INVENTED_SHOP) if item.kind == "orders"]
    assert unread == Residue(
        system="shopify", kind="orders", ref="", what="orders older than 60 days", hold_reason="read_all_orders"
    )


@pytest.mark.parametrize("scope", ["read_orders", "read_customers"])
def test_denied_residue_is_not_taken_for_none(stand_in, shopify, asha, scope):
    stand_in.faults.add("deny_scope", scope=scope)
    with pytest.raises(CredentialRejected, match=r"read_orders|read_customers"):
        shopify.list_platform_residue(asha, shop=INVENTED_SHOP)


def test_a_missing_write_scope_is_named(stand_in, shopify, asha, order):
    goes = of(shopify.list_platform_residue(asha, shop=INVENTED_SHOP), order)
    stand_in.faults.add("deny_scope", scope="write_orders")
    with pytest.raises(CredentialRejected, match="write_orders"):
        shopify.remove_platform_residue([item for item in goes if item.kind == "order_notes"], shop=INVENTED_SHOP)


@pytest.mark.parametrize(
    ("note", "named"),
    [(None, ""), ("", ""), ("For Asha", "note"), ("a/c 123456789012, HDFC0001234", "note with bank_account, ifsc")],
)
def test_a_note_is_named_with_the_kinds_of_numbers_in_it_and_never_their_value(note, named):
    assert module._describe_note({"note": note}) == named
