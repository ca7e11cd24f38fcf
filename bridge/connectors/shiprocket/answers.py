"""Reads Shiprocket's answers: JSON in, shipments in our words out. Asks nothing.

What its tables do not know stays raw, as `unknown`. Links to proofs of delivery are never kept: they open for anybody.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from bridge.connectors.parsing import contains_link, parse_json
from bridge.connectors.shipment import (
    build_blank_record,
    build_not_found_record,
    format_india_time,
    list_text_lines,
    split_phone_numbers,
    text_or_none,
)
from bridge.connectors.shiprocket.statuses import (
    REMITTED_WORDS,
    SHIPROCKET_DATE_FIELDS,
    SHIPROCKET_MAPPED_FIELDS,
    SHIPROCKET_NON_PERSONAL_FIELDS,
    SHIPROCKET_STATUS_CODES,
    SHIPROCKET_STATUS_TEXTS,
)
from bridge.errors import ConnectorRefused, ConnectorThrottled, ConnectorUnavailable, CredentialRejected
from bridge.model import ParcelStatus
from bridge.rules.index.attribution import normalise_waybill

if TYPE_CHECKING:
    from bridge.model import Waybill

JsonObject = dict[str, Any]
UNREADABLE_SHIPROCKET_ANSWER = "shiprocket: unreadable answer"
EMPTY_VALUES = ("", "-", "na", "n/a", "null", "0")  # how an empty reference is written
PHONE_NUMBER = re.compile(r"\+?\d{10,}")  # scans name the courier's man and his telephone


def parse_shiprocket_trackings(content: bytes) -> dict[str, JsonObject | None]:
    """Read what it tells by waybill; None where it has nothing to tell of one yet. Those it does not know are missing.

    Raises ConnectorUnavailable (not the promised JSON), CredentialRejected, ConnectorThrottled, ConnectorRefused.
    """
    told = parse_json(content)
    if told in ({}, []):  # the page shows {}; a PHP service may write an empty list for it
        return {}
    if isinstance(told, dict) and "message" in told:
        _raise_for_shiprocket_message(told)
    found = dict(_iterate_trackings(told))
    if not found:
        raise ConnectorUnavailable(UNREADABLE_SHIPROCKET_ANSWER)
    return found


def _iterate_trackings(response: object) -> Iterator[tuple[str, JsonObject | None]]:
    """Several waybills by number, a list of such, or one alone: the page's two calls answer in different shapes."""
    if isinstance(response, list):
        for one in response:
            yield from _iterate_trackings(one)
    elif isinstance(response, dict):
        for key, value in response.items():
            data = value.get("tracking_data") if isinstance(value, dict) else None
            if key == "tracking_data" and isinstance(value, dict):
                if "track_status" not in value and "shipment_track" not in value:
                    yield from _iterate_trackings(value)
                elif number := text_or_none(_read_tracking_row(value).get("awb_code")):
                    yield normalise_waybill(number), value
            elif isinstance(data, dict):
                yield normalise_waybill(key), data if _read_tracking_row(data) else None


def _raise_for_shiprocket_message(response: JsonObject) -> None:
    code, said = response.get("status_code"), str(response["message"]).lower()
    if (
        code in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
        or "token" in said
        or "unauthenticated" in said
    ):
        raise CredentialRejected("shiprocket: token refused")
    if code == HTTPStatus.TOO_MANY_REQUESTS:
        raise ConnectorThrottled("shiprocket: throttled", retry_after_s=30.0)
    raise ConnectorRefused("shiprocket: refused for a reason we do not know")


def parse_shiprocket_order(status: int, content: bytes) -> JsonObject | None:
    """Read an order; None where it says it has none of that id. Raises as `trackings`."""
    told = parse_json(content)
    if status >= HTTPStatus.BAD_REQUEST:
        said = str(told.get("message", "") if isinstance(told, dict) else "").lower()
        if "order" in said and ("not found" in said or "not exist" in said):
            return None
        raise ConnectorRefused("shiprocket: refused for a reason we do not know")
    data = told.get("data") if isinstance(told, dict) else None
    if not isinstance(data, dict) or not data:
        raise ConnectorUnavailable(UNREADABLE_SHIPROCKET_ANSWER)
    return data


