"""Reads what Shiprocket stores about the parcels on its account, whatever the carrier: tracking and order.

Never requests such a parcel from its carrier, which is Shiprocket's sub-processor. Reads only: Shiprocket has no call
that erases, and overwriting an address is not erasure. https://apidocs.shiprocket.in/
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from bridge.connectors import batches, shipment, tracking
from bridge.connectors.carrier import CarrierConnector
from bridge.connectors.http import HttpClient, StatusRules
from bridge.connectors.shiprocket import answers
from bridge.connectors.token_client import TokenClient, read_token, utc_now
from bridge.errors import CredentialRejected
from bridge.model import Finding, Gap, ParcelStatus, TrackingResult, Waybill
from bridge.rules.index.attribution import normalise_waybill

TRACK_BATCH_SIZE = 50  # waybills per request, the documented maximum
SHIPROCKET_TOKEN_LIFETIME = timedelta(hours=239)  # 240 are documented
NO_SUCH_WAYBILL = "00000000000"
# 401 is an expired token: log in again, once.
SHIPROCKET_STATUS_RULES = StatusRules(readable_statuses=frozenset({HTTPStatus.UNAUTHORIZED}))
# 400 and 404 may be an unknown order.
SHIPROCKET_ORDER_RULES = StatusRules(
    readable_statuses=SHIPROCKET_STATUS_RULES.readable_statuses | {HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND}
)
# No page says how a wrong password is answered; 400, 401, 403 and 422 were observed.
SHIPROCKET_LOGIN_RULES = StatusRules(
    error_by_status={HTTPStatus.BAD_REQUEST: CredentialRejected, HTTPStatus.UNPROCESSABLE_ENTITY: CredentialRejected}
)


class Shiprocket(CarrierConnector):
    """Shiprocket's API, as one API user of the merchant's account."""

    system = "shiprocket"
    batch_size = 10  # small, because each waybill needs a call for its order and a failed page repeats them
    configured_detail = "the API user is set"

    def __init__(
        self,
        *,
        base_url: str,
        email: str,
        password: str,
        http: HttpClient | None = None,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        """Take the API user's settings; if one of them is empty, nothing is sent."""
        self._base = base_url.rstrip("/")
        self._credentials = {"email": email, "password": password}
        super().__init__({"SHIPROCKET_EMAIL": email, "SHIPROCKET_PASSWORD": password}, http)
        self._client = TokenClient(
            self._http, self._fetch_token, _build_headers, lifetime=SHIPROCKET_TOKEN_LIFETIME, now=now
        )

    def send_probe(self) -> object:
        """Request a waybill that does not exist."""
        return self._fetch_trackings([NO_SUCH_WAYBILL])

    def build_findings(self, batch: shipment.WaybillBatch) -> tuple[Sequence[Finding], Sequence[Gap]]:
        """Return the records of the parcels with their orders."""
        answer = self._fetch_trackings(batch.numbers)
        parcels = {parcel.number: parcel for parcel in batch.parcels}
        readable = [one.number for one in batch.parcels if normalise_waybill(one.number) not in answer.doubtful]
        records = batches.read_each(readable, lambda number: self._build_record(parcels[number], answer.rows))
        gaps = batches.list_unreadable_gaps(self.system, [*answer.doubtful, *records.doubtful])
        return [shipment.build_shipment_finding(parcels[number], one) for number, one in records.rows.items()], gaps

    def track_parcels(
        self, numbers: Sequence[str], *, include_consignees: bool = False
    ) -> Iterator[Sequence[TrackingResult]]:
        """Yield where the parcels are, 50 a batch (`ports.Tracker`). Raises as `gather`.

        Only the order states the payment and whether the cash was remitted. It is requested for delivered parcels, where
        that matters, and its personal data is dropped.
        """
        self.require_settings()

        def query_batch(batch: Sequence[str]) -> Mapping[str, TrackingResult]:
            answer = self._fetch_trackings(batch)

            def build(number: str) -> TrackingResult:
                return self._build_tracked(number, answer.rows, include_consignees)

            results = batches.read_each(list(answer.rows), build)
            return batches.mark_unreadable(results.rows, [*answer.doubtful, *results.doubtful])

        yield from tracking.track_in_batches(numbers, batch_size=TRACK_BATCH_SIZE, query_batch=query_batch)

    def _build_tracked(
        self, number: str, trackings_by_number: Mapping[str, dict[str, Any]], include_consignees: bool
    ) -> TrackingResult:
        parcel = Waybill(number=number, carrier=self.system)
        record = answers.build_shiprocket_record(parcel, trackings_by_number[number], None)
        if include_consignees or record["status"] == ParcelStatus.DELIVERED:
            record = self._build_record(parcel, trackings_by_number)
        return_number = normalise_waybill(record.get("return_waybill") or "")
        is_second = shipment.is_valid_waybill_number(return_number) and return_number != number
        return replace(
            tracking.build_tracked(record, include_consignees=include_consignees),
            remitted=record.get("remitted"),
            other_waybills=(return_number,) if is_second else (),
        )

    def _build_record(self, parcel: Waybill, trackings_by_number: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
        tracking_data = trackings_by_number.get(normalise_waybill(parcel.number))
        if tracking_data is None:
            return shipment.build_not_found_record(parcel, ambiguous=False)
        order_id = answers.read_order_id(tracking_data)
        return answers.build_shiprocket_record(parcel, tracking_data, self._fetch_order(order_id) if order_id else None)

    def _fetch_trackings(self, numbers: Sequence[str]) -> batches.BatchAnswer[dict[str, Any]]:
        """Return the trackings by number; {} for one without activity yet."""

        def query(batch: Sequence[str]) -> batches.BatchAnswer[dict[str, Any]]:
            # A POST that only reads: repeating it changes nothing.
            url, body = self._base + "/courier/track/awbs", {"awbs": list(batch)}
            answer = self._client.call("POST", url, operation="track", json=body, status_rules=SHIPROCKET_STATUS_RULES)
            return batches.assign_rows(batch, answers.parse_shiprocket_trackings(answer.content))

        return batches.query_readable(numbers, query)

    def _fetch_order(self, order_id: str) -> dict[str, Any] | None:
        url = f"{self._base}/orders/show/{order_id}"
        answer = self._client.call("GET", url, operation="order", status_rules=SHIPROCKET_ORDER_RULES)
        return answers.parse_shiprocket_order(answer.status, answer.content)

    def _fetch_token(self) -> str:
        answer = self._http.call(
            "POST",
            self._base + "/auth/login",
            operation="login",
            json=self._credentials,
            status_rules=SHIPROCKET_LOGIN_RULES,
        )
        return read_token(self.system, answer.content, "token")


def _build_headers(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", "Accept": "application/json"}
