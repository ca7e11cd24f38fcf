"""Asks Shiprocket what it holds of the parcels on its account, whoever carries them: tracking, and the order behind.

The carrier of such a parcel is Shiprocket's sub-processor and is not asked. Reads only: Shiprocket has no call that
erases, and overwriting an address is not erasing. https://apidocs.shiprocket.in/
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from bridge.connectors import shipment, tracking
from bridge.connectors.check_credentials import check_credentials
from bridge.connectors.http import HttpClient, HttpResponse, StatusRules
from bridge.connectors.parsing import parse_json
from bridge.connectors.shipment import build_shipment_finding, select_own_parcels, split_into_batches
from bridge.connectors.shiprocket.answers import (
    build_shiprocket_record,
    parse_shiprocket_order,
    parse_shiprocket_trackings,
    read_order_id,
)
from bridge.connectors.token_client import TokenClient, utc_now
from bridge.errors import ConnectorUnavailable, CredentialRejected
from bridge.model import (
    Absence,
    CheckResult,
    FindingPage,
    Gap,
    ParcelStatus,
    Principal,
    TrackingResult,
    Waybill,
)
from bridge.rules.index.attribution import normalise_waybill

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

TRACK_BATCH_SIZE = 50  # waybills a question, says the vendor's page
GATHER_BATCH_SIZE = (
    10  # of a gathering: each waybill costs a call for its order, and a page that is lost costs ten
)
SHIPROCKET_TOKEN_LIFETIME = timedelta(hours=239)  # 240, says the vendor's page
NO_SUCH_WAYBILL = "00000000000"
SHIPROCKET_STATUS_RULES = StatusRules(
    readable_statuses=frozenset({HTTPStatus.UNAUTHORIZED})
)  # an expired token: log in again, once
SHIPROCKET_ORDER_RULES = StatusRules(
    readable_statuses=SHIPROCKET_STATUS_RULES.readable_statuses
    | {HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND}
)  # an unknown order
# No page says how a wrong password is answered; 400, 403 and 422 were seen beside 401.
SHIPROCKET_LOGIN_RULES = StatusRules(
    error_by_status={
        HTTPStatus.BAD_REQUEST: CredentialRejected,
        HTTPStatus.UNPROCESSABLE_ENTITY: CredentialRejected,
    }
)


class Shiprocket:
    """Shiprocket's API, as one API user of the merchant's account."""

    system = "shiprocket"

    def __init__(
        self,
        *,
        base_url: str,
        email: str,
        password: str,
        http: HttpClient | None = None,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        """Take the API user's settings; with one of them empty nothing is asked."""
        self._base = base_url.rstrip("/")
        self._credentials = {"email": email, "password": password}
        self._unset_settings = [
            f"SHIPROCKET_{name.upper()}" for name, value in self._credentials.items() if not value
        ]
        self.configured = not self._unset_settings
        self._http = http or HttpClient(self.system)
        self._token_client = TokenClient(
            self.system, self._fetch_token, lifetime=SHIPROCKET_TOKEN_LIFETIME, now=now
        )

    def run_checks(self, shop: str) -> Sequence[CheckResult]:  # noqa: ARG002 - one account, whatever the shop
        """Look whether the API user is set, Shiprocket answers and takes it. Never raises."""
        if self._unset_settings:
            return [
                CheckResult(
                    name="shiprocket.configured",
                    ok=False,
                    detail=shipment.format_unset_settings(self._unset_settings),
                )
            ]
        return check_credentials(
            self.system,
            lambda: self._fetch_trackings([NO_SUCH_WAYBILL]),
            credential_name="credentials",
            configured_detail="the API user is set",
        )

    def gather(
        self,
        principal: Principal,  # noqa: ARG002 - found by waybill: a name or a phone would find other people's orders
        *,
        shop: str,  # noqa: ARG002 - one account, whatever the shop
        parcels: Sequence[Waybill],
        cursor: str = "",
    ) -> Iterator[FindingPage]:
        """Yield what Shiprocket knows of each parcel on its account and of the order behind it, ten a page.

        Raises ConnectorUnavailable, ConnectorThrottled, CredentialRejected, ConnectorRefused.
        """
        own = select_own_parcels(self.system, parcels)
        if self._unset_settings:
            if own and not cursor:
                what, absence = shipment.format_waybill_count(len(own)), Absence.NOT_CONFIGURED
                gap = Gap(system=self.system, absence=absence, what=what, reason="no_credentials")
                yield FindingPage(findings=(), cursor="0", gaps=(gap,))
            return
        for batch in split_into_batches(self.system, own, batch_size=GATHER_BATCH_SIZE, cursor=cursor):
            told = self._fetch_trackings([normalise_waybill(parcel.number) for parcel in batch.parcels])
            found = tuple(
                build_shipment_finding(parcel, self._build_record(parcel, told)) for parcel in batch.parcels
            )
            yield FindingPage(findings=found, cursor=str(batch.asked_count), gaps=batch.gaps)

    def track_parcels(
        self, numbers: Sequence[str], *, include_consignees: bool = False
    ) -> Iterator[Sequence[TrackingResult]]:
        """See ports.Tracker.

        How a parcel was paid and whether the money was handed on stands in its order only, beside the person: that
        is asked for those that were delivered, where it matters, and read without her.
        """
        if self._unset_settings:
            raise CredentialRejected(f"shiprocket: {shipment.format_unset_settings(self._unset_settings)}")

        def ask(part: Sequence[str]) -> Mapping[str, TrackingResult]:
            told = self._fetch_trackings(part)
            return {
                number: self._build_tracked(number, told, include_consignees=include_consignees)
                for number in told
            }

        yield from tracking.track_in_batches(numbers, batch_size=TRACK_BATCH_SIZE, query_batch=ask)

    def _build_tracked(
        self,
        number: str,
        trackings_by_number: Mapping[str, dict[str, Any] | None],
        *,
        include_consignees: bool,
    ) -> TrackingResult:
        parcel = tracking.make_bare_waybill(number, self.system)
        body = build_shiprocket_record(parcel, trackings_by_number.get(number), None)
        if include_consignees or body["status"] == ParcelStatus.DELIVERED:
            body = self._build_record(parcel, trackings_by_number)
        second = normalise_waybill(body.get("return_waybill") or "")
        also = (second,) if shipment.is_valid_waybill_number(second) else ()
        return replace(
            tracking.build_tracked(body, include_consignees=include_consignees),
            remitted=body.get("remitted"),
            other_waybills=also,
        )

    def _build_record(
        self, parcel: Waybill, trackings_by_number: Mapping[str, dict[str, Any] | None]
    ) -> dict[str, Any]:
        number = normalise_waybill(parcel.number)
        if number not in trackings_by_number:
            return shipment.build_not_found_record(parcel, ambiguous=False)
        data = trackings_by_number[number]
        order_id = read_order_id(data)
        return build_shiprocket_record(parcel, data, self._fetch_order(order_id) if order_id else None)

    def _fetch_trackings(self, numbers: Sequence[str]) -> dict[str, dict[str, Any] | None]:
        """What it tells, by number; None where it has no activity yet, nothing where it does not know one."""
        if not numbers:
            return {}
        # A question, though the vendor made it a POST: asking it again changes nothing.
        answer = self._call_api(
            "POST", "/courier/track/awbs", SHIPROCKET_STATUS_RULES, json={"awbs": list(numbers)}
        )
        told = parse_shiprocket_trackings(answer.content)
        return {number: told[number] for number in numbers if number in told}

    def _fetch_order(self, order_id: str) -> dict[str, Any] | None:
        answer = self._call_api("GET", f"/orders/show/{order_id}", SHIPROCKET_ORDER_RULES)
        return parse_shiprocket_order(answer.status, answer.content)

    def _call_api(self, method: str, path: str, status_rules: StatusRules, **request: Any) -> HttpResponse:
        def ask(token: str) -> HttpResponse:
            headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
            return self._http.call(
                method, self._base + path, headers=headers, status_rules=status_rules, **request
            )

        return self._token_client.call_with_token(ask)

    def _fetch_token(self) -> str:
        answer = self._http.call(
            "POST", self._base + "/auth/login", json=self._credentials, status_rules=SHIPROCKET_LOGIN_RULES
        )
        told = parse_json(answer.content)
        token = told.get("token") if isinstance(told, dict) else None
        if not isinstance(token, str) or not token:
            raise ConnectorUnavailable("shiprocket: unreadable answer")
        return token
