"""Reads Shiprocket's answers: JSON in, shipments in our words out. Asks nothing.

What its tables do not know stays raw, as `unknown`. Links to proofs of delivery are never kept: they open for anybody.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from bridge.connectors.parsing import json_of, linked
from bridge.connectors.shipment import blank, in_india, lines, not_found, phones, text
from bridge.connectors.shiprocket.statuses import CODES, DATES, NOT_OF_THE_PERSON, REMITTED, TEXTS, WRITTEN
from bridge.errors import ConnectorRefused, ConnectorThrottled, ConnectorUnavailable, CredentialRejected
from bridge.model import ParcelStatus
from bridge.rules.index.attribution import spelt

if TYPE_CHECKING:
    from bridge.model import Waybill

Told = dict[str, Any]
UNREADABLE = "shiprocket: unreadable answer"
NOBODY = ("", "-", "na", "n/a", "null", "0")  # how an empty reference is written
CALLED = re.compile(r"\+?\d{10,}")  # scans name the courier's man and his telephone


def trackings(content: bytes) -> dict[str, Told | None]:
    """Read what it tells by waybill; None where it has nothing to tell of one yet. Those it does not know are missing.

    Raises ConnectorUnavailable (not the promised JSON), CredentialRejected, ConnectorThrottled, ConnectorRefused.
    """
    told = json_of(content)
    if told in ({}, []):  # the page shows {}; a PHP service may write an empty list for it
        return {}
    if isinstance(told, dict) and "message" in told:
        _refuse(told)
    found = dict(_each(told))
    if not found:
        raise ConnectorUnavailable(UNREADABLE)
    return found


def _each(told: object) -> Iterator[tuple[str, Told | None]]:
    """Several waybills by number, a list of such, or one alone: the page's two calls answer in different shapes."""
    if isinstance(told, list):
        for one in told:
            yield from _each(one)
    elif isinstance(told, dict):
        for key, value in told.items():
            data = value.get("tracking_data") if isinstance(value, dict) else None
            if key == "tracking_data" and isinstance(value, dict):
                if "track_status" not in value and "shipment_track" not in value:
                    yield from _each(value)
                elif number := text(_row(value).get("awb_code")):
                    yield spelt(number), value
            elif isinstance(data, dict):
                yield spelt(key), data if _row(data) else None


def _refuse(told: Told) -> None:
    code, said = told.get("status_code"), str(told["message"]).lower()
    if (
        code in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
        or "token" in said
        or "unauthenticated" in said
    ):
        raise CredentialRejected("shiprocket: token refused")
    if code == HTTPStatus.TOO_MANY_REQUESTS:
        raise ConnectorThrottled("shiprocket: throttled", retry_after_s=30.0)
    raise ConnectorRefused("shiprocket: refused for a reason we do not know")


def order_in(status: int, content: bytes) -> Told | None:
    """Read an order; None where it says it has none of that id. Raises as `trackings`."""
    told = json_of(content)
    if status >= HTTPStatus.BAD_REQUEST:
        said = str(told.get("message", "") if isinstance(told, dict) else "").lower()
        if "order" in said and ("not found" in said or "not exist" in said):
            return None
        raise ConnectorRefused("shiprocket: refused for a reason we do not know")
    data = told.get("data") if isinstance(told, dict) else None
    if not isinstance(data, dict) or not data:
        raise ConnectorUnavailable(UNREADABLE)
    return data


def order_id_of(data: Told | None) -> str:
    """The id of the order a tracked parcel belongs to; '' where it names none."""
    said = text(_row(data or {}).get("order_id")) or ""
    return said if said.isdecimal() and int(said) else ""


def body_of(parcel: Waybill, data: Told | None, order: Told | None) -> dict[str, Any]:
    """Put one parcel, and its order where it was asked for, into our words."""
    if data is None:
        return not_found(parcel, ambiguous=True)  # unknown there, or only not yet scanned
    row, strange = _row(data), dict[str, Any]()
    status = _status(data.get("shipment_status"), row.get("current_status"), strange)
    body = blank(parcel, status) | {
        "status_type": text(row.get("current_status")),
        "courier": text(row.get("courier_name")),
        "origin": text(row.get("origin")),
        "destination": text(row.get("destination")),
        "consignee": _person({"name": row.get("consignee_name")}, ""),
        "dates": {ours: at for theirs, ours in DATES.items() if (at := _moment(row.get(theirs), strange))},
    }
    activities = data.get("shipment_track_activities")
    rows = [_object(one) for one in activities] if isinstance(activities, list) else []
    body["events"] = [_event(one, strange) for one in rows][::-1]  # theirs begin with the newest
    moments = [event["at"] for event in body["events"] if event["at"]]
    delivered = body["dates"].get("delivered_at") if status is ParcelStatus.DELIVERED else None
    body["status_at"] = delivered or max(moments, default=None)
    return body | (_ordered(order, body, strange) if order else {}) | {"raw_unrecognised": strange}


