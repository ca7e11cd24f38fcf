"""Turn the parcels of an order into rows of `shipments`: those that were sent and those that were returned.

Pure. A missing field gives an empty cell. Attributes a parcel by the same rules as the erasure
(`rules/index/shipping.py`), so that the package names the carrier that is asked to erase.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from bridge.rules.index.attribution import UNKNOWN_CARRIER, attribute_parcel
from bridge.rules.index.identity import legacy_id
from bridge.steps.access.package.text import (
    convert_to_text,
    find_first_and_last_day,
    format_iso_datetime,
    get_nested_value,
    iter_objects,
)

if TYPE_CHECKING:
    from datetime import tzinfo

    from bridge.rules.index.shipping import AttributionRules

ShopifyObject = Mapping[str, Any]


def build_order_shipment_rows(
    system: str, order: ShopifyObject, zone: tzinfo, shipping_rules: AttributionRules
) -> Iterator[dict[str, str]]:
    """Yield a row for each parcel of an order. `shipping_rules` state whose account a parcel is on."""
    order_columns = {"told_by": system, "order": convert_to_text(order.get("name"))}
    for fulfillment in iter_objects(order, "fulfillments"):
        location = legacy_id(get_nested_value(fulfillment, "location.id"))
        for tracking in iter_objects(fulfillment, "trackingInfo"):
            yield (
                order_columns
                | _build_tracking_columns(tracking, "company", shipping_rules, location)
                | _build_fulfillment_columns(fulfillment, zone)
            )
    for order_return in iter_objects(order, "returns"):
        for tracking in iter_return_trackings(order_return):
            yield order_columns | _build_tracking_columns(tracking, "carrierName", shipping_rules)


def iter_return_trackings(return_body: ShopifyObject) -> Iterator[ShopifyObject]:
    """Yield the tracking of each parcel of a return; Shopify gives it no date."""
    for return_order in iter_objects(return_body, "reverseFulfillmentOrders"):
        for delivery in iter_objects(return_order, "reverseDeliveries"):
            tracking = get_nested_value(delivery, "deliverable.tracking")
            if isinstance(tracking, Mapping) and any(tracking.values()):
                yield tracking


def _build_tracking_columns(
    tracking: ShopifyObject, company_key: str, shipping_rules: AttributionRules, location: str = ""
) -> dict[str, str]:
    carrier, number = convert_to_text(tracking.get(company_key)), convert_to_text(tracking.get("number"))
    url = convert_to_text(tracking.get("url"))
    attribution = attribute_parcel(company=carrier, url=url, number=number, location=location, rules=shipping_rules)
    return {
        "carrier": carrier,
        "carrier_id": "" if attribution.carrier == UNKNOWN_CARRIER else attribution.carrier,
        "account_holder": attribution.account_holder,
        "waybill": number,
    }


def _build_fulfillment_columns(fulfillment: ShopifyObject, zone: tzinfo) -> dict[str, str]:
    # the carrier has had the address since the day that Shopify marks the parcel as sent
    timestamps = (fulfillment.get(name) for name in ("createdAt", "inTransitAt", "deliveredAt"))
    shipped_on, last_on = find_first_and_last_day(timestamps, zone)
    return {
        "status": convert_to_text(fulfillment.get("displayStatus")) or convert_to_text(fulfillment.get("status")),
        "status_at": format_iso_datetime(fulfillment.get("deliveredAt") or fulfillment.get("createdAt"), zone),
        "shipped_on": shipped_on,
        "last_on": last_on,
    }
