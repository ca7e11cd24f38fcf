"""Free text of deliveries: every place where people write, by its name."""

from __future__ import annotations

import pytest

from bridge.rules.free_text import once, spots
from bridge.rules.scanner import KINDS

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
            {"id": 4, "refunds": [{"note": None}, {"note": "to asha@okbank"}]},
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
                "refund_line_items": [
                    {"line_item": {"properties": [{"name": "PAN", "value": "ABCPE1234F"}]}}
                ],
            },
            "line properties: pan",
            "5",
            "",
        ),
        ("customers/update", {"id": 7001, "note": IFSC}, "customer note: ifsc", "", "7001"),
        ("customers/update", {"id": 7001, "tags": f"vip, {IFSC}"}, "customer tags: ifsc", "", "7001"),
        ("customers/create", {"id": 7001, "tags": ["vip", IFSC]}, "customer tags: ifsc", "", "7001"),
        (
            "orders/create",
            {"id": 6, "customer": {"id": 7001, "note": IFSC}},
            "customer note: ifsc",
            "6",
            "7001",
        ),
        ("fulfillments/create", {"id": 8, "order_id": 6, "note": IFSC}, "fulfillment note: ifsc", "6", ""),
    ],
)
def test_every_place_has_its_name(topic, body, what, order, customer):
    (spot,) = spots(topic, body, KINDS)
    assert (spot.what, spot.order_id, spot.customer_id) == (what, order, customer)
    assert spot.once == (once(what, customer_id=customer) if customer else "")


@pytest.mark.parametrize(
    "body",
    [
        {"id": 1},
        {"id": 1, "note": 5, "note_attributes": "x", "line_items": [None, {"properties": 7}], "refunds": {}},
        {"id": 1, "note": "For Asha", "customer": None, "note_attributes": [{"name": None}]},
    ],
)
def test_odd_shapes_hold_nothing(body):
    assert spots("orders/create", body, KINDS) == []


def test_a_file_that_looks_for_nothing_finds_nothing():
    assert spots("orders/create", {"id": 1, "note": IFSC}, ()) == []
