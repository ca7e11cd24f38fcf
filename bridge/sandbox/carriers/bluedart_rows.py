"""Blue Dart's shipments as fields and scans, and as the XML or the JSON they travel in, for the stand-in.

Pure: the same standing gives the same words.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from html import escape
from typing import TYPE_CHECKING, Any, Final

from bridge.sandbox.httpd import Response

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bridge.sandbox.carriers.parcel_states import Standing

INDIA: Final = timezone(timedelta(hours=5, minutes=30))
HOME_AFTER: Final = timedelta(days=3)  # the way back
NOT_FOUND: Final = "Incorrect waybill number or No information"
Scan = tuple[str, str, str, datetime]
ON_THE_WAY: Final = {
    "out_for_delivery": ("UD", "SHIPMENT OUT FOR DELIVERY", "002"),
    "lost": ("LS", "SHIPMENT LOST", "099"),
}


@dataclass(frozen=True, slots=True)
class Shipment:
    """One `<Shipment>`."""

    number: str
    reference: str
    fields: dict[str, str]
    scans: list[dict[str, str]] = field(default_factory=list)

    def xml(self) -> str:
        """As XML."""
        rows = "".join(f"<ScanDetail>{_elements(scan)}</ScanDetail>" for scan in self.scans)
        inside = _elements(self.fields) + (f"<Scans>{rows}</Scans>" if rows else "")
        return f'<Shipment WaybillNo="{escape(self.number)}" RefNo="{escape(self.reference)}">{inside}</Shipment>'

    def json(self) -> dict[str, Any]:
        """As JSON: attributes among the fields, each scan in an object of its own."""
        told: dict[str, Any] = {"WaybillNo": self.number, "RefNo": self.reference, **self.fields}
        return told | ({"Scans": [{"ScanDetail": scan} for scan in self.scans]} if self.scans else {})


def shipments(one: Standing, *, now: datetime, scans: bool) -> Iterable[Shipment]:
    """Yield what is known of a parcel: nothing of one that is booked or cancelled, two of one that goes back."""
    parcel, second = one.parcel, ""
    if one.status in {"booked", "cancelled"}:
        return
    happened: list[Scan] = [("IT", "SHIPMENT PICKED UP", "PU", parcel.shipped_at)]
    if one.delivered_at:
        happened.append(("UD", "SHIPMENT OUT FOR DELIVERY", "002", one.at - timedelta(hours=4)))
        happened.append(("DL", "SHIPMENT DELIVERED", "000", one.at))
    elif one.status in {"returning", "returned"}:
        second = second_number(parcel.waybill)
        happened.append(("RT", "SHIPMENT RETURNED TO ORIGIN", "074", one.at))
        home: list[Scan] = [("IT", "SHIPMENT PICKED UP", "PU", one.at)]
        if one.status == "returned":
            home = [("DL", "SHIPMENT DELIVERED", "000", min(now, one.at + HOME_AFTER))]
        yield _shipment(second, f"074 - {parcel.waybill}", home, {}, scans=scans)
    elif one.status in ON_THE_WAY:
        happened.append((*ON_THE_WAY[one.status], one.at))
    fields = _person(one) | {
        "Destination": parcel.consignee.address["city"].upper(),
        "NewWaybillNo": second,
    }
    yield _shipment(parcel.waybill, parcel.order_name, happened, fields, scans=scans)


def _person(one: Standing) -> dict[str, str]:
    person, where = one.parcel.consignee, one.parcel.consignee.address
    told = {
        "ToAttention": person.name.upper(),
        "Consignee": person.name.upper(),
        "ConsigneeAddress1": where["address1"].upper(),
        "ConsigneeAddress2": "",
        "ConsigneeAddress3": "",
        "ConsigneePincode": where["zip"],
        "ConsigneeTelNo": person.phone.removeprefix("+91"),
        "ReceivedBy": person.first.upper() if one.delivered_at else "",
    }
    return dict.fromkeys(told, "") if one.forgotten else told


def unknown(number: str) -> Shipment:
    """One that it does not know, among others that it does."""
    return Shipment(number, "", {"Status": "Incorrect Waybill number or No Information", "StatusType": "NF"})


def told(rows: Sequence[Shipment], *, as_json: bool) -> Response:
    """Answer with shipments."""
    if as_json:
        return Response.of({"ShipmentData": {"Shipment": [row.json() for row in rows]}})
    return _xml("".join(row.xml() for row in rows))


def error(words: str, *, as_json: bool) -> Response:
    """Answer that there are none."""
    return Response.of({"ShipmentData": {"Error": words}}) if as_json else _xml(_elements({"Error": words}))


def second_number(number: str) -> str:
    """Make the number a parcel goes back on."""
    body = int(number[:10]) + 10_000_000
    return f"{body}{body % 7}"


def _shipment(
    number: str, reference: str, happened: list[Scan], fields: dict[str, str], *, scans: bool
) -> Shipment:
    kind, status, _, at = happened[-1]
    local = at.astimezone(INDIA)
    head = {"Prodcode": "A", "Service": "Dart Apex", "Origin": "BENGALURU", "SenderName": "MINIMISS DEMO"}
    head |= fields | {"Status": status, "StatusType": kind, "Instructions": ""}
    head |= {"StatusDate": f"{local:%d %B %Y}", "StatusTime": f"{local:%H:%M}"}
    return Shipment(number, reference, head, [_scan(*each) for each in reversed(happened)] if scans else [])


def _scan(kind: str, scan: str, code: str, at: datetime) -> dict[str, str]:
    local = at.astimezone(INDIA)
    group = "T" if kind == "DL" else "S"
    row = {"Scan": scan, "ScanCode": code, "ScanType": kind, "ScanGroupType": group}
    return row | {
        "ScanDate": f"{local:%d-%b-%Y}",
        "ScanTime": f"{local:%H:%M}",
        "ScannedLocation": "DEMO HUB",
    }


def _elements(fields: dict[str, str]) -> str:
    return "".join(f"<{tag}>{escape(text)}</{tag}>" if text else f"<{tag}/>" for tag, text in fields.items())


def _xml(inside: str) -> Response:
    text = f'<?xml version="1.0" encoding="ISO-8859-1"?>\n<ShipmentData>{inside}</ShipmentData>'
    return Response(
        body=text.encode("latin-1", "xmlcharrefreplace"), content_type="text/xml;charset=ISO-8859-1"
    )
