"""Read parcels from a fulfilment, a return or an order: numbers, account, status, way of payment.

Pure. REST bodies of 2026-01 to 2026-10. Never reads an address, a name or an amount, and cuts no number off.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeAlias

from bridge.model import ParcelListing, ParcelStatus, Waybill
from bridge.rules.index.attribution import Attribution, attribute_parcel
from bridge.rules.index.identity import legacy_id, read_record_id
from bridge.rules.index.json_values import parse_utc_datetime, read_object, read_objects, read_text, read_texts
from bridge.rules.index.listings import FulfillmentListing
from bridge.rules.index.waybill_text import read_link_waybills, split_waybills

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

_CASH_ON_DELIVERY = re.compile(r"cash.?on.?delivery|\bcod\b")


@dataclass(frozen=True, kw_only=True, slots=True)
class ParcelSighting:
    """One tracking number with what the shop wrote about it, attributed. `status` is the shop's, not the carrier's.

    `is_return`: it goes back to the merchant. `is_conflict`: company and link name different carriers.
    """

    number: str
    carrier: str
    account_holder: str
    shipped_at: datetime | None
    status: ParcelStatus = ParcelStatus.UNKNOWN
    status_at: datetime | None = None
    is_return: bool = False
    is_conflict: bool = False


def read_fulfillment_parcels(shipment: Mapping[str, Any], rules: AttributionRules) -> list[ParcelSighting]:
    """Return the parcels of one fulfilment."""
    company = read_text(shipment.get("tracking_company"))
    location, service = legacy_id(shipment.get("location_id")), read_text(shipment.get("service"))
    shipped_at = parse_utc_datetime(shipment.get("created_at"))
    seen = [
        _build_parcel_sighting(number, by, shipped_at)
        for text, url in _pair_numbers_with_urls(shipment)
        for number, by in iterate_attributed_waybills(
            text, url, company=company, location=location, service=service, rules=rules
        )
    ]
    status = SHIPMENT_STATUSES.get(read_text(shipment.get("shipment_status")).lower(), ParcelStatus.UNKNOWN)
    if len(seen) != 1 or status is ParcelStatus.UNKNOWN:
        return seen  # a fulfilment has one status: of several parcels one may have arrived and another not
    return [replace(seen[0], status=status, status_at=parse_utc_datetime(shipment.get("updated_at")))]


def read_fulfillment_listing(
    shipment: Mapping[str, Any], parcels: Sequence[ParcelSighting], updated_at: datetime | None
) -> FulfillmentListing | None:
    """Return which numbers a fulfilment lists now; None for one without id. `updated_at` is the delivery's, if it has none."""
    fulfillment_id = read_record_id(shipment)
    if not fulfillment_id:
        return None
    return FulfillmentListing(
        id=fulfillment_id,
        numbers=tuple(parcel.number for parcel in parcels),
        updated_at=parse_utc_datetime(shipment.get("updated_at")) or updated_at,
        is_cancelled=read_text(shipment.get("status")).lower() == "cancelled",
    )


