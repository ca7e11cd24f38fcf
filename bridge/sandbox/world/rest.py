"""Orders, customers and parcels of the world in the REST format of Shopify's webhooks.

The module is pure: the same object gives the same body. The format follows https://shopify.dev/docs/api/webhooks.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from bridge.sandbox.schema.personal import list_personal_fields

if TYPE_CHECKING:
    from datetime import datetime

    from bridge.sandbox.world.models import LineItem, Order, Person, Refund
    from bridge.sandbox.world.shipments import Parcel, Return

RestBody = dict[str, Any]
ZERO_AMOUNT = Decimal("0.00")


def format_offset_time(at: datetime | None) -> str | None:
    """Return a time with its offset."""
    return at.isoformat(timespec="seconds") if at else None


def build_money_fields(name: str, amount: Decimal) -> RestBody:
    """Return an amount, and the set that repeats it in two currencies."""
    amount_fields = {"amount": f"{amount:.2f}", "currency_code": "INR"}
    return {name: f"{amount:.2f}", f"{name}_set": {"shop_money": amount_fields, "presentment_money": amount_fields}}


def make_rest_gid(kind: str, number: int) -> str:
    """Return the global id of a number."""
    return f"gid://shopify/{kind}/{number}"


def build_default_address(person: Person) -> RestBody:
    """Return a customer's default address."""
    found = {key: value for key, value in person.address.items() if key not in {"latitude", "longitude"}}
    return {"id": person.id + 1, "customer_id": person.id, **found, "country_name": "India", "default": True}


def build_customer(person: Person) -> RestBody:
    """Return a customer."""
    return {
        "id": person.id,
        "created_at": format_offset_time(person.created_at),
        "updated_at": format_offset_time(person.created_at),
        "first_name": person.first,
        "last_name": person.last,
        "state": "enabled",
        "note": person.note or None,
        "verified_email": True,
        "multipass_identifier": None,
        "tax_exempt": False,
        "email": person.email,
        "phone": person.phone,
        "currency": "INR",
        "addresses": [build_default_address(person)],
        "tax_exemptions": [],
        "admin_graphql_api_id": make_rest_gid("Customer", person.id),
        "default_address": build_default_address(person),
    }


def build_line_item(item: LineItem) -> RestBody:
    """Return a line item."""
    return {
        "id": item.id,
        "admin_graphql_api_id": make_rest_gid("LineItem", item.id),
        "attributed_staffs": [],
        "current_quantity": item.quantity,
        "fulfillable_quantity": 0,
        "fulfillment_service": "manual",
        "fulfillment_status": None,
        "gift_card": False,
        "grams": 25,
        "name": item.title,
        **build_money_fields("price", item.price),
        "product_exists": True,
        "product_id": 900_000_000_000 + item.id % 1_000,
        "properties": [{"name": name, "value": value} for name, value in item.properties],
        "quantity": item.quantity,
        "requires_shipping": True,
        "sku": item.sku,
        "taxable": True,
        "title": item.title,
        **build_money_fields("total_discount", ZERO_AMOUNT),
        "variant_id": 910_000_000_000 + item.id % 1_000,
        "variant_inventory_management": "shopify",
        "variant_title": None,
        "vendor": "Minimiss",
        "tax_lines": [],
        "duties": [],
        "discount_allocations": [],
    }


def build_fulfillment(order: Order, parcel: Parcel) -> RestBody:
    """Return a fulfilment with its tracking."""
    at = order.parcels.index(parcel) + 1 if parcel in order.parcels else 1
    return {
        "id": parcel.id,
        "order_id": order.id,
        "status": "success",
        "created_at": format_offset_time(parcel.shipped_at),
        "service": "manual",
        "updated_at": format_offset_time(parcel.delivered_at or parcel.shipped_at),
        "tracking_company": parcel.company,
        "shipment_status": "delivered" if parcel.delivered_at else "in_transit",
        "location_id": 80_000_000_001,
        "origin_address": None,
        "email": order.email,
        "destination": dict(parcel.consignee.address),
        "line_items": [build_line_item(one) for one in order.lines],
        "tracking_number": parcel.waybill,
        "tracking_numbers": [parcel.waybill],
        "tracking_url": parcel.url,
        "tracking_urls": [parcel.url],
        "receipt": {},
        "name": f"{order.name}.{at}",
        "admin_graphql_api_id": make_rest_gid("Fulfillment", parcel.id),
    }


def build_refund(order: Order, refund: Refund) -> RestBody:
    """Return a refund."""
    return {
        "id": refund.id,
        "order_id": order.id,
        "created_at": format_offset_time(refund.created_at),
        "note": refund.note,
        "user_id": None,
        "processed_at": format_offset_time(refund.created_at),
        "restock": True,
        "duties": [],
        "total_duties_set": build_money_fields("x", ZERO_AMOUNT)["x_set"],
        "return": None,
        "admin_graphql_api_id": make_rest_gid("Refund", refund.id),
        "refund_line_items": [],
        "transactions": [],
        "order_adjustments": [],
    }


