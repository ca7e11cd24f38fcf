"""Orders, customers and parcels of the world in the REST shape that Shopify's webhooks still carry.

Pure: the same thing gives the same body. Shapes follow https://shopify.dev/docs/api/webhooks.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from bridge.sandbox.schema.personal import of_type

if TYPE_CHECKING:
    from datetime import datetime

    from bridge.sandbox.world.models import Line, Order, Person, Refund
    from bridge.sandbox.world.shipments import Parcel, Return

Body = dict[str, Any]
ZERO = Decimal("0.00")


def moment(at: datetime | None) -> str | None:
    """Write a moment with its offset."""
    return at.isoformat(timespec="seconds") if at else None


def money(name: str, amount: Decimal) -> Body:
    """Write an amount, and the set that repeats it in two currencies."""
    both = {"amount": f"{amount:.2f}", "currency_code": "INR"}
    return {name: f"{amount:.2f}", f"{name}_set": {"shop_money": both, "presentment_money": both}}


def gid(kind: str, number: int) -> str:
    """Give the global id that stands beside a number."""
    return f"gid://shopify/{kind}/{number}"


def home(person: Person) -> Body:
    """Write a customer's default address."""
    found = {key: value for key, value in person.address.items() if key not in {"latitude", "longitude"}}
    return {"id": person.id + 1, "customer_id": person.id, **found, "country_name": "India", "default": True}


def customer(person: Person) -> Body:
    """Write a customer."""
    return {
        "id": person.id,
        "created_at": moment(person.created_at),
        "updated_at": moment(person.created_at),
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
        "addresses": [home(person)],
        "tax_exemptions": [],
        "admin_graphql_api_id": gid("Customer", person.id),
        "default_address": home(person),
    }


def line(one: Line) -> Body:
    """Write a line item."""
    return {
        "id": one.id,
        "admin_graphql_api_id": gid("LineItem", one.id),
        "attributed_staffs": [],
        "current_quantity": one.quantity,
        "fulfillable_quantity": 0,
        "fulfillment_service": "manual",
        "fulfillment_status": None,
        "gift_card": False,
        "grams": 25,
        "name": one.title,
        **money("price", one.price),
        "product_exists": True,
        "product_id": 900_000_000_000 + one.id % 1_000,
        "properties": [{"name": name, "value": value} for name, value in one.properties],
        "quantity": one.quantity,
        "requires_shipping": True,
        "sku": one.sku,
        "taxable": True,
        "title": one.title,
        **money("total_discount", ZERO),
        "variant_id": 910_000_000_000 + one.id % 1_000,
        "variant_inventory_management": "shopify",
        "variant_title": None,
        "vendor": "Minimiss",
        "tax_lines": [],
        "duties": [],
        "discount_allocations": [],
    }


def fulfillment(order: Order, parcel: Parcel) -> Body:
    """Write a fulfilment with its tracking."""
    at = order.parcels.index(parcel) + 1 if parcel in order.parcels else 1
    return {
        "id": parcel.id,
        "order_id": order.id,
        "status": "success",
        "created_at": moment(parcel.shipped_at),
        "service": "manual",
        "updated_at": moment(parcel.delivered_at or parcel.shipped_at),
        "tracking_company": parcel.company,
        "shipment_status": "delivered" if parcel.delivered_at else "in_transit",
        "location_id": 80_000_000_001,
        "origin_address": None,
        "email": order.email,
        "destination": dict(parcel.consignee.address),
        "line_items": [line(one) for one in order.lines],
        "tracking_number": parcel.waybill,
        "tracking_numbers": [parcel.waybill],
        "tracking_url": parcel.url,
        "tracking_urls": [parcel.url],
        "receipt": {},
        "name": f"{order.name}.{at}",
        "admin_graphql_api_id": gid("Fulfillment", parcel.id),
    }


def refund(order: Order, one: Refund) -> Body:
    """Write a refund."""
    return {
        "id": one.id,
        "order_id": order.id,
        "created_at": moment(one.created_at),
        "note": one.note,
        "user_id": None,
        "processed_at": moment(one.created_at),
        "restock": True,
        "duties": [],
        "total_duties_set": money("x", ZERO)["x_set"],
        "return": None,
        "admin_graphql_api_id": gid("Refund", one.id),
        "refund_line_items": [],
        "transactions": [],
        "order_adjustments": [],
    }


