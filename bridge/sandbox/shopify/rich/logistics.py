"""Seeded values about delivery: destinations, holds, requests, scans, return labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bridge.sandbox.shopify.records.parts import Record
    from bridge.sandbox.shopify.records.seeded_data import RecordSeeder


def seed_fulfillment(seeder: RecordSeeder, fulfillment: Record) -> Record:
    """Return a fulfilment with scans, their locations, and the origin."""
    scans = [seeder.overlay(scan, "FulfillmentEvent") for scan in fulfillment["events"]]
    return seeder.overlay(fulfillment, "Fulfillment", events=scans, originAddress=seeder("FulfillmentOriginAddress"))


def seed_fulfillment_order(seeder: RecordSeeder, fulfillment_order: Record) -> Record:
    """Return a fulfilment order with a destination that differs from the order's, and its requests."""
    delivery_method = seeder("DeliveryMethod", additionalInformation=seeder("DeliveryMethodAdditionalInformation"))
    return fulfillment_order | {
        "destination": seeder("FulfillmentOrderDestination", id=fulfillment_order["destination"]["id"]),
        "deliveryMethod": delivery_method,
        "fulfillmentHolds": [seeder("FulfillmentHold")],
        "merchantRequests": [seeder("FulfillmentOrderMerchantRequest")],
    }


def seed_return(seeder: RecordSeeder, return_record: Record) -> Record:
    """Return a return with a declined request and a label."""
    lines = [seeder.overlay(line, "ReturnLineItemType") for line in return_record["returnLineItems"]]
    orders = []
    for order in return_record["reverseFulfillmentOrders"]:
        deliveries = [_add_label(seeder, one) for one in order["reverseDeliveries"]]
        orders.append(order | {"reverseDeliveries": deliveries})
    decline = seeder("ReturnDecline")
    return return_record | {"returnLineItems": lines, "reverseFulfillmentOrders": orders, "decline": decline}


def _add_label(seeder: RecordSeeder, delivery: Record) -> Record:
    label = seeder("ReverseDeliveryLabelV2")
    return delivery | {"deliverable": delivery["deliverable"] | {"label": label}}
