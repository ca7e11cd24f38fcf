"""Reads Delhivery's answers: JSON in, shipments in our words out. Asks nothing.

What its tables do not know stays raw, as `unknown`. "Recieve" is Delhivery's spelling.
"""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from bridge.connectors.parsing import parse_json
from bridge.connectors.shipment import (
    build_blank_record,
    format_india_time,
    list_text_lines,
    split_phone_numbers,
    text_or_none,
)
from bridge.errors import (
    BridgeError,
    ConnectorRefused,
    ConnectorThrottled,
    ConnectorUnavailable,
    CredentialRejected,
)
from bridge.model import ParcelStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bridge.model import Waybill

# https://one.delhivery.com/developer-portal/document/b2c/detail/order-tracking
DELHIVERY_STATUSES: Mapping[tuple[str, str], ParcelStatus] = {
    ("UD", "manifested"): ParcelStatus.BOOKED,
    ("UD", "not picked"): ParcelStatus.BOOKED,
    ("UD", "in transit"): ParcelStatus.IN_TRANSIT,
    ("UD", "pending"): ParcelStatus.IN_TRANSIT,
    ("UD", "dispatched"): ParcelStatus.OUT_FOR_DELIVERY,
    ("DL", "delivered"): ParcelStatus.DELIVERED,
    ("DL", "rto"): ParcelStatus.RETURNED,
    ("DL", "dto"): ParcelStatus.RETURNED,
    ("RT", "in transit"): ParcelStatus.RETURNING,
    ("RT", "pending"): ParcelStatus.RETURNING,
    ("RT", "dispatched"): ParcelStatus.RETURNING,
    ("PP", "open"): ParcelStatus.RETURN_BOOKED,
    ("PP", "scheduled"): ParcelStatus.RETURN_BOOKED,
    ("PP", "dispatched"): ParcelStatus.RETURN_BOOKED,
    ("PU", "in transit"): ParcelStatus.RETURNING,
    ("PU", "pending"): ParcelStatus.RETURNING,
    ("PU", "dispatched"): ParcelStatus.RETURNING,
    ("CN", "canceled"): ParcelStatus.CANCELLED,
    ("CN", "closed"): ParcelStatus.CANCELLED,
}
STATUSES_OF_ANY_TYPE: Mapping[str, ParcelStatus] = {"lost": ParcelStatus.LOST}  # written with any type
# A cancellation before pick-up leaves the status at "Not Picked"; only the code tells.
DELHIVERY_STATUS_CODES: Mapping[str, ParcelStatus] = {"DTUP-210": ParcelStatus.CANCELLED}
DELHIVERY_DATE_FIELDS: Mapping[str, str] = {
    "PickUpDate": "pickup_at",
    "PickedupDate": "picked_up_at",
    "OriginRecieveDate": "received_at_origin_at",
    "OutDestinationDate": "left_origin_at",
    "DestRecieveDate": "received_at_destination_at",
    "FirstAttemptDate": "first_attempt_at",
    "DeliveryDate": "delivered_at",
    "ReturnedDate": "returned_at",
    "RTOStartedDate": "return_started_at",
    "ExpectedDeliveryDate": "expected_at",
    "PromisedDeliveryDate": "promised_at",
    "ReturnPromisedDeliveryDate": "return_promised_at",
}
# The sender's own and the sorter's: nothing of the person. Everything else that is unforeseen is kept raw.
DELHIVERY_NON_PERSONAL_FIELDS = frozenset(
    {"SenderName", "PickupLocation", "Quantity", "ChargedWeight", "DispatchCount", "ReverseInTransit"}
)
DELHIVERY_MAPPED_FIELDS = frozenset(
    {"AWB", "ReferenceNo", "OrderType", "CODAmount", "InvoiceAmount", "Origin", "Destination"}
    | {"Status", "Scans", "Consignee"}
)
UNKNOWN_WAYBILL_TEXTS = ("data does not exist", "no such waybill or order id found")
WRONG_CREDENTIAL_TEXTS = ("login or api key required", "credentials were not provided", "invalid token")
WRONG_ENVIRONMENT_WORDS = ("nonetype", "has no attribute", "end_date")  # a token of staging on production


def parse_delhivery_shipments(status: int, content: bytes) -> list[dict[str, Any]] | None:
    """Read the shipments it tells of, unknown ones missing; None where it says it knows none of them.

    Which it is shows in the body, never in the status. Raises ConnectorUnavailable (not the promised JSON),
    ConnectorThrottled, CredentialRejected, ConnectorRefused.
    """
    told = parse_json(content)
    if isinstance(told, dict) and "ShipmentData" in told:
        return _extract_shipment_rows(told["ShipmentData"])
    raise_for_delhivery_error(status, told)
    return None


def raise_for_delhivery_error(status: int, response: object) -> None:
    """Name the error of an answer that is none; returns where it says that it does not know the waybill.

    Raises as `shipments`.
    """
    said = _read_error_text(response)
    if _is_credential_error(said):
        raise CredentialRejected("delhivery: token refused")
    if "throttled" in said:
        raise ConnectorThrottled("delhivery: throttled", retry_after_s=30.0)
    if any(words in said for words in UNKNOWN_WAYBILL_TEXTS):
        return
    if status == HTTPStatus.BAD_REQUEST or (isinstance(response, dict) and response.get("Success") is False):
        raise ConnectorRefused("delhivery: refused for a reason we do not know")
    raise ConnectorUnavailable("delhivery: unreadable answer")


