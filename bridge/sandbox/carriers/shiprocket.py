"""The stand-in of Shiprocket: login, tracking and orders in its documented shapes, over an invented world.

As strict as the real one: a token for ten days, fifty waybills a question, an order id that is not the shop's. Knows
the parcels on its own account only, whoever carries them. Keeps and logs nothing of a person.
"""

from __future__ import annotations

import secrets
import threading
from datetime import timedelta, timezone
from typing import TYPE_CHECKING, Any, Final

from bridge.sandbox.carriers.parcel_states import Road, Standing
from bridge.sandbox.httpd import Request, Response, StandIn

if TYPE_CHECKING:
    from datetime import datetime

    from bridge.sandbox.world.models import World

INDIA: Final = timezone(timedelta(hours=5, minutes=30))
USER: Final = {"email": "api-user@example.com", "password": "demo-shiprocket-password"}
BASE: Final = "/v1/external"
MOST: Final = 50
SILENCE: Final = (
    "Aahh! There is no activities found in our DB. Please have some patience it will be updated soon."
)
WORDS: Final = {  # the road's status: code, the row's word, the scan's label
    "booked": (1, "AWB Assigned", "AWB ASSIGNED"),
    "in_transit": (18, "In Transit", "IN TRANSIT"),
    "out_for_delivery": (17, "Out For Delivery", "OUT FOR DELIVERY"),
    "delivered": (7, "Delivered", "DELIVERED"),
    "returning": (9, "RTO Initiated", "RTO INITIATED"),
    "returned": (10, "RTO Delivered", "RTO DELIVERED"),
    "cancelled": (8, "Canceled", "CANCELED"),
    "lost": (12, "Lost", "LOST"),
}


def shiprocket(world: World, *, port: int = 0) -> StandIn:
    """Make Shiprocket, with one API user."""
    desk = _Desk(world)
    controls = {"parcels": desk.road.move, "reset": lambda _: desk.reset()}
    return StandIn("shiprocket", desk.answer, port=port, controls=controls)


class _Desk:
    """Who has logged in, and what it knows."""

    def __init__(self, world: World) -> None:
        self._tokens: set[str] = set()
        self._lock = threading.Lock()
        own = [parcel for parcel in world.parcels if parcel.held_by == "shiprocket"]
        self.road = Road(world, own)
        self._orders = {_order_id(parcel.order_id): parcel.waybill for parcel in own}

    def reset(self) -> None:
        """As at the start."""
        with self._lock:
            self._tokens.clear()
        self.road.reset()

    def answer(self, request: Request) -> Response:
        path = request.path.removeprefix(BASE)
        if request.faults.take(("throttle",), request.path):
            return _says("Too Many Attempts.", 429)
        if (request.method, path) == ("POST", "/auth/login"):
            return self._login(request)
        if request.faults.take(("token_expired",), request.path):
            with self._lock:
                self._tokens.clear()
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind != "Bearer" or token not in self._tokens:
            return _says("Token has expired" if token else "Unauthenticated.", 401)
        if (request.method, path) == ("POST", "/courier/track/awbs"):
            return self._track(request)
        if request.method == "GET" and path.startswith("/orders/show/"):
            return self._show(path.rpartition("/")[2])
        return _says("404 Not Found", 404)

    def _login(self, request: Request) -> Response:
        asked = request.json if isinstance(request.json, dict) else {}
        if {name: asked.get(name) for name in USER} != USER:
            return _says("Invalid email and password combination", 403)
        token = f"demo.{secrets.token_hex(8)}"
        with self._lock:
            self._tokens.add(token)
        return Response.of({"id": 1, "email": USER["email"], "company_id": 1, "token": token})

    def _track(self, request: Request) -> Response:
        numbers = request.json.get("awbs") if isinstance(request.json, dict) else None
        if not isinstance(numbers, list):
            return _says("Invalid argument supplied for foreach()", 500)
        if len(numbers) > MOST:
            return _says("Oops! Invalid Data.", 422)
        silent = request.faults.take(("not_scanned",), request.path)
        found = {str(number): one for number in numbers if (one := self.road.of(str(number)))}
        return Response.of(
            {number: {"tracking_data": _told(one, bool(silent))} for number, one in found.items()}
        )

    def _show(self, order_id: str) -> Response:
        one = self.road.of(self._orders.get(order_id, ""))
        return Response.of({"data": _order(one)}) if one else _says("Order ID not found", 400)


