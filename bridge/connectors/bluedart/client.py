"""Reads what Blue Dart stores about a parcel (status, scans, consignee), follows returns, and cancels shipments.

Never erases: Blue Dart has no call for it. Its tracking takes the credentials in the query, so no URL is ever put into
a message. "Not found" proves nothing: an unknown, a cancelled and an unscanned waybill and a wrong licence key get
the same answer. A waybill that is known to exist (`known_waybill`) distinguishes the last case.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any
from xml.etree.ElementTree import Element

from bridge.connectors import batches, tracking
from bridge.connectors.bluedart import answers
from bridge.connectors.bluedart.returns import apply_return_leg, find_return_waybill
from bridge.connectors.carrier import CarrierConnector
from bridge.connectors.http import HttpClient, StatusRules
from bridge.connectors.parsing import AnswerUnreadable
from bridge.connectors.shipment import WaybillBatch, build_shipment_finding
from bridge.connectors.token_client import TokenClient, read_token, utc_now
from bridge.errors import ConnectorRefused, CredentialRejected
from bridge.model import Finding, Gap, TrackingResult, Waybill
from bridge.rules.index.attribution import normalise_waybill

BLUEDART_TOKEN_LIFETIME = timedelta(hours=23)  # a token is valid for about 24 hours
KEY_PROOF_LIFETIME = timedelta(hours=1)  # how long one found shipment proves the licence key
NO_SUCH_WAYBILL = "00000000001"
WRONG_KEY_MESSAGE = "the known waybill is not found: the tracking licence key is wrong, or the waybill no longer exists"
# 401 is an expired token: log in again, once.
BLUEDART_STATUS_RULES = StatusRules(readable_statuses=frozenset({HTTPStatus.UNAUTHORIZED}))
BLUEDART_CANCEL_RULES = StatusRules(
    readable_statuses=BLUEDART_STATUS_RULES.readable_statuses | {HTTPStatus.BAD_REQUEST}
)


class BlueDart(CarrierConnector):
    """Blue Dart's gateway, with the token of the app and the login id and licence keys of the account."""

    system = "bluedart"
    batch_size = 25  # no maximum is published; the most that a public client requests

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
        """Take the account's settings; if one of them is empty, nothing is sent.

        `known_waybill` is a delivered waybill of this account: if even that is "not found", the key is wrong.
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
        settings = {"BLUEDART_CLIENT_ID": client_id, "BLUEDART_CLIENT_SECRET": client_secret}
        super().__init__(settings | {"BLUEDART_LOGIN_ID": login_id, "BLUEDART_TRACKING_KEY": tracking_key}, http)
        self._known_waybill, self._now, self._key_proven_until = normalise_waybill(known_waybill), now, now()
        self._client = TokenClient(
            self._http, self._fetch_token, lambda token: {"JWTToken": token}, lifetime=BLUEDART_TOKEN_LIFETIME, now=now
        )

    def send_probe(self) -> object:
        """Request the known waybill, else one that does not exist. Raises CredentialRejected if the known one is not found."""
        if not self._is_waybill_found(self._known_waybill or NO_SUCH_WAYBILL) and self._known_waybill:
            raise CredentialRejected(WRONG_KEY_MESSAGE)
        return None

    def check_credentials(self) -> tuple[bool, bool | None, str]:
        """Send the probe. A login gives a token even to wrong credentials: only a known waybill proves the key."""
        reached, accepted, detail = super().check_credentials()
        if accepted and not self._known_waybill:
            detail = "not refused, but without BLUEDART_KNOWN_WAYBILL a wrong key looks like an unknown waybill"
        if accepted and self._is_shipping_key_reused:
            detail += "; the tracking key equals the shipping key, usually they differ"
        return reached, accepted if self._known_waybill or not accepted else None, detail

    def build_findings(self, batch: WaybillBatch) -> tuple[Sequence[Finding], Sequence[Gap]]:
        """Return the records of the parcels and of their returns."""
        answer = self._fetch_shipments(batch.numbers, with_scans=True)
        proven = self._now() < self._key_proven_until
        readable = [parcel for parcel in batch.parcels if normalise_waybill(parcel.number) not in answer.doubtful]
        findings = [
            build_shipment_finding(parcel, answers.build_bluedart_record(parcel, answer.rows, key_proven=proven))
            for parcel in readable
        ]
        returns, unreadable_returns = self._find_return_shipments(readable, findings, batch)
        gaps = batches.list_unreadable_gaps(self.system, [*answer.doubtful, *unreadable_returns])
        return [*findings, *returns], gaps

    def track_parcels(
        self, numbers: Sequence[str], *, include_consignees: bool = False
    ) -> Iterator[Sequence[TrackingResult]]:
        """Yield where the parcels are, 25 a batch (`ports.Tracker`).

        Blue Dart always sends the consignee, which is dropped unless requested. A returned parcel counts as on its way
        back until its second waybill, which is requested too, is delivered. Raises as `gather`.
        """
        self.require_settings()

        def query_batch(batch: Sequence[str]) -> Mapping[str, TrackingResult]:
            records, unreadable = self._build_records(batch, self._fetch_shipments(batch, with_scans=False))
            return_numbers = {number: find_return_waybill(record, number) for number, record in records.items()}
            unread = [number for number in dict.fromkeys(return_numbers.values()) if number and number not in records]
            returns, unreadable_returns = self._build_records(unread, self._fetch_returns(unread, with_scans=False))
            results = dict[str, TrackingResult]()
            for number, record in records.items():
                return_number = return_numbers[number]
                results[number] = tracking.build_tracked(record, include_consignees=include_consignees)
                if return_number in unreadable_returns:
                    unreadable.append(number)
                elif return_number:
                    results[number] = apply_return_leg(
                        results[number], return_number, (records | returns)[return_number]
                    )
            return batches.mark_unreadable(results, unreadable)

        yield from tracking.track_in_batches(numbers, batch_size=self.batch_size, query_batch=query_batch)

    def cancel_shipment(self, number: str) -> None:
        """Cancel the shipment (`ports.Canceller`). Blue Dart cancels until the parcel is scanned in.

        Raises CredentialRejected (unset, or refused), ConnectorRefused, ConnectorUnavailable.
        """
        self.require_settings(unset=() if self._shipping_credentials["licence_key"] else ["BLUEDART_LICENCE_KEY"])
        number = self.require_waybill(number)
        body = answers.build_bluedart_cancel_request(number, **self._shipping_credentials)
        # Not idempotent: no page says how a second cancellation is answered.
        answer = self._client.call(
            "POST",
            self._cancel_url,
            operation="cancel",
            json=body,
            idempotent=False,
            status_rules=BLUEDART_CANCEL_RULES,
        )
        answers.verify_bluedart_cancellation(answer.status, answer.content)

    def _build_records(
        self, numbers: Sequence[str], answer: batches.BatchAnswer[Element | None]
    ) -> tuple[dict[str, dict[str, Any]], list[str]]:
        """Return the records by number, and the numbers whose answer is unreadable."""
        parcels = [Waybill(number=one, carrier=self.system) for one in numbers if one not in answer.doubtful]
        records = {parcel.number: answers.build_bluedart_record(parcel, answer.rows) for parcel in parcels}
        return records, answer.doubtful

    def _find_return_shipments(
        self, parcels: Sequence[Waybill], findings: Sequence[Finding], batch: WaybillBatch
    ) -> tuple[list[Finding], list[str]]:
        """Return the shipments of second waybills, followed one step only because they may form a cycle.

        The second list are those whose answer is unreadable.
        """
        first_parcels: dict[str, Waybill] = {}
        for parcel, finding in zip(parcels, findings, strict=True):
            number = find_return_waybill(finding.body, normalise_waybill(parcel.number))
            if number and number not in batch.known_numbers:
                first_parcels.setdefault(number, parcel)
        batch.known_numbers.update(first_parcels)
        answer = self._fetch_returns(list(first_parcels), with_scans=True)
        returns = []
        for number, first_parcel in first_parcels.items():
            if number not in answer.doubtful:
                parcel = replace(first_parcel, number=number)
                record = answers.build_bluedart_record(parcel, answer.rows, key_proven=True)
                returns.append(build_shipment_finding(parcel, record | {"belongs_to": first_parcel.number}))
        return returns, answer.doubtful

    def _fetch_shipments(self, numbers: Sequence[str], *, with_scans: bool) -> batches.BatchAnswer[Element | None]:
        """Return the shipments of a batch; request each number alone that the answer skips.

        No page states the longest list, nor whether one unknown number invalidates it.
        """

        def query(batch: Sequence[str]) -> batches.BatchAnswer[Element | None]:
            answer = self._query_shipments(batch, with_scans=with_scans)
            self._verify_licence_key(answer.rows)
            if len(batch) > 1:
                answer.doubtful = [number for number in batch if number not in answer.rows]
            return answer

        return batches.query_readable(numbers, query)

    def _fetch_returns(self, numbers: Sequence[str], *, with_scans: bool) -> batches.BatchAnswer[Element | None]:
        """Return the shipments of second waybills; a refused or unreadable one must not cost the first ones."""
        try:
            return self._fetch_shipments(numbers, with_scans=with_scans)
        except (AnswerUnreadable, ConnectorRefused):
            return batches.BatchAnswer(doubtful=list(numbers))

    def _verify_licence_key(self, shipments_by_number: answers.ShipmentsByNumber) -> None:
        """Request the known waybill, once an hour, if nothing was found. Raises CredentialRejected if it is not found."""
        if not any(one is not None for one in shipments_by_number.values()):
            if not self._known_waybill or self._now() < self._key_proven_until:
                return
            if not self._is_waybill_found(self._known_waybill):
                raise CredentialRejected(f"bluedart: {WRONG_KEY_MESSAGE}")
        self._key_proven_until = self._now() + KEY_PROOF_LIFETIME

    def _is_waybill_found(self, number: str) -> bool:
        return self._query_shipments([number], with_scans=False).rows.get(number) is not None

    def _query_shipments(self, numbers: Sequence[str], *, with_scans: bool) -> batches.BatchAnswer[Element | None]:
        query = self._query | {"numbers": ",".join(numbers), "scan": "1" if with_scans else "0"}
        answer = self._client.call(
            "GET", self._tracking_url, operation="track", params=query, status_rules=BLUEDART_STATUS_RULES
        )
        return batches.assign_rows(numbers, answers.parse_bluedart_shipments(answer.content))

    def _fetch_token(self) -> str:
        answer = self._http.call("GET", self._login_url, operation="login", headers=self._app_credentials)
        return read_token(self.system, answer.content, "JWTToken")