def read_order_id(tracking_data: JsonObject | None) -> str:
    """The id of the order a tracked parcel belongs to; '' where it names none."""
    said = text_or_none(_read_tracking_row(tracking_data or {}).get("order_id")) or ""
    return said if said.isdecimal() and int(said) else ""


def build_shiprocket_record(
    parcel: Waybill, tracking_data: JsonObject | None, order: JsonObject | None
) -> dict[str, Any]:
    """Put one parcel, and its order where it was asked for, into our words."""
    if tracking_data is None:
        return build_not_found_record(parcel, ambiguous=True)  # unknown there, or only not yet scanned
    row, strange = _read_tracking_row(tracking_data), dict[str, Any]()
    status = _map_shiprocket_status(tracking_data.get("shipment_status"), row.get("current_status"), strange)
    body = build_blank_record(parcel, status) | {
        "status_type": text_or_none(row.get("current_status")),
        "courier": text_or_none(row.get("courier_name")),
        "origin": text_or_none(row.get("origin")),
        "destination": text_or_none(row.get("destination")),
        "consignee": _read_person({"name": row.get("consignee_name")}, ""),
        "dates": {
            ours: at
            for theirs, ours in SHIPROCKET_DATE_FIELDS.items()
            if (at := _parse_shiprocket_time(row.get(theirs), strange))
        },
    }
    activities = tracking_data.get("shipment_track_activities")
    rows = [_dict_or_empty(one) for one in activities] if isinstance(activities, list) else []
    body["events"] = [_build_shiprocket_event(one, strange) for one in rows][
        ::-1
    ]  # theirs begin with the newest
    moments = [event["at"] for event in body["events"] if event["at"]]
    delivered = body["dates"].get("delivered_at") if status is ParcelStatus.DELIVERED else None
    body["status_at"] = delivered or max(moments, default=None)
    return body | (_build_order_fields(order, body, strange) if order else {}) | {"raw_unrecognised": strange}


def _build_order_fields(
    order: JsonObject, shipment_record: dict[str, Any], unrecognised: dict[str, Any]
) -> dict[str, Any]:
    """What the order adds: the person in full, the payment, and where the cash is."""
    others, sent = _dict_or_empty(order.get("others")), _dict_or_empty(order.get("shipments"))
    delivery = _read_person(others, "shipping_") or _read_person(order, "customer_")
    paid = (text_or_none(order.get("payment_method")) or "").lower() or None
    total = order.get("total")
    unrecognised |= {
        key: value
        for key, value in order.items()
        if key not in SHIPROCKET_MAPPED_FIELDS | SHIPROCKET_NON_PERSONAL_FIELDS
        and value not in (None, "", [], {})
        and not contains_link(value)
    }
    return {
        "order_reference": text_or_none(order.get("channel_order_id")),
        "order_id": text_or_none(order.get("id")),
        "payment": paid,
        "cod_amount": total if paid == "cod" else None,
        "invoice_value": total,
        "consignee": delivery or shipment_record["consignee"],
        "customer": _read_person(order, "customer_"),
        "billing": _read_person(order, "billing_") or _read_person(others, "billing_"),
        "return_pickup": _read_person(_dict_or_empty(order.get("return_pickup_data")), ""),
        "refund_account": _read_refund_account(_dict_or_empty(order.get("refund_detail"))),
        "gstin": text_or_none(order.get("customer_gstin")),
        "company": text_or_none(order.get("company_name")),
        "items": [
            {"name": text_or_none(one.get("name")), "sku": text_or_none(one.get("sku"))}
            for one in _list_products(order)
        ],
        "remitted": _is_cash_remitted(order) if paid == "cod" else None,
        "return_waybill": text_or_none(sent.get("rto_awb")) or text_or_none(sent.get("return_awb")),
    }


