"""Orders and drafts of the world as records of Shopify's Admin schema, with what hangs on them.

A redacted customer's orders keep their numbers, money and waybills and lose what is about a person.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from bridge.sandbox.shopify.records import parts
from bridge.sandbox.shopify.records.parts import Record, bag, gid, moment, postal
from bridge.sandbox.shopify.rich.beside import over_draft
from bridge.sandbox.shopify.rich.order import over_order

if TYPE_CHECKING:
    from bridge.sandbox.shopify.state import Shop
    from bridge.sandbox.world.models import DraftOrder, Order, Refund, Transaction
    from bridge.sandbox.world.shipments import Parcel, Return


def parcel(order: Order, one: Parcel, at: int) -> Record:
    """Write a fulfilment with its tracking."""
    arrived = one.delivered_at is not None
    town = order.address
    scan = {
        "__typename": "FulfillmentEvent",
        "id": gid("FulfillmentEvent", one.id),
        "status": "DELIVERED" if arrived else "IN_TRANSIT",
        "message": None,
        "happenedAt": moment(one.delivered_at or one.shipped_at),
        "city": town["city"],
        "province": town["province"],
        "country": town["country"],
        "zip": town["zip"],
    }
    return {
        "__typename": "Fulfillment",
        "id": gid("Fulfillment", one.id),
        "legacyResourceId": str(one.id),
        "name": f"{order.name}.{at}",
        "status": "SUCCESS",
        "displayStatus": "DELIVERED" if arrived else "IN_TRANSIT",
        "createdAt": moment(one.shipped_at),
        "updatedAt": moment(one.delivered_at or one.shipped_at),
        "inTransitAt": moment(one.shipped_at),
        "deliveredAt": moment(one.delivered_at),
        "totalQuantity": sum(line.quantity for line in order.lines),
        "trackingInfo": [{"company": one.company, "number": one.waybill, "url": one.url}],
        "events": [scan],
    }


def handed_over(order: Order, one: Parcel, *, hidden: bool) -> Record:
    """Write the fulfilment order: the address that was handed to the carrier."""
    found = one.consignee.address
    where = {
        "id": gid("FulfillmentOrderDestination", one.id),
        "firstName": one.consignee.first,
        "lastName": one.consignee.last,
        "address1": found["address1"],
        "address2": found["address2"],
        "city": found["city"],
        "province": found["province"],
        "zip": found["zip"],
        "countryCode": found["country_code"],
        "phone": one.consignee.phone,
        "email": one.consignee.email,
    }
    return {
        "__typename": "FulfillmentOrder",
        "id": gid("FulfillmentOrder", one.id),
        "status": "CLOSED",
        "createdAt": moment(order.created_at),
        "updatedAt": moment(one.shipped_at),
        "destination": None if hidden else where,
        "orderName": order.name,
    }


def payment(one: Transaction) -> Record:
    """Write a transaction."""
    return {
        "__typename": "OrderTransaction",
        "id": gid("OrderTransaction", one.id),
        "kind": "SALE",
        "status": "PENDING" if one.kind == "PENDING" else "SUCCESS",
        "gateway": "Cash on Delivery (COD)" if one.gateway == "cod" else "razorpay",
        "formattedGateway": "Cash on Delivery (COD)" if one.gateway == "cod" else "Razorpay",
        "paymentId": f"{one.id}.1",
        "createdAt": moment(one.processed_at),
        "processedAt": moment(one.processed_at),
        "amountSet": bag(one.amount),
    }


def repayment(one: Refund, *, hidden: bool) -> Record:
    """Write a refund."""
    return {
        "__typename": "Refund",
        "id": gid("Refund", one.id),
        "legacyResourceId": str(one.id),
        "note": None if hidden else one.note,
        "createdAt": moment(one.created_at),
        "updatedAt": moment(one.created_at),
        "processedAt": moment(one.created_at),
        "totalRefundedSet": bag(one.amount),
    }


def send_back(one: Return, *, hidden: bool) -> Record:
    """Write a return, down to the waybill of the parcel that came back."""
    line = {
        "__typename": "ReturnLineItem",
        "id": gid("ReturnLineItem", one.id),
        "quantity": 1,
        "customerNote": None if hidden else one.customer_note,
        "returnReason": "DEFECTIVE",
        "returnReasonNote": "",
    }
    delivery = {
        "__typename": "ReverseDelivery",
        "id": gid("ReverseDelivery", one.id),
        "deliverable": {
            "__typename": "ReverseDeliveryShippingDeliverable",
            "tracking": {"carrierName": one.company, "number": one.waybill, "url": one.url},
            "label": None,
        },
    }
    order = {
        "__typename": "ReverseFulfillmentOrder",
        "id": gid("ReverseFulfillmentOrder", one.id),
        "status": "OPEN",
        "reverseDeliveries": [delivery],
    }
    return {
        "__typename": "Return",
        "id": gid("Return", one.id),
        "name": one.name,
        "status": "OPEN",
        "createdAt": moment(one.created_at),
        "totalQuantity": 1,
        "returnLineItems": [line],
        "reverseFulfillmentOrders": [order],
    }


def order_record(shop: Shop, one: Order) -> Record:
    """Write an order."""
    hidden = one.person_id in shop.redacted
    owner = gid("Order", one.id)
    address = postal(one.id, one.address, hidden=hidden)
    cod, repaid = one.gateway == "cod", sum((back.amount for back in one.refunds), Decimal(0))
    gateway = "Cash on Delivery (COD)" if cod else "razorpay"
    delivered = all(box.delivered_at for box in one.parcels)
    visit = {
        "id": gid("CustomerVisit", one.id),
        "occurredAt": moment(one.created_at),
        "landingPage": f"https://{shop.world.shop}/",
        "referrerUrl": "https://www.instagram.com/",
        "source": "Instagram",
        "sourceType": None,
        "utmParameters": {"campaign": "diwali", "source": "instagram", "medium": "social"},
    }
    status = "PARTIALLY_REFUNDED" if repaid else "PENDING" if cod and not delivered else "PAID"
    record: Record = {
        "__typename": "Order",
        "id": owner,
        "legacyResourceId": str(one.id),
        "name": one.name,
        "number": int(one.name[1:]),
        "confirmationNumber": f"Q{one.id % 10**8:08d}",
        "sourceName": "web",
        "email": None if hidden else one.email,
        "phone": None if hidden else one.phone,
        "note": None if hidden else one.note or None,
        "tags": list(one.tags),
        "clientIp": None if hidden else one.client_ip,
        "cartToken": None if hidden else f"c1-{one.id:x}",
        "checkoutToken": None if hidden else f"{one.id:032x}",
        "customerLocale": "en-IN",
        "customerAcceptsMarketing": not hidden,
        "statusPageUrl": f"https://{shop.world.shop}/orders/{one.id:x}/authenticate?key={one.id % 9973:08x}",
        "createdAt": moment(one.created_at),
        "processedAt": moment(one.created_at),
        "updatedAt": moment(one.updated_at),
        "cancelledAt": moment(one.updated_at) if one.cancelled else None,
        "cancelReason": "CUSTOMER" if one.cancelled else None,
        "test": False,
        "currencyCode": "INR",
        "presentmentCurrencyCode": "INR",
        "taxesIncluded": True,
        "displayFinancialStatus": status,
        "displayFulfillmentStatus": "FULFILLED" if one.parcels else "UNFULFILLED",
        "returnStatus": "IN_PROGRESS" if one.returns else "NO_RETURN",
        "paymentGatewayNames": [gateway],
        "billingAddressMatchesShippingAddress": True,
        "hasTimelineComment": any(what.comment for what in one.timeline),
        "totalPriceSet": bag(one.total),
        "currentTotalPriceSet": bag(one.total - repaid),
        "subtotalPriceSet": bag(one.total),
        "totalTaxSet": bag(one.tax),
        "totalTipReceivedSet": bag(Decimal(0)),
        "totalShippingPriceSet": bag(Decimal(0)),
        "totalRefundedSet": bag(repaid),
        "taxLines": [{"title": "IGST", "rate": 0.03, "priceSet": bag(one.tax)}],
        "customer": lambda _: shop.customer_record(one.person_id) if one.person_id else None,
        "billingAddress": address,
        "shippingAddress": address,
        "customAttributes": [] if hidden else parts.attributes(one.attributes),
        "shippingLines": [
            {"id": gid("ShippingLine", one.id), "title": "Standard", "code": "Standard", "source": "shopify"}
        ],
        "lineItems": parts.lines(one.lines, "LineItem", hidden=hidden),
        "fulfillments": [parcel(one, box, at) for at, box in enumerate(one.parcels, 1)],
        "fulfillmentOrders": [handed_over(one, box, hidden=hidden) for box in one.parcels],
        "transactions": [payment(what) for what in one.transactions],
        "refunds": [repayment(what, hidden=hidden) for what in one.refunds],
        "returns": [send_back(what, hidden=hidden) for what in one.returns],
        "events": [] if hidden else parts.timeline(shop.world, "Order", one.id, one.timeline),
        "customerJourneySummary": None
        if hidden
        else {"ready": True, "customerOrderIndex": 0, "firstVisit": visit, "lastVisit": visit},
        "risk": {"recommendation": "ACCEPT", "assessments": []},
        **parts.metafields(shop, owner, () if hidden else one.metafields, one.created_at),
    }
    if one.rich and not hidden:
        record = over_order(shop, one, record)
    return record if hidden else record | shop.written.get(owner, {})


def draft_record(shop: Shop, one: DraftOrder) -> Record:
    """Write a draft order."""
    hidden = one.person_id in shop.redacted
    address = postal(one.id, one.address, hidden=hidden)
    total = sum((line.price for line in one.lines), Decimal(0))
    record: dict[str, Any] = {
        "__typename": "DraftOrder",
        "id": gid("DraftOrder", one.id),
        "legacyResourceId": str(one.id),
        "name": one.name,
        "status": "OPEN",
        "email": None if hidden else one.email,
        "phone": None if hidden else one.phone,
        "note2": None if hidden else one.note,
        "createdAt": moment(one.created_at),
        "updatedAt": moment(one.created_at),
        "currencyCode": "INR",
        "customer": lambda _: shop.customer_record(one.person_id) if one.person_id else None,
        "customAttributes": [] if hidden else parts.attributes(one.attributes),
        "billingAddress": address,
        "shippingAddress": address,
        "totalPriceSet": bag(total),
        "lineItems": parts.lines(one.lines, "DraftOrderLineItem", hidden=hidden),
        **parts.metafields(shop, gid("DraftOrder", one.id), () if hidden else one.metafields, one.created_at),
    }
    return over_draft(shop, one, record) if one.rich and not hidden else record