def _says(message: str, status: int) -> Response:
    return Response.of({"message": message, "status_code": status}, status)


def _order_id(shop_order: int) -> str:
    return str(shop_order % 1_000_000_000)


def _stamp(at: datetime) -> str:
    return f"{at.astimezone(INDIA):%Y-%m-%d %H:%M:%S}"


def _told(one: Standing, silent: bool) -> dict[str, Any]:
    """Write `tracking_data`."""
    if silent:
        return {"track_status": 0, "error": SILENCE}
    parcel, (code, word, label) = one.parcel, WORDS[one.status]
    scans = [(parcel.shipped_at, "PKD", "Picked up", "42", "PICKED UP")]
    if one.status != "in_transit":
        scans.append((one.at, label[:4], word, str(code), label))
    row = {
        "id": parcel.id % 1_000_000_000,
        "awb_code": parcel.waybill,
        "courier_company_id": 1,
        "shipment_id": parcel.id % 1_000_000_000,
        "order_id": int(_order_id(parcel.order_id)),
        "pickup_date": _stamp(parcel.shipped_at),
        "delivered_date": _stamp(one.at) if one.delivered_at else None,
        "weight": "0.30",
        "packages": 1,
        "current_status": word,
        "delivered_to": parcel.consignee.address["city"],
        "destination": parcel.consignee.address["city"],
        "consignee_name": "" if one.forgotten else parcel.consignee.name,
        "origin": "Bengaluru",
        "courier_agent_details": None,
        "courier_name": parcel.company,
        "edd": None,
        "pod": "Available" if one.delivered_at else None,
        "pod_status": f"https://pods.example.com/{parcel.waybill}.png" if one.delivered_at else None,
    }
    activities = [
        {
            "date": _stamp(at),
            "status": status,
            "activity": activity,
            "location": "DEMO HUB",
            "sr-status": number,
            "sr-status-label": label,
        }
        for at, status, activity, number, label in reversed(scans)
    ]
    return {
        "track_status": 1,
        "shipment_status": code,
        "shipment_track": [row],
        "shipment_track_activities": activities,
        "track_url": parcel.url,
        "etd": _stamp(parcel.shipped_at + timedelta(days=4)),
        "qc_response": {"qc_image": "", "qc_failed_reason": ""},
    }


def _order(one: Standing) -> dict[str, Any]:
    """Write an order: everything of the person, until she is forgotten here."""
    parcel, person, where = one.parcel, one.parcel.consignee, one.parcel.consignee.address
    hers = {
        "name": person.name,
        "email": person.email,
        "phone": person.phone.removeprefix("+91"),
        "address": where["address1"],
        "address_2": "",
        "city": where["city"],
        "state": where["province"],
        "pincode": where["zip"],
        "country": "India",
    }
    if one.forgotten:
        hers = dict.fromkeys(hers, "")
    return {
        "id": int(_order_id(parcel.order_id)),
        "channel_id": 1,
        "channel_name": "SHOPIFY",
        "channel_order_id": parcel.order_name,
        **{f"customer_{name}": value for name, value in hers.items()},
        "total": float(parcel.invoice_value),
        "status": WORDS[one.status][2],
        "payment_method": "cod" if parcel.cod_amount else "prepaid",
        "products": [{"id": 1, "name": "Jewellery", "sku": "MM-DEMO", "quantity": 1}],
        "shipments": {"id": 1, "awb": parcel.waybill, "rto_awb": "", "courier": parcel.company, "pod": None},
        "awb_data": {"awb": parcel.waybill},
        "others": {f"shipping_{name}": value for name, value in hers.items()},
        "refund_detail": {"refund_mode": "", "account_holder_name": "", "account_number": ""},
        "pickup_address": [],
        "remittance_date": "",
        "remittance_utr": f"DEMOUTR{parcel.id % 1_000_000}" if one.remitted else "",
        "remittance_status": "",
    }