def build_return(order: Order, customer_return: Return) -> RestBody:
    """Return a requested return."""
    return {
        "id": customer_return.id,
        "admin_graphql_api_id": make_rest_gid("Return", customer_return.id),
        "order_id": order.id,
        "order": {"id": order.id, "admin_graphql_api_id": make_rest_gid("Order", order.id)},
        "name": customer_return.name,
        "status": "requested",
        "created_at": format_offset_time(customer_return.created_at),
        "total_return_line_items": 1,
        "return_line_items": [
            {
                "id": customer_return.id,
                "admin_graphql_api_id": make_rest_gid("ReturnLineItem", customer_return.id),
                "quantity": 1,
                "return_reason": "defective",
                "return_reason_note": "",
                "customer_note": customer_return.customer_note,
            }
        ],
    }


def build_order(order: Order, person: Person | None, *, shop_id: int) -> RestBody:
    """Return an order; `person` is its customer, None for a guest."""
    gateway = "Cash on Delivery (COD)" if order.gateway == "cod" else "razorpay"
    number = int(order.name[1:])
    embedded_customer = None
    if person is not None:
        embedded_customer = {key: value for key, value in build_customer(person).items() if key != "addresses"}
    agent = "Mozilla/5.0 (Linux; Android 14)"
    consents = (
        {field.field: field.text for field in list_personal_fields("Order")} if order.rich else {}
    )  # as the API spells it
    return {
        "id": order.id,
        "admin_graphql_api_id": make_rest_gid("Order", order.id),
        "app_id": 580111,
        "browser_ip": order.client_ip,
        "buyer_accepts_marketing": False,
        "cancel_reason": "customer" if order.cancelled or order.rich else None,
        "cancelled_at": format_offset_time(order.updated_at) if order.cancelled else consents.get("cancelledAt"),
        "cart_token": f"c1-{order.id:x}",
        "checkout_token": f"{order.id:032x}",
        "client_details": {
            "accept_language": "en-IN",
            "browser_height": None,
            "browser_ip": order.client_ip,
            "browser_width": None,
            "session_hash": None,
            "user_agent": agent,
        },
        "closed_at": consents.get("closedAt"),
        "confirmation_number": f"Q{order.id % 10**8:08d}",
        "confirmed": True,
        "contact_email": order.email,
        "created_at": format_offset_time(order.created_at),
        "currency": "INR",
        **build_money_fields("current_subtotal_price", order.total),
        **build_money_fields("current_total_discounts", ZERO_AMOUNT),
        **build_money_fields("current_total_price", order.total),
        **build_money_fields("current_total_tax", order.tax),
        "customer_locale": consents.get("customerLocale", "en-IN"),
        "device_id": None,
        "discount_codes": [],
        "duties_included": False,
        "email": order.email,
        "estimated_taxes": False,
        "financial_status": "pending" if order.gateway == "cod" else "paid",
        "fulfillment_status": "fulfilled" if order.parcels else None,
        "landing_site": "/?utm_source=instagram",
        "landing_site_ref": None,
        "location_id": None,
        "merchant_business_entity_id": "MTIz",
        "merchant_of_record_app_id": None,
        "name": order.name,
        "note": order.note or None,
        "note_attributes": [{"name": name, "value": value} for name, value in order.attributes],
        "number": number - 1000,
        "order_number": number,
        "order_status_url": f"https://shop.example.com/{shop_id}/orders/{order.id:x}/authenticate?key={order.id:x}",
        "payment_gateway_names": [gateway],
        "phone": order.phone,
        "po_number": consents.get("poNumber"),
        "presentment_currency": "INR",
        "processed_at": format_offset_time(order.created_at),
        "reference": None,
        "referring_site": "https://www.instagram.com/",
        "source_identifier": consents.get("sourceIdentifier"),
        "source_name": consents.get("sourceName", "web"),
        "source_url": None,
        **build_money_fields("subtotal_price", order.total),
        "tags": ", ".join(order.tags),
        "tax_exempt": False,
        "tax_lines": [
            {"rate": 0.03, "title": "IGST", **build_money_fields("price", order.tax), "channel_liable": False}
        ],
        "taxes_included": True,
        "test": False,
        "token": f"{order.id:x}",
        **build_money_fields("total_discounts", ZERO_AMOUNT),
        **build_money_fields("total_line_items_price", order.total),
        "total_outstanding": f"{order.total if order.gateway == 'cod' else ZERO_AMOUNT:.2f}",
        **build_money_fields("total_price", order.total),
        "total_shipping_price_set": build_money_fields("x", ZERO_AMOUNT)["x_set"],
        **build_money_fields("total_tax", order.tax),
        "total_tip_received": "0.00",
        "total_weight": 25 * len(order.lines),
        "updated_at": format_offset_time(order.updated_at),
        "user_id": None,
        "billing_address": dict(order.address),
        "customer": embedded_customer,
        "discount_applications": [],
        "fulfillments": [build_fulfillment(order, parcel) for parcel in order.parcels],
        "line_items": [build_line_item(found) for found in order.lines],
        "payment_terms": None,
        "refunds": [build_refund(order, found) for found in order.refunds],
        "shipping_address": dict(order.address),
        "shipping_lines": [
            {
                "id": order.id + 7,
                "carrier_identifier": None,
                "code": "Standard",
                "discounted_price": "0.00",
                "is_removed": False,
                "phone": None,
                "price": "0.00",
                "requested_fulfillment_service_id": None,
                "source": "shopify",
                "title": "Standard",
                "tax_lines": [],
                "discount_allocations": [],
            }
        ],
        "returns": [],
        "line_item_groups": [],
    }
