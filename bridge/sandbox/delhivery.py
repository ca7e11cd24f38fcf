"""The stand-in of Delhivery: tracking in its wire format, over an invented world.

As strict as the real one: it masks street and phone, leaves out what it does not know, says "no" with 200 and
keeps its spellings. Answers tracking only; keeps and logs nothing.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Final

from bridge.sandbox.httpd import Request, Response, StandIn

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bridge.sandbox.nouns import Parcel, World

INDIA: Final = timezone(timedelta(hours=5, minutes=30))
TOKEN: Final = "demo-delhivery-token"  # noqa: S105 - opens nothing but the stand-in
MOST: Final = 50
FIREWALL: Final = b"<html><head><title>403 Forbidden</title></head><body>Request blocked.</body></html>"
HTML: Final = "text/html"


def delhivery(world: World, *, token: str = TOKEN, port: int = 0) -> StandIn:
    """Make Delhivery's tracking. A token that begins with `staging` is refused as the real one refuses it."""
    rows = {parcel.waybill: _row(world, parcel) for parcel in world.parcels if parcel.carrier == "delhivery"}
    rows |= {row["AWB"]: row for row in _returns(world)}

    def answer(request: Request) -> Response:
        if request.method != "GET" or request.path.rstrip("/") != "/api/v1/packages/json":
            return Response(status=404, body=b"<html>Not Found</html>", content_type=HTML)
        if request.faults.take(("throttle",), request.path):
            return Response(status=403, body=FIREWALL, content_type=HTML)
        if refused := _refuses(request.headers.get("authorization", ""), token):
            return refused
        numbers = [number.strip() for number in request.query.get("waybill", "").split(",") if number.strip()]
        if len(numbers) > MOST:
            return _says_no("Package handler limit exceeded")
        found = [rows[number] for number in dict.fromkeys(numbers) if number in rows]
        if not found:
            return _says_no("Data does not exists for provided Waybill(s)")
        left_out = {"0": {"Scans", "Consignee"}, "1": {"Consignee"}}.get(
            request.query.get("verbose", ""), set()
        )
        shown = [{key: value for key, value in row.items() if key not in left_out} for row in found]
        return Response.of({"ShipmentData": [{"Shipment": row} for row in shown]})

    return StandIn("delhivery", answer, port=port)


def _refuses(header: str, token: str) -> Response | None:
    if not header:
        return Response.of({"detail": "Authentication credentials were not provided."}, 401)
    kind, _, given = header.partition(" ")
    if kind != "Token":
        return Response.of("Login or API Key Required", 401)
    if given.startswith("staging"):
        return Response.of({"Error": "'NoneType' object has no attribute 'end_date'"})
    if given != token:
        return Response.of(
            "There has been an error but we were asked to not let you see that. Please contact the dev team.",
            401,
        )
    return None


def _says_no(error: str) -> Response:
    remark = (
        f"Some error has occurred. Please contact client.support@delhivery.com with error message- {error}"
    )
    return Response.of({"Success": False, "Error": error, "rmk": remark})


def _row(world: World, parcel: Parcel) -> dict[str, Any]:
    """Give one `Shipment` of a forward parcel."""
    place, left = "Bengaluru_Bommanahalli_I (Karnataka)", _stamp(parcel.shipped_at)
    hub = f"{parcel.consignee.address['city']}_DC (India)"
    scans = [
        _scan("UD", "Manifested", parcel.shipped_at - timedelta(hours=6), place, "X-UCI", "Manifest uploaded")
    ]
    cancelled = world.order(parcel.order_id).cancelled
    delivered_at = None if cancelled else parcel.delivered_at
    if cancelled:
        at = parcel.shipped_at
        scans.append(_scan("UD", "Not Picked", at, place, "DTUP-210", "Seller cancelled the order"))
    else:
        scans.append(_scan("UD", "In Transit", parcel.shipped_at, place, "X-PPOM", "Shipment picked up"))
    if delivered_at:
        out = delivered_at - timedelta(hours=3)
        scans.append(
            _scan("UD", "Dispatched", out, hub, "X-DDD3FD", "Out for delivery") | {"call_duration": "0"}
        )
        door = {"geo_location": {"lat": 12.9716, "long": 77.5946}}
        last = _scan("DL", "Delivered", delivered_at, hub, "EOD-38", "Delivered to consignee")
        scans.append(last | door)
    row = _blank(parcel.waybill, parcel.order_name, scans)
    row["Status"]["RecievedBy"] = parcel.consignee.first if delivered_at else ""
    arrived = _stamp(delivered_at) if delivered_at else None
    return row | {
        "PickUpDate": left,
        "PickedupDate": left,
        "OriginRecieveDate": left,
        "DeliveryDate": arrived,
        "FirstAttemptDate": arrived,
        "OrderType": "COD" if parcel.cod_amount else "Pre-paid",
        "CODAmount": _number(parcel.cod_amount),
        "InvoiceAmount": _number(parcel.invoice_value),
        "Origin": place,
        "Destination": parcel.consignee.address["city"],
        "Consignee": _consignee(parcel),
    }


def _returns(world: World) -> Iterable[dict[str, Any]]:
    """Give the `Shipment`s of parcels that customers send back."""
    for order in world.orders:
        for back in order.returns:
            at = back.created_at
            scans = [_scan("PP", "Scheduled", at, "Bengaluru", "X-ASP", "Pickup scheduled")]
            scans.append(_scan("DL", "DTO", at + timedelta(days=5), "Bengaluru", "RT-110", "Return Accepted"))
            row = _blank(back.waybill, back.name, scans)
            city = order.address["city"]
            yield row | {"OrderType": "Pickup", "Origin": city, "Destination": "Bengaluru"}


def _blank(waybill: str, reference: str, scans: list[dict[str, Any]]) -> dict[str, Any]:
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


def _consignee(parcel: Parcel) -> dict[str, Any]:
    """Name and town: street and phones come back empty, although they were booked."""
    where = parcel.consignee.address
    return {
        "Name": parcel.consignee.name,
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


def _scan(kind: str, scan: str, at: datetime, place: str, code: str, note: str) -> dict[str, Any]:
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
