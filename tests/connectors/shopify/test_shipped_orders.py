"""The parcels of a data subject's orders: numbers only, own orders only, and after Shopify's own erasure too."""

from __future__ import annotations

import pytest

from bridge.errors import CredentialRejected
from bridge.model import Principal
from bridge.rules.index.shipping import read_platform_parcels
from bridge.sandbox.world import INVENTED_SHOP

INVENTED_ORDERS = 8


def numbers(shopify, principal):
    orders = shopify.list_shipped_orders(principal, shop=INVENTED_SHOP)
    return {parcel.number for order in orders for parcel in read_platform_parcels(order, ())}


def parcels_of(world, orders):
    return {parcel.waybill for order in orders for parcel in order.parcels} | {
        back.waybill for order in orders for back in order.returns
    }


def test_orders_are_found_by_customer_email_and_number_each_once(shopify, world):
    asha = world.asha
    own_orders = world.list_orders(asha)
    own = [order for order in own_orders if order.person_id]
    assert len(own) < len(own_orders), "one of the orders was placed as a guest"
    assert numbers(shopify, Principal(customer_id=str(asha.id))) == parcels_of(world, own)
    assert numbers(shopify, Principal(customer_id=str(asha.id), email=asha.email)) == parcels_of(world, own_orders)
    ids = tuple(str(order.id) for order in own_orders)
    orders = list(
        shopify.list_shipped_orders(
            Principal(customer_id=str(asha.id), email=asha.email, order_ids=ids), shop=INVENTED_SHOP
        )
    )
    assert len(orders) == len({order["id"] for order in orders}) == len(own_orders)


def test_a_named_order_of_another_customer_is_not_returned(shopify, world):
    listed = tuple(str(order.id) for order in world.list_orders(world.bikram))
    assert numbers(shopify, Principal(customer_id=str(world.asha.id), order_ids=listed)) == parcels_of(
        world, [order for order in world.list_orders(world.asha) if order.person_id]
    )


def test_no_name_and_no_address_is_requested(shopify, world):
    text = repr(list(shopify.list_shipped_orders(Principal(customer_id=str(world.asha.id)), shop=INVENTED_SHOP)))
    for word in (world.asha.first, world.asha.phone, "Nowhere Lane"):
        assert word not in text


def test_shopifys_own_erasure_leaves_the_numbers(shopify, stand_in, world):
    bikram = world.bikram
    ids = tuple(str(order.id) for order in world.list_orders(bikram))
    stand_in.shops[INVENTED_SHOP].redact_customer(bikram.id)
    assert numbers(shopify, Principal(order_ids=ids)) == parcels_of(world, world.list_orders(bikram))


def test_a_denied_field_is_not_taken_for_an_absent_one(shopify, stand_in, world):
    stand_in.faults.add("deny_scope", scope="read_orders")
    with pytest.raises(CredentialRejected):
        numbers(shopify, Principal(customer_id=str(world.asha.id)))


def test_without_the_scope_for_returns_the_other_data_is_read(shopify, stand_in, world):
    stand_in.faults.add("deny_scope", scope="read_returns")
    own_orders = [order for order in world.list_orders(world.asha) if order.person_id]
    sent = {parcel.waybill for order in own_orders for parcel in order.parcels}
    assert numbers(shopify, Principal(customer_id=str(world.asha.id))) == sent
