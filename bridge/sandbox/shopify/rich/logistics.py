"""What carriers and warehouses are told of Asha: destinations, holds, requests, scans on the way, labels back."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bridge.sandbox.shopify.records.parts import Record
    from bridge.sandbox.shopify.records.seeded_data import Planter


def over_parcel(plant: Planter, box: Record) -> Record:
    """Lay scans with their places, and the origin, over a fulfilment."""
    scans = [plant.over(scan, "FulfillmentEvent") for scan in box["events"]]
    return plant.over(box, "Fulfillment", events=scans, originAddress=plant("FulfillmentOriginAddress"))


def over_handed(plant: Planter, handed: Record) -> Record:
    """Lay another destination than the order's over a fulfilment order, and what was agreed about it."""
    how = plant("DeliveryMethod", additionalInformation=plant("DeliveryMethodAdditionalInformation"))
    return handed | {
        "destination": plant("FulfillmentOrderDestination", id=handed["destination"]["id"]),
        "deliveryMethod": how,
        "fulfillmentHolds": [plant("FulfillmentHold")],
        "merchantRequests": [plant("FulfillmentOrderMerchantRequest")],
    }


def over_return(plant: Planter, back: Record) -> Record:
    """Lay a declined wish and a label over a return."""
    lines = [plant.over(line, "ReturnLineItemType") for line in back["returnLineItems"]]
    orders = []
    for order in back["reverseFulfillmentOrders"]:
        deliveries = [_labelled(plant, one) for one in order["reverseDeliveries"]]
        orders.append(order | {"reverseDeliveries": deliveries})
    decline = plant("ReturnDecline")
    return back | {"returnLineItems": lines, "reverseFulfillmentOrders": orders, "decline": decline}


def _labelled(plant: Planter, delivery: Record) -> Record:
    label = plant("ReverseDeliveryLabelV2")
    return delivery | {"deliverable": delivery["deliverable"] | {"label": label}}
