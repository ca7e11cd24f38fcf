"""Parses Blue Dart's answers, XML or JSON, into shipment records, and those about cancellations. Sends nothing.

A status that the tables do not contain becomes `unknown`; the original value is kept in `raw_unrecognised`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any, TypeAlias
from xml.etree.ElementTree import Element

from bridge.connectors.bluedart.xml_tree import parse_shipment_tree
from bridge.connectors.parsing import AnswerUnreadable, dict_or_empty, parse_json
from bridge.connectors.shipment import (
    build_blank_record,
    build_not_found_record,
    format_india_time,
    is_plausible_time,
    list_text_lines,
    read_shipment_texts,
    split_phone_numbers,
    text_or_none,
)
from bridge.errors import ConnectorRefused, CredentialRejected
from bridge.model import ParcelStatus, Waybill
from bridge.rules.index.attribution import normalise_waybill

# https://developer.dhl.com/api-reference/blue-dart-tracking-shipment
BLUEDART_STATUS_TYPES: Mapping[str, ParcelStatus] = {
    **dict.fromkeys(("PU", "IT", "UD"), ParcelStatus.IN_TRANSIT),
    "OD": ParcelStatus.OUT_FOR_DELIVERY,
    "DL": ParcelStatus.DELIVERED,
    "RT": ParcelStatus.RETURNED,
    "RD": ParcelStatus.REDIRECTED,
    "LS": ParcelStatus.LOST,
    "NF": ParcelStatus.NOT_FOUND,
}
BLUEDART_STATUS_TEXTS: Mapping[str, ParcelStatus] = {  # UD means undelivered; its text may be more specific
    "SHIPMENT OUT FOR DELIVERY": ParcelStatus.OUT_FOR_DELIVERY
}
# Data of the sender and the product, not of the consignee: left out. Any other unmapped field is kept raw.
BLUEDART_NON_PERSONAL_FIELDS = frozenset(
    {"Prodcode", "Service", "ProductType", "CustomerCode", "CustomerName", "SenderName", "Weight"}
)
BLUEDART_MAPPED_FIELDS = frozenset(
    {"PickUpDate", "PickUpTime", "Origin", "OriginAreaCode", "Destination", "DestinationAreaCode", "Scans"}
    | {"ToAttention", "Consignee", "ConsigneeAddress1", "ConsigneeAddress2", "ConsigneeAddress3", "ConsigneePincode"}
    | {"ConsigneeTelNo", "Status", "StatusType", "StatusDate", "StatusTime", "ExpectedDeliveryDate", "NewWaybillNo"}
    | {"ReceivedBy", "ReceviedBy", "Instructions"}
)
UNREADABLE_BLUEDART_ANSWER = "bluedart: unreadable answer"
NOT_FOUND_CAUSES = ("unknown", "cancelled", "not_scanned_yet")
NOT_FOUND_MESSAGE = "incorrect waybill number or no information"
LICENCE_ERROR_WORDS = ("licen", "unauthori", "login id", "loginid")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


ShipmentsByNumber: TypeAlias = "Mapping[str, Element | None]"


def parse_bluedart_shipments(content: bytes) -> list[tuple[str, Element | None]]:
    """Return the shipments with their numbers; None for one that Blue Dart does not know.

    Raises AnswerUnreadable (neither of its forms), CredentialRejected, ConnectorRefused.
    """
    root = parse_shipment_tree(content)
    if root is None:
        raise AnswerUnreadable(UNREADABLE_BLUEDART_ANSWER)
    text = (root.findtext("Error") or "").strip().lower()
    if "license mismatch" in text:
        raise CredentialRejected("bluedart: licence key refused")
    shipments = [
        (normalise_waybill(shipment.get("WaybillNo", "")), None if _is_unknown_shipment(shipment) else shipment)
        for shipment in root.iter("Shipment")
    ]
    if not shipments and NOT_FOUND_MESSAGE not in text:
        if text:
            raise ConnectorRefused("bluedart: refused for a reason we do not know")
        raise AnswerUnreadable(UNREADABLE_BLUEDART_ANSWER)
    return shipments


def build_bluedart_record(
    parcel: Waybill, shipments_by_number: ShipmentsByNumber, *, key_proven: bool = False
) -> dict[str, Any]:
    """Return the record of one parcel; `not_found` if the answer has no shipment of it.

    `not_found` is `ambiguous` unless `key_proven`: a wrong licence key gets the same answer. With a proven key three
    causes remain (`may_mean`).
    """
    shipment = shipments_by_number.get(normalise_waybill(parcel.number))
    if shipment is None:
        return build_not_found_record(parcel, ambiguous=not key_proven) | {"may_mean": list(NOT_FOUND_CAUSES)}
    unrecognised: dict[str, Any] = {
        child.tag: (child.text or "").strip()
        for child in shipment
        if child.tag not in BLUEDART_MAPPED_FIELDS | BLUEDART_NON_PERSONAL_FIELDS and (child.text or "").strip()
    }
    picked_up = _parse_bluedart_time(shipment, "PickUpDate", "PickUpTime", unrecognised)
    expected = _parse_bluedart_time(shipment, "ExpectedDeliveryDate", "", unrecognised)
    body = build_blank_record(parcel, _map_bluedart_status(shipment, "Status", "StatusType", unrecognised)) | {
        **read_shipment_texts(shipment.findtext, status_type="StatusType", origin="Origin", destination="Destination"),
        **read_shipment_texts(shipment.findtext, note="Instructions", return_waybill="NewWaybillNo"),
        "order_reference": text_or_none(shipment.get("RefNo")),
        "status_at": _parse_bluedart_time(shipment, "StatusDate", "StatusTime", unrecognised),
        "consignee": _build_bluedart_consignee(shipment),
        "received_by": text_or_none(shipment.findtext("ReceivedBy") or shipment.findtext("ReceviedBy")),
        "dates": {k: v for k, v in {"picked_up_at": picked_up, "expected_on": expected}.items() if v},
    }
    body["events"] = [_build_bluedart_event(scan, unrecognised) for scan in shipment.iterfind("Scans/ScanDetail")][::-1]
    return body | {"raw_unrecognised": unrecognised}


def _is_unknown_shipment(shipment: Element) -> bool:
    text = (shipment.findtext("Status") or "").strip().lower()
    return (shipment.findtext("StatusType") or "").strip() == "NF" or text == NOT_FOUND_MESSAGE


def _map_bluedart_status(
    row: Element, status_field: str, type_field: str, unrecognised: dict[str, Any]
) -> ParcelStatus:
    text, status_type = text_or_none(row.findtext(status_field)) or "", text_or_none(row.findtext(type_field)) or ""
    parcel_status = BLUEDART_STATUS_TEXTS.get(text.upper()) if status_type == "UD" else None
    parcel_status = parcel_status or BLUEDART_STATUS_TYPES.get(status_type)
    if parcel_status is None:
        unrecognised.setdefault("statuses", []).append([status_type, text])
    return parcel_status or ParcelStatus.UNKNOWN


def _build_bluedart_event(scan: Element, unrecognised: dict[str, Any]) -> dict[str, Any]:
    return {
        "at": _parse_bluedart_time(scan, "ScanDate", "ScanTime", unrecognised),
        "status": _map_bluedart_status(scan, "Scan", "ScanType", unrecognised).value,
        **read_shipment_texts(scan.findtext, place="ScannedLocation", code="ScanCode", note="Scan"),
        "location": None,
    }


def _build_bluedart_consignee(shipment: Element) -> dict[str, Any] | None:
    """Return the consignee; None if the answer omits it, as the newer gateway may."""
    consignee = {
        **read_shipment_texts(shipment.findtext, name="Consignee", attention="ToAttention", pin="ConsigneePincode"),
        "address_lines": list_text_lines(*(shipment.findtext(f"ConsigneeAddress{row}") for row in (1, 2, 3))),
        "phones": split_phone_numbers(shipment.findtext("ConsigneeTelNo")),
    }
    if not any(consignee.values()):
        return None
    name = consignee["name"] or consignee["attention"]
    return consignee | {"name": name, "city": None, "state": None, "country": None}


def _parse_bluedart_time(row: Element, date_field: str, time_field: str, unrecognised: dict[str, Any]) -> str | None:
    """Return ISO 8601 of `04 June 2012` or `04-Jun-2012` with `14:20` or `1420`; without a time the date alone."""
    text = text_or_none(row.findtext(date_field))
    if text is None:
        return None
    date_match = re.fullmatch(r"([0-9]{1,2})[ -]([A-Za-z]{3})[a-z]*[ -]([0-9]{4})", text)
    time_match = (
        re.fullmatch(r"([0-9]{2}):?([0-9]{2})(?::[0-9]{2})?", (row.findtext(time_field) or "").strip())
        if time_field
        else None
    )
    try:
        if date_match is not None:
            day, month, year = date_match.groups()
            local_time = datetime(int(year), MONTHS.index(month.lower()) + 1, int(day))  # noqa: DTZ001
            if is_plausible_time(local_time):
                if time_match is None:
                    return local_time.date().isoformat()
                return format_india_time(local_time.replace(hour=int(time_match[1]), minute=int(time_match[2])))
    except ValueError:  # an impossible date such as 31 June is kept raw below
        pass
    unrecognised.setdefault("moments", []).append([date_field, text])
    return None


def build_bluedart_cancel_request(number: str, login_id: str, licence_key: str) -> dict[str, Any]:
    """Return the body of the request; `licence_key` is the shipping key, not the tracking key.

    https://developer.dhl.com/api-reference/bd-waybill
    """
    profile = {"Api_type": "S", "LicenceKey": licence_key, "LoginID": login_id}
    return {"Request": {"AWBNo": number}, "Profile": profile}


def verify_bluedart_cancellation(status: int, content: bytes) -> None:
    """Raise unless the answer confirms the cancellation, or says that the waybill was cancelled before.

    Raises AnswerUnreadable (not the documented JSON), CredentialRejected, ConnectorRefused.
    """
    response = dict_or_empty(parse_json(content))
    result, error = dict_or_empty(response.get("CancelWaybillResult")), response.get("error-response")
    if result.get("IsError") is False:
        return
    if error is None and "IsError" not in result:
        if status >= HTTPStatus.BAD_REQUEST:
            raise ConnectorRefused("bluedart: refused for a reason we do not know")
        raise AnswerUnreadable(UNREADABLE_BLUEDART_ANSWER)
    text = _join_envelope_text(error if error is not None else result)
    if any(words in text for words in LICENCE_ERROR_WORDS):
        raise CredentialRejected("bluedart: licence key refused")
    # the error codes are not published: "already cancelled" is recognised by its text
    if "already" in text and "cancel" in text:
        return
    raise ConnectorRefused("bluedart: not cancelled")


def _join_envelope_text(envelope: object) -> str:
    """Return all texts of an envelope, in lower case."""
    if isinstance(envelope, dict):
        envelope = envelope.get("Status", envelope)
    rows = envelope if isinstance(envelope, list) else [envelope]
    return " ".join(str(value) for row in rows if isinstance(row, dict) for value in row.values()).lower()
