"""Parses Shiprocket's JSON answers into shipment records. Sends nothing.

A status that the tables do not contain becomes `unknown`; the original value is kept in `raw_unrecognised`. Never stores
a link to a proof of delivery: it opens for anybody.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from bridge.connectors.parsing import AnswerUnreadable, dict_or_empty, parse_json
from bridge.connectors.shipment import (
    build_blank_record,
    build_not_found_record,
    is_valid_waybill_number,
    list_text_lines,
    number_or_text,
    parse_india_time,
    read_shipment_texts,
    select_unrecognised,
    split_phone_numbers,
    text_or_none,
)
from bridge.connectors.shiprocket import statuses
from bridge.errors import ConnectorRefused, ConnectorThrottled, CredentialRejected
from bridge.model import ParcelStatus, Waybill
from bridge.rules.index.attribution import normalise_waybill

JsonObject = dict[str, Any]
UNREADABLE_SHIPROCKET_ANSWER = "shiprocket: unreadable answer"
TRACKING_FIELDS = frozenset({"track_status", "shipment_status", "shipment_track", "error"})
RETURN_WAYBILL_FIELDS = ("return_awb_code", "rto_awb_code", "return_awb", "rto_awb")
EMPTY_VALUES = ("", "-", "na", "n/a", "null", "0")  # how Shiprocket writes an empty reference
PHONE_NUMBER = re.compile(r"\+?\d{10,}")  # scans contain the telephone numbers of couriers


def parse_shiprocket_trackings(content: bytes) -> list[tuple[str, JsonObject]]:
    """Return the trackings with their waybills, '' for an unreadable one; none for an unknown waybill.

    Raises AnswerUnreadable (not the documented JSON), CredentialRejected, ConnectorThrottled, ConnectorRefused.
    """
    response = parse_json(content)
    if response in ({}, []):  # documented as {}; a PHP service may write an empty list instead
        return []
    if isinstance(response, dict) and "message" in response:
        _raise_for_shiprocket_message(response)
    trackings = list(_iterate_trackings(response))
    if not any(number for number, _ in trackings):
        raise AnswerUnreadable(UNREADABLE_SHIPROCKET_ANSWER)
    return trackings


def _iterate_trackings(response: object) -> Iterator[tuple[str, JsonObject]]:
    """Yield the trackings of an answer: a map by number, a list of such maps, or a single tracking.

    The two documented calls answer in different shapes.
    """
    if isinstance(response, list):
        for one in response:
            yield from _iterate_trackings(one)
    elif isinstance(response, dict):
        for key, value in response.items():
            number = normalise_waybill(key)
            if key == "tracking_data":
                yield from _iterate_unkeyed_trackings(value)
            elif isinstance(value, dict) and ("tracking_data" in value or _is_tracking(value)):
                data = value.get("tracking_data")
                # an empty one may be written as a list or as null; what stands around it is part of it
                yield (number if isinstance(data, dict) or not data else ""), value | dict_or_empty(data)
            elif is_valid_waybill_number(number) and any(map(str.isdigit, number)):
                yield (number, {}) if value in (None, [], {}) else ("", {})
    else:
        yield "", {}


def _iterate_unkeyed_trackings(value: object) -> Iterator[tuple[str, JsonObject]]:
    if isinstance(value, dict) and _is_tracking(value):
        yield normalise_waybill(text_or_none(statuses.read_tracking_row(value).get("awb_code")) or ""), value
    else:
        yield from _iterate_trackings(value)


def _is_tracking(value: JsonObject) -> bool:
    return not TRACKING_FIELDS.isdisjoint(value)


def _raise_for_shiprocket_message(response: JsonObject) -> None:
    code, text = response.get("status_code"), str(response["message"]).lower()
    if code in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN) or "token" in text or "unauthenticated" in text:
        raise CredentialRejected("shiprocket: token refused")
    if code == HTTPStatus.TOO_MANY_REQUESTS:
        raise ConnectorThrottled("shiprocket: throttled", retry_after_s=30.0)
    raise ConnectorRefused("shiprocket: refused for a reason we do not know")


def parse_shiprocket_order(status: int, content: bytes) -> JsonObject | None:
    """Return an order; None if Shiprocket has none of that id. Raises as `parse_shiprocket_trackings`."""
    response = parse_json(content)
    if status >= HTTPStatus.BAD_REQUEST:
        text = str(dict_or_empty(response).get("message", "")).lower()
        if "order" in text and ("not found" in text or "not exist" in text):
            return None
        raise ConnectorRefused("shiprocket: refused for a reason we do not know")
    data = dict_or_empty(dict_or_empty(response).get("data"))
    if not data:
        raise AnswerUnreadable(UNREADABLE_SHIPROCKET_ANSWER)
    return data


def read_order_id(tracking_data: JsonObject) -> str:
    """Return the id of the order that a tracked parcel belongs to; '' if the tracking names none."""
    text = text_or_none(statuses.read_tracking_row(tracking_data).get("order_id")) or ""
    return text if re.fullmatch(r"[0-9]{1,30}", text) and text.strip("0") else ""


def build_shiprocket_record(parcel: Waybill, tracking_data: JsonObject, order: JsonObject | None) -> dict[str, Any]:
    """Return the record of one parcel and, if given, of its order."""
    row, unrecognised = statuses.read_tracking_row(tracking_data), dict[str, Any]()
    status = statuses.read_parcel_status(tracking_data, normalise_waybill(parcel.number), unrecognised)
    if status is None:
        return build_not_found_record(parcel, ambiguous=True)  # unknown, or not scanned yet
    body = build_blank_record(parcel, status) | {
        **read_shipment_texts(row.get, status_type="current_status", courier="courier_name"),
        **read_shipment_texts(row.get, origin="origin", destination="destination"),
        "consignee": _read_person({"name": row.get("consignee_name")}, ""),
        "return_waybill": _read_return_waybill(row) or _read_return_waybill(tracking_data),
        "dates": {
            our_name: at
            for vendor_name, our_name in statuses.SHIPROCKET_DATE_FIELDS.items()
            if (at := _parse_shiprocket_time(row.get(vendor_name), unrecognised))
        },
    }
    rows = _list_rows(tracking_data.get("shipment_track_activities"))
    # Shiprocket lists the newest event first
    body["events"] = [_build_shiprocket_event(one, unrecognised) for one in reversed(rows)]
    event_times = [event["at"] for event in body["events"] if event["at"]]
    delivered_at = body["dates"].get("delivered_at") if status is ParcelStatus.DELIVERED else None
    body["status_at"] = delivered_at or max(event_times, default=None)
    return body | (_build_order_fields(order, body, unrecognised) if order else {}) | {"raw_unrecognised": unrecognised}


def _build_order_fields(
    order: JsonObject, shipment_record: dict[str, Any], unrecognised: dict[str, Any]
) -> dict[str, Any]:
    """Return the fields that the order adds: people, payment, and whether the cash was remitted."""
    others, shipments = dict_or_empty(order.get("others")), dict_or_empty(order.get("shipments"))
    consignee = _read_person(others, "shipping_") or _read_person(order, "customer_")
    payment = (text_or_none(order.get("payment_method")) or "").lower() or None
    total = number_or_text(order.get("total"))
    unrecognised |= select_unrecognised(
        order, statuses.SHIPROCKET_MAPPED_FIELDS | statuses.SHIPROCKET_NON_PERSONAL_FIELDS
    )
    return {
        **read_shipment_texts(order.get, order_reference="channel_order_id", order_id="id"),
        **read_shipment_texts(order.get, gstin="customer_gstin", company="company_name"),
        "payment": payment,
        "cod_amount": total if payment == "cod" else None,
        "invoice_value": total,
        "consignee": consignee or shipment_record["consignee"],
        "customer": _read_person(order, "customer_"),
        "billing": _read_person(order, "billing_") or _read_person(others, "billing_"),
        "return_pickup": _read_person(dict_or_empty(order.get("return_pickup_data")), ""),
        "refund_account": _read_refund_account(dict_or_empty(order.get("refund_detail"))),
        "items": [read_shipment_texts(one.get, name="name", sku="sku") for one in _list_rows(order.get("products"))],
        "remitted": _is_cash_remitted(order) if payment == "cod" else None,
        "return_waybill": shipment_record["return_waybill"] or _read_return_waybill(shipments),
    }


def _read_return_waybill(fields: JsonObject) -> str | None:
    """Return the second waybill of a parcel: a return has one of its own."""
    return next((text for name in RETURN_WAYBILL_FIELDS if (text := text_or_none(fields.get(name)))), None)


def _read_refund_account(refund_detail: JsonObject) -> dict[str, Any] | None:
    """Return the bank account for refunds, under the field names that an export masks."""
    names = {"bank_ifsc": "ifsc"}
    return {names.get(key, key): value for key, value in refund_detail.items() if text_or_none(value)} or None


def _is_cash_remitted(order: JsonObject) -> bool | None:
    """Return whether the cash was remitted to the merchant, by a bank reference or status; None if the order says nothing."""
    if not {"remittance_status", "remittance_utr"} & order.keys():
        return None
    text = [(text_or_none(order.get(key)) or "").lower() for key in ("remittance_utr", "remittance_status")]
    return text[0] not in EMPTY_VALUES or text[1] in statuses.REMITTED_WORDS


def _read_person(fields: JsonObject, prefix: str) -> dict[str, Any] | None:
    """Return the person in the fields that begin with `prefix`; None if they name nobody."""

    def read_lines(*names: str) -> list[str]:
        return list_text_lines(*(fields.get(prefix + name) for name in names))

    person = {
        "name": " ".join(read_lines("name", "last_name")) or None,
        "address_lines": read_lines("address", "address_2"),
        "city": text_or_none(fields.get(f"{prefix}city")),
        "state": next(iter(read_lines("state", "state_name")), None),
        "pin": next(iter(read_lines("pincode", "pin_code")), None),
        "country": next(iter(read_lines("country", "country_name")), None),
        "phones": split_phone_numbers(*read_lines("phone", "alternate_phone")),
        "emails": read_lines("email"),
    }
    return person if any((person["name"], person["address_lines"], person["phones"], person["emails"])) else None


def _build_shiprocket_event(row: JsonObject, unrecognised: dict[str, Any]) -> dict[str, Any]:
    label = row.get("sr-status-label") or row.get("activity")
    return {
        "at": _parse_shiprocket_time(row.get("date"), unrecognised),
        "status": statuses.map_shiprocket_status(row.get("sr-status"), label).value,
        **read_shipment_texts(row.get, place="location", code="status"),
        "note": PHONE_NUMBER.sub("(number left out)", text_or_none(row.get("activity")) or "") or None,
        "location": None,
    }


def _list_rows(value: object) -> list[JsonObject]:
    """Return the rows of a list, an empty one for each that is no object."""
    return [dict_or_empty(one) for one in value] if isinstance(value, list) else []


def _parse_shiprocket_time(value: object, unrecognised: dict[str, Any]) -> str | None:
    text = text_or_none(value) or ""
    is_empty = text.lower() in EMPTY_VALUES or text.startswith("0000")
    return None if is_empty else parse_india_time(text, unrecognised)
