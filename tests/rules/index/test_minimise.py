"""What a delivery shows: the listed fields and nothing else, from every recorded body and from hostile ones."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.model import ParcelStatus
from bridge.rules.index.json_values import parse_utc_datetime
from bridge.rules.index.minimise import Sighting, SightingKind, extract_sighting
from bridge.rules.index.shipping import ParcelSighting
from tests.factories import ASHA, fixture, order_body

INDEX = fixture("INDEX.json")
FIELDS = {
    "kind", "order_id", "order_name", "customer_id", "kept_customer_id", "email", "phone", "placed_at",
    "updated_at", "parcels", "cod", "matter", "matter_open",
    "listings", "clues", "consents",
}  # fmt: skip
TOPICS = st.sampled_from(
    [
        "orders/updated", "orders/delete", "fulfillments/create", "refunds/create", "returns/approve",
        "customers/update", "customers/merge", "customers/delete", "customers/redact", "app/uninstalled",
        "products/update", "disputes/update",
    ]
)  # fmt: skip
KEYS = st.sampled_from(
    [
        "id", "order_id", "admin_graphql_api_id", "email", "phone", "customer", "shipping_address", "name",
        "fulfillments", "tracking_number", "tracking_numbers", "tracking_url", "tracking_urls", "order",
        "tracking_company", "reverse_deliveries", "tracking", "number", "created_at", "updated_at", "status",
        "destination", "gateway", "payment_gateway_names", "shipment_status", "finalized_on", "location_id",
        "service",
    ]
)  # fmt: skip
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just("2026-01-01T00:00:00Z"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


def texts(body):
    """Give every text of a body."""
    if isinstance(body, dict):
        body = list(body.values())
    if isinstance(body, list):
        return {text for value in body for text in texts(value)}
    return {body} if isinstance(body, str) else set()


@pytest.mark.parametrize("row", INDEX, ids=lambda row: row["file"])
def test_nothing_but_the_listed_fields_leaves_a_recorded_body(row):
    body = fixture(row["file"])
    seen = extract_sighting(row["topic"], body)
    shown = {seen.email, seen.phone, seen.order_name} | {one.number for one in seen.parcels}
    names = {part for person in ("Asha Rao", "Bob Biller", "Steve Shipper", "Bob Norman") for part in person.split()}
    assert {one.name for one in dataclasses.fields(Sighting)} == FIELDS
    assert shown <= texts(body) | {""}
    assert not [name for name in names if name in repr(seen)]
    assert "Street" not in repr(seen)
    assert "http" not in repr(seen)


@pytest.mark.parametrize(
    ("fields", "cod"),
    [
        ({"payment_gateway_names": ["Cash on Delivery (COD)"]}, True),
        ({"payment_gateway_names": ["cash_on_delivery"]}, True),
        ({"payment_gateway_names": ["razorpay", "COD"]}, True),
        ({"gateway": "cod"}, True),
        ({"payment_gateway_names": ["codeium pay"]}, False),
        ({"payment_gateway_names": ["shopify_payments"]}, False),
        ({"payment_gateway_names": []}, None),
        ({}, None),
    ],
)
def test_an_order_shows_whether_its_price_is_collected_at_the_door(fields, cod):
    assert extract_sighting("orders/create", order_body() | fields).cod is cod


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("in_transit", ParcelStatus.IN_TRANSIT),
        ("attempted_delivery", ParcelStatus.IN_TRANSIT),
        ("out_for_delivery", ParcelStatus.OUT_FOR_DELIVERY),
        ("delivered", ParcelStatus.DELIVERED),
        ("label_printed", ParcelStatus.BOOKED),
        ("failure", ParcelStatus.UNKNOWN),
        ("", ParcelStatus.UNKNOWN),
        (None, ParcelStatus.UNKNOWN),
    ],
)
def test_a_fulfilment_shows_the_shops_status_of_its_parcel(word, status):
    body = fixture("constructed_fulfillments_create_delhivery.json")
    alone = {"tracking_numbers": ["1490810000016"], "shipment_status": word, "updated_at": "2026-11-20T10:00:00Z"}
    (parcel,) = extract_sighting("fulfillments/update", body | alone).parcels
    assert parcel.status is status
    assert (parcel.status_at is None) == (status is ParcelStatus.UNKNOWN)
    two = alone | {"tracking_numbers": ["1490810000016", "1490810000027"]}
    assert {one.status for one in extract_sighting("fulfillments/update", body | two).parcels} == {ParcelStatus.UNKNOWN}


@pytest.mark.parametrize(
    ("topic", "body", "matter", "is_open"),
    [
        ("returns/request", {"id": 7, "order_id": 1001, "status": "requested"}, "return/7", True),
        ("returns/approve", {"id": 7, "order_id": 1001, "status": "OPEN"}, "return/7", True),
        ("returns/close", {"id": 7, "order_id": 1001, "status": "closed"}, "return/7", False),
        ("returns/decline", {"id": 7, "order_id": 1001, "status": "declined"}, "return/7", False),
        ("returns/update", {"id": 7, "order_id": 1001}, "", False),
        ("disputes/create", {"id": 9, "order_id": 1001, "status": "needs_response"}, "dispute/9", True),
        ("disputes/update", {"id": 9, "order_id": 1001, "status": "won"}, "dispute/9", False),
    ],
)
def test_returns_and_disputes_show_whether_they_are_settled(topic, body, matter, is_open):
    seen = extract_sighting(topic, body)
    assert (seen.order_id, seen.matter, seen.matter_open) == ("1001", matter, is_open)


def test_an_indian_order_shows_who_and_which_parcels():
    seen = extract_sighting("orders/updated", fixture("constructed_orders_updated_india.json"))
    assert (seen.kind, seen.order_id, seen.order_name) == (SightingKind.ORDER, "5678901234567", "#1042")
    assert (seen.email, seen.phone) == ("asha.rao@example.com", "+919876543210")
    assert seen.customer_id.isdigit()
    assert seen.placed_at == datetime(2022, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("carrier", ["bluedart", "delhivery"])
def test_a_fulfilment_shows_its_parcel_and_carrier(carrier):
    body = fixture(f"constructed_fulfillments_create_{carrier}.json")
    seen = extract_sighting("fulfillments/create", body)
    assert (seen.kind, seen.order_id, seen.email) == (SightingKind.PARCELS, "5678901234567", "asha.rao@example.com")
    assert {one.carrier for one in seen.parcels} == {carrier}
    assert {one.account_holder for one in seen.parcels} == {"merchant"}
    assert seen.parcels[0].shipped_at == datetime(2022, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("topic", "body", "sighting"),
    [
        ("orders/delete", {"id": 7}, Sighting(kind=SightingKind.ORDER_DELETED, order_id="7")),
        ("customers/delete", {"id": 7}, Sighting(kind=SightingKind.CUSTOMER_DELETED, customer_id="7")),
        ("app/uninstalled", {"id": 7, "email": "owner@example.com"}, Sighting(kind=SightingKind.NOTHING)),
        ("products/update", {"id": 7}, Sighting(kind=SightingKind.NOTHING)),
        ("customers/merge", fixture("customers_merge.json"), Sighting(kind=SightingKind.NOTHING)),
        ("customers/merge", {"status": "in_progress"}, Sighting(kind=SightingKind.NOTHING)),
        (
            "customers/merge",
            fixture("customers_merge.json") | {"status": "completed"},
            Sighting(kind=SightingKind.CUSTOMERS_MERGED, customer_id="2", kept_customer_id="1"),
        ),
        (
            "customers/update",
            {"admin_graphql_api_id": "gid://shopify/Customer/7", "email": " a@example.com ", "phone": None},
            Sighting(kind=SightingKind.CUSTOMER, customer_id="7", email="a@example.com"),
        ),
        ("refunds/create", {"id": 1, "order_id": 7}, Sighting(kind=SightingKind.PARCELS, order_id="7")),
        ("returns/approve", {"order": {"id": 7}}, Sighting(kind=SightingKind.PARCELS, order_id="7")),
        (
            "returns/approve",
            {"order": {"admin_graphql_api_id": "gid://shopify/Order/7"}},
            Sighting(kind=SightingKind.PARCELS, order_id="7"),
        ),
    ],
)
def test_a_topic_shows_its_kind_of_thing(topic, body, sighting):
    assert extract_sighting(topic, body) == sighting


@pytest.mark.parametrize(
    ("changes", "email", "phone"),
    [
        ({}, ASHA.email, ASHA.phone),
        ({"email": None, "contact_email": "c@example.com"}, "c@example.com", ASHA.phone),
        ({"email": " ", "customer": {"email": "k@example.com"}}, "k@example.com", ASHA.phone),
        ({"phone": None, "customer": {"phone": "1"}}, ASHA.email, "1"),
        ({"phone": None, "shipping_address": {"phone": "2"}}, ASHA.email, "2"),
        ({"phone": None, "shipping_address": None, "billing_address": {"phone": "3"}}, ASHA.email, "3"),
        ({"phone": None, "shipping_address": {"phone": "2"}, "billing_address": {"phone": "3"}}, ASHA.email, "3"),
        (
            {
                "phone": None,
                "shipping_address": {"phone": "2", "name": "Rita R"},
                "billing_address": {"name": "Bela B"},
            },
            ASHA.email,
            "",
        ),
        (
            {
                "phone": None,
                "shipping_address": {"phone": "2", "name": "bela  b"},
                "billing_address": {"name": "Bela B"},
            },
            ASHA.email,
            "2",
        ),
        ({"phone": 5, "email": [], "customer": "x", "shipping_address": []}, "", ""),
    ],
)
def test_the_first_address_that_is_given_counts(changes, email, phone):
    """Requirement E-07: the phone is the buyer's, never that of somebody who gets a gift."""
    seen = extract_sighting("orders/create", order_body(**changes))
    assert (seen.email, seen.phone) == (email, phone)


