"""Turn parcels into rows of `shipments` and `shipment_events`: those of an order, and a carrier's record of one.

Pure. A missing field gives an empty cell. Attributes a parcel by the same rules as the erasure
(`rules/index/shipping.py`), so that the package names the carrier that is asked to erase. The carriers deliver in
India: an amount without a currency is in rupees, a time without an offset is the merchant's local time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import tzinfo
from typing import Any

from bridge.rules.index.attribution import UNKNOWN_CARRIER, attribute_parcel
from bridge.rules.index.identity import legacy_id
from bridge.rules.index.shipping import AttributionRules, iterate_attributed_waybills
from bridge.steps.access.package.records.fields import Cells, RecordBody, read_cell_texts, read_phone
from bridge.steps.access.package.text import (
    convert_to_text,
    find_first_and_last_day,
    format_iso_datetime,
    get_nested_value,
    iter_objects,
)

DEFAULT_CURRENCY = "INR"

_EXPECTED_DATE_WORDS = ("expected", "promised")  # a date named so is a forecast, no event
_EVENT_TIME_KEYS = ("at", "happened_at", "status_at", "time", "date")
_EVENT_STATUS_KEYS = ("status", "text", "code", "description")
_EVENT_LOCATION_KEYS = ("location", "place", "city")
_EVENT_REMARK_KEYS = ("remark", "remarks", "note", "instructions", "detail")


def build_shipment_row(system: str, body: RecordBody, zone: tzinfo) -> Cells:
    """Return the row of a parcel in `shipments`."""
    cod, cod_currency = _split_amount_currency(body.get("cod_amount"))
    invoice, invoice_currency = _split_amount_currency(body.get("invoice_value"))
    shipped_on, last_on = find_first_and_last_day(_iter_parcel_timestamps(body), zone)
    lines, phones = get_nested_value(body, "consignee.address_lines"), get_nested_value(body, "consignee.phones")
    return {
        "told_by": system,
        "carrier": convert_to_text(body.get("carrier")) or system,
        "carrier_id": convert_to_text(body.get("carrier")) or system,
        **read_cell_texts(body, "account_holder", "waybill", "status", "received_by", order="order_reference"),
        "status_at": format_iso_datetime(body.get("status_at"), zone),
        "shipped_on": shipped_on,
        "last_on": last_on,
        "cod_amount": cod,
        "invoice_value": invoice,
        "currency": convert_to_text(body.get("currency")) or cod_currency or invoice_currency,
        **read_cell_texts(body, **{name: f"consignee.{name}" for name in ("name", "city", "state", "pin", "country")}),
        "address": ", ".join(filter(None, map(convert_to_text, lines))) if isinstance(lines, list | tuple) else "",
        "phones": "; ".join(map(read_phone, phones)) if isinstance(phones, list | tuple) else convert_to_text(phones),
        "not_found": "yes" if is_unknown_at_carrier(body) else "",
    }


def is_unknown_at_carrier(body: RecordBody) -> bool:
    """Return True if the carrier does not know the parcel, so that the record holds no personal data."""
    return bool(body.get("not_found")) or body.get("status") == "not_found"


def build_shipment_event_rows(body: RecordBody, row: Mapping[str, str], zone: tzinfo) -> Iterator[Cells]:
    """Yield the scans of a parcel as rows of `shipment_events`."""
    for event in iter_objects(body, "events"):
        yield {
            "carrier": row["carrier"],
            "waybill": row["waybill"],
            "at": format_iso_datetime(_find_first_text(event, _EVENT_TIME_KEYS), zone),
            "status": _find_first_text(event, _EVENT_STATUS_KEYS),
            "place": _find_first_text(event, _EVENT_LOCATION_KEYS),
            "remark": _find_first_text(event, _EVENT_REMARK_KEYS),
        }


def _iter_parcel_timestamps(body: RecordBody) -> Iterator[Any]:
    """Yield the times of a parcel's events; none if the carrier does not know the parcel."""
    if is_unknown_at_carrier(body):
        return
    yield body.get("status_at")
    dates = body.get("dates")
    for name, value in dates.items() if isinstance(dates, Mapping) else ():
        if not any(word in name for word in _EXPECTED_DATE_WORDS):
            yield value
    yield from (_find_first_text(event, _EVENT_TIME_KEYS) for event in iter_objects(body, "events"))


def _find_first_text(event: RecordBody, keys: tuple[str, ...]) -> str:
    return next(filter(None, (convert_to_text(event.get(name)) for name in keys)), "")


def _split_amount_currency(value: Any) -> tuple[str, str]:
    if isinstance(value, Mapping):
        return convert_to_text(value.get("amount")), convert_to_text(value.get("currencyCode") or value.get("currency"))
    amount = convert_to_text(value)
    return amount, DEFAULT_CURRENCY if amount else ""


def build_order_shipment_rows(system: str, order: RecordBody, zone: tzinfo, rules: AttributionRules) -> Iterator[Cells]:
    """Yield a row for each parcel of an order. `rules` state whose account a parcel is on."""
    order_columns = {"told_by": system, "order": convert_to_text(order.get("name"))}
    for fulfillment in iter_objects(order, "fulfillments"):
        location = legacy_id(get_nested_value(fulfillment, "location.id"))
        for tracking in iter_objects(fulfillment, "trackingInfo"):
            for cells in _iterate_tracking_cells(tracking, "company", rules, location):
                yield order_columns | cells | _build_fulfillment_cells(fulfillment, zone)
    for order_return in iter_objects(order, "returns"):
        for tracking in iter_return_trackings(order_return):
            for cells in _iterate_tracking_cells(tracking, "carrierName", rules):
                yield order_columns | cells


def iter_return_trackings(return_body: RecordBody) -> Iterator[RecordBody]:
    """Yield the tracking of each parcel of a return; Shopify gives it no date."""
    for return_order in iter_objects(return_body, "reverseFulfillmentOrders"):
        for delivery in iter_objects(return_order, "reverseDeliveries"):
            tracking = get_nested_value(delivery, "deliverable.tracking")
            if isinstance(tracking, Mapping) and any(tracking.values()):
                yield tracking


def _iterate_tracking_cells(
    tracking: RecordBody, company_key: str, rules: AttributionRules, location: str = ""
) -> Iterator[Cells]:
    """Yield a row for each number of the field; one without a number for a field that has none."""
    cells = read_cell_texts(tracking, "number", "url", company=company_key)
    company, url = cells["company"], cells["url"]
    of_fulfillment: dict[str, Any] = {"company": company, "location": location, "rules": rules}
    numbers = list(iterate_attributed_waybills(cells["number"], url, **of_fulfillment))
    for number, attribution in numbers or [("", attribute_parcel(number="", url=url, **of_fulfillment))]:
        yield {
            "carrier": company,
            "carrier_id": "" if attribution.carrier == UNKNOWN_CARRIER else attribution.carrier,
            "account_holder": attribution.account_holder,
            "waybill": number,
        }


def _build_fulfillment_cells(fulfillment: RecordBody, zone: tzinfo) -> Cells:
    # the carrier has had the address since the day that Shopify marks the parcel as sent
    timestamps = (fulfillment.get(name) for name in ("createdAt", "inTransitAt", "deliveredAt"))
    shipped_on, last_on = find_first_and_last_day(timestamps, zone)
    return {
        "status": convert_to_text(fulfillment.get("displayStatus")) or convert_to_text(fulfillment.get("status")),
        "status_at": format_iso_datetime(fulfillment.get("deliveredAt") or fulfillment.get("createdAt"), zone),
        "shipped_on": shipped_on,
        "last_on": last_on,
    }
