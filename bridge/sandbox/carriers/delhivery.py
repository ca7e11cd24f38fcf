"""The stand-in of Delhivery: tracking, packing slips, documents and cancellation, over an invented world.

It is as strict as the real one: it masks street and phone in tracking, omits what it does not know, refuses with
status 200, answers a cancellation in XML and keeps Delhivery's spellings. It stores and logs no personal data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from bridge.sandbox.carriers.delhivery_rows import build_forward_shipment, build_packing_slip, build_return_shipments
from bridge.sandbox.carriers.parcel_states import ParcelStates
from bridge.sandbox.http_messages import Request, Response
from bridge.sandbox.httpd import StandIn

if TYPE_CHECKING:
    from bridge.sandbox.world.models import World

API_TOKEN: Final = "demo-delhivery-token"  # noqa: S105 - opens nothing but the stand-in
MAX_NUMBERS_PER_CALL: Final = 50
FIREWALL_PAGE: Final = b"<html><head><title>403 Forbidden</title></head><body>Request blocked.</body></html>"
HTML_TYPE: Final = "text/html"
AVAILABLE_DOCUMENTS: Final = ("SIGNATURE_URL", "EPOD")  # of a delivered parcel
STATUS_AFTER_CANCEL: Final = {"booked": "cancelled", "in_transit": "returning"}  # the state after a cancellation
EDIT_REFUSED_TEXT: Final = (
    "Edit is not allowed on any Dispatched and Terminal status like Delivered, DTO, RTO, LOST and Closed"
)
UNKNOWN_WAYBILL_TEXT: Final = "Data does not exists for provided Waybill(s)"


def make_delhivery(world: World, *, token: str = API_TOKEN, port: int = 0) -> StandIn:
    """Return Delhivery's stand-in. A token that begins with `staging` is refused, as by the real one."""
    office = _DelhiveryApi(world, token)
    controls = {"parcels": office.parcel_states.change_state, "reset": lambda _: office.parcel_states.reset()}
    return StandIn("delhivery", office.handle_request, port=port, controls=controls)


class _DelhiveryApi:
    """The parcels and counters of the stand-in."""

    def __init__(self, world: World, token: str) -> None:
        self._token = token
        self.parcel_states = ParcelStates(world, (parcel for parcel in world.parcels if parcel.holder == "delhivery"))
        self._return_shipments = {row["AWB"]: row for row in build_return_shipments(world)}

    def handle_request(self, request: Request) -> Response:
        counters = {
            ("GET", "/api/v1/packages/json"): self._track_waybills,
            ("GET", "/api/p/packing_slip"): self._send_packing_slip,
            ("GET", "/api/rest/fetch/pkg/document"): self._send_document,
            ("POST", "/api/p/edit"): self._edit_shipment,
        }
        counter = counters.get((request.method, request.path.rstrip("/")))
        if counter is None:
            return Response(status=404, body=b"<html>Not Found</html>", content_type=HTML_TYPE)
        if request.faults.consume(("throttle",), request.path):
            return Response(status=403, body=FIREWALL_PAGE, content_type=HTML_TYPE)
        return _refuse_bad_token(request.headers.get("authorization", ""), self._token) or counter(request)

    def _track_waybills(self, request: Request) -> Response:
        numbers = [number.strip() for number in request.query.get("waybill", "").split(",") if number.strip()]
        if len(numbers) > MAX_NUMBERS_PER_CALL:
            return _make_failure_response("Package handler limit exceeded")
        found = [row for number in dict.fromkeys(numbers) if (row := self._find_shipment(number))]
        is_batch_spoilt = len(found) < len(set(numbers)) and request.faults.consume(("spoil_batch",), request.path)
        if not found or is_batch_spoilt:
            return _make_failure_response(UNKNOWN_WAYBILL_TEXT)
        hidden_fields = {"0": {"Scans", "Consignee"}, "1": {"Consignee"}}.get(request.query.get("verbose", ""), set())
        rows = [{key: value for key, value in row.items() if key not in hidden_fields} for row in found]
        return Response.from_value({"ShipmentData": [{"Shipment": row} for row in rows]})

    def _find_shipment(self, number: str) -> dict[str, Any] | None:
        one = self.parcel_states.find_state(number)
        return build_forward_shipment(one) if one else self._return_shipments.get(number)

    def _send_packing_slip(self, request: Request) -> Response:
        one = self.parcel_states.find_state(request.query.get("wbns", ""))
        documents_missing = request.faults.consume(("no_paper",), request.path)
        with_link = request.query.get("pdf") != "false"
        packages = [build_packing_slip(one, with_link=with_link)] if one and not documents_missing else []
        return Response.from_value({"packages": packages, "packages_found": len(packages)})

    def _send_document(self, request: Request) -> Response:
        one, kind = (self.parcel_states.find_state(request.query.get("waybill", "")), request.query.get("doc_type", ""))
        documents_missing = request.faults.consume(("no_paper",), request.path)
        if not one or not one.delivered_at or one.forgotten or documents_missing or kind not in AVAILABLE_DOCUMENTS:
            return Response.from_value({"success": False, "message": "Invalid waybill passed"})
        return Response.from_value(
            {"success": True, "url": f"https://documents.example.com/{kind}/{one.parcel.waybill}"}
        )

    def _edit_shipment(self, request: Request) -> Response:
        arguments = request.json if isinstance(request.json, dict) else {}
        one = self.parcel_states.find_state(str(arguments.get("waybill", "")))
        if one is None:
            return _make_failure_response(UNKNOWN_WAYBILL_TEXT)
        if arguments.get("cancellation") != "true" or one.status not in {
            *STATUS_AFTER_CANCEL,
            *STATUS_AFTER_CANCEL.values(),
        }:
            return Response.from_value({"status": "Failure", "error": EDIT_REFUSED_TEXT})
        if one.status in STATUS_AFTER_CANCEL:  # a second cancellation has the same answer and no effect
            self.parcel_states.change_state({"waybill": one.parcel.waybill, "status": STATUS_AFTER_CANCEL[one.status]})
        return Response(
            body=(
                '<?xml version="1.0" encoding="utf-8"?><root><status>True</status>'
                f"<waybill>{one.parcel.waybill}</waybill><order_id>{one.parcel.order_name}</order_id>"
                "<remark>Shipment has been cancelled.</remark></root>"
            ).encode(),
            content_type="application/xml",
        )


def _refuse_bad_token(header: str, token: str) -> Response | None:
    if not header:
        return Response.from_value({"detail": "Authentication credentials were not provided."}, 401)
    kind, _, given = header.partition(" ")
    if kind != "Token":
        return Response.from_value("Login or API Key Required", 401)
    if given.startswith("staging"):
        return Response.from_value({"Error": "'NoneType' object has no attribute 'end_date'"})
    if given != token:
        return Response.from_value(
            "There has been an error but we were asked to not let you see that. Please contact the dev team.", 401
        )
    return None


def _make_failure_response(error: str) -> Response:
    remark = f"Some error has occurred. Please contact client.support@delhivery.com with error message- {error}"
    return Response.from_value({"Success": False, "Error": error, "rmk": remark})
