"""Parses AfterShip's JSON answers into shipment records. Sends nothing.

A status that the tables do not contain becomes `unknown`; the original value is kept in `raw_unrecognised`. Never stores
a link that opens a tracking page for anybody.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from bridge.connectors.parsing import AnswerUnreadable, dict_or_empty, list_objects, parse_json
from bridge.connectors.shipment import (
    build_blank_record,
    list_text_lines,
    parse_local_time,
    read_shipment_texts,
    select_unrecognised,
    split_phone_numbers,
    text_or_none,
)
from bridge.errors import BridgeError, ConnectorRefused, ConnectorThrottled, CredentialRejected
from bridge.model import ParcelStatus, Waybill
from bridge.rules.index.attribution import normalise_waybill

# https://www.aftership.com/docs/tracking/others/delivery-statuses
AFTERSHIP_TAGS: Mapping[str, ParcelStatus] = {
    **dict.fromkeys(("Pending", "InfoReceived"), ParcelStatus.BOOKED),
    **dict.fromkeys(("InTransit", "AttemptFail", "Exception"), ParcelStatus.IN_TRANSIT),
    **dict.fromkeys(("OutForDelivery", "AvailableForPickup"), ParcelStatus.OUT_FOR_DELIVERY),
    "Delivered": ParcelStatus.DELIVERED,
    "Expired": ParcelStatus.UNKNOWN,  # AfterShip stopped tracking: the parcel's location is unknown
}
AFTERSHIP_SUBTAGS: Mapping[str, ParcelStatus] = {  # subtags of an exception: returning, returned, lost
    "Exception_010": ParcelStatus.RETURNING,
    "Exception_011": ParcelStatus.RETURNED,
    "Exception_013": ParcelStatus.LOST,
}
# https://www.aftership.com/docs/tracking/quickstart/request-errors
AFTERSHIP_ERROR_CODES: Mapping[int, type[BridgeError]] = {
    401: CredentialRejected,
    403: CredentialRejected,
    429: ConnectorThrottled,
}
NO_SUCH_TRACKING_CODES = (404, 4004)
UNREADABLE_AFTERSHIP_ANSWER = "aftership: unreadable answer"
AFTERSHIP_MAPPED_FIELDS = frozenset(
    {"id", "tracking_number", "slug", "tag", "subtag", "order_id", "order_number", "title", "customers"}
    | {"signed_by", "note", "checkpoints", "shipment_pickup_date", "shipment_delivery_date", "created_at"}
    | {f"destination_{part}" for part in ("raw_location", "city", "state", "postal_code", "country_region")}
    | {"updated_at", "subscribed_emails", "subscribed_smses", "emails", "smses", "customer_name"}
    | {"origin_raw_location"}
)
# Data that AfterShip computes and data of the sender, not of the consignee: left out. Any other field is kept raw.
AFTERSHIP_NON_PERSONAL_FIELDS = frozenset(
    {"legacy_id", "active", "transit_time", "origin_country_region", "origin_state", "origin_city"}
    | {"origin_postal_code", "courier_destination_country_region", "courier_estimated_delivery_date", "order_id_path"}
    | {"order_date", "shipment_package_count", "shipment_type", "shipment_weight", "source", "subtag_message"}
    | {"tracked_count", "last_mile_tracking_supported", "unique_token", "return_to_sender"}
    | {"order_promised_delivery_date", "delivery_type", "courier_tracking_link", "first_attempted_at"}
    | {"courier_redirect_link", "tracking_account_number", "tracking_key", "tracking_ship_date", "on_time_status"}
    | {"on_time_difference", "aftership_estimated_delivery_date", "custom_estimated_delivery_date"}
    | {"first_estimated_delivery", "latest_estimated_delivery", "courier_connection_id", "carbon_emissions"}
    | {"location_id", "failed_delivery_attempts", "signature_requirement", "delivery_location_type"}
    | {"aftership_tracking_url", "first_mile", "last_mile", "aftership_tracking_order_url", "tracking_origin_country"}
    | {"shipping_method", "delivery_time"}
)


def classify_aftership_error(_status: int, content: bytes) -> type[BridgeError] | None:
    """Return the error of a refused call if `meta.code` says more than its status."""
    return AFTERSHIP_ERROR_CODES.get(_read_aftership_code(parse_json(content)))


def parse_tracking_page(content: bytes) -> tuple[list[tuple[str, dict[str, Any]]], str]:
    """Return the trackings of a page with their numbers, '' for an unreadable one, and the cursor of the next page.

    The cursor is '' after the last page. Raises AnswerUnreadable (not the documented JSON), CredentialRejected,
    ConnectorThrottled, ConnectorRefused.
    """
    response = parse_json(content)
    _raise_for_aftership_code(_read_aftership_code(response))
    data = dict_or_empty(dict_or_empty(response).get("data"))
    if not isinstance(data.get("trackings"), list):
        raise AnswerUnreadable(UNREADABLE_AFTERSHIP_ANSWER)
    rows = [dict_or_empty(row) for row in data["trackings"]]
    # `pagination` since 2024-07; before, the cursor was next to the rows
    paging = data["pagination"] if isinstance(data.get("pagination"), dict) else data
    next_cursor = text_or_none(paging.get("next_cursor") or paging.get("cursor")) or ""
    numbered_rows = [(normalise_waybill(text_or_none(row.get("tracking_number")) or ""), row) for row in rows]
    return numbered_rows, next_cursor if paging.get("has_next_page", bool(rows)) else ""


def read_tracking_id(tracking: dict[str, Any]) -> str:
    """Return the id by which a tracking is deleted. Raises AnswerUnreadable if it is missing or could be another path."""
    tracking_id = text_or_none(tracking.get("id")) or ""
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,100}", tracking_id):
        raise AnswerUnreadable(UNREADABLE_AFTERSHIP_ANSWER)
    return tracking_id


def read_tracking_presence(status: int, content: bytes) -> bool:
    """Return whether a tracking exists, by the answer about it. Raises as `parse_tracking_page`."""
    code = _read_aftership_code(parse_json(content))
    if code in NO_SUCH_TRACKING_CODES:
        return False
    _raise_for_aftership_code(code)
    if status >= HTTPStatus.BAD_REQUEST:
        raise ConnectorRefused("aftership: refused for a reason we do not know")
    return True


def _raise_for_aftership_code(code: int) -> None:
    if code in AFTERSHIP_ERROR_CODES:
        what = "throttled" if code == HTTPStatus.TOO_MANY_REQUESTS else "key refused"
        raise AFTERSHIP_ERROR_CODES[code](f"aftership: {what}")
    if 400 <= code < 500 or code >= 4000:
        raise ConnectorRefused("aftership: refused for a reason we do not know")
    if not 200 <= code < 300:
        raise AnswerUnreadable(UNREADABLE_AFTERSHIP_ANSWER)


def _read_aftership_code(response: object) -> int:
    """Return `meta.code` of an answer; 0 if it has none."""
    code = dict_or_empty(dict_or_empty(response).get("meta")).get("code")
    return code if isinstance(code, int) and not isinstance(code, bool) else 0


def build_aftership_record(parcel: Waybill, row: dict[str, Any]) -> dict[str, Any]:
    """Return the record of one tracking."""
    unrecognised = select_unrecognised(row, AFTERSHIP_MAPPED_FIELDS | AFTERSHIP_NON_PERSONAL_FIELDS)
    events = [_build_aftership_event(one, unrecognised) for one in list_objects(row.get("checkpoints"))]
    status = _map_aftership_status(row, unrecognised)
    delivered_at = _parse_aftership_time(row.get("shipment_delivery_date"), unrecognised)
    picked_up_at = _parse_aftership_time(row.get("shipment_pickup_date"), unrecognised)
    people = _read_aftership_people(row)
    return build_blank_record(parcel, status) | {
        **read_shipment_texts(row.get, tracking_id="id", courier="slug", title="title", status_type="tag"),
        **read_shipment_texts(row.get, origin="origin_raw_location", destination="destination_raw_location"),
        **read_shipment_texts(row.get, received_by="signed_by", note="note"),
        "order_reference": text_or_none(row.get("order_number")) or text_or_none(row.get("order_id")),
        "status_at": delivered_at or (events[-1]["at"] if events else None),
        "consignee": _build_aftership_consignee(row, people),
        "customers": people,
        "notified": list_text_lines(row.get("subscribed_emails"), row.get("subscribed_smses")),
        "dates": {k: v for k, v in {"picked_up_at": picked_up_at, "delivered_at": delivered_at}.items() if v},
        "events": events,
        "raw_unrecognised": unrecognised,
    }


def _read_aftership_people(tracking: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the people that AfterShip notifies: `customers` since 2024-07, before a name, e-mails and phone numbers."""
    customers = list_objects(tracking.get("customers")) or [
        {"name": tracking.get("customer_name"), "email": tracking.get("emails"), "phone": tracking.get("smses")}
    ]
    people = [
        {
            **read_shipment_texts(row.get, role="role", name="name"),
            "emails": list_text_lines(row.get("email")),
            "phones": split_phone_numbers(row.get("phone_number"), row.get("phone")),
        }
        for row in customers
    ]
    return [one for one in people if one["name"] or one["emails"] or one["phones"]]