def classify_delhivery_error(_status: int, content: bytes) -> type[BridgeError] | None:
    """Name the error of a refused call where its body tells more than its status."""
    return (
        CredentialRejected if _is_credential_error(content[:2_000].decode(errors="replace").lower()) else None
    )


def _is_credential_error(error_text: str) -> bool:
    return any(words in error_text for words in WRONG_CREDENTIAL_TEXTS) or all(
        word in error_text for word in WRONG_ENVIRONMENT_WORDS
    )


def build_delhivery_record(parcel: Waybill, row: dict[str, Any]) -> dict[str, Any]:
    """Put one shipment into our words."""
    state, strange = _dict_or_empty(row.get("Status")), dict[str, Any]()
    skipped = DELHIVERY_MAPPED_FIELDS | DELHIVERY_NON_PERSONAL_FIELDS | DELHIVERY_DATE_FIELDS.keys()
    strange |= {
        key: value for key, value in row.items() if key not in skipped and value not in (None, "", [])
    }
    body = build_blank_record(parcel, _map_delhivery_status(state, "Status", "StatusType", strange)) | {
        "order_reference": text_or_none(row.get("ReferenceNo")),
        "payment": text_or_none(row.get("OrderType")),
        "status_type": text_or_none(state.get("StatusType")),
        "status_at": _parse_delhivery_time(state.get("StatusDateTime"), "StatusDateTime", strange),
        "cod_amount": row.get("CODAmount"),
        "invoice_value": row.get("InvoiceAmount"),
        "origin": text_or_none(row.get("Origin")),
        "destination": text_or_none(row.get("Destination")),
        "consignee": _build_delhivery_consignee(row.get("Consignee")),
        "received_by": text_or_none(state.get("RecievedBy")),
        "note": text_or_none(state.get("Instructions")),
        "dates": {
            ours: at
            for theirs, ours in DELHIVERY_DATE_FIELDS.items()
            if (at := _parse_delhivery_time(row.get(theirs), theirs, strange))
        },
    }
    scans = row.get("Scans")
    body["events"] = (
        [_build_delhivery_event(scan, strange) for scan in scans] if isinstance(scans, list) else []
    )
    return body | {"raw_unrecognised": strange}


def _extract_shipment_rows(shipment_data: object) -> list[dict[str, Any]]:
    rows = shipment_data if isinstance(shipment_data, list) else [None]
    found = [row.get("Shipment") if isinstance(row, dict) else None for row in rows]
    if not all(isinstance(one, dict) for one in found):
        raise ConnectorUnavailable("delhivery: unreadable answer")
    return [one for one in found if isinstance(one, dict)]


def _read_error_text(response: object) -> str:
    """Return what an answer without shipments says, in lower case: a bare string, or one of four keys."""
    if isinstance(response, dict):
        return " ".join(str(response.get(key, "")) for key in ("Error", "error", "detail", "rmk")).lower()
    return response.lower() if isinstance(response, str) else ""


def _dict_or_empty(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _map_delhivery_status(
    row: dict[str, Any], status: str, kind: str, unrecognised: dict[str, Any]
) -> ParcelStatus:
    said, group = text_or_none(row.get(status)) or "", text_or_none(row.get(kind)) or ""
    ours = DELHIVERY_STATUSES.get((group, said.lower())) or STATUSES_OF_ANY_TYPE.get(said.lower())
    if ours is None:
        unrecognised.setdefault("statuses", []).append([group, said])
        return ParcelStatus.UNKNOWN
    return (
        DELHIVERY_STATUS_CODES.get(str(row.get("StatusCode")), ours) if ours is ParcelStatus.BOOKED else ours
    )


def _build_delhivery_event(scan: object, unrecognised: dict[str, Any]) -> dict[str, Any]:
    row = _dict_or_empty(_dict_or_empty(scan).get("ScanDetail"))
    where = _dict_or_empty(row.get("geo_location"))  # the doorstep, on the scan of the delivery
    moment = row.get("ScanDateTime") or row.get("StatusDateTime")
    return {
        "at": _parse_delhivery_time(moment, "ScanDateTime", unrecognised),
        "status": _map_delhivery_status(row, "Scan", "ScanType", unrecognised).value,
        "place": text_or_none(row.get("ScannedLocation")),
        "code": text_or_none(row.get("StatusCode")),
        "note": text_or_none(row.get("Instructions")),
        "location": {"lat": where.get("lat"), "long": where.get("long")} if where else None,
        "call_duration": text_or_none(row.get("call_duration")),
    }


def _build_delhivery_consignee(consignee: object) -> dict[str, Any] | None:
    if not isinstance(consignee, dict):
        return None
    return {
        "name": text_or_none(consignee.get("Name")),
        "address_lines": list_text_lines(
            consignee.get("Address1"), consignee.get("Address2"), consignee.get("Address3")
        ),
        "city": text_or_none(consignee.get("City")),
        "state": text_or_none(consignee.get("State")),
        "pin": text_or_none(consignee.get("PinCode")),
        "country": text_or_none(consignee.get("Country")),
        "phones": split_phone_numbers(consignee.get("Telephone1"), consignee.get("Telephone2")),
    }


def _parse_delhivery_time(value: object, field_name: str, unrecognised: dict[str, Any]) -> str | None:
    if not (said := text_or_none(value)):
        return None
    try:
        return format_india_time(datetime.fromisoformat(said))
    except ValueError:
        unrecognised.setdefault("moments", []).append([field_name, said])
        return None
