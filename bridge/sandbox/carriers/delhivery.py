"""The stand-in of Delhivery: tracking, packing slips, documents and cancelling in its wire format, over an invented world.

As strict as the real one: it masks street and phone in tracking, leaves out what it does not know, says "no" with 200,
answers a cancellation in XML and keeps its spellings. Keeps and logs nothing of a person.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from bridge.sandbox.carriers.delhivery_rows import returns, shipment, slip
from bridge.sandbox.carriers.parcel_states import Road
from bridge.sandbox.httpd import Request, Response, StandIn

if TYPE_CHECKING:
    from bridge.sandbox.world.models import World

TOKEN: Final = "demo-delhivery-token"  # noqa: S105 - opens nothing but the stand-in
MOST: Final = 50
FIREWALL: Final = b"<html><head><title>403 Forbidden</title></head><body>Request blocked.</body></html>"
HTML: Final = "text/html"
EXISTING: Final = ("SIGNATURE_URL", "EPOD")  # of a delivered parcel
MOVABLE: Final = {"booked": "cancelled", "in_transit": "returning"}  # what a cancellation makes of it
TERMINAL: Final = (
    "Edit is not allowed on any Dispatched and Terminal status like Delivered, DTO, RTO, LOST and Closed"
)
UNKNOWN: Final = "Data does not exists for provided Waybill(s)"


def delhivery(world: World, *, token: str = TOKEN, port: int = 0) -> StandIn:
    """Make Delhivery. A token that begins with `staging` is refused as the real one refuses it."""
    office = _Office(world, token)
    controls = {"parcels": office.road.move, "reset": lambda _: office.road.reset()}
    return StandIn("delhivery", office.answer, port=port, controls=controls)


class _Office:
    """What it knows, and its counters."""

    def __init__(self, world: World, token: str) -> None:
        self._token = token
        self.road = Road(world, (parcel for parcel in world.parcels if parcel.held_by == "delhivery"))
        self._back = {row["AWB"]: row for row in returns(world)}

    def answer(self, request: Request) -> Response:
        counters = {
            ("GET", "/api/v1/packages/json"): self._track,
            ("GET", "/api/p/packing_slip"): self._slip,
            ("GET", "/api/rest/fetch/pkg/document"): self._document,
            ("POST", "/api/p/edit"): self._edit,
        }
        counter = counters.get((request.method, request.path.rstrip("/")))
        if counter is None:
            return Response(status=404, body=b"<html>Not Found</html>", content_type=HTML)
        if request.faults.take(("throttle",), request.path):
            return Response(status=403, body=FIREWALL, content_type=HTML)
        return _refuses(request.headers.get("authorization", ""), self._token) or counter(request)

    def _track(self, request: Request) -> Response:
        numbers = [number.strip() for number in request.query.get("waybill", "").split(",") if number.strip()]
        if len(numbers) > MOST:
            return _says_no("Package handler limit exceeded")
        found = [row for number in dict.fromkeys(numbers) if (row := self._row(number))]
        spoilt = len(found) < len(set(numbers)) and request.faults.take(("spoil_batch",), request.path)
        if not found or spoilt:
            return _says_no(UNKNOWN)
        left_out = {"0": {"Scans", "Consignee"}, "1": {"Consignee"}}.get(
            request.query.get("verbose", ""), set()
        )
        shown = [{key: value for key, value in row.items() if key not in left_out} for row in found]
        return Response.of({"ShipmentData": [{"Shipment": row} for row in shown]})

    def _row(self, number: str) -> dict[str, Any] | None:
        one = self.road.of(number)
        return shipment(one) if one else self._back.get(number)

    def _slip(self, request: Request) -> Response:
        one = self.road.of(request.query.get("wbns", ""))
        gone = request.faults.take(("no_paper",), request.path)
        linked = request.query.get("pdf") != "false"
        packages = [slip(one, linked=linked)] if one and not gone else []
        return Response.of({"packages": packages, "packages_found": len(packages)})

    def _document(self, request: Request) -> Response:
        one, kind = self.road.of(request.query.get("waybill", "")), request.query.get("doc_type", "")
        gone = request.faults.take(("no_paper",), request.path)
        if not one or not one.delivered_at or one.forgotten or gone or kind not in EXISTING:
            return Response.of({"success": False, "message": "Invalid waybill passed"})
        return Response.of(
            {"success": True, "url": f"https://documents.example.com/{kind}/{one.parcel.waybill}"}
        )

    def _edit(self, request: Request) -> Response:
        asked = request.json if isinstance(request.json, dict) else {}
        one = self.road.of(str(asked.get("waybill", "")))
        if one is None:
            return _says_no(UNKNOWN)
        if asked.get("cancellation") != "true" or one.status not in {*MOVABLE, *MOVABLE.values()}:
            return Response.of({"status": "Failure", "error": TERMINAL})
        if one.status in MOVABLE:  # the second time it says the same, and nothing happens
            self.road.move({"waybill": one.parcel.waybill, "status": MOVABLE[one.status]})
        return Response(
            body=(
                '<?xml version="1.0" encoding="utf-8"?><root><status>True</status>'
                f"<waybill>{one.parcel.waybill}</waybill><order_id>{one.parcel.order_name}</order_id>"
                "<remark>Shipment has been cancelled.</remark></root>"
            ).encode(),
            content_type="application/xml",
        )


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