def _pair_numbers_with_urls(shipment: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return each field of a number with the link of the same index; the last link counts for numbers behind its end."""
    numbers, urls = _read_parallel_texts(shipment, "tracking_number"), _read_parallel_texts(shipment, "tracking_url")
    if len(numbers) == 1 and len(urls) < 2:
        return [(numbers[0], urls[0] if urls else "")]
    pairs = []
    for index in range(max(len(numbers), len(urls))):
        number = numbers[index] if index < len(numbers) else ""
        url = urls[min(index, len(urls) - 1)] if urls else ""
        pairs += [(number, url)] if number or url else []
    return pairs


def _read_parallel_texts(shipment: Mapping[str, Any], field: str) -> list[str]:
    """Return the texts of a list, '' for what is none, so that the indexes stay; of a blank list the single field."""
    values = shipment.get(f"{field}s")
    texts = [read_text(value) for value in values] if isinstance(values, list) else []
    if any(texts):
        return texts
    single = read_text(shipment.get(field))
    return [single] if single else []


def iterate_attributed_waybills(
    text: str, url: str, *, company: str, **given: Any
) -> Iterator[tuple[str, Attribution]]:
    """Yield each number that was typed into one field, with its attribution.

    Where the field is blank, the numbers of a link to a carrier's own page count. `given` is what `attribute_parcel`
    takes besides.
    """
    for typed in split_waybills(text):
        link = url or typed.url
        yield typed.number, attribute_parcel(company=company, label=typed.label, url=link, number=typed.number, **given)
    for number in () if text else read_link_waybills(url):
        by = attribute_parcel(company="", url=url, number=number, **given)
        if by.decided_by.startswith("url"):
            yield number, attribute_parcel(company=company, url=url, number=number, **given)


def read_reverse_parcels(body: Mapping[str, Any], rules: AttributionRules) -> tuple[ParcelSighting, ...]:
    """Return the reverse waybills of a return that has some."""
    parcels = []
    for key in ("reverse_deliveries", "return_shipments", "reverse_shipments"):
        for shipment in read_objects(body.get(key)):
            tracking = read_object(shipment.get("tracking")) or shipment
            text = read_text(tracking.get("number"), tracking.get("tracking_number"))
            if text:
                company = read_text(tracking.get("carrier_name"), tracking.get("tracking_company"))
                url = read_text(tracking.get("url"), tracking.get("tracking_url"))
                for number, by in iterate_attributed_waybills(text, url, company=company, rules=rules):
                    parcels.append(replace(_build_parcel_sighting(number, by, None), is_return=True))
    return tuple(parcels)


def _build_parcel_sighting(number: str, by: Attribution, shipped_at: datetime | None) -> ParcelSighting:
    return ParcelSighting(
        number=number,
        carrier=by.carrier,
        account_holder=by.account_holder,
        shipped_at=shipped_at,
        is_conflict=by.is_conflict,
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
        sent = [
            parcel
            for tracking in read_objects(shipment.get("trackingInfo"))
            for parcel in _iterate_tracked_waybills(tracking, "company", shipment, rules)
        ]
        is_cancelled = read_text(shipment.get("status")).upper() == "CANCELLED"
        where = _read_display_status(shipment) if len(sent) == 1 else {}
        where |= {"listing": ParcelListing.CANCELLED} if is_cancelled else {}
        listed_at = parse_utc_datetime(shipment.get("updatedAt"))
        if fulfillment_id := read_record_id(shipment):
            where |= {"fulfillments": ((fulfillment_id, listed_at.isoformat() if listed_at else ""),)}
        yield from (replace(parcel, **of_order, **where) for parcel in sent)
    for returned in read_objects(order.get("returns")):
        for part in read_objects(returned.get("reverseFulfillmentOrders")):
            for delivery in read_objects(part.get("reverseDeliveries")):
                tracking = read_object(read_object(delivery.get("deliverable")).get("tracking"))
                for parcel in _iterate_tracked_waybills(tracking, "carrierName", {}, rules):
                    yield replace(parcel, **of_order | {"cod": False, "is_return": True})


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


def _iterate_tracked_waybills(
    tracking: Mapping[str, Any], company_key: str, shipment: Mapping[str, Any], rules: AttributionRules
) -> Iterator[Waybill]:
    for number, by in iterate_attributed_waybills(
        read_text(tracking.get("number")),
        read_text(tracking.get("url")),
        company=read_text(tracking.get(company_key)),
        location=legacy_id(read_object(shipment.get("location")).get("id")),
        rules=rules,
    ):
        yield Waybill(
            number=number,
            carrier=by.carrier,
            account_holder=by.account_holder,
            shipped_at=parse_utc_datetime(shipment.get("createdAt")),
            is_conflict=by.is_conflict,
        )


def is_cash_on_delivery(body: Mapping[str, Any]) -> bool | None:
    """Return True where the price is collected at the door; None where the body names no way of payment."""
    gateway_names = read_texts(body.get("payment_gateway_names")) or read_texts([body.get("gateway")])
    if not gateway_names:
        return None
    return any(_CASH_ON_DELIVERY.search(name.lower().replace("_", " ")) for name in gateway_names)
