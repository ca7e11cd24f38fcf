"""Reads Blue Dart's answers: XML or JSON in, shipments in our words out. Asks nothing.

What its tables do not know stays raw, as `unknown`.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeAlias

from bridge.connectors.bluedart.xml_tree import tree_of
from bridge.connectors.shipment import blank, in_india, lines, not_found, phones, text
from bridge.errors import ConnectorRefused, ConnectorUnavailable, CredentialRejected
from bridge.model import ParcelStatus
from bridge.rules.index.attribution import spelt

if TYPE_CHECKING:
    from collections.abc import Mapping
    from xml.etree.ElementTree import Element

    from bridge.model import Waybill

# https://developer.dhl.com/api-reference/blue-dart-tracking-shipment
STATUS_TYPES: Mapping[str, ParcelStatus] = {
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
STATUS_TEXTS: Mapping[str, ParcelStatus] = {  # UD is everything undelivered; its text may say more
    "SHIPMENT OUT FOR DELIVERY": ParcelStatus.OUT_FOR_DELIVERY,
}
# The sender's own and the product's: nothing of the person. Everything else that is unforeseen is kept raw.
NOT_OF_THE_PERSON = frozenset(
    {"Prodcode", "Service", "ProductType", "CustomerCode", "CustomerName", "SenderName", "Weight"}
)
READ = frozenset(
    {"PickUpDate", "PickUpTime", "Origin", "OriginAreaCode", "Destination", "DestinationAreaCode", "Scans"}
    | {"ToAttention", "Consignee", "ConsigneeAddress1", "ConsigneeAddress2", "ConsigneeAddress3"}
    | {"ConsigneePincode", "ConsigneeTelNo", "Status", "StatusType", "StatusDate", "StatusTime"}
    | {"ExpectedDeliveryDate", "NewWaybillNo", "ReceivedBy", "ReceviedBy", "Instructions"}
)
NOT_FOUND_MEANS = ("unknown", "cancelled", "not_scanned_yet")
NOT_FOUND = "incorrect waybill number or no information"
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


Told: TypeAlias = "Mapping[str, Element | None]"


def shipments(content: bytes) -> Told:
    """Read what it tells by number: the shipment, None where it knows none; nothing for one passed over.

    Raises ConnectorUnavailable (neither of its forms), CredentialRejected, ConnectorRefused.
    """
    root = tree_of(content)
    if root is None:
        raise ConnectorUnavailable("bluedart: unreadable answer")
    said = (root.findtext("Error") or "").strip().lower()
    if "license mismatch" in said:
        raise CredentialRejected("bluedart: licence key refused")
    told = {spelt(one.get("WaybillNo", "")): None if _unknown(one) else one for one in root.iter("Shipment")}
    if not told and NOT_FOUND not in said:
        if said:
            raise ConnectorRefused("bluedart: refused for a reason we do not know")
        raise ConnectorUnavailable("bluedart: unreadable answer")
    return told


def body_of(parcel: Waybill, told: Told, *, key_proven: bool = False) -> dict[str, Any]:
    """Put one shipment into our words; `not_found` where it is not among those told.

    That is ambiguous while a wrong licence key may be the reason. With the key proven it still says one of three.
    """
    one = told.get(spelt(parcel.number))
    if one is None:
        return not_found(parcel, ambiguous=not key_proven) | {"may_mean": list(NOT_FOUND_MEANS)}
    strange: dict[str, Any] = {
        child.tag: (child.text or "").strip()
        for child in one
        if child.tag not in READ | NOT_OF_THE_PERSON and (child.text or "").strip()
    }
    picked_up = _moment(one, "PickUpDate", "PickUpTime", strange)
    expected = _moment(one, "ExpectedDeliveryDate", "", strange)
    body = blank(parcel, _status(one, "Status", "StatusType", strange)) | {
        "order_reference": text(one.get("RefNo")),
        "status_type": text(one.findtext("StatusType")),
        "status_at": _moment(one, "StatusDate", "StatusTime", strange),
        "origin": text(one.findtext("Origin")),
        "destination": text(one.findtext("Destination")),
        "consignee": _consignee(one),
        "received_by": text(one.findtext("ReceivedBy") or one.findtext("ReceviedBy")),
        "note": text(one.findtext("Instructions")),
        "dates": {k: v for k, v in {"picked_up_at": picked_up, "expected_on": expected}.items() if v},
        "return_waybill": text(one.findtext("NewWaybillNo")),
    }
    body["events"] = [_event(scan, strange) for scan in one.iterfind("Scans/ScanDetail")][::-1]
    return body | {"raw_unrecognised": strange}


def _unknown(told: Element) -> bool:
    said = (told.findtext("Status") or "").strip().lower()
    return (told.findtext("StatusType") or "").strip() == "NF" or said == NOT_FOUND


def _status(row: Element, status: str, kind: str, strange: dict[str, Any]) -> ParcelStatus:
    said, group = text(row.findtext(status)) or "", text(row.findtext(kind)) or ""
    ours = STATUS_TEXTS.get(said.upper()) if group == "UD" else None
    ours = ours or STATUS_TYPES.get(group)
    if ours is None:
        strange.setdefault("statuses", []).append([group, said])
    return ours or ParcelStatus.UNKNOWN


def _event(scan: Element, strange: dict[str, Any]) -> dict[str, Any]:
    return {
        "at": _moment(scan, "ScanDate", "ScanTime", strange),
        "status": _status(scan, "Scan", "ScanType", strange).value,
        "place": text(scan.findtext("ScannedLocation")),
        "code": text(scan.findtext("ScanCode")),
        "note": text(scan.findtext("Scan")),
        "location": None,
    }


def _consignee(one: Element) -> dict[str, Any] | None:
    """Whom it was for; None where the answer leaves the person out, as the newer gateway may."""
    name, attention = text(one.findtext("Consignee")), text(one.findtext("ToAttention"))
    address = lines(*(one.findtext(f"ConsigneeAddress{row}") for row in (1, 2, 3)))
    pin, numbers = text(one.findtext("ConsigneePincode")), phones(one.findtext("ConsigneeTelNo"))
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


def _moment(row: Element, date: str, clock: str, strange: dict[str, Any]) -> str | None:
    """`04 June 2012` or `04-Jun-2012` with `14:20` or `1420`; without a clock the day alone."""
    said = text(row.findtext(date))
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
            return in_india(whole.replace(hour=int(hour[1]), minute=int(hour[2])))
    except ValueError:  # a 31st of June is kept raw below
        pass
    strange.setdefault("moments", []).append([date, said])
    return None