def sent_back(order: Order, one: Return) -> Body:
    """Write a return that was asked for."""
    return {
        "id": one.id,
        "admin_graphql_api_id": gid("Return", one.id),
        "order_id": order.id,
        "order": {"id": order.id, "admin_graphql_api_id": gid("Order", order.id)},
        "name": one.name,
        "status": "requested",
        "created_at": moment(one.created_at),
        "total_return_line_items": 1,
        "return_line_items": [
            {
                "id": one.id,
                "admin_graphql_api_id": gid("ReturnLineItem", one.id),
                "quantity": 1,
                "return_reason": "defective",
                "return_reason_note": "",
                "customer_note": one.customer_note,
            }
        ],
    }


def order(one: Order, person: Person | None) -> Body:
    """Write an order; `person` is its customer, None for a guest."""
    gateway = "Cash on Delivery (COD)" if one.gateway == "cod" else "razorpay"
    number = int(one.name[1:])
    embedded = None
    if person is not None:
        embedded = {key: value for key, value in customer(person).items() if key != "addresses"}
    agent = "Mozilla/5.0 (Linux; Android 14)"
    told = {field.field: field.text for field in of_type("Order")} if one.rich else {}  # as the API says it
    return {
        "id": one.id,
        "admin_graphql_api_id": gid("Order", one.id),
        "app_id": 580111,
        "browser_ip": one.client_ip,
        "buyer_accepts_marketing": False,
        "cancel_reason": "customer" if one.cancelled or one.rich else None,
        "cancelled_at": moment(one.updated_at) if one.cancelled else told.get("cancelledAt"),
        "cart_token": f"c1-{one.id:x}",
        "checkout_token": f"{one.id:032x}",
        "client_details": {
            "accept_language": "en-IN",
            "browser_height": None,
            "browser_ip": one.client_ip,
            "browser_width": None,
            "session_hash": None,
            "user_agent": agent,
        },
        "closed_at": told.get("closedAt"),
        "confirmation_number": f"Q{one.id % 10**8:08d}",
        "confirmed": True,
        "contact_email": one.email,
        "created_at": moment(one.created_at),
        "currency": "INR",
        **money("current_subtotal_price", one.total),
        **money("current_total_discounts", ZERO),
        **money("current_total_price", one.total),
        **money("current_total_tax", one.tax),
        "customer_locale": told.get("customerLocale", "en-IN"),
        "device_id": None,
        "discount_codes": [],
        "duties_included": False,
        "email": one.email,
        "estimated_taxes": False,
        "financial_status": "pending" if one.gateway == "cod" else "paid",
        "fulfillment_status": "fulfilled" if one.parcels else None,
        "landing_site": "/?utm_source=instagram",
        "landing_site_ref": None,
        "location_id": None,
        "merchant_business_entity_id": "MTIz",
        "merchant_of_record_app_id": None,
        "name": one.name,
        "note": one.note or None,
        "note_attributes": [{"name": name, "value": value} for name, value in one.attributes],
        "number": number - 1000,
        "order_number": number,
        "order_status_url": f"https://shop.example.com/{one.id}/orders/{one.id:x}/authenticate?key={one.id:x}",
        "payment_gateway_names": [gateway],
        "phone": one.phone,
        "po_number": told.get("poNumber"),
        "presentment_currency": "INR",
        "processed_at": moment(one.created_at),
        "reference": None,
        "referring_site": "https://www.instagram.com/",
        "source_identifier": told.get("sourceIdentifier"),
        "source_name": told.get("sourceName", "web"),
        "source_url": None,
        **money("subtotal_price", one.total),
        "tags": ", ".join(one.tags),
        "tax_exempt": False,
        "tax_lines": [{"rate": 0.03, "title": "IGST", **money("price", one.tax), "channel_liable": False}],
        "taxes_included": True,
        "test": False,
        "token": f"{one.id:x}",
        **money("total_discounts", ZERO),
        **money("total_line_items_price", one.total),
        "total_outstanding": f"{one.total if one.gateway == 'cod' else ZERO:.2f}",
        **money("total_price", one.total),
        "total_shipping_price_set": money("x", ZERO)["x_set"],
        **money("total_tax", one.tax),
        "total_tip_received": "0.00",
        "total_weight": 25 * len(one.lines),
        "updated_at": moment(one.updated_at),
        "user_id": None,
        "billing_address": dict(one.address),
        "customer": embedded,
        "discount_applications": [],
        "fulfillments": [fulfillment(one, parcel) for parcel in one.parcels],
        "line_items": [line(found) for found in one.lines],
        "payment_terms": None,
        "refunds": [refund(one, found) for found in one.refunds],
        "shipping_address": dict(one.address),
        "shipping_lines": [
            {
                "id": one.id + 7,
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
