"""The stand-in of Blue Dart: login and tracking in its wire format, over an invented world.

As strict as the real one: it mints tokens for anybody, answers a wrong licence key like an unknown waybill,
forgets cancelled parcels and gives a returned one a second number. Answers nothing else; logs nothing.
"""

from __future__ import annotations

import secrets
import threading
from datetime import datetime, timedelta, timezone
from html import escape
from typing import TYPE_CHECKING, Final

from bridge.sandbox.httpd import Request, Response, StandIn

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bridge.sandbox.nouns import Parcel, World

INDIA: Final = timezone(timedelta(hours=5, minutes=30))
CREDENTIALS: Final = {  # what the bridge needs to be told, by keyword of its connector
    "client_id": "demo-client-id",
    "client_secret": "demo-client-secret",
    "login_id": "DEMOLOGIN",
    "licence_key": "demo-shipping-key",
    "tracking_key": "demo-tracking-key",
}
RETURNED_AFTER: Final = timedelta(days=20)  # undelivered for so long: it goes back


def bluedart(world: World, *, port: int = 0, **credentials: str) -> StandIn:
    """Make Blue Dart's gateway: login and tracking. `credentials` replace those of `CREDENTIALS`."""
    gateway = _Gateway(world, CREDENTIALS | credentials)
    return StandIn("bluedart", gateway.answer, port=port, controls={"reset": lambda _: gateway.forget()})


class _Gateway:
    """Who has logged in, and what it knows."""

    def __init__(self, world: World, account: dict[str, str]) -> None:
        self._account = account
        self._tokens: set[str] = set()
        self._lock = threading.Lock()
        parcels = (parcel for parcel in world.parcels if parcel.carrier == "bluedart")
        self._shipments = dict(pair for parcel in parcels for pair in _rows(world, parcel))

    def forget(self) -> None:
        """Let every token expire."""
        with self._lock:
            self._tokens.clear()

    def answer(self, request: Request) -> Response:
        if request.faults.take(("throttle",), request.path):
            return Response.of({"title": "Too Many Requests"}, 429)
        match request.method, request.path.removeprefix("/in/transportation"):
            case "GET", "/token/v1/login":
                return self._login(request)
            case "GET", "/tracking/v1/shipment" | "/tracking/v1":
                return self._track(request)
        return Response.of({"title": "Not Found"}, 404)

    def _login(self, request: Request) -> Response:
        given = {name: request.headers.get(name) for name in ("clientid", "clientsecret")}
        right = {"clientid": self._account["client_id"], "clientsecret": self._account["client_secret"]}
        if any(given.values()) and given != right:  # without any, the real one mints a token too
            return Response.of({"title": "Invalid Client Id or Secret"}, 401)
        token = f"demo.{secrets.token_hex(8)}.jwt"
        with self._lock:
            self._tokens.add(token)
        return Response.of({"JWTToken": token})

    def _track(self, request: Request) -> Response:
        if request.faults.take(("token_expired",), request.path):
            self.forget()
        if request.headers.get("jwttoken") not in self._tokens:
            return Response.of({"title": "Unauthorized"}, 401)
        asked = request.query
        if asked.get("loginid") != self._account["login_id"]:
            return _error("License Mismatch")
        numbers = list(dict.fromkeys(asked.get("numbers", "").split(",")))
        known = any(number in self._shipments for number in numbers)
        fit = (asked.get("handler"), asked.get("action"), asked.get("awb")) == ("tnt", "custawbquery", "awb")
        if not known or not fit or asked.get("lickey") != self._account["tracking_key"]:
            return _error("Incorrect waybill number or No information")
        return _xml("".join(self._shipments.get(number) or _unknown(number) for number in numbers))


