"""Writes an order of the Admin API as the webhooks about it would have it, so that one parser reads both.

Only what the index and the search for bank details read. Shapes: REST bodies of 2026-01 to 2026-10
(https://shopify.dev/docs/api/webhooks). Sends nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bridge.connectors.shopify.gathering.flatten import list_nodes
from bridge.rules.index.identity import legacy_id
from bridge.rules.index.json_values import read_object, read_objects, read_text
from bridge.rules.index.shipping import DISPLAY_STATUSES, SHIPMENT_STATUSES

Body = dict[str, Any]


def write_webhooks(order: Mapping[str, Any]) -> tuple[tuple[str, Body], ...]:
    """Return (topic, body) of each webhook that would say what the order says now, the order's own first."""
    body = _write_order(order)
    return (
        ("orders/updated", body),
        *(("fulfillments/update", one) for one in body["fulfillments"]),
        *_iterate_destinations(order),
        *_iterate_returns(order),
        *_iterate_disputes(order),
        *_iterate_customers(order),
    )


def _write_order(order: Mapping[str, Any]) -> Body:
    shipments = read_objects(order.get("fulfillments"))
    return {
        "id": legacy_id(order.get("id")),
        "admin_graphql_api_id": order.get("id"),
        "name": order.get("name"),
        "email": order.get("email"),
        "phone": order.get("phone"),
        "note": order.get("note"),
        "note_attributes": _write_attributes(order),
        "created_at": order.get("createdAt"),
        "updated_at": order.get("updatedAt"),
        "payment_gateway_names": order.get("paymentGatewayNames"),
        "customer": _write_customer(read_object(order.get("customer"))),
        "billing_address": _write_address(order.get("billingAddress")),
        "shipping_address": _write_address(order.get("shippingAddress")),
        "fulfillments": [_write_fulfillment(order, shipment) for shipment in shipments],
        "refunds": [{"note": refund.get("note")} for refund in read_objects(order.get("refunds"))],
        "line_items": [{"properties": _write_attributes(line)} for line in list_nodes(order.get("lineItems"))],
    }


def _write_customer(customer: Mapping[str, Any]) -> Body:
    return {
        "id": legacy_id(customer.get("id")),
        "first_name": customer.get("firstName"),
        "last_name": customer.get("lastName"),
        "email": read_object(customer.get("defaultEmailAddress")).get("emailAddress"),
        "phone": read_object(customer.get("defaultPhoneNumber")).get("phoneNumber"),
        "note": customer.get("note"),
        "tags": customer.get("tags"),
        "created_at": customer.get("createdAt"),
        "updated_at": customer.get("updatedAt"),
        "default_address": _write_address(customer.get("defaultAddress")),
    }


def _write_address(address: Any) -> Body:
    found = read_object(address)
    return {
        "name": found.get("name"),
        "first_name": found.get("firstName"),
        "last_name": found.get("lastName"),
        "phone": found.get("phone"),
        "zip": found.get("zip"),
    }


def _write_attributes(record: Mapping[str, Any]) -> list[Body]:
    return [{"name": one.get("key"), "value": one.get("value")} for one in read_objects(record.get("customAttributes"))]


def _write_fulfillment(order: Mapping[str, Any], shipment: Mapping[str, Any]) -> Body:
    tracking = read_objects(shipment.get("trackingInfo"))
    return {
        "id": legacy_id(shipment.get("id")),
        "order_id": legacy_id(order.get("id")),
        "status": read_text(shipment.get("status")).lower(),
        "shipment_status": _write_shipment_status(read_text(shipment.get("displayStatus"))),
        "created_at": shipment.get("createdAt"),
        "updated_at": shipment.get("updatedAt"),
        "service": read_object(shipment.get("service")).get("handle"),
        "tracking_company": read_text(*(one.get("company") for one in tracking)),
        "tracking_numbers": [one.get("number") for one in tracking],
        "tracking_urls": [one.get("url") for one in tracking],
        "email": order.get("email"),
        "destination": _write_address(order.get("shippingAddress")),
    }


def _write_shipment_status(display_status: str) -> str:
    """Return the word of webhooks for a status that the Admin API displays; '' where it says nothing of the parcel."""
    word = display_status.lower()
    if word in SHIPMENT_STATUSES:
        return word
    status = DISPLAY_STATUSES.get(display_status)
    return next((known for known, meaning in SHIPMENT_STATUSES.items() if meaning is status), "")


def _iterate_destinations(order: Mapping[str, Any]) -> Iterator[tuple[str, Body]]:
    """Yield the persons to which the warehouse sent the parcels, as the fulfilments of webhooks say it."""
    for dispatch in list_nodes(order.get("fulfillmentOrders")):
        if destination := read_object(dispatch.get("destination")):
            known = {"order_id": legacy_id(order.get("id")), "email": destination.get("email")}
            yield "fulfillments/update", {**known, "destination": _write_address(destination)}


def _iterate_returns(order: Mapping[str, Any]) -> Iterator[tuple[str, Body]]:
    for one in list_nodes(order.get("returns")):
        tracked = [
            read_object(read_object(delivery.get("deliverable")).get("tracking"))
            for part in list_nodes(one.get("reverseFulfillmentOrders"))
            for delivery in list_nodes(part.get("reverseDeliveries"))
        ]
        parcels = [
            {"number": t.get("number"), "carrier_name": t.get("carrierName"), "url": t.get("url")} for t in tracked
        ]
        yield "returns/update", _write_matter(order, one) | {"reverse_deliveries": [{"tracking": t} for t in parcels]}


def _iterate_disputes(order: Mapping[str, Any]) -> Iterator[tuple[str, Body]]:
    for one in read_objects(order.get("disputes")):
        yield "disputes/update", _write_matter(order, one)


def _write_matter(order: Mapping[str, Any], matter: Mapping[str, Any]) -> Body:
    """Return a return or a dispute. It has no time: the webhooks about it have none either, and the last one counts."""
    status = read_text(matter.get("status")).lower()
    return {"id": legacy_id(matter.get("id")), "order_id": legacy_id(order.get("id")), "status": status}


def _iterate_customers(order: Mapping[str, Any]) -> Iterator[tuple[str, Body]]:
    """Yield the customer where a contact of it may be read: one that Shopify erased or hides must replace nothing."""
    customer = _write_customer(read_object(order.get("customer")))
    if customer["id"] and (customer["email"] or customer["phone"]):
        yield "customers/update", customer
