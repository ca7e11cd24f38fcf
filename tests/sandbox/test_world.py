"""The invented world is repeatable and unmistakable, and real enough to test recognition."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime

import phonenumbers
import pytest

from bridge.sandbox import webhooks
from bridge.sandbox.world import invent_world

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
HEAVY_ORDERS = 1_200


def test_equal_arguments_give_equal_worlds():
    assert invent_world(now=NOW, seed=3) == invent_world(now=NOW, seed=3)
    assert invent_world(now=NOW, seed=3) != invent_world(now=NOW, seed=4)


def test_asha_has_three_orders_one_of_them_as_a_guest(world):
    orders = world.list_orders(world.asha)
    assert world.asha.name == "Asha Qwertzuiop"
    assert [order.person_id for order in orders] == [world.asha.id, world.asha.id, None]
    assert [parcel.carrier for parcel in world.list_parcels(world.asha)] == ["delhivery", "bluedart", "delhivery"]


def test_bikrams_parcels_have_three_states_on_three_accounts(world):
    first, second, third = world.list_parcels(world.bikram)
    assert [one.holder for one in (first, second, third)] == ["delhivery", "bluedart", "shiprocket"]
    assert (NOW - first.delivered_at).days > 60
    assert first.cod_amount
    assert (second.delivered_at, third.delivered_at) == (None, None)
    assert (third.carrier, third.company) == ("bluedart", "Blue Dart Surface")
    assert third.url == f"https://minimissdemo.shiprocket.co/tracking/{third.waybill}"
    assert third.cod_amount


def test_some_other_parcels_are_on_an_aggregators_account(world):
    aggregator_parcels = [one for one in world.parcels if one.account_holder == "shiprocket"]
    assert {one.carrier for one in aggregator_parcels} == {"bluedart", "delhivery"}
    assert 3 < len(aggregator_parcels) < 10


def test_every_waybill_has_its_check_digit_and_is_used_once(world):
    numbers = [parcel.waybill for parcel in world.parcels]
    assert len(set(numbers)) == len(numbers)
    for parcel in world.parcels:
        if parcel.carrier == "delhivery":
            assert len(parcel.waybill) == 14
            assert int(parcel.waybill[13]) == int(parcel.waybill[7:13]) % 7
        else:
            assert len(parcel.waybill) == 11
            assert int(parcel.waybill[10]) == int(parcel.waybill[:10]) % 7


def test_nobody_can_be_mistaken_for_a_real_person(world):
    for person in world.people:
        assert person.email.rpartition("@")[2] in {"example.com", "example.in"}
        assert phonenumbers.is_valid_number(phonenumbers.parse(person.phone))
    ids = [thing.id for thing in (*world.people, *world.orders)]
    assert len(set(ids)) == len(ids)
    assert all(len(str(number)) >= 13 for number in ids)


def test_two_shops_share_no_id():
    first, second = invent_world(now=NOW), invent_world(now=NOW, shop="other.myshopify.com")
    assert not {order.id for order in first.orders} & {order.id for order in second.orders}
    assert first.shop_id != second.shop_id


def test_the_heavy_customer_has_as_many_orders_as_asked_for(world):
    assert len(world.list_orders(world.heavy_customer)) == 1_200


@pytest.mark.parametrize("topic", sorted(webhooks.BODY_BUILDERS))
@pytest.mark.parametrize("family", ["X-Shopify-", "Shopify-"])
def test_every_topic_is_signed_over_its_bytes(world, topic, family):
    raw = webhooks.build_body(topic, world)
    sent = webhooks.build_headers(topic, world.shop, "s3cret", raw, header_prefix=family)
    expected = base64.b64encode(hmac.new(b"s3cret", raw, hashlib.sha256).digest()).decode()
    assert sent[f"{family}Hmac-Sha256"] == expected
    assert sent[f"{family}Topic"] == topic
    assert isinstance(json.loads(raw), dict)


def test_a_privacy_topic_names_the_customer_and_the_orders(world):
    body = json.loads(webhooks.build_body("customers/redact", world, person=world.bikram))
    assert body["shop_domain"] == world.shop
    assert body["customer"] == {
        "id": world.bikram.id,
        "email": "bikram.canaryson@example.in",
        "phone": world.bikram.phone,
    }
    assert body["orders_to_redact"] == [order.id for order in world.list_orders(world.bikram)]


def test_a_fulfilment_carries_the_waybill(world):
    parcel = world.parcels[1]
    body = json.loads(webhooks.build_body("fulfillments/create", world, parcel=parcel))
    assert body["tracking_number"] == parcel.waybill
    assert body["order_id"] == parcel.order_id


def test_a_guest_order_has_no_customer(world):
    guest = world.list_orders(world.asha)[2]
    body = json.loads(webhooks.build_body("orders/updated", world, order=guest))
    assert body["customer"] is None
    assert body["email"] == world.asha.email
