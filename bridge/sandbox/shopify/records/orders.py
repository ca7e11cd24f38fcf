"""Orders and drafts of the world as records of Shopify's Admin schema, with their parts.

The orders of a redacted customer keep ids, money and waybills and lose their personal data.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from bridge.sandbox.shopify.records import parts
from bridge.sandbox.shopify.records.parts import (
    Record,
    build_money_bag,
    build_postal_address,
    format_utc_time,
    make_gid,
)
from bridge.sandbox.shopify.rich.order import seed_order
from bridge.sandbox.shopify.rich.related_records import seed_draft

if TYPE_CHECKING:
    from bridge.sandbox.shopify.state import Shop
    from bridge.sandbox.world.models import DraftOrder, Order, Refund, Transaction
    from bridge.sandbox.world.shipments import Parcel, Return


def fulfillment_record(order: Order, parcel: Parcel, position: int) -> Record:
    """Return a fulfilment with its tracking."""
    arrived = parcel.delivered_at is not None
    town = order.address
    scan = {
        "__typename": "FulfillmentEvent",
        "id": make_gid("FulfillmentEvent", parcel.id),
        "status": "DELIVERED" if arrived else "IN_TRANSIT",
        "message": None,
        "happenedAt": format_utc_time(parcel.delivered_at or parcel.shipped_at),
        "city": town["city"],
        "province": town["province"],
        "country": town["country"],
        "zip": town["zip"],
    }
    return {
        "__typename": "Fulfillment",
        "id": make_gid("Fulfillment", parcel.id),
        "legacyResourceId": str(parcel.id),
        "name": f"{order.name}.{position}",
        "status": "SUCCESS",
        "displayStatus": "DELIVERED" if arrived else "IN_TRANSIT",
        "createdAt": format_utc_time(parcel.shipped_at),
        "updatedAt": format_utc_time(parcel.delivered_at or parcel.shipped_at),
        "inTransitAt": format_utc_time(parcel.shipped_at),
        "deliveredAt": format_utc_time(parcel.delivered_at),
        "totalQuantity": sum(line.quantity for line in order.lines),
        "service": {"__typename": "FulfillmentService", "id": make_gid("FulfillmentService", 1), "handle": "manual"},
        "trackingInfo": [{"company": parcel.company, "number": parcel.waybill, "url": parcel.url}],
        "events": [scan],
    }


def fulfillment_order_record(order: Order, parcel: Parcel, *, hidden: bool) -> Record:
    """Return the fulfilment order with the address that the carrier received."""
    found = parcel.consignee.address
    tracking = {
        "id": make_gid("FulfillmentOrderDestination", parcel.id),
        "firstName": parcel.consignee.first,
        "lastName": parcel.consignee.last,
        "address1": found["address1"],
        "address2": found["address2"],
        "city": found["city"],
        "province": found["province"],
        "zip": found["zip"],
        "countryCode": found["country_code"],
        "phone": parcel.consignee.phone,
        "email": parcel.consignee.email,
    }
    return {
        "__typename": "FulfillmentOrder",
        "id": make_gid("FulfillmentOrder", parcel.id),
        "status": "CLOSED",
        "createdAt": format_utc_time(order.created_at),
        "updatedAt": format_utc_time(parcel.shipped_at),
        "destination": None if hidden else tracking,
        "orderName": order.name,
    }


def transaction_record(transaction: Transaction) -> Record:
    """Return a transaction."""
    return {
        "__typename": "OrderTransaction",
        "id": make_gid("OrderTransaction", transaction.id),
        "kind": "SALE",
        "status": "PENDING" if transaction.kind == "PENDING" else "SUCCESS",
        "gateway": "Cash on Delivery (COD)" if transaction.gateway == "cod" else "razorpay",
        "formattedGateway": "Cash on Delivery (COD)" if transaction.gateway == "cod" else "Razorpay",
        "paymentId": f"{transaction.id}.1",
        "createdAt": format_utc_time(transaction.processed_at),
        "processedAt": format_utc_time(transaction.processed_at),
        "amountSet": build_money_bag(transaction.amount),
    }


def refund_record(refund: Refund, *, hidden: bool) -> Record:
    """Return a refund."""
    return {
        "__typename": "Refund",
        "id": make_gid("Refund", refund.id),
        "legacyResourceId": str(refund.id),
        "note": None if hidden else refund.note,
        "createdAt": format_utc_time(refund.created_at),
        "updatedAt": format_utc_time(refund.created_at),
        "processedAt": format_utc_time(refund.created_at),
        "totalRefundedSet": build_money_bag(refund.amount),
    }


def return_record(customer_return: Return, *, hidden: bool) -> Record:
    """Return a return with the waybill of its parcel."""
    line = {
        "__typename": "ReturnLineItem",
        "id": make_gid("ReturnLineItem", customer_return.id),
        "quantity": 1,
        "customerNote": None if hidden else customer_return.customer_note,
        "returnReason": "DEFECTIVE",
        "returnReasonNote": "",
    }
    delivery = {
        "__typename": "ReverseDelivery",
        "id": make_gid("ReverseDelivery", customer_return.id),
        "deliverable": {
            "__typename": "ReverseDeliveryShippingDeliverable",
            "tracking": {
                "carrierName": customer_return.company,
                "number": customer_return.waybill,
                "url": customer_return.url,
            },
            "label": None,
        },
    }
    order = {
        "__typename": "ReverseFulfillmentOrder",
        "id": make_gid("ReverseFulfillmentOrder", customer_return.id),
        "status": "OPEN",
        "reverseDeliveries": [delivery],
    }
    return {
        "__typename": "Return",
        "id": make_gid("Return", customer_return.id),
        "name": customer_return.name,
        "status": "OPEN",
        "createdAt": format_utc_time(customer_return.created_at),
        "totalQuantity": 1,
        "returnLineItems": [line],
        "reverseFulfillmentOrders": [order],
    }


def order_record(shop: Shop, order: Order) -> Record:
    """Return an order."""
    hidden = order.person_id in shop.redacted_customer_ids
    owner = make_gid("Order", order.id)
    address = build_postal_address(order.id, order.address, hidden=hidden)
    cod, refunded = order.gateway == "cod", sum((back.amount for back in order.refunds), Decimal(0))
    gateway = "Cash on Delivery (COD)" if cod else "razorpay"
    delivered = all(box.delivered_at for box in order.parcels)
    visit = {
        "id": make_gid("CustomerVisit", order.id),
        "occurredAt": format_utc_time(order.created_at),
        "landingPage": f"https://{shop.world.shop}/",
        "referrerUrl": "https://www.instagram.com/",
        "source": "Instagram",
        "sourceType": None,
        "utmParameters": {"campaign": "diwali", "source": "instagram", "medium": "social"},
    }
    status = "PARTIALLY_REFUNDED" if refunded else "PENDING" if cod and not delivered else "PAID"
    record: Record = {
        "__typename": "Order",
        "id": owner,
        "legacyResourceId": str(order.id),
        "name": order.name,
        "number": int(order.name[1:]),
        "confirmationNumber": f"Q{order.id % 10**8:08d}",
        "sourceName": "web",
        "email": None if hidden else order.email,
        "phone": None if hidden else order.phone,
        "note": None if hidden else order.note or None,
        "tags": list(order.tags),
        "clientIp": None if hidden else order.client_ip,
        "cartToken": None if hidden else f"c1-{order.id:x}",
        "checkoutToken": None if hidden else f"{order.id:032x}",
        "customerLocale": "en-IN",
        "customerAcceptsMarketing": not hidden,
        "statusPageUrl": f"https://{shop.world.shop}/orders/{order.id:x}/authenticate?key={order.id % 9973:08x}",
        "createdAt": format_utc_time(order.created_at),
        "processedAt": format_utc_time(order.created_at),
        "updatedAt": format_utc_time(order.updated_at),
        "cancelledAt": format_utc_time(order.updated_at) if order.cancelled else None,
        "cancelReason": "CUSTOMER" if order.cancelled else None,
        "test": False,
        "currencyCode": "INR",
        "presentmentCurrencyCode": "INR",
        "taxesIncluded": True,
        "displayFinancialStatus": status,
        "displayFulfillmentStatus": "FULFILLED" if order.parcels else "UNFULFILLED",
        "returnStatus": "IN_PROGRESS" if order.returns else "NO_RETURN",
        "paymentGatewayNames": [gateway],
        "billingAddressMatchesShippingAddress": True,
        "hasTimelineComment": any(item.is_comment for item in order.timeline),
        "totalPriceSet": build_money_bag(order.total),
        "currentTotalPriceSet": build_money_bag(order.total - refunded),
        "subtotalPriceSet": build_money_bag(order.total),
        "totalTaxSet": build_money_bag(order.tax),
        "totalTipReceivedSet": build_money_bag(Decimal(0)),
        "totalShippingPriceSet": build_money_bag(Decimal(0)),
        "totalRefundedSet": build_money_bag(refunded),
        "taxLines": [{"title": "IGST", "rate": 0.03, "priceSet": build_money_bag(order.tax)}],
        "customer": lambda _: shop.find_customer_record(order.person_id) if order.person_id else None,
        "billingAddress": address,
        "shippingAddress": address,
        "customAttributes": [] if hidden else parts.build_attributes(order.attributes),
        "shippingLines": [
            {"id": make_gid("ShippingLine", order.id), "title": "Standard", "code": "Standard", "source": "shopify"}
        ],
        "lineItems": parts.build_line_items(order.lines, "LineItem", hidden=hidden),
        "fulfillments": [fulfillment_record(order, box, at) for at, box in enumerate(order.parcels, 1)],
        "fulfillmentOrders": [fulfillment_order_record(order, box, hidden=hidden) for box in order.parcels],
        "transactions": [transaction_record(item) for item in order.transactions],
        "refunds": [refund_record(item, hidden=hidden) for item in order.refunds],
        "returns": [return_record(item, hidden=hidden) for item in order.returns],
        "events": [] if hidden else parts.build_timeline(shop.world, "Order", order.id, order.timeline),
        "customerJourneySummary": None
        if hidden
        else {"ready": True, "customerOrderIndex": 0, "firstVisit": visit, "lastVisit": visit},
        "risk": {"recommendation": "ACCEPT", "assessments": []},
        **parts.build_metafields(shop, owner, () if hidden else order.metafields, order.created_at),
    }
    if order.rich and not hidden:
        record = seed_order(shop, order, record)
    return record if hidden else record | shop.written_fields.get(owner, {})


def draft_record(shop: Shop, draft: DraftOrder) -> Record:
    """Return a draft order."""
    hidden = draft.person_id in shop.redacted_customer_ids
    address = build_postal_address(draft.id, draft.address, hidden=hidden)
    total = sum((line.price for line in draft.lines), Decimal(0))
    record: dict[str, Any] = {
        "__typename": "DraftOrder",
        "id": make_gid("DraftOrder", draft.id),
        "legacyResourceId": str(draft.id),
        "name": draft.name,
        "status": "OPEN",
        "email": None if hidden else draft.email,
        "phone": None if hidden else draft.phone,
        "note2": None if hidden else draft.note,
        "createdAt": format_utc_time(draft.created_at),
        "updatedAt": format_utc_time(draft.created_at),
        "currencyCode": "INR",
        "customer": lambda _: shop.find_customer_record(draft.person_id) if draft.person_id else None,
        "customAttributes": [] if hidden else parts.build_attributes(draft.attributes),
        "billingAddress": address,
        "shippingAddress": address,
        "totalPriceSet": build_money_bag(total),
        "lineItems": parts.build_line_items(draft.lines, "DraftOrderLineItem", hidden=hidden),
        **parts.build_metafields(
            shop, make_gid("DraftOrder", draft.id), () if hidden else draft.metafields, draft.created_at
        ),
    }
    return seed_draft(shop, draft, record) if draft.rich and not hidden else record