def _build_aftership_consignee(tracking: dict[str, Any], people: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Return the first notified person with the destination address."""
    if not people and not text_or_none(tracking.get("destination_raw_location")):
        return None
    first = people[0] if people else {"name": None, "emails": [], "phones": []}
    return {
        "name": first["name"],
        "address_lines": list_text_lines(tracking.get("destination_raw_location")),
        **read_shipment_texts(tracking.get, city="destination_city", state="destination_state"),
        **read_shipment_texts(tracking.get, pin="destination_postal_code", country="destination_country_region"),
        "phones": first["phones"],
        "emails": first["emails"],
    }


def _map_aftership_status(row: dict[str, Any], unrecognised: dict[str, Any]) -> ParcelStatus:
    tag, subtag = text_or_none(row.get("tag")) or "", text_or_none(row.get("subtag")) or ""
    parcel_status = AFTERSHIP_SUBTAGS.get(subtag) or AFTERSHIP_TAGS.get(tag)
    if parcel_status is None:
        unrecognised.setdefault("statuses", []).append([tag, subtag])
    return parcel_status or ParcelStatus.UNKNOWN


def _build_aftership_event(row: dict[str, Any], unrecognised: dict[str, Any]) -> dict[str, Any]:
    return {
        "at": _parse_aftership_time(row.get("checkpoint_time"), unrecognised),
        "status": _map_aftership_status(row, {}).value,
        **read_shipment_texts(row.get, place="location", code="subtag", note="message"),
        "location": None,
    }


def _parse_aftership_time(value: object, unrecognised: dict[str, Any]) -> str | None:
    """Return a date, local time or time with zone in ISO 8601; AfterShip passes on each courier's own form."""
    text = text_or_none(value)
    if not text:
        return None
    at = parse_local_time(value)
    if at is None:
        unrecognised.setdefault("moments", []).append(text)
        return None
    return at.isoformat() if "T" in text else text
