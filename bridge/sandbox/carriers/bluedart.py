"""The stand-in of Blue Dart: login, tracking and cancellation in its wire format, over an invented world.

It is as strict as the real one: it gives tokens to anybody, answers a wrong licence key like an unknown waybill,
drops cancelled parcels and gives a returned parcel a second number. It has no other endpoint and logs nothing.
"""

from __future__ import annotations

import secrets
import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from bridge.sandbox.carriers.bluedart_rows import (
    NOT_FOUND_TEXT,
    Shipment,
    build_shipments,
    make_no_shipments_response,
    make_return_waybill,
    make_shipments_response,
    make_unknown_shipment,
)
from bridge.sandbox.carriers.parcel_states import ParcelStates
from bridge.sandbox.http_messages import Request, Response
from bridge.sandbox.httpd import StandIn

if TYPE_CHECKING:
    from bridge.sandbox.world.models import World

CREDENTIALS: Final = {  # the account settings, by keyword of the connector
    "client_id": "demo-client-id",
    "client_secret": "demo-client-secret",
    "login_id": "DEMOLOGIN",
    "licence_key": "demo-shipping-key",
    "tracking_key": "demo-tracking-key",
}
RETURN_TO_ORIGIN_AFTER: Final = timedelta(days=20)  # undelivered for longer: it is returned


def make_bluedart(world: World, *, port: int = 0, **credentials: str) -> StandIn:
    """Return the stand-in of Blue Dart's gateway. `credentials` replace those of `CREDENTIALS`."""
    gateway = _BluedartApi(world, CREDENTIALS | credentials)
    controls = {"parcels": gateway.parcel_states.change_state, "reset": lambda _: gateway.reset()}
    return StandIn("bluedart", gateway.handle_request, port=port, controls=controls)


class _BluedartApi:
    """The sessions and parcels of the stand-in."""

    def __init__(self, world: World, account: dict[str, str]) -> None:
        self._account = account
        self._tokens: set[str] = set()
        self._lock = threading.Lock()
        self._now = world.now
        parcels = [parcel for parcel in world.parcels if parcel.holder == "bluedart"]
        self.parcel_states = ParcelStates(world, parcels, return_after=RETURN_TO_ORIGIN_AFTER)
        self._original_waybills = {make_return_waybill(parcel.waybill): parcel.waybill for parcel in parcels}

    def reset(self) -> None:
        """Restore the initial state."""
        self.expire_tokens()
        self.parcel_states.reset()

    def expire_tokens(self) -> None:
        """Expire every token."""
        with self._lock:
            self._tokens.clear()

    def handle_request(self, request: Request) -> Response:
        if request.faults.consume(("throttle",), request.path):
            return Response.from_value({"title": "Too Many Requests"}, 429)
        match request.method, request.path.removeprefix("/in/transportation"):
            case "GET", "/token/v1/login":
                return self._log_in(request)
            case "GET", "/tracking/v1/shipment" | "/tracking/v1":
                return self._track_waybills(request)
            case "POST", "/waybill/v1/CancelWaybill":
                return self._cancel_waybill(request)
        return Response.from_value({"title": "Not Found"}, 404)

    def _log_in(self, request: Request) -> Response:
        given = {name: request.headers.get(name) for name in ("clientid", "clientsecret")}
        right = {"clientid": self._account["client_id"], "clientsecret": self._account["client_secret"]}
        if any(given.values()) and given != right:  # without any, the real one mints a token too
            return Response.from_value({"title": "Invalid Client Id or Secret"}, 401)
        token = f"demo.{secrets.token_hex(8)}.jwt"
        with self._lock:
            self._tokens.add(token)
        return Response.from_value({"JWTToken": token})

    def _track_waybills(self, request: Request) -> Response:
        if refusal := self._refuse_unknown_token(request):
            return refusal
        arguments = request.query
        as_json = arguments.get("format") == "json"
        if request.faults.consume(("other_form",), request.path):
            as_json = not as_json
        if arguments.get("loginid") != self._account["login_id"]:
            return make_no_shipments_response("License Mismatch", as_json=as_json)
        numbers = list(dict.fromkeys(arguments.get("numbers", "").split(",")))
        found = {number: self._find_shipment(number, with_scans=arguments.get("scan") == "1") for number in numbers}
        is_valid_query = (arguments.get("handler"), arguments.get("action"), arguments.get("awb")) == (
            "tnt",
            "custawbquery",
            "awb",
        )
        is_batch_spoilt = None in found.values() and request.faults.consume(("spoil_batch",), request.path)
        right = arguments.get("lickey") == self._account["tracking_key"]
        if not any(found.values()) or not is_valid_query or not right or is_batch_spoilt:
            return make_no_shipments_response(NOT_FOUND_TEXT, as_json=as_json)
        return make_shipments_response(
            [row or make_unknown_shipment(number) for number, row in found.items()], as_json=as_json
        )

    def _find_shipment(self, number: str, *, with_scans: bool) -> Shipment | None:
        one = self.parcel_states.find_state(self._original_waybills.get(number, number))
        rows = build_shipments(one, now=self._now, with_scans=with_scans) if one else ()
        return next((row for row in rows if row.number == number), None)

    def _refuse_unknown_token(self, request: Request) -> Response | None:
        if request.faults.consume(("token_expired",), request.path):
            self.expire_tokens()
        is_known_token = request.headers.get("jwttoken") in self._tokens
        return None if is_known_token else Response.from_value({"title": "Unauthorized"}, 401)

    def _cancel_waybill(self, request: Request) -> Response:
        """Cancel a parcel that is not scanned in yet. A second cancellation is answered with an error."""
        if refusal := self._refuse_unknown_token(request):
            return refusal
        arguments = request.json if isinstance(request.json, dict) else {}
        number, profile = arguments.get("Request", {}).get("AWBNo", ""), arguments.get("Profile", {})
        given = (profile.get("LoginID"), profile.get("LicenceKey"))
        if given != (self._account["login_id"], self._account["licence_key"]):
            return _make_gateway_error("InvalidLicenceKey", "Invalid licence key or login id")
        one = self.parcel_states.find_state(number)
        status = one.status if one else ""
        if status == "booked":
            self.parcel_states.change_state({"waybill": number, "status": "cancelled"})
        codes = {
            "": ("InvalidAWB", "Waybill not found"),
            "booked": ("Valid", "Waybill Cancelled Successfully"),
            "cancelled": ("WaybillAlreadyCancelled", "Waybill already cancelled"),
        }
        code, words = codes.get(status, ("AlreadyInScanned", "Waybill is already in-scanned"))
        rows = [{"StatusCode": code, "StatusInformation": words}]
        result = {"AWBNo": number, "IsError": code != "Valid", "Status": rows}
        return Response.from_value({"CancelWaybillResult": result})


def _make_gateway_error(code: str, message: str) -> Response:
    return Response.from_value({"error-response": [{"StatusCode": code, "StatusInformation": message}]}, 400)
