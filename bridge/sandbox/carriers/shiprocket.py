"""The stand-in of Shiprocket: login, tracking and orders in its documented formats, over an invented world.

It is as strict as the real one: a token for ten days, fifty waybills per query, an order id that differs from the
shop's. It knows only the parcels on its own account, of any carrier. It stores and logs no personal data.
"""

from __future__ import annotations

import secrets
import threading
from datetime import timedelta, timezone
from typing import TYPE_CHECKING, Any, Final

from bridge.sandbox.carriers.parcel_states import ParcelState, ParcelStates
from bridge.sandbox.http_messages import Request, Response
from bridge.sandbox.httpd import StandIn

if TYPE_CHECKING:
    from datetime import datetime

    from bridge.sandbox.world.models import World

INDIA: Final = timezone(timedelta(hours=5, minutes=30))
API_USER: Final = {"email": "api-user@example.com", "password": "demo-shiprocket-password"}
API_PATH: Final = "/v1/external"
MAX_NUMBERS_PER_CALL: Final = 50
NO_ACTIVITIES_TEXT: Final = (
    "Aahh! There is no activities found in our DB. Please have some patience it will be updated soon."
)
STATUS_TEXTS: Final = {  # parcel state: status code, status of the row, label of the scan
    "booked": (1, "AWB Assigned", "AWB ASSIGNED"),
    "in_transit": (18, "In Transit", "IN TRANSIT"),
    "out_for_delivery": (17, "Out For Delivery", "OUT FOR DELIVERY"),
    "delivered": (7, "Delivered", "DELIVERED"),
    "returning": (9, "RTO Initiated", "RTO INITIATED"),
    "returned": (10, "RTO Delivered", "RTO DELIVERED"),
    "cancelled": (8, "Canceled", "CANCELED"),
    "lost": (12, "Lost", "LOST"),
}


def make_shiprocket(world: World, *, port: int = 0) -> StandIn:
    """Return Shiprocket's stand-in with one API user."""
    api = _ShiprocketApi(world)
    controls = {"parcels": api.parcel_states.change_state, "reset": lambda _: api.reset()}
    return StandIn("shiprocket", api.handle_request, port=port, controls=controls)


class _ShiprocketApi:
    """The sessions and parcels of the stand-in."""

    def __init__(self, world: World) -> None:
        self._tokens: set[str] = set()
        self._lock = threading.Lock()
        parcels = [parcel for parcel in world.parcels if parcel.holder == "shiprocket"]
        self.parcel_states = ParcelStates(world, parcels)
        self._waybills_by_order_id = {_derive_order_id(parcel.order_id): parcel.waybill for parcel in parcels}

    def reset(self) -> None:
        """Restore the initial state."""
        with self._lock:
            self._tokens.clear()
        self.parcel_states.reset()

    def handle_request(self, request: Request) -> Response:
        path = request.path.removeprefix(API_PATH)
        if request.faults.consume(("throttle",), request.path):
            return _make_message_response("Too Many Attempts.", 429)
        if (request.method, path) == ("POST", "/auth/login"):
            return self._log_in(request)
        if request.faults.consume(("token_expired",), request.path):
            with self._lock:
                self._tokens.clear()
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind != "Bearer" or token not in self._tokens:
            return _make_message_response("Token has expired" if token else "Unauthenticated.", 401)
        if (request.method, path) == ("POST", "/courier/track/awbs"):
            return self._track_waybills(request)
        if request.method == "GET" and path.startswith("/orders/show/"):
            return self._show_order(path.rpartition("/")[2])
        return _make_message_response("404 Not Found", 404)

    def _log_in(self, request: Request) -> Response:
        arguments = request.json if isinstance(request.json, dict) else {}
        if {name: arguments.get(name) for name in API_USER} != API_USER:
            return _make_message_response("Invalid email and password combination", 403)
        token = f"demo.{secrets.token_hex(8)}"
        with self._lock:
            self._tokens.add(token)
        return Response.from_value({"id": 1, "email": API_USER["email"], "company_id": 1, "token": token})

    def _track_waybills(self, request: Request) -> Response:
        numbers = request.json.get("awbs") if isinstance(request.json, dict) else None
        if not isinstance(numbers, list):
            return _make_message_response("Invalid argument supplied for foreach()", 500)
        if len(numbers) > MAX_NUMBERS_PER_CALL:
            return _make_message_response("Oops! Invalid Data.", 422)
        without_scans = request.faults.consume(("not_scanned",), request.path)
        found = {str(number): one for number in numbers if (one := self.parcel_states.find_state(str(number)))}
        return Response.from_value(
            {number: {"tracking_data": _build_tracking_data(one, bool(without_scans))} for number, one in found.items()}
        )

    def _show_order(self, order_id: str) -> Response:
        one = self.parcel_states.find_state(self._waybills_by_order_id.get(order_id, ""))
        return (
            Response.from_value({"data": _build_order(one)})
            if one
            else _make_message_response("Order ID not found", 400)
        )