@pytest.mark.parametrize(
    ("shipment", "numbers"),
    [
        ({"tracking_numbers": ["A1", " A2 ", "", None]}, ["A1", "A2"]),
        ({"tracking_number": "A1"}, ["A1"]),
        ({"tracking_numbers": [], "tracking_number": "A1"}, ["A1"]),
        ({"tracking_numbers": "A1"}, []),
        ({"tracking_number": 12}, []),
        ({"tracking_number": "A" * 99}, ["A" * 99]),
    ],
)
def test_a_shipment_has_the_numbers_it_names(shipment, numbers):
    assert [one.number for one in extract_sighting("fulfillments/create", shipment).parcels] == numbers


def test_a_missing_url_at_the_end_is_the_last_given_one():
    delhivery = "https://www.delhivery.com/track/package/1"
    seen = extract_sighting(
        "fulfillments/create",
        {"tracking_numbers": ["1", "2", "3"], "tracking_urls": ["https://www.bluedart.com/x", delhivery]},
    )
    assert [one.carrier for one in seen.parcels] == ["bluedart", "delhivery", "delhivery"]


@pytest.mark.parametrize("key", ["reverse_deliveries", "return_shipments", "reverse_shipments"])
def test_a_return_shows_its_reverse_waybill(key):
    shipments = [
        {"tracking": {"number": "R1", "carrier_name": "Delhivery", "url": ""}},
        {"tracking_number": "R2", "tracking_company": "Blue Dart"},
        {"tracking": {}},
        "x",
    ]
    seen = extract_sighting("returns/approve", {"order_id": 7, key: shipments, "processed_at": "2026-01-01T00:00:00Z"})
    assert seen.parcels == (
        ParcelSighting(number="R1", carrier="delhivery", account_holder="merchant", shipped_at=None, is_return=True),
        ParcelSighting(number="R2", carrier="bluedart", account_holder="merchant", shipped_at=None, is_return=True),
    )
    assert seen.updated_at == datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2021-12-31T19:00:00-05:00", datetime(2022, 1, 1, tzinfo=UTC)),
        ("2025-07-10T16:15:47.000000Z", datetime(2025, 7, 10, 16, 15, 47, tzinfo=UTC)),
        ("2021-12-31T19:00:00", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("yesterday", None),
        ("", None),
        (None, None),
        (1_700_000_000, None),
    ],
)
def test_a_moment_needs_an_offset(text, at):
    assert parse_utc_datetime(text) == at


@given(topic=TOPICS, body=st.dictionaries(KEYS, VALUES, max_size=8))
def test_any_body_is_a_sighting_and_never_an_error(topic, body):
    seen = extract_sighting(topic, body)
    assert isinstance(seen, Sighting)
    assert len(seen.order_name) <= 64
    assert json.dumps([one.number for one in seen.parcels])
