"""Parses Delhivery's JSON answers into shipment records. Sends nothing.

A status that the tables do not contain becomes `unknown`; the original value is kept in `raw_unrecognised`. "Recieve" is
Delhivery's spelling.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from bridge.connectors.parsing import AnswerUnreadable, dict_or_empty, parse_json
from bridge.connectors.shipment import (
    build_blank_record,
    list_text_lines,
    number_or_text,
    parse_india_time,
    read_shipment_texts,
    split_phone_numbers,
    text_or_none,
)
from bridge.errors import BridgeError, ConnectorRefused, ConnectorThrottled, CredentialRejected
from bridge.model import ParcelStatus, Waybill
from bridge.rules.index.attribution import normalise_waybill

# https://one.delhivery.com/developer-portal/document/b2c/detail/order-tracking
DELHIVERY_STATUSES: Mapping[tuple[str, str], ParcelStatus] = {
    **dict.fromkeys((("UD", "manifested"), ("UD", "not picked")), ParcelStatus.BOOKED),
    **dict.fromkeys((("UD", "in transit"), ("UD", "pending")), ParcelStatus.IN_TRANSIT),
    ("UD", "dispatched"): ParcelStatus.OUT_FOR_DELIVERY,
    ("DL", "delivered"): ParcelStatus.DELIVERED,
    **dict.fromkeys((("DL", "rto"), ("DL", "dto")), ParcelStatus.RETURNED),
    **dict.fromkeys((("RT", "in transit"), ("RT", "pending"), ("RT", "dispatched")), ParcelStatus.RETURNING),
    **dict.fromkeys((("PP", "open"), ("PP", "scheduled"), ("PP", "dispatched")), ParcelStatus.RETURN_BOOKED),
    **dict.fromkeys((("PU", "in transit"), ("PU", "pending"), ("PU", "dispatched")), ParcelStatus.RETURNING),
    **dict.fromkeys((("CN", "canceled"), ("CN", "closed")), ParcelStatus.CANCELLED),
}
STATUSES_OF_ANY_TYPE: Mapping[str, ParcelStatus] = {"lost": ParcelStatus.LOST}  # occurs with any type
# A cancellation before pick-up leaves the status at "Not Picked"; only the code shows it.
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
# Data of the sender and the sorting centre, not of the consignee: left out. Any other unmapped field is kept raw.
DELHIVERY_NON_PERSONAL_FIELDS = frozenset(
    {"SenderName", "PickupLocation", "Quantity", "ChargedWeight", "DispatchCount", "ReverseInTransit"}
)
DELHIVERY_MAPPED_FIELDS = frozenset(
    {"AWB", "ReferenceNo", "OrderType", "CODAmount", "InvoiceAmount", "Origin", "Destination"}
    | {"Status", "Scans", "Consignee"}
)
UNREADABLE_DELHIVERY_ANSWER = "delhivery: unreadable answer"
UNKNOWN_WAYBILL_TEXTS = ("data does not exist", "no such waybill or order id found")
WRONG_CREDENTIAL_TEXTS = ("login or api key required", "credentials were not provided", "invalid token")
WRONG_ENVIRONMENT_WORDS = ("nonetype", "has no attribute", "end_date")  # a token of staging on production


def parse_delhivery_shipments(status: int, content: bytes) -> list[tuple[str, dict[str, Any]]] | None:
    """Return the rows of a batch with their numbers, '' for an unreadable one; None if Delhivery knows none of them.

    The body decides, never the status. Raises AnswerUnreadable (not the documented JSON), ConnectorThrottled,
    CredentialRejected, ConnectorRefused.
    """
    response = parse_json(content)
    if isinstance(response, dict) and "ShipmentData" in response:
        return _extract_shipment_rows(response["ShipmentData"])
    raise_for_delhivery_error(status, response)
    return None


def raise_for_delhivery_error(status: int, response: object) -> None:
    """Raise the error of an answer without data, as `parse_delhivery_shipments`; return if the waybill is unknown."""
    text = _read_error_text(response)
    if _is_credential_error(text):
        raise CredentialRejected("delhivery: token refused")
    if "throttled" in text:
        raise ConnectorThrottled("delhivery: throttled", retry_after_s=30.0)
    if any(words in text for words in UNKNOWN_WAYBILL_TEXTS):
        return
    if status == HTTPStatus.BAD_REQUEST or (isinstance(response, dict) and response.get("Success") is False):
        raise ConnectorRefused("delhivery: refused for a reason we do not know")
    raise AnswerUnreadable(UNREADABLE_DELHIVERY_ANSWER)


def classify_delhivery_error(_status: int, content: bytes) -> type[BridgeError] | None:
    """Return the error of a refused call if its body says more than its status."""
    return CredentialRejected if _is_credential_error(content[:2_000].decode(errors="replace").lower()) else None


def _is_credential_error(error_text: str) -> bool:
    return any(words in error_text for words in WRONG_CREDENTIAL_TEXTS) or all(
        word in error_text for word in WRONG_ENVIRONMENT_WORDS
    )


def build_delhivery_record(parcel: Waybill, row: dict[str, Any]) -> dict[str, Any]:
    """Return the record of one parcel."""
    status, unrecognised = dict_or_empty(row.get("Status")), dict[str, Any]()
    skipped = DELHIVERY_MAPPED_FIELDS | DELHIVERY_NON_PERSONAL_FIELDS | DELHIVERY_DATE_FIELDS.keys()
    unrecognised |= {key: value for key, value in row.items() if key not in skipped and value not in (None, "", [])}
    body = build_blank_record(parcel, _map_delhivery_status(status, "Status", "StatusType", unrecognised)) | {
        **read_shipment_texts(row.get, order_reference="ReferenceNo", payment="OrderType"),
        **read_shipment_texts(row.get, origin="Origin", destination="Destination"),
        **read_shipment_texts(status.get, status_type="StatusType", received_by="RecievedBy", note="Instructions"),
        "status_at": parse_india_time(status.get("StatusDateTime"), unrecognised, field_name="StatusDateTime"),
        "cod_amount": number_or_text(row.get("CODAmount")),
        "invoice_value": number_or_text(row.get("InvoiceAmount")),
        "consignee": _build_delhivery_consignee(row.get("Consignee")),
        "dates": {
            our_name: at
            for vendor_name, our_name in DELHIVERY_DATE_FIELDS.items()
            if (at := parse_india_time(row.get(vendor_name), unrecognised, field_name=vendor_name))
        },
    }
    scans = row.get("Scans")
    body["events"] = [_build_delhivery_event(scan, unrecognised) for scan in scans] if isinstance(scans, list) else []
    return body | {"raw_unrecognised": unrecognised}


def _extract_shipment_rows(shipment_data: object) -> list[tuple[str, dict[str, Any]]]:
    if not isinstance(shipment_data, list):
        raise AnswerUnreadable(UNREADABLE_DELHIVERY_ANSWER)
    rows = [dict_or_empty(dict_or_empty(row).get("Shipment")) for row in shipment_data]
    return [(normalise_waybill(text_or_none(row.get("AWB")) or ""), row) for row in rows]


def _read_error_text(response: object) -> str:
    """Return the text of an answer without shipments, in lower case: a bare string, or the values of four keys."""
    if isinstance(response, dict):
        return " ".join(str(response.get(key, "")) for key in ("Error", "error", "detail", "rmk")).lower()
    return response.lower() if isinstance(response, str) else ""


def _map_delhivery_status(
    row: dict[str, Any], status_field: str, type_field: str, unrecognised: dict[str, Any]
) -> ParcelStatus:
    text, status_type = text_or_none(row.get(status_field)) or "", text_or_none(row.get(type_field)) or ""
    parcel_status = DELHIVERY_STATUSES.get((status_type, text.lower())) or STATUSES_OF_ANY_TYPE.get(text.lower())
    if parcel_status is None:
        unrecognised.setdefault("statuses", []).append([status_type, text])
    if parcel_status is ParcelStatus.BOOKED:
        return DELHIVERY_STATUS_CODES.get(str(row.get("StatusCode")), parcel_status)
    return parcel_status or ParcelStatus.UNKNOWN


def _build_delhivery_event(scan: object, unrecognised: dict[str, Any]) -> dict[str, Any]:
    row = dict_or_empty(dict_or_empty(scan).get("ScanDetail"))
    position = dict_or_empty(row.get("geo_location"))  # of the front door, on the scan of the delivery
    scan_time = row.get("ScanDateTime") or row.get("StatusDateTime")
    return {
        "at": parse_india_time(scan_time, unrecognised, field_name="ScanDateTime"),
        "status": _map_delhivery_status(row, "Scan", "ScanType", unrecognised).value,
        **read_shipment_texts(row.get, place="ScannedLocation", code="StatusCode", note="Instructions"),
        "location": {axis: number_or_text(position.get(axis)) for axis in ("lat", "long")} if position else None,
        "call_duration": text_or_none(row.get("call_duration")),
    }


def _build_delhivery_consignee(consignee: object) -> dict[str, Any] | None:
    if not isinstance(consignee, dict):
        return None
    return {
        "name": text_or_none(consignee.get("Name")),
        "address_lines": list_text_lines(*(consignee.get(f"Address{line}") for line in (1, 2, 3))),
        **read_shipment_texts(consignee.get, city="City", state="State", pin="PinCode", country="Country"),
        "phones": split_phone_numbers(consignee.get("Telephone1"), consignee.get("Telephone2")),
    }
