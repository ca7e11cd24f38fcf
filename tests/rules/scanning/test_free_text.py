"""Free text of deliveries: every field where people write, by its name."""

from __future__ import annotations

import pytest

from bridge.rules.scanning.free_text import MAX_DELIVERY_CHARS, MAX_TEXT_CHARS, build_review_key, find_sensitive_text
from bridge.rules.scanning.scanner import SCAN_KINDS

IFSC = "HDFC0001234"


@pytest.mark.parametrize(
    ("topic", "body", "what", "order", "customer"),
    [
        ("orders/create", {"id": 1, "note": IFSC}, "order note: ifsc", "1", ""),
        (
            "orders/updated",
            {
                "admin_graphql_api_id": "gid://shopify/Order/2",
                "note_attributes": [{"name": "Bank account", "value": "123456789012"}],
            },
            "order attributes: bank_account",
            "2",
            "",
        ),
        (
            "orders/create",
            {
                "id": 3,
                "line_items": [
                    {"properties": [{"name": "Engraving", "value": "For Asha"}]},
                    {"properties": {"A/c": "12345678901", "Branch": IFSC}},
                ],
            },
            "line properties: bank_account, ifsc",
            "3",
            "",
        ),
        (
            "orders/updated",
            {"id": 4, "refunds": [{"note": None}, {"note": "to asha@okicici"}]},
            "refund note: upi_vpa",
            "4",
            "",
        ),
        ("refunds/create", {"id": 9, "order_id": 5, "note": IFSC}, "refund note: ifsc", "5", ""),
        (
            "refunds/create",
            {
                "id": 9,
                "order_id": 5,
                "refund_line_items": [{"line_item": {"properties": [{"name": "PAN", "value": "ABCPE1234F"}]}}],
            },
            "line properties: pan",
            "5",
            "",
        ),
        ("customers/update", {"id": 7001, "note": IFSC}, "customer note: ifsc", "", "7001"),
        ("customers/update", {"id": 7001, "tags": f"vip, {IFSC}"}, "customer tags: ifsc", "", "7001"),
        ("customers/create", {"id": 7001, "tags": ["vip", IFSC]}, "customer tags: ifsc", "", "7001"),
        ("orders/create", {"id": 6, "customer": {"id": 7001, "note": IFSC}}, "customer note: ifsc", "6", "7001"),
        ("fulfillments/create", {"id": 8, "order_id": 6, "note": IFSC}, "fulfillment note: ifsc", "6", ""),
    ],
)
def test_every_field_has_its_name(topic, body, what, order, customer):
    (spot,) = find_sensitive_text(topic, body, SCAN_KINDS)
    assert (spot.what, spot.order_id, spot.customer_id) == (what, order, customer)
    assert spot.review_key == (build_review_key(what, customer_id=customer) if customer else "")


@pytest.mark.parametrize(
    "body",
    [
        {"id": 1},
        {"id": 1, "note": 5, "note_attributes": "x", "line_items": [None, {"properties": 7}], "refunds": {}},
        {"id": 1, "note": "For Asha", "customer": None, "note_attributes": [{"name": None}]},
    ],
)
def test_malformed_bodies_have_no_findings(body):
    assert find_sensitive_text("orders/create", body, SCAN_KINDS) == []


def test_without_kinds_nothing_is_found():
    assert find_sensitive_text("orders/create", {"id": 1, "note": IFSC}, ()) == []


def test_a_text_is_scanned_up_to_its_limit_and_a_longer_one_is_reported():
    body = {
        "id": 1,
        "note": IFSC + " " * MAX_TEXT_CHARS + "asha@okicici",
        "customer": {"id": 7, "note": "x" * (MAX_TEXT_CHARS + 1)},
    }
    assert [(spot.what, spot.customer_id) for spot in find_sensitive_text("orders/create", body, SCAN_KINDS)] == [
        ("order note: ifsc", ""),
        ("order note: too long to look at whole", ""),
        ("customer note: too long to look at whole", "7"),
    ]
    assert find_sensitive_text("orders/create", {"id": 1, "note": "x" * MAX_TEXT_CHARS}, SCAN_KINDS) == []
    assert find_sensitive_text("orders/create", body, ()) == []


def test_a_delivery_is_scanned_up_to_its_limit_and_each_field_after_it_is_reported():
    line = {"properties": [{"name": "Engraving", "value": "For Asha " * 1_000}]}
    body = {"id": 1, "line_items": [line] * (MAX_DELIVERY_CHARS // 8_000), "customer": {"id": 7, "note": IFSC}}
    assert [spot.what for spot in find_sensitive_text("orders/create", body, SCAN_KINDS)] == [
        "line properties: too long to look at whole",
        "customer note: too long to look at whole",
    ]


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("_bundle", "50100123456789", False),
        ("bundleId", "50100123456789", False),
        ("Product ID", "50100123456789", False),
        ("variant", "50100123456789", False),
        ("_bank_account", "50100123456789", True),
        ("Account id", "50100123456789", True),
        ("_card", "4111111111111111", True),
        ("Refund to", "50100123456789", True),
    ],
)
def test_ids_that_apps_write_into_properties_are_no_cards(name, value, found):
    lines = [{"properties": [{"name": name, "value": value}]}]
    assert bool(find_sensitive_text("orders/create", {"id": 1, "line_items": lines}, SCAN_KINDS)) is found
