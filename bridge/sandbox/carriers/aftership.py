"""The stand-in of AfterShip: a tracking for every parcel of the invented world, of any carrier.

It is as strict as the real one: the key in its own header, `meta.code` in every answer, fifty numbers per query,
cursors. Deleted trackings stay deleted until a reset. It stores and logs no personal data.
"""

from __future__ import annotations

import hashlib
import threading
from typing import TYPE_CHECKING, Any, Final

from bridge.sandbox.http_messages import Request, Response
from bridge.sandbox.httpd import StandIn

if TYPE_CHECKING:
    from bridge.sandbox.world.models import World
    from bridge.sandbox.world.shipments import Parcel

API_KEY: Final = "demo-aftership-key"
TRACKINGS_PATH: Final = "/tracking/2025-07/trackings"
MAX_NUMBERS_PER_CALL: Final = 50
ERRORS_BY_STATUS: Final = {
    400: (4008, "BadRequest", "The value of tracking_numbers is invalid."),
    401: (401, "Unauthorized", "The API key is invalid."),
    404: (4004, "NotFound", "Tracking does not exist."),
    429: (429, "TooManyRequests", "You have exceeded the API call rate limit."),
}


def make_aftership(world: World, *, key: str = API_KEY, port: int = 0) -> StandIn:
    """Return AfterShip's stand-in for the organisation with this key."""
    api = _AftershipApi(world, key)
    return StandIn("aftership", api.handle_request, port=port, controls={"reset": lambda _: api.reset()})


class _AftershipApi:
    """The trackings of the stand-in, and those that were deleted."""

    def __init__(self, world: World, key: str) -> None:
        self._key = key
        self._rows = {row["id"]: row for row in (_build_tracking(parcel) for parcel in world.parcels)}
        self._ids_by_number = {row["tracking_number"]: row["id"] for row in self._rows.values()}
        self._deleted_ids: set[str] = set()
        self._lock = threading.Lock()

    def reset(self) -> None:
        """Restore the initial state."""
        with self._lock:
            self._deleted_ids.clear()

    def handle_request(self, request: Request) -> Response:
        if request.faults.consume(("throttle",), request.path):
            return _make_error_response(429)
        if request.headers.get("as-api-key") != self._key:
            return _make_error_response(401)
        if (request.method, request.path) == ("GET", TRACKINGS_PATH):
            return self._list_trackings(request)
        if request.method in {"GET", "DELETE"} and request.path.startswith(f"{TRACKINGS_PATH}/"):
            return self._show_or_delete_tracking(request.method, request.path.rpartition("/")[2])
        return _make_error_response(404)

    def _list_trackings(self, request: Request) -> Response:
        numbers = [number for number in request.query.get("tracking_numbers", "").split(",") if number]
        if len(numbers) > MAX_NUMBERS_PER_CALL:
            return _make_error_response(400)
        ids = [self._ids_by_number[number] for number in dict.fromkeys(numbers) if number in self._ids_by_number]
        rows = [self._rows[one] for one in ids if one not in self._deleted_ids]
        start, size = int(request.query.get("cursor") or 0), int(request.query.get("limit") or 100)
        has_more = start + size < len(rows)
        paging = {"total": len(rows), "next_cursor": str(start + size) if has_more else "", "has_next_page": has_more}
        return _make_data_response({"pagination": paging, "trackings": rows[start : start + size]})

    def _show_or_delete_tracking(self, method: str, tracking_id: str) -> Response:
        with self._lock:
            if tracking_id not in self._rows or tracking_id in self._deleted_ids:
                return _make_error_response(404)
            if method == "DELETE":
                self._deleted_ids.add(tracking_id)
        row = self._rows[tracking_id]
        if method == "GET":
            return _make_data_response(row)
        return _make_data_response({name: row[name] for name in ("id", "tracking_number", "slug")})


def _make_data_response(data: dict[str, Any]) -> Response:
    return Response.from_value({"meta": {"code": 200}, "data": data})


def _make_error_response(status: int) -> Response:
    code, kind, words = ERRORS_BY_STATUS[status]
    return Response.from_value({"meta": {"code": code, "type": kind, "message": words}, "data": {}}, status)


def _build_tracking(parcel: Parcel) -> dict[str, Any]:
    """Return one tracking with the name, e-mail and telephone of the consignee and the states of the parcel."""
    person, address = parcel.consignee, parcel.consignee.address
    tag = "Delivered" if parcel.delivered_at else "InTransit"
    street = ", ".join(filter(None, (address["address1"], address["city"], address["zip"])))
    at = parcel.delivered_at or parcel.shipped_at
    return {
        "id": hashlib.sha256(parcel.waybill.encode()).hexdigest()[:32],
        "legacy_id": None,
        "created_at": parcel.shipped_at.isoformat(timespec="seconds"),
        "updated_at": at.isoformat(timespec="seconds"),
        "tracking_number": parcel.waybill,
        "slug": parcel.carrier,
        "active": not parcel.delivered_at,
        "custom_fields": None,
        "origin_country_region": "IND",
        "origin_raw_location": "Bengaluru",
        "destination_country_region": "IND",
        "destination_state": address["province"],
        "destination_city": address["city"],
        "destination_postal_code": address["zip"],
        "destination_raw_location": street,
        "note": None,
        "order_id": str(parcel.order_id),
        "order_number": parcel.order_name,
        "shipment_pickup_date": parcel.shipped_at.isoformat(timespec="seconds"),
        "shipment_delivery_date": parcel.delivered_at.isoformat(timespec="seconds") if parcel.delivered_at else None,
        "signed_by": person.first if parcel.delivered_at else None,
        "source": "shopify",
        "tag": tag,
        "subtag": f"{tag}_001",
        "subtag_message": tag,
        "title": parcel.order_name,
        "tracked_count": 3,
        "checkpoints": [
            {
                "slug": parcel.carrier,
                "checkpoint_time": at.isoformat(timespec="seconds"),
                "location": "DEMO HUB",
                "message": tag,
                "tag": tag,
                "subtag": f"{tag}_001",
            }
        ],
        "subscribed_emails": [person.email],
        "subscribed_smses": [],
        "courier_tracking_link": parcel.url,
        "customers": [
            {
                "role": "buyer",
                "name": person.name,
                "email": person.email,
                "phone_number": person.phone,
                "language": "en",
            }
        ],
    }
