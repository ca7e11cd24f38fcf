"""Asks Blue Dart what it holds of a parcel: status, scans, consignee; follows a return to its second waybill.

Cancels only where somebody asks for it; Blue Dart has no call that erases. Its tracking takes the credentials in the
query, so no URL is ever put into a message. "Not found" proves nothing there: an unknown, a cancelled and a not yet
scanned waybill and a wrong licence key are answered alike. The last is told apart by a waybill known to be there.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from bridge.connectors import shipment, tracking
from bridge.connectors.bluedart import cancel
from bridge.connectors.bluedart.answers import build_bluedart_record, parse_bluedart_shipments
from bridge.connectors.http import HttpClient, HttpResponse, StatusRules
from bridge.connectors.parsing import parse_json
from bridge.connectors.shipment import (
    build_shipment_finding,
    format_unset_settings,
    select_own_parcels,
    split_into_batches,
)
from bridge.connectors.token_client import TokenClient, utc_now
from bridge.errors import BridgeError, ConnectorRefused, ConnectorUnavailable, CredentialRejected
from bridge.model import (
    Absence,
    CheckResult,
    Finding,
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

    from bridge.connectors.bluedart.answers import ShipmentsByNumber

BLUEDART_BATCH_SIZE = 25  # no maximum is published; the most that a public client asks
BLUEDART_TOKEN_LIFETIME = timedelta(hours=23)  # about 24
KEY_PROOF_LIFETIME = timedelta(hours=1)  # that the licence key is right
NO_SUCH_WAYBILL = "00000000001"
WRONG_KEY_MESSAGE = (
    "the known waybill is not found: the tracking licence key is wrong, or the waybill no longer there"
)
BLUEDART_STATUS_RULES = StatusRules(
    readable_statuses=frozenset({HTTPStatus.UNAUTHORIZED})
)  # an expired token: log in again, once
BLUEDART_CANCEL_RULES = StatusRules(
    readable_statuses=BLUEDART_STATUS_RULES.readable_statuses | {HTTPStatus.BAD_REQUEST}
)
# What a return's second waybill makes of the parcel; all else there is on its way back.
RETURN_LEG_STATUSES: Mapping[ParcelStatus, ParcelStatus] = {
    ParcelStatus.DELIVERED: ParcelStatus.RETURNED,
    ParcelStatus.LOST: ParcelStatus.LOST,
}
# A first leg that says so itself: nothing moves on it any more.
FINAL_FIRST_LEG_STATUSES = frozenset(
    {ParcelStatus.DELIVERED, ParcelStatus.RETURNED, ParcelStatus.REDIRECTED, ParcelStatus.LOST}
)


class BlueDart:
    """Blue Dart's gateway: a token of the app, and login id and licence key of the account."""

    system = "bluedart"

    def __init__(
        self,
        *,
        base_url: str,
        client_id: str,
        client_secret: str,
        login_id: str,
        licence_key: str,
        tracking_key: str,
        login_path: str = "/token/v1/login",
        tracking_path: str = "/tracking/v1/shipment",
        verno: str = "1",
        answer_format: str = "xml",
        known_waybill: str = "",
        http: HttpClient | None = None,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        """Take the account's settings; with one of them empty nothing is asked.

        `known_waybill` is a delivered one of this account: where even that is "not found", the key is wrong.
        """
        self._cancel_url = base_url.rstrip("/") + "/waybill/v1/CancelWaybill"
        self._shipping_credentials = {"login_id": login_id, "licence_key": licence_key}
        self._login_url = base_url.rstrip("/") + "/" + login_path.strip("/")
        self._tracking_url = base_url.rstrip("/") + "/" + tracking_path.strip("/")
        self._app_credentials = {"ClientID": client_id, "clientSecret": client_secret}
        self._is_shipping_key_reused = bool(tracking_key) and tracking_key == licence_key
        self._query = {"handler": "tnt", "action": "custawbquery", "loginid": login_id, "awb": "awb"}
        self._query |= {"format": answer_format, "lickey": tracking_key}
        self._query |= {"verno": verno} if verno else {}
        given = {"CLIENT_ID": client_id, "CLIENT_SECRET": client_secret}
        given |= {"LOGIN_ID": login_id, "TRACKING_KEY": tracking_key}
        self._unset_settings = [f"BLUEDART_{name}" for name, value in given.items() if not value]
        self.configured = not self._unset_settings
        self._known_waybill, self._now, self._key_proven_until = normalise_waybill(known_waybill), now, now()
        self._http = http or HttpClient(self.system)
        self._token_client = TokenClient(
            self.system, self._fetch_token, lifetime=BLUEDART_TOKEN_LIFETIME, now=now
        )

    def run_checks(self, shop: str) -> Sequence[CheckResult]:  # noqa: ARG002 - one account, whatever the shop
        """Look whether all is set, the gateway answers and takes the credentials. Never raises."""
        if self._unset_settings:
            return [
                CheckResult(
                    name="bluedart.configured", ok=False, detail=format_unset_settings(self._unset_settings)
                )
            ]
        # A login mints a token without credentials: only a waybill that is known to be there proves the key.
        reached, taken, words = True, True if self._known_waybill else None, "accepted"
        if not self._known_waybill:
            words = "not refused; without BLUEDART_KNOWN_WAYBILL not to be told from an unknown waybill"
        if self._is_shipping_key_reused:
            words += "; the tracking key is the shipping one, mostly they differ"
        try:
            if not self._is_waybill_found(self._known_waybill or NO_SUCH_WAYBILL) and self._known_waybill:
                taken, words = False, WRONG_KEY_MESSAGE
        except CredentialRejected as fault:
            taken, words = False, str(fault)
        except BridgeError as fault:
            reached, taken, words = False, None, str(fault)
        return [
            CheckResult(name="bluedart.configured", ok=True, detail="all settings are set"),
            CheckResult(name="bluedart.reachable", ok=reached, detail="answers" if reached else words),
            CheckResult(name="bluedart.credentials", ok=taken, detail=words),
        ]

    def gather(
        self,
        principal: Principal,  # noqa: ARG002 - Blue Dart finds by waybill only
        *,
        shop: str,  # noqa: ARG002 - one account, whatever the shop
        parcels: Sequence[Waybill],
        cursor: str = "",
    ) -> Iterator[FindingPage]:
        """Yield what Blue Dart knows of each of its parcels and of their returns, twenty-five a page.

        Raises ConnectorUnavailable, ConnectorThrottled, CredentialRejected, ConnectorRefused.
        """
        own = select_own_parcels(self.system, parcels)
        if self._unset_settings:
            if own and not cursor:
                gap = Gap(
                    system=self.system,
                    absence=Absence.NOT_CONFIGURED,
                    what=shipment.format_waybill_count(len(own)),
                    reason="no_credentials",
                )
                yield FindingPage(findings=(), cursor="0", gaps=(gap,))
            return
        known = {normalise_waybill(parcel.number) for parcel in own}
        for batch in split_into_batches(self.system, own, batch_size=BLUEDART_BATCH_SIZE, cursor=cursor):
            told = self._fetch_shipments(
                [normalise_waybill(parcel.number) for parcel in batch.parcels], with_scans=True
            )
            proven = self._now() < self._key_proven_until
            findings = [
                build_shipment_finding(parcel, build_bluedart_record(parcel, told, key_proven=proven))
                for parcel in batch.parcels
            ]
            findings += self._find_return_shipments(findings, batch.parcels, known)
            yield FindingPage(findings=tuple(findings), cursor=str(batch.asked_count), gaps=batch.gaps)

    def track_parcels(
        self, numbers: Sequence[str], *, include_consignees: bool = False
    ) -> Iterator[Sequence[TrackingResult]]:
        """See ports.Tracker. Blue Dart tells the person unasked: she is dropped as the answer is read.

        A returned parcel is on its way back until its second waybill, asked here too, is delivered.
        """
        if self._unset_settings:
            raise CredentialRejected(f"bluedart: {format_unset_settings(self._unset_settings)}")

        def ask(part: Sequence[str]) -> Mapping[str, TrackingResult]:
            bodies = self._fetch_records(part)
            second = {
                one: number for one, body in bodies.items() if (number := _find_return_waybill(body, one))
            }
            back = self._fetch_records(
                [number for number in dict.fromkeys(second.values()) if number not in bodies]
            )
            told = {
                one: tracking.build_tracked(body, include_consignees=include_consignees)
                for one, body in bodies.items()
            }
            for one, number in second.items():
                told[one] = _apply_return_leg(told[one], number, (bodies | back)[number])
            return told

        yield from tracking.track_in_batches(numbers, batch_size=BLUEDART_BATCH_SIZE, query_batch=ask)

    def cancel_shipment(self, number: str) -> None:
        """See ports.Canceller. Blue Dart cancels until the parcel is scanned in."""
        lacks = [
            *self._unset_settings,
            *([] if self._shipping_credentials["licence_key"] else ["BLUEDART_LICENCE_KEY"]),
        ]
        if lacks:
            raise CredentialRejected(f"bluedart: {format_unset_settings(lacks)}")
        if not shipment.is_valid_waybill_number(normalise_waybill(number)):
            raise ConnectorRefused("bluedart: not a waybill")
        body = cancel.build_bluedart_cancel_request(normalise_waybill(number), **self._shipping_credentials)

        def ask(token: str) -> HttpResponse:
            # Not asked again by itself: what a second cancellation is told is not written.
            headers, url = {"JWTToken": token}, self._cancel_url
            return self._http.call(
                "POST", url, json=body, headers=headers, idempotent=False, status_rules=BLUEDART_CANCEL_RULES
            )

        answer = self._token_client.call_with_token(ask)
        cancel.verify_bluedart_cancellation(answer.status, answer.content)

    def _fetch_records(self, numbers: Sequence[str]) -> dict[str, dict[str, Any]]:
        told = self._fetch_shipments(numbers, with_scans=False)
        return {
            number: build_bluedart_record(tracking.make_bare_waybill(number, self.system), told)
            for number in numbers
        }

    def _find_return_shipments(
        self, findings: Sequence[Finding], parcels: Sequence[Waybill], known_numbers: set[str]
    ) -> list[Finding]:
        """Follow second waybills of returned parcels, one step only: a ring of them ends here."""
        second: dict[str, Waybill] = {}
        for parcel, found in zip(parcels, findings, strict=True):
            number = _find_return_waybill(found.body, normalise_waybill(parcel.number))
            if number and number not in known_numbers:
                second.setdefault(number, parcel)
        known_numbers |= second.keys()
        told = self._fetch_shipments(list(second), with_scans=True)
        returns = [replace(parcel, number=number) for number, parcel in second.items()]
        return [
            build_shipment_finding(
                back,
                build_bluedart_record(back, told, key_proven=True)
                | {"belongs_to": second[back.number].number},
            )
            for back in returns
        ]

    def _fetch_shipments(self, numbers: Sequence[str], *, with_scans: bool) -> ShipmentsByNumber:
        """Ask for all at once, then alone for each that was passed over.

        Neither the longest list nor whether one unknown number spoils it is written anywhere.
        """
        if not numbers:
            return {}
        told = dict(self._query_shipments(numbers, with_scans=with_scans))
        self._verify_licence_key(told)
        if len(numbers) > 1:
            for number in numbers:
                if number not in told:
                    told |= self._fetch_shipments([number], with_scans=with_scans)
        return told

    def _verify_licence_key(self, shipments_by_number: ShipmentsByNumber) -> None:
        """Where nothing is found, ask once an hour for the waybill that is there. Raises CredentialRejected."""
        if not any(one is not None for one in shipments_by_number.values()):
            if not self._known_waybill or self._now() < self._key_proven_until:
                return
            if not self._is_waybill_found(self._known_waybill):
                raise CredentialRejected(f"bluedart: {WRONG_KEY_MESSAGE}")
        self._key_proven_until = self._now() + KEY_PROOF_LIFETIME

    def _is_waybill_found(self, number: str) -> bool:
        return self._query_shipments([number], with_scans=False).get(number) is not None

    def _query_shipments(self, numbers: Sequence[str], *, with_scans: bool) -> ShipmentsByNumber:
        query = self._query | {"numbers": ",".join(numbers), "scan": "1" if with_scans else "0"}

        def ask(token: str) -> HttpResponse:
            headers = {"JWTToken": token}
            return self._http.call(
                "GET", self._tracking_url, params=query, headers=headers, status_rules=BLUEDART_STATUS_RULES
            )

        return parse_bluedart_shipments(self._token_client.call_with_token(ask).content)

    def _fetch_token(self) -> str:
        answer = self._http.call("GET", self._login_url, headers=self._app_credentials)
        told = parse_json(answer.content)
        token = told.get("JWTToken") if isinstance(told, dict) else None
        if not isinstance(token, str) or not token:
            raise ConnectorUnavailable("bluedart: unreadable answer")
        return token


def _find_return_waybill(body: Mapping[str, Any], number: str) -> str:
    """The waybill a parcel goes back on; '' where none is named, or what is named is no number."""
    second = normalise_waybill(body.get("return_waybill") or "")
    return second if shipment.is_valid_waybill_number(second) and second != number else ""


def _apply_return_leg(first_leg: TrackingResult, number: str, body: Mapping[str, Any]) -> TrackingResult:
    """Tell a parcel by its second waybill: delivered there means back home, unless it was sent on elsewhere.

    One that is not found was forgotten, or is not scanned yet: a first leg that has ended is all that is known then.
    """
    status = ParcelStatus(body["status"])
    if status is ParcelStatus.NOT_FOUND:
        status = first_leg.status if first_leg.status in FINAL_FIRST_LEG_STATUSES else ParcelStatus.RETURNING
    elif first_leg.status is not ParcelStatus.REDIRECTED:
        status = RETURN_LEG_STATUSES.get(status, ParcelStatus.RETURNING)
    at = tracking.parse_status_time(body["status_at"]) or first_leg.status_at
    return replace(first_leg, status=status, status_at=at, other_waybills=(number,))
