"""Reads Delhivery's answers: JSON in, shipments in our words out. Asks nothing.

What its tables do not know stays raw, as `unknown`. "Recieve" is Delhivery's spelling.
"""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from bridge.connectors.parsing import json_of
from bridge.connectors.shipment import blank, in_india, lines, phones, text
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
STATUSES: Mapping[tuple[str, str], ParcelStatus] = {
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
ANYWHERE: Mapping[str, ParcelStatus] = {"lost": ParcelStatus.LOST}  # written with any type
# A cancellation before pick-up leaves the status at "Not Picked"; only the code tells.
CODES: Mapping[str, ParcelStatus] = {"DTUP-210": ParcelStatus.CANCELLED}
DATES: Mapping[str, str] = {
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
NOT_OF_THE_PERSON = frozenset(
    {"SenderName", "PickupLocation", "Quantity", "ChargedWeight", "DispatchCount", "ReverseInTransit"}
)
READ = frozenset(
    {"AWB", "ReferenceNo", "OrderType", "CODAmount", "InvoiceAmount", "Origin", "Destination"}
    | {"Status", "Scans", "Consignee"}
)
UNKNOWN_WAYBILL = ("data does not exist", "no such waybill or order id found")
WRONG_CREDENTIAL = ("login or api key required", "credentials were not provided", "invalid token")
WRONG_ENVIRONMENT = ("nonetype", "has no attribute", "end_date")  # a token of staging on production


def shipments(status: int, content: bytes) -> list[dict[str, Any]] | None:
    """Read the shipments it tells of, unknown ones missing; None where it says it knows none of them.

    Which it is shows in the body, never in the status. Raises ConnectorUnavailable (not the promised JSON),
    ConnectorThrottled, CredentialRejected, ConnectorRefused.
    """
    told = json_of(content)
    if isinstance(told, dict) and "ShipmentData" in told:
        return _rows(told["ShipmentData"])
    say_no(status, told)
    return None


def say_no(status: int, told: object) -> None:
    """Name the error of an answer that is none; returns where it says that it does not know the waybill.

    Raises as `shipments`.
    """
    said = _said(told)
    if _wrong_credential(said):
        raise CredentialRejected("delhivery: token refused")
    if "throttled" in said:
        raise ConnectorThrottled("delhivery: throttled", retry_after_s=30.0)
    if any(words in said for words in UNKNOWN_WAYBILL):
        return
    if status == HTTPStatus.BAD_REQUEST or (isinstance(told, dict) and told.get("Success") is False):
        raise ConnectorRefused("delhivery: refused for a reason we do not know")
    raise ConnectorUnavailable("delhivery: unreadable answer")


def judge(_status: int, content: bytes) -> type[BridgeError] | None:
    """Name the error of a refused call where its body tells more than its status."""
    return CredentialRejected if _wrong_credential(content[:2_000].decode(errors="replace").lower()) else None


def _wrong_credential(said: str) -> bool:
    return any(words in said for words in WRONG_CREDENTIAL) or all(word in said for word in WRONG_ENVIRONMENT)


def body_of(parcel: Waybill, told: dict[str, Any]) -> dict[str, Any]:
    """Put one shipment into our words."""
    state, strange = _object(told.get("Status")), dict[str, Any]()
    skipped = READ | NOT_OF_THE_PERSON | DATES.keys()
    strange |= {
        key: value for key, value in told.items() if key not in skipped and value not in (None, "", [])
    }
    body = blank(parcel, _status(state, "Status", "StatusType", strange)) | {
        "order_reference": text(told.get("ReferenceNo")),
        "payment": text(told.get("OrderType")),
        "status_type": text(state.get("StatusType")),
        "status_at": _moment(state.get("StatusDateTime"), "StatusDateTime", strange),
        "cod_amount": told.get("CODAmount"),
        "invoice_value": told.get("InvoiceAmount"),
        "origin": text(told.get("Origin")),
        "destination": text(told.get("Destination")),
        "consignee": _consignee(told.get("Consignee")),
        "received_by": text(state.get("RecievedBy")),
        "note": text(state.get("Instructions")),
        "dates": {
            ours: at for theirs, ours in DATES.items() if (at := _moment(told.get(theirs), theirs, strange))
        },
    }
    scans = told.get("Scans")
    body["events"] = [_event(scan, strange) for scan in scans] if isinstance(scans, list) else []
    return body | {"raw_unrecognised": strange}


def _rows(told: object) -> list[dict[str, Any]]:
    rows = told if isinstance(told, list) else [None]
    found = [row.get("Shipment") if isinstance(row, dict) else None for row in rows]
    if not all(isinstance(one, dict) for one in found):
        raise ConnectorUnavailable("delhivery: unreadable answer")
    return [one for one in found if isinstance(one, dict)]


def _said(told: object) -> str:
    """Return what an answer without shipments says, in lower case: a bare string, or one of four keys."""
    if isinstance(told, dict):
        return " ".join(str(told.get(key, "")) for key in ("Error", "error", "detail", "rmk")).lower()
    return told.lower() if isinstance(told, str) else ""


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _status(row: dict[str, Any], status: str, kind: str, strange: dict[str, Any]) -> ParcelStatus:
    said, group = text(row.get(status)) or "", text(row.get(kind)) or ""
    ours = STATUSES.get((group, said.lower())) or ANYWHERE.get(said.lower())
    if ours is None:
        strange.setdefault("statuses", []).append([group, said])
        return ParcelStatus.UNKNOWN
    return CODES.get(str(row.get("StatusCode")), ours) if ours is ParcelStatus.BOOKED else ours


def _event(scan: object, strange: dict[str, Any]) -> dict[str, Any]:
    row = _object(_object(scan).get("ScanDetail"))
    where = _object(row.get("geo_location"))  # the doorstep, on the scan of the delivery
    moment = row.get("ScanDateTime") or row.get("StatusDateTime")
    return {
        "at": _moment(moment, "ScanDateTime", strange),
        "status": _status(row, "Scan", "ScanType", strange).value,
        "place": text(row.get("ScannedLocation")),
        "code": text(row.get("StatusCode")),
        "note": text(row.get("Instructions")),
        "location": {"lat": where.get("lat"), "long": where.get("long")} if where else None,
        "call_duration": text(row.get("call_duration")),
    }


def _consignee(told: object) -> dict[str, Any] | None:
    if not isinstance(told, dict):
        return None
    return {
        "name": text(told.get("Name")),
        "address_lines": lines(told.get("Address1"), told.get("Address2"), told.get("Address3")),
        "city": text(told.get("City")),
        "state": text(told.get("State")),
        "pin": text(told.get("PinCode")),
        "country": text(told.get("Country")),
        "phones": phones(told.get("Telephone1"), told.get("Telephone2")),
    }


def _moment(told: object, name: str, strange: dict[str, Any]) -> str | None:
    if not (said := text(told)):
        return None
    try:
        return in_india(datetime.fromisoformat(said))
    except ValueError:
        strange.setdefault("moments", []).append([name, said])
        return None
