"""Blue Dart's shipments as fields and scans, and as XML or JSON, for the stand-in.

All functions are pure: the same parcel state gives the same output.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from html import escape
from typing import TYPE_CHECKING, Any, Final

from bridge.sandbox.http_messages import Response

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bridge.sandbox.carriers.parcel_states import ParcelState

INDIA: Final = timezone(timedelta(hours=5, minutes=30))
RETURN_DURATION: Final = timedelta(days=3)  # duration of the return
NOT_FOUND_TEXT: Final = "Incorrect waybill number or No information"
ScanEvent = tuple[str, str, str, datetime]
SCAN_BY_STATUS: Final = {
    "out_for_delivery": ("UD", "SHIPMENT OUT FOR DELIVERY", "002"),
    "lost": ("LS", "SHIPMENT LOST", "099"),
}


@dataclass(frozen=True, slots=True)
class Shipment:
    """One `<Shipment>` element."""

    number: str
    reference: str
    fields: dict[str, str]
    scans: list[dict[str, str]] = field(default_factory=list)

    def to_xml(self) -> str:
        """Return the shipment as XML."""
        rows = "".join(f"<ScanDetail>{_render_elements(scan)}</ScanDetail>" for scan in self.scans)
        content = _render_elements(self.fields) + (f"<Scans>{rows}</Scans>" if rows else "")
        return f'<Shipment WaybillNo="{escape(self.number)}" RefNo="{escape(self.reference)}">{content}</Shipment>'

    def to_json(self) -> dict[str, Any]:
        """Return the shipment as JSON: attributes among the fields, each scan in an object of its own."""
        record_fields: dict[str, Any] = {"WaybillNo": self.number, "RefNo": self.reference, **self.fields}
        return record_fields | ({"Scans": [{"ScanDetail": scan} for scan in self.scans]} if self.scans else {})


def build_shipments(state: ParcelState, *, now: datetime, with_scans: bool) -> Iterable[Shipment]:
    """Yield the shipments of a parcel: none if it is booked or cancelled, two if it is returned."""
    parcel, second = state.parcel, ""
    if state.status in {"booked", "cancelled"}:
        return
    forward_scans: list[ScanEvent] = [("IT", "SHIPMENT PICKED UP", "PU", parcel.shipped_at)]
    if state.delivered_at:
        forward_scans.append(("UD", "SHIPMENT OUT FOR DELIVERY", "002", state.at - timedelta(hours=4)))
        forward_scans.append(("DL", "SHIPMENT DELIVERED", "000", state.at))
    elif state.status in {"returning", "returned"}:
        second = make_return_waybill(parcel.waybill)
        forward_scans.append(("RT", "SHIPMENT RETURNED TO ORIGIN", "074", state.at))
        return_scans: list[ScanEvent] = [("IT", "SHIPMENT PICKED UP", "PU", state.at)]
        if state.status == "returned":
            return_scans = [("DL", "SHIPMENT DELIVERED", "000", min(now, state.at + RETURN_DURATION))]
        yield _build_shipment(second, f"074 - {parcel.waybill}", return_scans, {}, with_scans=with_scans)
    elif state.status in SCAN_BY_STATUS:
        forward_scans.append((*SCAN_BY_STATUS[state.status], state.at))
    fields = _build_consignee_fields(state) | {
        "Destination": parcel.consignee.address["city"].upper(),
        "NewWaybillNo": second,
    }
    yield _build_shipment(parcel.waybill, parcel.order_name, forward_scans, fields, with_scans=with_scans)


def _build_consignee_fields(state: ParcelState) -> dict[str, str]:
    person, address = state.parcel.consignee, state.parcel.consignee.address
    record_fields = {
        "ToAttention": person.name.upper(),
        "Consignee": person.name.upper(),
        "ConsigneeAddress1": address["address1"].upper(),
        "ConsigneeAddress2": "",
        "ConsigneeAddress3": "",
        "ConsigneePincode": address["zip"],
        "ConsigneeTelNo": person.phone.removeprefix("+91"),
        "ReceivedBy": person.first.upper() if state.delivered_at else "",
    }
    return dict.fromkeys(record_fields, "") if state.forgotten else record_fields


def make_unknown_shipment(number: str) -> Shipment:
    """Return the element for an unknown waybill in a batch of known ones."""
    return Shipment(number, "", {"Status": "Incorrect Waybill number or No Information", "StatusType": "NF"})


def make_shipments_response(rows: Sequence[Shipment], *, as_json: bool) -> Response:
    """Return an answer with shipments."""
    if as_json:
        return Response.from_value({"ShipmentData": {"Shipment": [row.to_json() for row in rows]}})
    return _make_xml_response("".join(row.to_xml() for row in rows))


def make_no_shipments_response(message: str, *, as_json: bool) -> Response:
    """Return an answer without shipments."""
    return (
        Response.from_value({"ShipmentData": {"Error": message}})
        if as_json
        else _make_xml_response(_render_elements({"Error": message}))
    )


def make_return_waybill(waybill: str) -> str:
    """Return the waybill under which a parcel is returned."""
    body = int(waybill[:10]) + 10_000_000
    return f"{body}{body % 7}"


def _build_shipment(
    number: str, reference: str, events: list[ScanEvent], fields: dict[str, str], *, with_scans: bool
) -> Shipment:
    kind, status, _, at = events[-1]
    local = at.astimezone(INDIA)
    header_fields = {"Prodcode": "A", "Service": "Dart Apex", "Origin": "BENGALURU", "SenderName": "MINIMISS DEMO"}
    header_fields |= fields | {"Status": status, "StatusType": kind, "Instructions": ""}
    header_fields |= {"StatusDate": f"{local:%d %B %Y}", "StatusTime": f"{local:%H:%M}"}
    return Shipment(
        number, reference, header_fields, [_build_scan_detail(*each) for each in reversed(events)] if with_scans else []
    )


def _build_scan_detail(kind: str, description: str, code: str, at: datetime) -> dict[str, str]:
    local = at.astimezone(INDIA)
    group = "T" if kind == "DL" else "S"
    row = {"Scan": description, "ScanCode": code, "ScanType": kind, "ScanGroupType": group}
    return row | {"ScanDate": f"{local:%d-%b-%Y}", "ScanTime": f"{local:%H:%M}", "ScannedLocation": "DEMO HUB"}


def _render_elements(fields: dict[str, str]) -> str:
    return "".join(f"<{tag}>{escape(text)}</{tag}>" if text else f"<{tag}/>" for tag, text in fields.items())


def _make_xml_response(content: str) -> Response:
    text = f'<?xml version="1.0" encoding="ISO-8859-1"?>\n<ShipmentData>{content}</ShipmentData>'
    return Response(body=text.encode("latin-1", "xmlcharrefreplace"), content_type="text/xml;charset=ISO-8859-1")
