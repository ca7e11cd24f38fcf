"""Read parcels from a fulfilment, a return or an order: numbers, account, status, way of payment.

Pure. REST bodies of 2026-01 to 2026-10. Never reads an address, a name or an amount.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeAlias

from bridge.model import ParcelStatus, Waybill
from bridge.rules.index.attribution import attribute_parcel
from bridge.rules.index.identity import legacy_id
from bridge.rules.index.json_values import parse_utc_datetime, read_object, read_objects, read_text, read_texts

if TYPE_CHECKING:
    from config.merchant_file.processors import AttributionRule

AttributionRules: TypeAlias = "Sequence[AttributionRule]"  # the merchant's own rules for whose account a parcel is on

# https://shopify.dev/docs/api/admin-rest/latest/resources/fulfillment; `failure` may be anything
SHIPMENT_STATUSES: Mapping[str, ParcelStatus] = {
    "label_printed": ParcelStatus.BOOKED,
    "label_purchased": ParcelStatus.BOOKED,
    "confirmed": ParcelStatus.BOOKED,
    "in_transit": ParcelStatus.IN_TRANSIT,
    "ready_for_pickup": ParcelStatus.IN_TRANSIT,
    "attempted_delivery": ParcelStatus.IN_TRANSIT,
    "out_for_delivery": ParcelStatus.OUT_FOR_DELIVERY,
    "delivered": ParcelStatus.DELIVERED,
}

# https://shopify.dev/docs/api/admin-graphql/latest/enums/FulfillmentDisplayStatus; a status not listed says nothing
DISPLAY_STATUSES: Mapping[str, ParcelStatus] = {
    **{name.upper(): status for name, status in SHIPMENT_STATUSES.items()},
    "SUBMITTED": ParcelStatus.BOOKED,
    "CARRIER_PICKED_UP": ParcelStatus.IN_TRANSIT,
    "DELAYED": ParcelStatus.IN_TRANSIT,
    "PICKED_UP": ParcelStatus.DELIVERED,
}

# when a return or a dispute is over: REST spells these in small letters, GraphQL in capitals
# https://shopify.dev/docs/api/admin-graphql/latest/enums/ReturnStatus, .../DisputeStatus
SETTLED_STATUSES: Mapping[str, tuple[str, ...]] = {
    "return": ("closed", "canceled", "cancelled", "declined"),
    "dispute": ("won", "lost", "accepted", "charge_refunded"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class ParcelSighting:
    """One tracking number with what the shop wrote about it, attributed. `status` is the shop's, not the carrier's."""

    number: str
    carrier: str
    account_holder: str
    shipped_at: datetime | None
    status: ParcelStatus = ParcelStatus.UNKNOWN
    status_at: datetime | None = None


def read_fulfillment_parcels(shipment: Mapping[str, Any], rules: AttributionRules) -> Iterator[ParcelSighting]:
    """Return the parcels of one fulfilment."""
    company = read_text(shipment.get("tracking_company"))
    numbers = read_texts(shipment.get("tracking_numbers")) or read_texts([shipment.get("tracking_number")])
    urls = read_texts(shipment.get("tracking_urls")) or read_texts([shipment.get("tracking_url")])
    shipped_at = parse_utc_datetime(shipment.get("created_at"))
    status = SHIPMENT_STATUSES.get(read_text(shipment.get("shipment_status")).lower(), ParcelStatus.UNKNOWN)
    status_at = parse_utc_datetime(shipment.get("updated_at")) if status is not ParcelStatus.UNKNOWN else None
    for index, number in enumerate(numbers):
        # parallel lists by convention, but their lengths may differ: the last URL then counts for the rest
        url = urls[min(index, len(urls) - 1)] if urls else ""
        seen = _build_parcel_sighting(
            number,
            shipped_at,
            company=company,
            url=url,
            location=legacy_id(shipment.get("location_id")),
            service=read_text(shipment.get("service")),
            rules=rules,
        )
        # a fulfilment has one status: of several parcels one may have arrived and another not
        yield replace(seen, status=status, status_at=status_at) if len(numbers) == 1 else seen


def read_reverse_parcels(body: Mapping[str, Any], rules: AttributionRules) -> tuple[ParcelSighting, ...]:
    """Return the reverse waybills of a return that has some."""
    parcels = []
    for key in ("reverse_deliveries", "return_shipments", "reverse_shipments"):
        for shipment in read_objects(body.get(key)):
            tracking = read_object(shipment.get("tracking")) or shipment
            number = read_text(tracking.get("number"), tracking.get("tracking_number"))
            if number:
                company = read_text(tracking.get("carrier_name"), tracking.get("tracking_company"))
                url = read_text(tracking.get("url"), tracking.get("tracking_url"))
                parcels.append(_build_parcel_sighting(number, None, company=company, url=url, rules=rules))
    return tuple(parcels)


def _build_parcel_sighting(number: str, shipped_at: datetime | None, **tracking: Any) -> ParcelSighting:
    by = attribute_parcel(number=number, **tracking)
    return ParcelSighting(
        number=number[:64], carrier=by.carrier, account_holder=by.account_holder, shipped_at=shipped_at
    )


def read_platform_parcels(order: Mapping[str, Any], rules: AttributionRules) -> Iterator[Waybill]:
    """Return the parcels of one order as the Admin API gives it: those that were sent, and those that come back."""
    number = str(order.get("legacyResourceId", "")) or legacy_id(order.get("id"))
    paid = read_texts(order.get("paymentGatewayNames"))
    of_order: dict[str, Any] = {
        "order_id": number,
        "order_name": str(order.get("name", "")),
        "cod": is_cash_on_delivery({"payment_gateway_names": paid}),
        "matters": tuple(sorted(_list_unsettled_blockers(order))),
    }
    for shipment in read_objects(order.get("fulfillments")):
        sent = [one for one in read_objects(shipment.get("trackingInfo")) if read_text(one.get("number"))]
        where = _read_display_status(shipment) if len(sent) == 1 else {}
        for tracking in sent:
            yield _build_waybill(tracking, "company", shipment, rules, **of_order, **where)
    for returned in read_objects(order.get("returns")):
        for part in read_objects(returned.get("reverseFulfillmentOrders")):
            for delivery in read_objects(part.get("reverseDeliveries")):
                tracking = read_object(read_object(delivery.get("deliverable")).get("tracking"))
                if read_text(tracking.get("number")):
                    yield _build_waybill(tracking, "carrierName", {}, rules, **of_order | {"cod": False})


def is_unsettled(kind: str, status: str) -> bool | None:
    """Return True where a `return` or a `dispute` of this status is still to be settled; None without status."""
    return status.lower() not in SETTLED_STATUSES[kind] if status else None


def _list_unsettled_blockers(order: Mapping[str, Any]) -> Iterator[str]:
    for kind in SETTLED_STATUSES:
        for one in read_objects(order.get(f"{kind}s")):
            if is_unsettled(kind, read_text(one.get("status"))):
                yield f"{kind}/{legacy_id(one.get('id'))}"


def _read_display_status(shipment: Mapping[str, Any]) -> dict[str, Any]:
    """Return the platform's status of the one parcel of a fulfilment."""
    status = DISPLAY_STATUSES.get(read_text(shipment.get("displayStatus")), ParcelStatus.UNKNOWN)
    at = parse_utc_datetime(shipment.get("deliveredAt")) or parse_utc_datetime(shipment.get("inTransitAt"))
    return {"status": status, "status_at": at} if status is not ParcelStatus.UNKNOWN else {}


def _build_waybill(
    tracking: Mapping[str, Any], company_key: str, shipment: Mapping[str, Any], rules: AttributionRules, **of_order: Any
) -> Waybill:
    number = read_text(tracking.get("number"))[:64]
    by = attribute_parcel(
        company=read_text(tracking.get(company_key)),
        url=read_text(tracking.get("url")),
        number=number,
        location=legacy_id(read_object(shipment.get("location")).get("id")),
        rules=rules,
    )
    shipped_at = parse_utc_datetime(shipment.get("createdAt"))
    return Waybill(
        number=number, carrier=by.carrier, account_holder=by.account_holder, shipped_at=shipped_at, **of_order
    )


def is_cash_on_delivery(body: Mapping[str, Any]) -> bool | None:
    """Return True where the price is collected at the door; None where the body names no way of payment."""
    gateway_names = read_texts(body.get("payment_gateway_names")) or read_texts([body.get("gateway")])
    if not gateway_names:
        return None
    return any(re.search(r"cash.?on.?delivery|\bcod\b", name.lower().replace("_", " ")) for name in gateway_names)
