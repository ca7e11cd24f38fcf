"""What a statutory copy states and when it names the buyer, at the edges of the rules. Orders are Shopify's samples."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.model import DocumentKind
from bridge.rules.index.sales import INVOICE_TOPICS, read_sale
from bridge.rules.retention.invoice_copy import (
    GST_STATE_CODES,
    Supplier,
    build_invoice_copy,
    compute_taxable_value,
    list_buyer_name_reasons,
)
from config.retention_file.retention import load_retention
from config.settings import RETENTION_FILE
from tests.factories import NOW, fixture

RETENTION = load_retention(RETENTION_FILE)
CONDITIONS = RETENTION.categories["invoice_document"].name_address_required_if_any
SUPPLIER = Supplier(name="MINI MISS", address="Agra", gstin="", state_code="09")
DELHI = {
    "name": "Asha Qwertzuiop",
    "address1": "7 Nowhere Lane",
    "address2": None,
    "city": "Delhi",
    "zip": "110001",
    "province": "Delhi",
    "province_code": "DL",
    "country_code": "IN",
    "phone": "+919811122233",
    "latitude": 28.6,
}
BERLIN = DELHI | {"city": "Berlin", "province": None, "province_code": None, "country_code": "DE"}


def body(total="51499.00", tax="1500.00", **changed):
    fields = {
        "id": 1001,
        "name": "#1001",
        "updated_at": "2026-11-22T10:00:00Z",
        "currency": "INR",
        "total_price": total,
        "total_tax": tax,
        "total_tip_received": "0.00",
        "email": "asha@qwertzuiop.example",
        "note": "ring the bell, Asha",
        "tags": "vip",
        "browser_ip": "203.0.113.9",
        "financial_status": "paid",
        "payment_gateway_names": ["razorpay"],
        "note_attributes": [],
        "tax_lines": [{"title": "IGST", "rate": 0.03, "price": tax}],
        "shipping_lines": [{"price": "10.00", "discounted_price": "0.00"}],
        "billing_address": DELHI,
        "shipping_address": DELHI,
        "line_items": [
            {
                "title": "Silver ring",
                "sku": "R-12",
                "quantity": 1,
                "price": total,
                "total_discount": "0.00",
                "tax_lines": [],
                "properties": [{"name": "Engraving", "value": "For Asha"}],
            }
        ],
    }
    return fields | changed


def copy(fields=None, *, rules=RETENTION.vault, topic="orders/paid"):
    sold = read_sale(topic, fields or body(), NOW)
    sealed = build_invoice_copy(sold, SUPPLIER, CONDITIONS, rules)
    return sealed, json.loads(sealed.content)


def test_t05_one_rupee_below_the_threshold_the_copy_has_the_state_and_neither_name_nor_street():
    sealed, content = copy(body("51498.99", "1499.99"))
    assert compute_taxable_value(read_sale("orders/paid", body("51498.99", "1499.99"), NOW)) == Decimal("49999.00")
    assert content["place_of_supply"] == {
        "state": "Delhi",
        "state_code": "DL",
        "gst_state_code": "07",
        "country_code": "IN",
    }
    assert not sealed.names_buyer
    assert "buyer" not in content
    assert [word for word in ("Asha", "Nowhere", "110001") if word.encode() in sealed.content] == []


def test_t06_from_fifty_thousand_of_taxable_value_the_copy_has_name_address_state_and_code():
    sealed, content = copy(body("51500.00", "1500.00"))
    assert content["taxable_value"] == "50000.00"
    assert content["named_because"] == ["taxable_value_at_least_50000_inr"]
    assert sealed.names_buyer
    assert content["buyer"]["billed_to"]["name"] == "Asha Qwertzuiop"
    assert content["buyer"]["delivered_to"]["lines"] == ["7 Nowhere Lane"]
    assert content["place_of_supply"]["gst_state_code"] == "07"


def test_t07_the_copy_of_an_export_has_name_address_and_country_at_any_value():
    _, content = copy(body("3090.00", "0.00", shipping_address=BERLIN))
    assert content["named_because"] == ["is_export"]
    assert content["buyer"]["delivered_to"]["country_code"] == "DE"
    assert content["place_of_supply"]["gst_state_code"] == ""


def test_no_copy_has_particulars_that_no_rule_asks_for():
    sealed, _ = copy(body("900000.00", "0.00"))
    forbidden = ("qwertzuiop.example", "9811122233", "bell", "vip", "203.0.113", "For Asha", "28.6")
    assert [word for word in forbidden if word.encode() in sealed.content] == []


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"note_attributes": [{"name": "Invoice_Name", "value": "yes"}]}, "recipient_requested"),
        ({"note_attributes": [{"name": "gstin", "value": "29abcde1234f1z5"}]}, "recipient_has_gstin"),
        ({"note_attributes": [{"name": "gst", "value": "27 AAPFU 0939F 1ZV"}]}, "recipient_has_gstin"),
        ({"billing_address": DELHI | {"company": "ACME 27-AAPFU0939F-1ZV"}}, "recipient_has_gstin"),
        ({"currency": "USD"}, "taxable_value_unknown"),
        ({"total_tax": None}, "taxable_value_unknown"),
    ],
)
def test_a_small_invoice_names_the_buyer_where_a_rule_wants_it_or_in_doubt(fields, reason):
    _, content = copy(body("1030.00", "30.00") | fields)
    assert content["named_because"] == [reason]
    assert content["buyer"]["billed_to"]["city"] == "Delhi"


def test_an_empty_attribute_asks_for_nothing():
    fields = body("1030.00", "30.00", note_attributes=[{"name": "invoice_name", "value": " "}])
    assert copy(fields)[1]["named_because"] == []


def test_the_setting_names_the_buyer_in_every_copy():
    _, content = copy(body("1030.00", "30.00"), rules=replace(RETENTION.vault, keep_identity=True))
    assert content["named_because"] == ["kept_by_setting"]


def test_an_unknown_condition_names_the_buyer_since_a_copy_cannot_be_corrected_later():
    sold = read_sale("orders/paid", body("1030.00", "30.00"), NOW)
    assert list_buyer_name_reasons(sold, ("a_rule_nobody_wrote",), RETENTION.vault) == ("a_rule_nobody_wrote",)


def test_the_figures_are_those_that_an_invoice_must_state():
    _, content = copy(body("51500.00", "1500.00"))
    assert (content["number"], content["tax_amount"], content["total"]) == ("#1001", "1500.00", "51500.00")
    assert content["lines"][0]["hsn"] == "7113"
    assert content["supplier"] == {"name": "MINI MISS", "address": "Agra", "gstin": "", "state_code": "09"}
    assert content["taxes"] == [{"title": "IGST", "rate": "0.03", "amount": "1500.00"}]
    assert content["paid_by"] == ["razorpay"]


def test_a_tip_is_no_taxable_value():
    assert compute_taxable_value(read_sale("orders/paid", body("60000", "0", total_tip_received="20000"), NOW)) == 40000


@pytest.mark.parametrize("topic", ["orders/create", "orders/updated", "orders/cancelled", "customers/update"])
def test_t08_an_order_neither_paid_nor_sent_proves_no_invoice(topic):
    assert read_sale(topic, body("80000.00", "0.00", financial_status="voided"), NOW) is None


def test_a_test_order_is_no_sale():
    assert read_sale("orders/paid", body(test=True), NOW) is None


def test_a_refund_is_a_credit_note_that_names_nobody():
    fields = {
        "id": 77,
        "order_id": 1001,
        "note": "for Asha",
        "processed_at": "2027-04-02T00:00:00Z",
        "refund_line_items": [
            {"quantity": 1, "total_tax": "30.00", "line_item": {"title": "Silver ring", "price": "1000"}}
        ],
        "transactions": [{"kind": "refund", "amount": "1030.00", "currency": "INR", "gateway": "bank"}],
    }
    sealed, content = copy(fields, topic="refunds/create")
    assert (sealed.kind, sealed.source_id, sealed.order_id) == (DocumentKind.CREDIT_NOTE, "77", "1001")
    assert (content["total"], content["tax_amount"], content["taxable_value"]) == ("1030.00", "30.00", "1000.00")
    assert not sealed.names_buyer
    assert b"Asha" not in sealed.content


@pytest.mark.parametrize("name", ["orders_paid.json", "orders_fulfilled.json"])
def test_shopifys_own_samples_are_read(name):
    topic = name.removesuffix(".json").replace("_", "/", 1)
    fields = fixture(name) | {"test": False}
    sold = read_sale(topic, fields, NOW)
    assert (sold.order_id, sold.number) == (str(fields["id"]), fields["name"])
    assert sold.total == Decimal(fields["total_price"])
    assert len(sold.lines) == len(fields["line_items"])


def test_every_state_of_india_has_its_code():
    codes = {f"{number:02}" for number in range(1, 39)} - {"25", "28"}  # merged into 26, split into 36 and 37
    assert set(GST_STATE_CODES.values()) == codes


words = st.one_of(st.none(), st.text(max_size=8), st.integers(), st.lists(st.none(), max_size=2), st.booleans())


@given(st.sampled_from(INVOICE_TOPICS), st.dictionaries(st.sampled_from(sorted(body())), words, max_size=8))
def test_any_body_is_read_or_ignored_and_never_raises(topic, changed):
    sold = read_sale(topic, body(**changed), NOW)
    if sold is not None:
        assert json.loads(build_invoice_copy(sold, SUPPLIER, CONDITIONS, RETENTION.vault).content)["kind"] == "invoice"


@given(st.decimals(min_value=0, max_value=200_000, places=2))
def test_the_threshold_is_where_the_rule_says_for_every_amount(value):
    _, content = copy(body(str(value + 100), "100.00"))
    assert ("buyer" in content) == (value >= 50_000)
