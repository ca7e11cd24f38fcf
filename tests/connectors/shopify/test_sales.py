"""Reading sales from a stand-in that validates each query: amounts and State, no contact data."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bridge.connectors.shopify import Shopify
from bridge.errors import CredentialRejected
from bridge.rules.retention.invoice_copy import Supplier, build_invoice_copy
from bridge.sandbox.shopify.server import CLIENT_ID, CLIENT_SECRET
from bridge.sandbox.world import INVENTED_SHOP
from config.retention_file.retention_model import VaultRules

INVENTED_ORDERS = 12


@pytest.fixture(params=["2026-01", "2026-10"])
def shopify(stand_in, request):
    return Shopify(api_version=request.param, base_url=stand_in.url, client_id=CLIENT_ID, client_secret=CLIENT_SECRET)


def read_all_sales(shopify, *orders):
    return dict(shopify.list_sales([str(order.id) for order in orders], shop=INVENTED_SHOP))


def test_an_order_that_was_sent_or_paid_has_its_sale_and_each_refund_its_own(shopify, world):
    orders = [order for order in world.orders if order.parcels][:7]
    found = read_all_sales(shopify, *orders)
    assert set(found) == {str(order.id) for order in orders}
    for order in orders:
        invoice, *notes = found[str(order.id)]
        assert (invoice.number, invoice.total, invoice.tax) == (order.name, order.total, order.tax)
        assert invoice.delivery.state_code == order.address["province_code"]
        assert [line.description for line in invoice.lines] == [line.title for line in order.lines]
        assert invoice.issued_at >= max(box.shipped_at for box in order.parcels).replace(microsecond=0)
        assert [note.refund_id for note in notes] == [str(refund.id) for refund in order.refunds]
        assert [note.total for note in notes] == [refund.amount for refund in order.refunds]


def test_sales_contain_no_contact_data_and_no_engraving(shopify, world):
    person = world.asha
    orders = world.list_orders(person)
    sealed = [
        build_invoice_copy(sale, Supplier(name="x"), (), VaultRules(keep_identity=True)).content.decode()
        for sales in read_all_sales(shopify, *orders).values()
        for sale in sales
    ]
    assert sealed
    text = "".join(sealed)
    assert person.last in text
    words = [person.email, person.phone.removeprefix("+91")]
    words += [value for order in orders for line in order.lines for _, value in line.properties]
    assert [word for word in words if word and word in text] == []


def test_an_order_neither_paid_nor_shipped_has_no_sale(shopify, world, stand_in):
    order = world.orders[0]
    stand_in.shops[INVENTED_SHOP].written_fields[f"gid://shopify/Order/{order.id}"] = {
        "displayFinancialStatus": "PENDING",
        "displayFulfillmentStatus": "UNFULFILLED",
        "refunds": [],
    }
    assert read_all_sales(shopify, order) == {str(order.id): ()}


def test_an_order_that_shopify_does_not_know_is_left_out(shopify):
    assert dict(shopify.list_sales(["404"], shop=INVENTED_SHOP)) == {}


def test_after_shopifys_own_erasure_the_amounts_remain_and_name_and_address_do_not(shopify, world, stand_in):
    stand_in.shops[INVENTED_SHOP].redacted_customer_ids.add(world.asha.id)
    [order] = [order for order in world.list_orders(world.asha) if order.person_id and order.parcels][:1]
    (invoice, *_) = read_all_sales(shopify, order)[str(order.id)]
    assert (invoice.total, invoice.billing.name) == (Decimal(order.total), "")


def test_a_denied_field_is_refused_and_not_taken_for_complete(stand_in, shopify, world):
    stand_in.faults.add("deny_field", field="Order.billingAddress")
    with pytest.raises(CredentialRejected):
        read_all_sales(shopify, world.orders[0])


def test_an_order_that_was_voided_before_anything_was_sent_has_no_sale(shopify, world, stand_in):
    order = next(one for one in world.orders if one.refunds)
    bag = {"shopMoney": {"amount": "0.0", "currencyCode": "INR"}, "presentmentMoney": None}
    stand_in.shops[INVENTED_SHOP].written_fields[f"gid://shopify/Order/{order.id}"] = {
        "displayFinancialStatus": "VOIDED",
        "displayFulfillmentStatus": "UNFULFILLED",
        "refunds": [
            {
                "__typename": "Refund",
                "id": "gid://shopify/Refund/1",
                "processedAt": "2026-01-01T00:00:00Z",
                "totalRefundedSet": bag,
            }
        ],
    }
    assert read_all_sales(shopify, order) == {str(order.id): ()}
