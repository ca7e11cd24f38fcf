"""One `Shipment` of Delhivery's tracking and one packing slip, in its spelling, for the stand-in.

All functions are pure: the same parcel state gives the same output.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bridge.sandbox.carriers.parcel_states import ParcelState
    from bridge.sandbox.world.models import World
    from bridge.sandbox.world.shipments import Parcel

INDIA: Final = timezone(timedelta(hours=5, minutes=30))
ORIGIN_HUB: Final = "Bengaluru_Bommanahalli_I (Karnataka)"
ScanRow = dict[str, Any]


def build_forward_shipment(state: ParcelState) -> dict[str, Any]:
    """Return one `Shipment` of a forward parcel."""
    parcel, shipped_at = state.parcel, _format_iso_local_time(state.parcel.shipped_at)
    scans = _build_scans(state)
    row = _build_base_row(parcel.waybill, parcel.order_name, scans)
    forgotten = state.forgotten or state.untracked
    row["Status"]["RecievedBy"] = parcel.consignee.first if state.delivered_at and not forgotten else ""
    arrived = _format_iso_local_time(state.delivered_at) if state.delivered_at else None
    return row | {
        "PickUpDate": shipped_at,
        "PickedupDate": shipped_at,
        "OriginRecieveDate": shipped_at,
        "DeliveryDate": arrived,
        "FirstAttemptDate": arrived,
        "ReturnedDate": _format_iso_local_time(state.at) if state.status == "returned" else None,
        "RTOStartedDate": _format_iso_local_time(state.at) if state.status in {"returning", "returned"} else None,
        "OrderType": "COD" if parcel.cod_amount else "Pre-paid",
        "CODAmount": _to_json_number(parcel.cod_amount),
        "InvoiceAmount": _to_json_number(parcel.invoice_value),
        "Origin": ORIGIN_HUB,
        "Destination": parcel.consignee.address["city"],
        "Consignee": _build_consignee(parcel, forgotten=forgotten),
    }


def _build_scans(state: ParcelState) -> list[ScanRow]:
    """Return the scans of a parcel, oldest first."""
    parcel, hub = state.parcel, f"{state.parcel.consignee.address['city']}_DC (India)"
    shipped_at = parcel.shipped_at
    scans = [_build_scan("UD", "Manifested", shipped_at - timedelta(hours=6), ORIGIN_HUB, "X-UCI", "Manifest uploaded")]
    if state.status == "booked":
        return scans
    if state.status == "cancelled":
        return [*scans, _build_scan("UD", "Not Picked", state.at, ORIGIN_HUB, "DTUP-210", "Seller cancelled the order")]
    scans.append(_build_scan("UD", "In Transit", shipped_at, ORIGIN_HUB, "X-PPOM", "Shipment picked up"))
    if state.status in {"delivered", "out_for_delivery"}:
        out = state.at - timedelta(hours=3) if state.delivered_at else state.at
        scan = _build_scan("UD", "Dispatched", out, hub, "X-DDD3FD", "Out for delivery")
        scans.append(scan | {"call_duration": "0"})
    if state.delivered_at:
        door = {"geo_location": {"lat": 12.9716, "long": 77.5946}}
        scans.append(_build_scan("DL", "Delivered", state.at, hub, "EOD-38", "Delivered to consignee") | door)
    elif state.status == "lost":
        scans.append(_build_scan("LT", "LOST", state.at, hub, "LT-100", "Shipment lost"))
    elif state.status in {"returning", "returned"}:
        scans.append(_build_scan("RT", "In Transit", state.at, hub, "X-RTO", "Return to origin"))
    if state.status == "returned":
        scans.append(_build_scan("DL", "RTO", state.at, ORIGIN_HUB, "RT-101", "Returned to seller"))
    return scans


def build_packing_slip(state: ParcelState, *, with_link: bool) -> dict[str, Any]:
    """Return one package of a packing slip with streets and telephones; a link to it only if requested."""
    person, address, parcel = state.parcel.consignee, state.parcel.consignee.address, state.parcel
    is_shown = not state.forgotten
    row = {
        "wbn": parcel.waybill,
        "oid": parcel.order_name,
        "name": person.name if is_shown else "",
        "address": address["address1"] if is_shown else "",
        "contact": person.phone.removeprefix("+91") if is_shown else "",
        "pin": int(address["zip"]),
        "destination": address["city"],
        "destination_city": address["city"],
        "customer_state": address["province"],
        "st": address["province"],
        "cod": _to_json_number(parcel.cod_amount),
        "rs": _to_json_number(parcel.invoice_value),
        "pt": "COD" if parcel.cod_amount else "Pre-paid",
        "prd": "jewellery",
        "snm": "MINIMISS DEMO",
        "sadd": "2 Seller Road",
        "radd": "2 Seller Road",
        "rcty": "Bengaluru",
        "rst": "Karnataka",
        "rpin": 560001,
        "rph": ["9000000099"],
        "cl": "c00000-MINIMISSDEMO-do",
        "cl_logo": "",
        "consignee_gst_tin": "",
        "seller_gst_tin": "",
        "sort_code": "BLR/DEM",
        "weight": 100,
        "mot": "S",
        "pdd": "",
        "barcode": "data:image/png;base64,AAAA",
        "oid_barcode": "data:image/png;base64,AAAA",
    }
    return row | ({"pdf_download_link": f"https://slips.example.com/{parcel.waybill}.pdf"} if with_link else {})


def build_return_shipments(world: World) -> Iterable[dict[str, Any]]:
    """Return the `Shipment`s of parcels that customers send back."""
    for order in world.orders:
        for customer_return in order.returns:
            at = customer_return.created_at
            scans = [_build_scan("PP", "Scheduled", at, "Bengaluru", "X-ASP", "Pickup scheduled")]
            scans.append(_build_scan("DL", "DTO", at + timedelta(days=5), "Bengaluru", "RT-110", "Return Accepted"))
            row = _build_base_row(customer_return.waybill, customer_return.name, scans)
            city = order.address["city"]
            yield row | {"OrderType": "Pickup", "Origin": city, "Destination": "Bengaluru"}


def _build_base_row(waybill: str, reference: str, scans: list[ScanRow]) -> dict[str, Any]:
    last = scans[-1]
    return {
        "AWB": waybill,
        "ReferenceNo": reference,
        "SenderName": "c00000-MINIMISSDEMO-do",
        "PickupLocation": "DEMO-WH",
        "Quantity": "1",
        "Extras": "",
        "Ewaybill": [],
        "ChargedWeight": None,
        "ReturnedDate": None,
        "RTOStartedDate": None,
        "ReverseInTransit": False,
        "CODAmount": 0,
        "InvoiceAmount": None,
        "Status": {
            "Status": last["Scan"],
            "StatusLocation": last["ScannedLocation"],
            "StatusDateTime": last["StatusDateTime"],
            "RecievedBy": "",
            "StatusCode": last["StatusCode"],
            "StatusType": last["ScanType"],
            "Instructions": last["Instructions"],
        },
        "Scans": [{"ScanDetail": scan} for scan in scans],
    }


def _build_consignee(parcel: Parcel, *, forgotten: bool) -> dict[str, Any]:
    """Return name and town; street and phones are empty, although they were booked."""
    address = parcel.consignee.address
    return {
        "Name": "" if forgotten else parcel.consignee.name,
        "Address1": [],
        "Address2": [],
        "Address3": "",
        "City": address["city"],
        "State": address["province"],
        "PinCode": int(address["zip"]),
        "Country": "India",
        "Telephone1": "",
        "Telephone2": "",
    }


def _build_scan(kind: str, description: str, at: datetime, location: str, code: str, note: str) -> ScanRow:
    return {
        "ScanDateTime": _format_iso_local_time(at),
        "ScanType": kind,
        "Scan": description,
        "StatusDateTime": _format_iso_local_time(at),
        "ScannedLocation": location,
        "StatusCode": code,
        "Instructions": note,
    }


def _to_json_number(amount: Any) -> int | float:
    return int(amount) if amount == int(amount) else float(amount)


def _format_iso_local_time(at: datetime) -> str:
    """Return local time without a zone, with a fraction of a second if there is one."""
    return at.astimezone(INDIA).replace(tzinfo=None).isoformat()
