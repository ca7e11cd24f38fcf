"""What a carrier told of one parcel, as lines of the flat tables.

Pure and tolerant like `rows.py`. Carriers here deliver in India: an amount without a currency is in rupees,
a moment without an offset is the merchant's local time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from bridge.rules.index.identity import normal
from bridge.steps.access.package.text import ends, items, moment, pick, text_of

if TYPE_CHECKING:
    from datetime import tzinfo

HOME_CURRENCY = "INR"

_FORESEEN = ("expected", "promised")  # in the name of a date that says what was to be, not what was
_AT = ("at", "happened_at", "status_at", "time", "date")
_STATUS = ("status", "text", "code", "description")
_PLACE = ("location", "place", "city")
_REMARK = ("remark", "remarks", "note", "instructions", "detail")


def shipment(system: str, body: Mapping[str, Any], zone: tzinfo) -> dict[str, str]:
    """Make the line of a parcel in `shipments`."""
    cod, cod_currency = _money(body.get("cod_amount"))
    invoice, invoice_currency = _money(body.get("invoice_value"))
    consignee = body.get("consignee")
    shipped_on, last_on = ends(_moments(body), zone)
    lines, phones = pick(consignee, "address_lines"), pick(consignee, "phones")
    return {
        "told_by": system,
        "carrier": text_of(body.get("carrier")) or system,
        "carrier_id": text_of(body.get("carrier")) or system,
        "account_holder": text_of(body.get("account_holder")),
        "waybill": text_of(body.get("waybill")),
        "order": text_of(body.get("order_reference")),
        "status": text_of(body.get("status")),
        "status_at": moment(body.get("status_at"), zone),
        "shipped_on": shipped_on,
        "last_on": last_on,
        "cod_amount": cod,
        "invoice_value": invoice,
        "currency": text_of(body.get("currency")) or cod_currency or invoice_currency,
        **{name: text_of(pick(consignee, name)) for name in ("name", "city", "state", "pin", "country")},
        "address": ", ".join(filter(None, map(text_of, lines))) if isinstance(lines, list | tuple) else "",
        "phones": "; ".join(normal("phone", text_of(each)) or text_of(each) for each in phones)
        if isinstance(phones, list | tuple)
        else text_of(phones),
        "received_by": text_of(body.get("received_by")),
        "not_found": "yes" if unknown_there(body) else "",
    }


def unknown_there(body: Mapping[str, Any]) -> bool:
    """Tell whether the carrier said it does not know the parcel: then it told nothing of the person."""
    return bool(body.get("not_found")) or body.get("status") == "not_found"


def events_of(body: Mapping[str, Any], row: Mapping[str, str], zone: tzinfo) -> Iterator[dict[str, str]]:
    """Make the lines of a parcel in `shipment_events`."""
    for event in items(body, "events"):
        yield {
            "carrier": row["carrier"],
            "waybill": row["waybill"],
            "at": moment(_first(event, _AT), zone),
            "status": _first(event, _STATUS),
            "place": _first(event, _PLACE),
            "remark": _first(event, _REMARK),
        }


def _moments(body: Mapping[str, Any]) -> Iterator[Any]:
    """Yield when anything happened to a parcel; nothing where the carrier does not know it."""
    if unknown_there(body):
        return
    yield body.get("status_at")
    dates = body.get("dates")
    for name, value in dates.items() if isinstance(dates, Mapping) else ():
        if not any(word in name for word in _FORESEEN):
            yield value
    yield from (_first(event, _AT) for event in items(body, "events"))


def _first(event: Mapping[str, Any], names: tuple[str, ...]) -> str:
    return next(filter(None, (text_of(event.get(name)) for name in names)), "")


def _money(value: Any) -> tuple[str, str]:
    if isinstance(value, Mapping):
        return text_of(value.get("amount")), text_of(value.get("currencyCode") or value.get("currency"))
    amount = text_of(value)
    return amount, HOME_CURRENCY if amount else ""