def _make_message_response(message: str, status: int) -> Response:
    return Response.from_value({"message": message, "status_code": status}, status)


def _derive_order_id(shop_order_id: int) -> str:
    return str(shop_order_id % 1_000_000_000)


def _format_india_time(at: datetime) -> str:
    return f"{at.astimezone(INDIA):%Y-%m-%d %H:%M:%S}"


def _build_tracking_data(state: ParcelState, without_activities: bool) -> dict[str, Any]:
    """Return `tracking_data`."""
    if without_activities:
        return {"track_status": 0, "error": NO_ACTIVITIES_TEXT}
    parcel, (code, word, label) = state.parcel, STATUS_TEXTS[state.status]
    scans = [(parcel.shipped_at, "PKD", "Picked up", "42", "PICKED UP")]
    if state.status != "in_transit":
        scans.append((state.at, label[:4], word, str(code), label))
    row = {
        "id": parcel.id % 1_000_000_000,
        "awb_code": parcel.waybill,
        "courier_company_id": 1,
        "shipment_id": parcel.id % 1_000_000_000,
        "order_id": int(_derive_order_id(parcel.order_id)),
        "pickup_date": _format_india_time(parcel.shipped_at),
        "delivered_date": _format_india_time(state.at) if state.delivered_at else None,
        "weight": "0.30",
        "packages": 1,
        "current_status": word,
        "delivered_to": parcel.consignee.address["city"],
        "destination": parcel.consignee.address["city"],
        "consignee_name": "" if state.forgotten else parcel.consignee.name,
        "origin": "Bengaluru",
        "courier_agent_details": None,
        "courier_name": parcel.company,
        "edd": None,
        "pod": "Available" if state.delivered_at else None,
        "pod_status": f"https://pods.example.com/{parcel.waybill}.png" if state.delivered_at else None,
    }
    activities = [
        {
            "date": _format_india_time(at),
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
        "etd": _format_india_time(parcel.shipped_at + timedelta(days=4)),
        "qc_response": {"qc_image": "", "qc_failed_reason": ""},
    }


def _build_order(state: ParcelState) -> dict[str, Any]:
    """Return an order with all data of the consignee, which is empty after its erasure."""
    parcel, person, address = state.parcel, state.parcel.consignee, state.parcel.consignee.address
    consignee_fields = {
        "name": person.name,
        "email": person.email,
        "phone": person.phone.removeprefix("+91"),
        "address": address["address1"],
        "address_2": "",
        "city": address["city"],
        "state": address["province"],
        "pincode": address["zip"],
        "country": "India",
    }
    if state.forgotten:
        consignee_fields = dict.fromkeys(consignee_fields, "")
    return {
        "id": int(_derive_order_id(parcel.order_id)),
        "channel_id": 1,
        "channel_name": "SHOPIFY",
        "channel_order_id": parcel.order_name,
        **{f"customer_{name}": value for name, value in consignee_fields.items()},
        "total": float(parcel.invoice_value),
        "status": STATUS_TEXTS[state.status][2],
        "payment_method": "cod" if parcel.cod_amount else "prepaid",
        "products": [{"id": 1, "name": "Jewellery", "sku": "MM-DEMO", "quantity": 1}],
        "shipments": {"id": 1, "awb": parcel.waybill, "rto_awb": "", "courier": parcel.company, "pod": None},
        "awb_data": {"awb": parcel.waybill},
        "others": {f"shipping_{name}": value for name, value in consignee_fields.items()},
        "refund_detail": {"refund_mode": "", "account_holder_name": "", "account_number": ""},
        "pickup_address": [],
        "remittance_date": "",
        "remittance_utr": f"DEMOUTR{parcel.id % 1_000_000}" if state.remitted else "",
        "remittance_status": "",
    }