def _ordered(order: Told, body: dict[str, Any], strange: dict[str, Any]) -> dict[str, Any]:
    """What the order adds: the person in full, the payment, and where the cash is."""
    others, sent = _object(order.get("others")), _object(order.get("shipments"))
    delivery = _person(others, "shipping_") or _person(order, "customer_")
    paid = (text(order.get("payment_method")) or "").lower() or None
    total = order.get("total")
    strange |= {
        key: value
        for key, value in order.items()
        if key not in WRITTEN | NOT_OF_THE_PERSON and value not in (None, "", [], {}) and not linked(value)
    }
    return {
        "order_reference": text(order.get("channel_order_id")),
        "order_id": text(order.get("id")),
        "payment": paid,
        "cod_amount": total if paid == "cod" else None,
        "invoice_value": total,
        "consignee": delivery or body["consignee"],
        "customer": _person(order, "customer_"),
        "billing": _person(order, "billing_") or _person(others, "billing_"),
        "return_pickup": _person(_object(order.get("return_pickup_data")), ""),
        "refund_account": _refund(_object(order.get("refund_detail"))),
        "gstin": text(order.get("customer_gstin")),
        "company": text(order.get("company_name")),
        "items": [{"name": text(one.get("name")), "sku": text(one.get("sku"))} for one in _items(order)],
        "remitted": _remitted(order) if paid == "cod" else None,
        "return_waybill": text(sent.get("rto_awb")) or text(sent.get("return_awb")),
    }


def _refund(told: Told) -> dict[str, Any] | None:
    """Where money for a return goes, under the names by which an export hides the most of it."""
    names = {"bank_ifsc": "ifsc"}
    return {names.get(key, key): value for key, value in told.items() if text(value)} or None


def _remitted(order: Told) -> bool | None:
    """Whether the cash went on to the merchant: a bank's reference or a word for it; None where nothing is said."""
    if not {"remittance_status", "remittance_utr"} & order.keys():
        return None
    said = [(text(order.get(key)) or "").lower() for key in ("remittance_utr", "remittance_status")]
    return said[0] not in NOBODY or said[1] in REMITTED


def _person(told: Told, prefix: str) -> dict[str, Any] | None:
    """Whom these fields name; None where they name nobody. `name` and `customer_name` are the same with a prefix."""

    def of(*names: str) -> list[str]:
        return lines(*(told.get(prefix + name) for name in names))

    person = {
        "name": " ".join(of("name", "last_name")) or None,
        "address_lines": of("address", "address_2"),
        "city": text(told.get(f"{prefix}city")),
        "state": next(iter(of("state", "state_name")), None),
        "pin": next(iter(of("pincode", "pin_code")), None),
        "country": next(iter(of("country", "country_name")), None),
        "phones": phones(*of("phone", "alternate_phone")),
        "emails": of("email"),
    }
    return (
        person if any((person["name"], person["address_lines"], person["phones"], person["emails"])) else None
    )


def _event(row: Told, strange: dict[str, Any]) -> dict[str, Any]:
    return {
        "at": _moment(row.get("date"), strange),
        "status": _status(row.get("sr-status"), row.get("sr-status-label") or row.get("activity"), {}).value,
        "place": text(row.get("location")),
        "code": text(row.get("status")),
        "note": CALLED.sub("(number left out)", text(row.get("activity")) or "") or None,
        "location": None,
    }


def _status(code: object, said: object, strange: dict[str, Any]) -> ParcelStatus:
    number, words = text(code) or "", re.sub(r"[^a-z]+", " ", (text(said) or "").lower()).strip()
    ours = CODES.get(int(number)) if number.isdecimal() else None
    ours = ours or TEXTS.get(words)
    if ours is None:
        strange.setdefault("statuses", []).append([number, text(said)])
    return ours or ParcelStatus.UNKNOWN


def _row(data: Told) -> Told:
    """The parcel's own row, which comes in a list of one; {} where it is missing or blank."""
    rows = data.get("shipment_track")
    row = _object(rows[0] if isinstance(rows, list) and rows else rows)
    return row if text(row.get("awb_code")) or text(row.get("current_status")) else {}


def _items(order: Told) -> list[Told]:
    rows = order.get("products")
    return [_object(one) for one in rows] if isinstance(rows, list) else []


def _object(value: object) -> Told:
    return value if isinstance(value, dict) else {}


def _moment(told: object, strange: dict[str, Any]) -> str | None:
    said = text(told)
    if not said or said.lower() in NOBODY or said.startswith("0000"):
        return None
    try:
        return in_india(datetime.fromisoformat(said))
    except ValueError:
        strange.setdefault("moments", []).append(said)
        return None
