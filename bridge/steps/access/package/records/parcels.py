"""Turn a carrier's record of one parcel into rows of `shipments` and `shipment_events`.

Pure. A missing field gives an empty cell. The carriers deliver in India: an amount without a currency is in rupees,
a time without an offset is the merchant's local time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from bridge.steps.access.package.records.fields import read_phone
from bridge.steps.access.package.text import (
    convert_to_text,
    find_first_and_last_day,
    format_iso_datetime,
    get_nested_value,
    iter_objects,
)

if TYPE_CHECKING:
    from datetime import tzinfo

DEFAULT_CURRENCY = "INR"

_EXPECTED_DATE_WORDS = ("expected", "promised")  # a date named so is a forecast, no event
_EVENT_TIME_KEYS = ("at", "happened_at", "status_at", "time", "date")
_EVENT_STATUS_KEYS = ("status", "text", "code", "description")
_EVENT_LOCATION_KEYS = ("location", "place", "city")
_EVENT_REMARK_KEYS = ("remark", "remarks", "note", "instructions", "detail")


def build_shipment_row(system: str, body: Mapping[str, Any], zone: tzinfo) -> dict[str, str]:
    """Return the row of a parcel in `shipments`."""
    cod, cod_currency = _split_amount_currency(body.get("cod_amount"))
    invoice, invoice_currency = _split_amount_currency(body.get("invoice_value"))
    consignee = body.get("consignee")
    shipped_on, last_on = find_first_and_last_day(_iter_parcel_timestamps(body), zone)
    lines, phones = get_nested_value(consignee, "address_lines"), get_nested_value(consignee, "phones")
    return {
        "told_by": system,
        "carrier": convert_to_text(body.get("carrier")) or system,
        "carrier_id": convert_to_text(body.get("carrier")) or system,
        "account_holder": convert_to_text(body.get("account_holder")),
        "waybill": convert_to_text(body.get("waybill")),
        "order": convert_to_text(body.get("order_reference")),
        "status": convert_to_text(body.get("status")),
        "status_at": format_iso_datetime(body.get("status_at"), zone),
        "shipped_on": shipped_on,
        "last_on": last_on,
        "cod_amount": cod,
        "invoice_value": invoice,
        "currency": convert_to_text(body.get("currency")) or cod_currency or invoice_currency,
        **{
            name: convert_to_text(get_nested_value(consignee, name))
            for name in ("name", "city", "state", "pin", "country")
        },
        "address": ", ".join(filter(None, map(convert_to_text, lines))) if isinstance(lines, list | tuple) else "",
        "phones": "; ".join(map(read_phone, phones)) if isinstance(phones, list | tuple) else convert_to_text(phones),
        "received_by": convert_to_text(body.get("received_by")),
        "not_found": "yes" if is_unknown_at_carrier(body) else "",
    }


def is_unknown_at_carrier(body: Mapping[str, Any]) -> bool:
    """Return True if the carrier does not know the parcel, so that the record holds no personal data."""
    return bool(body.get("not_found")) or body.get("status") == "not_found"


def build_shipment_event_rows(
    body: Mapping[str, Any], row: Mapping[str, str], zone: tzinfo
) -> Iterator[dict[str, str]]:
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


def _iter_parcel_timestamps(body: Mapping[str, Any]) -> Iterator[Any]:
    """Yield the times of a parcel's events; none if the carrier does not know the parcel."""
    if is_unknown_at_carrier(body):
        return
    yield body.get("status_at")
    dates = body.get("dates")
    for name, value in dates.items() if isinstance(dates, Mapping) else ():
        if not any(word in name for word in _EXPECTED_DATE_WORDS):
            yield value
    yield from (_find_first_text(event, _EVENT_TIME_KEYS) for event in iter_objects(body, "events"))


def _find_first_text(event: Mapping[str, Any], keys: tuple[str, ...]) -> str:
    return next(filter(None, (convert_to_text(event.get(name)) for name in keys)), "")


def _split_amount_currency(value: Any) -> tuple[str, str]:
    if isinstance(value, Mapping):
        return convert_to_text(value.get("amount")), convert_to_text(value.get("currencyCode") or value.get("currency"))
    amount = convert_to_text(value)
    return amount, DEFAULT_CURRENCY if amount else ""