def _rows(world: World, parcel: Parcel) -> Iterable[tuple[str, str]]:
    """Yield number and `<Shipment>`: none of a cancelled parcel, which Blue Dart forgets; two of a return."""
    if world.order(parcel.order_id).cancelled:
        return
    scans = [("IT", "SHIPMENT PICKED UP", "PU", parcel.shipped_at)]
    second = ""
    if parcel.delivered_at:
        out = parcel.delivered_at - timedelta(hours=4)
        scans += [("UD", "SHIPMENT OUT FOR DELIVERY", "002", out)]
        scans += [("DL", "SHIPMENT DELIVERED", "000", parcel.delivered_at)]
    elif world.now - parcel.shipped_at > RETURNED_AFTER:
        back = parcel.shipped_at + RETURNED_AFTER
        second = _second_number(parcel.waybill)
        scans += [("RT", "SHIPMENT RETURNED TO ORIGIN", "074", back)]
        home = [("DL", "SHIPMENT DELIVERED", "000", min(world.now, back + timedelta(days=3)))]
        yield second, _shipment(second, f"074 - {parcel.waybill}", home, {})
    person, where = parcel.consignee, parcel.consignee.address
    fields = {
        "ToAttention": person.name.upper(),
        "Consignee": person.name.upper(),
        "ConsigneeAddress1": where["address1"].upper(),
        "ConsigneeAddress2": "",
        "ConsigneeAddress3": "",
        "ConsigneePincode": where["zip"],
        "ConsigneeTelNo": person.phone.removeprefix("+91"),
        "Destination": where["city"].upper(),
        "NewWaybillNo": second,
        "ReceivedBy": person.first.upper() if parcel.delivered_at else "",
    }
    yield parcel.waybill, _shipment(parcel.waybill, parcel.order_name, scans, fields)


def _shipment(
    number: str, reference: str, scans: list[tuple[str, str, str, datetime]], fields: dict[str, str]
) -> str:
    kind, status, _, at = scans[-1]
    local = at.astimezone(INDIA)
    told = {"Prodcode": "A", "Service": "Dart Apex", "Origin": "BENGALURU", "SenderName": "MINIMISS DEMO"}
    told |= fields | {"Status": status, "StatusType": kind, "Instructions": ""}
    told |= {"StatusDate": f"{local:%d %B %Y}", "StatusTime": f"{local:%H:%M}"}
    rows = "".join(_scan(*scan) for scan in reversed(scans))
    inside = f"{_elements(told)}<Scans>{rows}</Scans>"
    return f'<Shipment WaybillNo="{number}" RefNo="{escape(reference)}">{inside}</Shipment>'


def _scan(kind: str, scan: str, code: str, at: datetime) -> str:
    local = at.astimezone(INDIA)
    told = {"Scan": scan, "ScanCode": code, "ScanType": kind, "ScanGroupType": "T" if kind == "DL" else "S"}
    told |= {"ScanDate": f"{local:%d-%b-%Y}", "ScanTime": f"{local:%H:%M}", "ScannedLocation": "DEMO HUB"}
    return f"<ScanDetail>{_elements(told)}</ScanDetail>"


def _unknown(number: str) -> str:
    told = {"Status": "Incorrect Waybill number or No Information", "StatusType": "NF"}
    return f'<Shipment WaybillNo="{escape(number)}" RefNo="">{_elements(told)}</Shipment>'


def _error(words: str) -> Response:
    return _xml(_elements({"Error": words}))


def _second_number(number: str) -> str:
    body = int(number[:10]) + 10_000_000
    return f"{body}{body % 7}"


def _elements(told: dict[str, str]) -> str:
    return "".join(f"<{tag}>{escape(text)}</{tag}>" if text else f"<{tag}/>" for tag, text in told.items())


def _xml(inside: str) -> Response:
    text = f'<?xml version="1.0" encoding="ISO-8859-1"?>\n<ShipmentData>{inside}</ShipmentData>'
    return Response(
        body=text.encode("latin-1", "xmlcharrefreplace"), content_type="text/xml;charset=ISO-8859-1"
    )
