"""Corrections and the stop of marketing at the stand-in: written, read back, refused with a code, repeated without harm."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bridge.errors import CredentialRejected
from bridge.model import Principal
from bridge.rules.requests.rights.corrections import is_same_value, select_own_changes
from bridge.sandbox.world import INVENTED_SHOP

NEW_ADDRESS = "address1: 9 Elsewhere Road\ncity: Agra\nzip: 282002\nprovince: Uttar Pradesh\ncountry: IN"
NEW = {"first_name": "Aasha", "email": "aasha@example.com", "phone": "+919000000077", "address": NEW_ADDRESS}


@pytest.fixture
def asha(world):
    return str(world.asha.id)


def read_customer(shopify, number):
    return shopify.read_correctable_record(number, shop=INVENTED_SHOP)


def test_a_correction_is_readable_afterwards_and_the_person_is_found_by_the_new_address(shopify, asha, world):
    before = read_customer(shopify, asha)
    assert before.values["email"] == world.asha.email
    assert shopify.correct_customer(asha, before, NEW, shop=INVENTED_SHOP) == {}
    after = read_customer(shopify, asha)
    assert all(is_same_value(field, after.values[field], value) for field, value in NEW.items())
    assert after.parts["phone"] == NEW["phone"]  # that of the address was the former one too
    assert after.parts["firstName"] == "Aasha"
    assert shopify.find_customer(Principal(email=NEW["email"]), shop=INVENTED_SHOP) == asha
    assert shopify.find_customer(Principal(email=world.asha.email), shop=INVENTED_SHOP) == ""
    assert shopify.correct_customer(asha, replace(before, parts=after.parts), NEW, shop=INVENTED_SHOP) == {}
    assert read_customer(shopify, asha) == after


def test_what_shopify_refuses_is_a_code_and_holds_up_no_other_field(shopify, asha, world):
    wanted = {"email": world.bikram.email, "phone": "12", "last_name": "Q"}
    refused = shopify.correct_customer(asha, read_customer(shopify, asha), wanted, shop=INVENTED_SHOP)
    assert refused == {"email": "taken", "phone": "invalid"}
    values = read_customer(shopify, asha).values
    assert (values["last_name"], values["email"], values["phone"]) == ("Q", world.asha.email, world.asha.phone)


def test_only_orders_on_their_way_are_listed_and_corrected(shopify, asha, invented_shop):
    own = [order for order in invented_shop.world.orders if str(order.person_id) == asha]
    arrived = next(order for order in own if order.parcels and all(parcel.delivered_at for parcel in order.parcels))
    assert str(arrived.id) not in {order.id for order in read_customer(shopify, asha).orders}
    unsent = {"fulfillments": [], "displayFulfillmentStatus": "UNFULFILLED", "closedAt": None, "cancelledAt": None}
    invented_shop.write_fields(f"gid://shopify/Order/{arrived.id}", unsent)
    [order] = [one for one in read_customer(shopify, asha).orders if one.id == str(arrived.id)]
    changes = select_own_changes(NEW, read_customer(shopify, asha).values, order.values)
    assert "address" in changes
    assert shopify.correct_order(order, changes, shop=INVENTED_SHOP) == ""
    [after] = [one for one in read_customer(shopify, asha).orders if one.id == order.id]
    assert all(is_same_value(field, after.values[field], changes[field]) for field in changes)
    assert after.parts.get("company", "") == order.parts.get("company", "")


def test_an_unknown_customer_has_no_record(shopify):
    assert read_customer(shopify, "1") is None


def test_without_the_scope_nothing_is_written(stand_in, shopify, asha):
    stand_in.faults.add("deny_scope", scope="write_customers")
    before = read_customer(shopify, asha)
    with pytest.raises(CredentialRejected):
        shopify.correct_customer(asha, before, {"last_name": "Q"}, shop=INVENTED_SHOP)
    with pytest.raises(CredentialRejected):
        shopify.correct_customer(asha, before, {"address": NEW_ADDRESS}, shop=INVENTED_SHOP)
    assert read_customer(shopify, asha) == before
