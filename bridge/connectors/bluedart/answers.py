"""Reads Blue Dart's answers: XML or JSON in, shipments in our words out. Asks nothing.

What its tables do not know stays raw, as `unknown`.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeAlias

from bridge.connectors.bluedart.xml_tree import parse_shipment_tree
from bridge.connectors.shipment import (
    build_blank_record,
    build_not_found_record,
    format_india_time,
    list_text_lines,
    split_phone_numbers,
    text_or_none,
)
from bridge.errors import ConnectorRefused, ConnectorUnavailable, CredentialRejected
from bridge.model import ParcelStatus
from bridge.rules.index.attribution import normalise_waybill

if TYPE_CHECKING:
    from collections.abc import Mapping
    from xml.etree.ElementTree import Element

    from bridge.model import Waybill

# https://developer.dhl.com/api-reference/blue-dart-tracking-shipment
BLUEDART_STATUS_TYPES: Mapping[str, ParcelStatus] = {
    "PU": ParcelStatus.IN_TRANSIT,
    "IT": ParcelStatus.IN_TRANSIT,
    "UD": ParcelStatus.IN_TRANSIT,
    "OD": ParcelStatus.OUT_FOR_DELIVERY,
    "DL": ParcelStatus.DELIVERED,
    "RT": ParcelStatus.RETURNED,
    "RD": ParcelStatus.REDIRECTED,
    "LS": ParcelStatus.LOST,
    "NF": ParcelStatus.NOT_FOUND,
}
BLUEDART_STATUS_TEXTS: Mapping[str, ParcelStatus] = {  # UD is everything undelivered; its text may say more
    "SHIPMENT OUT FOR DELIVERY": ParcelStatus.OUT_FOR_DELIVERY,
}
# The sender's own and the product's: nothing of the person. Everything else that is unforeseen is kept raw.
BLUEDART_NON_PERSONAL_FIELDS = frozenset(
    {"Prodcode", "Service", "ProductType", "CustomerCode", "CustomerName", "SenderName", "Weight"}
)
BLUEDART_MAPPED_FIELDS = frozenset(
    {"PickUpDate", "PickUpTime", "Origin", "OriginAreaCode", "Destination", "DestinationAreaCode", "Scans"}
    | {"ToAttention", "Consignee", "ConsigneeAddress1", "ConsigneeAddress2", "ConsigneeAddress3"}
    | {"ConsigneePincode", "ConsigneeTelNo", "Status", "StatusType", "StatusDate", "StatusTime"}
    | {"ExpectedDeliveryDate", "NewWaybillNo", "ReceivedBy", "ReceviedBy", "Instructions"}
)
NOT_FOUND_CAUSES = ("unknown", "cancelled", "not_scanned_yet")
NOT_FOUND_MESSAGE = "incorrect waybill number or no information"
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


ShipmentsByNumber: TypeAlias = "Mapping[str, Element | None]"


def parse_bluedart_shipments(content: bytes) -> ShipmentsByNumber:
    """Read what it tells by number: the shipment, None where it knows none; nothing for one passed over.

    Raises ConnectorUnavailable (neither of its forms), CredentialRejected, ConnectorRefused.
    """
    root = parse_shipment_tree(content)
    if root is None:
        raise ConnectorUnavailable("bluedart: unreadable answer")
    said = (root.findtext("Error") or "").strip().lower()
    if "license mismatch" in said:
        raise CredentialRejected("bluedart: licence key refused")
    told = {
        normalise_waybill(one.get("WaybillNo", "")): None if _is_unknown_shipment(one) else one
        for one in root.iter("Shipment")
    }
    if not told and NOT_FOUND_MESSAGE not in said:
        if said:
            raise ConnectorRefused("bluedart: refused for a reason we do not know")
        raise ConnectorUnavailable("bluedart: unreadable answer")
    return told


def build_bluedart_record(
    parcel: Waybill, shipments_by_number: ShipmentsByNumber, *, key_proven: bool = False
) -> dict[str, Any]:
    """Put one shipment into our words; `not_found` where it is not among those told.

    That is ambiguous while a wrong licence key may be the reason. With the key proven it still says one of three.
    """
    one = shipments_by_number.get(normalise_waybill(parcel.number))
    if one is None:
        return build_not_found_record(parcel, ambiguous=not key_proven) | {"may_mean": list(NOT_FOUND_CAUSES)}
    strange: dict[str, Any] = {
        child.tag: (child.text or "").strip()
        for child in one
        if child.tag not in BLUEDART_MAPPED_FIELDS | BLUEDART_NON_PERSONAL_FIELDS
        and (child.text or "").strip()
    }
    picked_up = _parse_bluedart_time(one, "PickUpDate", "PickUpTime", strange)
    expected = _parse_bluedart_time(one, "ExpectedDeliveryDate", "", strange)
    body = build_blank_record(parcel, _map_bluedart_status(one, "Status", "StatusType", strange)) | {
        "order_reference": text_or_none(one.get("RefNo")),
        "status_type": text_or_none(one.findtext("StatusType")),
        "status_at": _parse_bluedart_time(one, "StatusDate", "StatusTime", strange),
        "origin": text_or_none(one.findtext("Origin")),
        "destination": text_or_none(one.findtext("Destination")),
        "consignee": _build_bluedart_consignee(one),
        "received_by": text_or_none(one.findtext("ReceivedBy") or one.findtext("ReceviedBy")),
        "note": text_or_none(one.findtext("Instructions")),
        "dates": {k: v for k, v in {"picked_up_at": picked_up, "expected_on": expected}.items() if v},
        "return_waybill": text_or_none(one.findtext("NewWaybillNo")),
    }
    body["events"] = [_build_bluedart_event(scan, strange) for scan in one.iterfind("Scans/ScanDetail")][::-1]
    return body | {"raw_unrecognised": strange}


def _is_unknown_shipment(shipment: Element) -> bool:
    said = (shipment.findtext("Status") or "").strip().lower()
    return (shipment.findtext("StatusType") or "").strip() == "NF" or said == NOT_FOUND_MESSAGE


def _map_bluedart_status(row: Element, status: str, kind: str, unrecognised: dict[str, Any]) -> ParcelStatus:
    said, group = text_or_none(row.findtext(status)) or "", text_or_none(row.findtext(kind)) or ""
    ours = BLUEDART_STATUS_TEXTS.get(said.upper()) if group == "UD" else None
    ours = ours or BLUEDART_STATUS_TYPES.get(group)
    if ours is None:
        unrecognised.setdefault("statuses", []).append([group, said])
    return ours or ParcelStatus.UNKNOWN


def _build_bluedart_event(scan: Element, unrecognised: dict[str, Any]) -> dict[str, Any]:
    return {
        "at": _parse_bluedart_time(scan, "ScanDate", "ScanTime", unrecognised),
        "status": _map_bluedart_status(scan, "Scan", "ScanType", unrecognised).value,
        "place": text_or_none(scan.findtext("ScannedLocation")),
        "code": text_or_none(scan.findtext("ScanCode")),
        "note": text_or_none(scan.findtext("Scan")),
        "location": None,
    }


def _build_bluedart_consignee(shipment: Element) -> dict[str, Any] | None:
    """Whom it was for; None where the answer leaves the person out, as the newer gateway may."""
    name, attention = (
        text_or_none(shipment.findtext("Consignee")),
        text_or_none(shipment.findtext("ToAttention")),
    )
    address = list_text_lines(*(shipment.findtext(f"ConsigneeAddress{row}") for row in (1, 2, 3)))
    pin, numbers = (
        text_or_none(shipment.findtext("ConsigneePincode")),
        split_phone_numbers(shipment.findtext("ConsigneeTelNo")),
    )
    if not (name or attention or address or pin or numbers):
        return None
    return {
        "name": name or attention,
        "attention": attention,
        "address_lines": address,
        "city": None,
        "state": None,
        "pin": pin,
        "country": None,
        "phones": numbers,
    }


def _parse_bluedart_time(row: Element, date: str, clock: str, unrecognised: dict[str, Any]) -> str | None:
    """`04 June 2012` or `04-Jun-2012` with `14:20` or `1420`; without a clock the day alone."""
    said = text_or_none(row.findtext(date))
    if said is None:
        return None
    day = re.fullmatch(r"(\d{1,2})[ -]([A-Za-z]{3})[a-z]*[ -](\d{4})", said)
    hour = (
        re.fullmatch(r"(\d{2}):?(\d{2})(?::\d{2})?", (row.findtext(clock) or "").strip()) if clock else None
    )
    try:
        if day is not None:
            whole = datetime(int(day[3]), MONTHS.index(day[2].lower()) + 1, int(day[1]))  # noqa: DTZ001
            if hour is None:
                return whole.date().isoformat()
            return format_india_time(whole.replace(hour=int(hour[1]), minute=int(hour[2])))
    except ValueError:  # a 31st of June is kept raw below
        pass
    unrecognised.setdefault("moments", []).append([date, said])
    return None