def _read_refund_account(refund_detail: JsonObject) -> dict[str, Any] | None:
    """Where money for a return goes, under the names by which an export hides the most of it."""
    names = {"bank_ifsc": "ifsc"}
    return {names.get(key, key): value for key, value in refund_detail.items() if text_or_none(value)} or None


def _is_cash_remitted(order: JsonObject) -> bool | None:
    """Whether the cash went on to the merchant: a bank's reference or a word for it; None where nothing is said."""
    if not {"remittance_status", "remittance_utr"} & order.keys():
        return None
    said = [(text_or_none(order.get(key)) or "").lower() for key in ("remittance_utr", "remittance_status")]
    return said[0] not in EMPTY_VALUES or said[1] in REMITTED_WORDS


def _read_person(fields: JsonObject, prefix: str) -> dict[str, Any] | None:
    """Whom these fields name; None where they name nobody. `name` and `customer_name` are the same with a prefix."""

    def of(*names: str) -> list[str]:
        return list_text_lines(*(fields.get(prefix + name) for name in names))

    person = {
        "name": " ".join(of("name", "last_name")) or None,
        "address_lines": of("address", "address_2"),
        "city": text_or_none(fields.get(f"{prefix}city")),
        "state": next(iter(of("state", "state_name")), None),
        "pin": next(iter(of("pincode", "pin_code")), None),
        "country": next(iter(of("country", "country_name")), None),
        "phones": split_phone_numbers(*of("phone", "alternate_phone")),
        "emails": of("email"),
    }
    return (
        person if any((person["name"], person["address_lines"], person["phones"], person["emails"])) else None
    )


def _build_shiprocket_event(row: JsonObject, unrecognised: dict[str, Any]) -> dict[str, Any]:
    return {
        "at": _parse_shiprocket_time(row.get("date"), unrecognised),
        "status": _map_shiprocket_status(
            row.get("sr-status"), row.get("sr-status-label") or row.get("activity"), {}
        ).value,
        "place": text_or_none(row.get("location")),
        "code": text_or_none(row.get("status")),
        "note": PHONE_NUMBER.sub("(number left out)", text_or_none(row.get("activity")) or "") or None,
        "location": None,
    }


def _map_shiprocket_status(code: object, label: object, unrecognised: dict[str, Any]) -> ParcelStatus:
    number, words = (
        text_or_none(code) or "",
        re.sub(r"[^a-z]+", " ", (text_or_none(label) or "").lower()).strip(),
    )
    ours = SHIPROCKET_STATUS_CODES.get(int(number)) if number.isdecimal() else None
    ours = ours or SHIPROCKET_STATUS_TEXTS.get(words)
    if ours is None:
        unrecognised.setdefault("statuses", []).append([number, text_or_none(label)])
    return ours or ParcelStatus.UNKNOWN


def _read_tracking_row(tracking_data: JsonObject) -> JsonObject:
    """The parcel's own row, which comes in a list of one; {} where it is missing or blank."""
    rows = tracking_data.get("shipment_track")
    row = _dict_or_empty(rows[0] if isinstance(rows, list) and rows else rows)
    return row if text_or_none(row.get("awb_code")) or text_or_none(row.get("current_status")) else {}


def _list_products(order: JsonObject) -> list[JsonObject]:
    rows = order.get("products")
    return [_dict_or_empty(one) for one in rows] if isinstance(rows, list) else []


def _dict_or_empty(value: object) -> JsonObject:
    return value if isinstance(value, dict) else {}


def _parse_shiprocket_time(value: object, unrecognised: dict[str, Any]) -> str | None:
    said = text_or_none(value)
    if not said or said.lower() in EMPTY_VALUES or said.startswith("0000"):
        return None
    try:
        return format_india_time(datetime.fromisoformat(said))
    except ValueError:
        unrecognised.setdefault("moments", []).append(said)
        return None
