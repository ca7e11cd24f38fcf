"""One `Shipment` of Delhivery's tracking and one packing slip, in its spelling, for the stand-in.

Pure: the same standing gives the same words.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bridge.sandbox.carriers.parcel_states import Standing
    from bridge.sandbox.world.models import World
    from bridge.sandbox.world.shipments import Parcel

INDIA: Final = timezone(timedelta(hours=5, minutes=30))
PLACE: Final = "Bengaluru_Bommanahalli_I (Karnataka)"
Scan = dict[str, Any]


def shipment(one: Standing) -> dict[str, Any]:
    """Give one `Shipment` of a forward parcel."""
    parcel, left = one.parcel, _stamp(one.parcel.shipped_at)
    scans = _scans(one)
    row = _blank(parcel.waybill, parcel.order_name, scans)
    forgotten = one.forgotten or one.untracked
    row["Status"]["RecievedBy"] = parcel.consignee.first if one.delivered_at and not forgotten else ""
    arrived = _stamp(one.delivered_at) if one.delivered_at else None
    return row | {
        "PickUpDate": left,
        "PickedupDate": left,
        "OriginRecieveDate": left,
        "DeliveryDate": arrived,
        "FirstAttemptDate": arrived,
        "ReturnedDate": _stamp(one.at) if one.status == "returned" else None,
        "RTOStartedDate": _stamp(one.at) if one.status in {"returning", "returned"} else None,
        "OrderType": "COD" if parcel.cod_amount else "Pre-paid",
        "CODAmount": _number(parcel.cod_amount),
        "InvoiceAmount": _number(parcel.invoice_value),
        "Origin": PLACE,
        "Destination": parcel.consignee.address["city"],
        "Consignee": _consignee(parcel, forgotten=forgotten),
    }


def _scans(one: Standing) -> list[Scan]:
    """What happened to it, oldest first."""
    parcel, hub = one.parcel, f"{one.parcel.consignee.address['city']}_DC (India)"
    left = parcel.shipped_at
    scans = [_scan("UD", "Manifested", left - timedelta(hours=6), PLACE, "X-UCI", "Manifest uploaded")]
    if one.status == "booked":
        return scans
    if one.status == "cancelled":
        return [*scans, _scan("UD", "Not Picked", one.at, PLACE, "DTUP-210", "Seller cancelled the order")]
    scans.append(_scan("UD", "In Transit", left, PLACE, "X-PPOM", "Shipment picked up"))
    if one.status in {"delivered", "out_for_delivery"}:
        out = one.at - timedelta(hours=3) if one.delivered_at else one.at
        scan = _scan("UD", "Dispatched", out, hub, "X-DDD3FD", "Out for delivery")
        scans.append(scan | {"call_duration": "0"})
    if one.delivered_at:
        door = {"geo_location": {"lat": 12.9716, "long": 77.5946}}
        scans.append(_scan("DL", "Delivered", one.at, hub, "EOD-38", "Delivered to consignee") | door)
    elif one.status == "lost":
        scans.append(_scan("LT", "LOST", one.at, hub, "LT-100", "Shipment lost"))
    elif one.status in {"returning", "returned"}:
        scans.append(_scan("RT", "In Transit", one.at, hub, "X-RTO", "Return to origin"))
    if one.status == "returned":
        scans.append(_scan("DL", "RTO", one.at, PLACE, "RT-101", "Returned to seller"))
    return scans


def slip(one: Standing, *, linked: bool) -> dict[str, Any]:
    """Give one package of a packing slip: street and telephone, the sender's too; a link to it only where asked."""
    person, where, parcel = one.parcel.consignee, one.parcel.consignee.address, one.parcel
    shown = not one.forgotten
    row = {
        "wbn": parcel.waybill,
        "oid": parcel.order_name,
        "name": person.name if shown else "",
        "address": where["address1"] if shown else "",
        "contact": person.phone.removeprefix("+91") if shown else "",
        "pin": int(where["zip"]),
        "destination": where["city"],
        "destination_city": where["city"],
        "customer_state": where["province"],
        "st": where["province"],
        "cod": _number(parcel.cod_amount),
        "rs": _number(parcel.invoice_value),
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
    return row | ({"pdf_download_link": f"https://slips.example.com/{parcel.waybill}.pdf"} if linked else {})


def returns(world: World) -> Iterable[dict[str, Any]]:
    """Give the `Shipment`s of parcels that customers send back."""
    for order in world.orders:
        for back in order.returns:
            at = back.created_at
            scans = [_scan("PP", "Scheduled", at, "Bengaluru", "X-ASP", "Pickup scheduled")]
            scans.append(_scan("DL", "DTO", at + timedelta(days=5), "Bengaluru", "RT-110", "Return Accepted"))
            row = _blank(back.waybill, back.name, scans)
            city = order.address["city"]
            yield row | {"OrderType": "Pickup", "Origin": city, "Destination": "Bengaluru"}


def _blank(waybill: str, reference: str, scans: list[Scan]) -> dict[str, Any]:
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


def _consignee(parcel: Parcel, *, forgotten: bool) -> dict[str, Any]:
    """Name and town: street and phones come back empty, although they were booked."""
    where = parcel.consignee.address
    return {
        "Name": "" if forgotten else parcel.consignee.name,
        "Address1": [],
        "Address2": [],
        "Address3": "",
        "City": where["city"],
        "State": where["province"],
        "PinCode": int(where["zip"]),
        "Country": "India",
        "Telephone1": "",
        "Telephone2": "",
    }


def _scan(kind: str, scan: str, at: datetime, place: str, code: str, note: str) -> Scan:
    return {
        "ScanDateTime": _stamp(at),
        "ScanType": kind,
        "Scan": scan,
        "StatusDateTime": _stamp(at),
        "ScannedLocation": place,
        "StatusCode": code,
        "Instructions": note,
    }


def _number(amount: Any) -> int | float:
    return int(amount) if amount == int(amount) else float(amount)


def _stamp(at: datetime) -> str:
    """Local time without a zone; a fraction where there is one."""
    return at.astimezone(INDIA).replace(tzinfo=None).isoformat()
