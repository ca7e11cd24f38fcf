"""Asks Blue Dart what it holds of a parcel: status, scans, consignee; follows a return to its second waybill.

Reads only; Blue Dart has no call that erases. Its tracking takes the credentials in the query, so no URL is
ever put into a message. "Not found" proves nothing there: an unknown, a cancelled and a not yet scanned
waybill and a wrong licence key are answered alike, and every such record says `ambiguous`.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING

from bridge.connectors import shipment
from bridge.connectors.bluedart_answers import body_of, shipments
from bridge.connectors.http import Answer, Dialect, Http
from bridge.connectors.shipment import batches, finding, mine, spelt
from bridge.errors import BridgeError, ConnectorUnavailable, CredentialRejected
from bridge.model import Absence, Check, Finding, Gap, Page, Principal, Waybill

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from bridge.connectors.bluedart_answers import Told

BATCH = 25  # no maximum is published; the most that a public client asks
TOKEN_HOURS = 23  # a token lives for about 24
NO_SUCH_WAYBILL = "00000000001"
DIALECT = Dialect(reads=frozenset({HTTPStatus.UNAUTHORIZED}))  # an expired token: log in again, once


def _utc_now() -> datetime:
    return datetime.now(UTC)


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
        tracking_path: str = "/tracking/v1/shipment",
        verno: str = "1",
        http: Http | None = None,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        """Take the account's settings; with one of them empty nothing is asked."""
        self._login_url = base_url.rstrip("/") + "/token/v1/login"
        self._tracking_url = base_url.rstrip("/") + "/" + tracking_path.strip("/")
        self._app = {"ClientID": client_id, "clientSecret": client_secret}
        self._same_key = bool(tracking_key) and tracking_key == licence_key
        self._query = {"handler": "tnt", "action": "custawbquery", "loginid": login_id, "awb": "awb"}
        self._query |= {"format": "xml", "lickey": tracking_key, "scan": "1"}
        self._query |= {"verno": verno} if verno else {}
        given = {"CLIENT_ID": client_id, "CLIENT_SECRET": client_secret}
        given |= {"LOGIN_ID": login_id, "TRACKING_KEY": tracking_key}
        self._unset = [f"BLUEDART_{name}" for name, value in given.items() if not value]
        self._http, self._now = http or Http(self.system), now
        self._token, self._token_until = "", now()

    def check(self, shop: str) -> Sequence[Check]:  # noqa: ARG002 - one account, whatever the shop
        """Look whether all is set, the gateway answers and takes the credentials. Never raises."""
        if self._unset:
            detail = ", ".join(self._unset) + (" is" if len(self._unset) == 1 else " are") + " not set"
            return [Check(name="bluedart.configured", ok=False, detail=detail)]
        # A login mints a token without credentials, and a wrong key is answered like an unknown waybill.
        reached, taken = True, None
        words = "not refused; cannot be told from an unknown waybill"
        if self._same_key:
            words += "; the tracking key is the shipping one, mostly they differ"
        try:
            self._track([NO_SUCH_WAYBILL])
        except CredentialRejected as fault:
            taken, words = False, str(fault)
        except BridgeError as fault:
            reached, words = False, str(fault)
        return [
            Check(name="bluedart.configured", ok=True, detail="all settings are set"),
            Check(name="bluedart.reachable", ok=reached, detail="answers" if reached else words),
            Check(name="bluedart.credentials", ok=taken, detail=words),
        ]

    def gather(
        self,
        who: Principal,  # noqa: ARG002 - Blue Dart finds by waybill only
        *,
        shop: str,  # noqa: ARG002 - one account, whatever the shop
        parcels: Sequence[Waybill],
        cursor: str = "",
    ) -> Iterator[Page]:
        """Yield what Blue Dart knows of each of its parcels and of their returns, twenty-five a page.

        Raises ConnectorUnavailable, ConnectorThrottled, CredentialRejected, ConnectorRefused.
        """
        own = mine(self.system, parcels)
        if self._unset:
            if own and not cursor:
                gap = Gap(
                    system=self.system,
                    absence=Absence.NOT_CONFIGURED,
                    what=shipment.waybills(len(own)),
                    reason="no_credentials",
                )
                yield Page(findings=(), cursor="0", gaps=(gap,))
            return
        known = {spelt(parcel.number) for parcel in own}
        for batch in batches(self.system, own, size=BATCH, cursor=cursor):
            told = self._told(batch.parcels)
            findings = [finding(parcel, body_of(parcel, told)) for parcel in batch.parcels]
            findings += self._returns(findings, batch.parcels, known)
            yield Page(findings=tuple(findings), cursor=str(batch.done), gaps=batch.gaps)

    def _returns(
        self, findings: Sequence[Finding], parcels: Sequence[Waybill], known: set[str]
    ) -> list[Finding]:
        """Follow second waybills of returned parcels, one step only: a ring of them ends here."""
        second: dict[str, Waybill] = {}
        for parcel, found in zip(parcels, findings, strict=True):
            number = spelt(found.body.get("return_waybill") or "")
            if number not in known and shipment.askable(number):
                second.setdefault(number, parcel)
        known |= second.keys()
        returns = [replace(parcel, number=number) for number, parcel in second.items()]
        told = self._told(returns)
        return [
            finding(back, body_of(back, told) | {"belongs_to": second[back.number].number})
            for back in returns
        ]

    def _told(self, parcels: Sequence[Waybill]) -> Told:
        """Ask for all at once, then alone for each that was passed over.

        Neither the longest list nor whether one unknown number spoils it is written anywhere.
        """
        if not parcels:
            return {}
        told = dict(self._track([spelt(parcel.number) for parcel in parcels]))
        if len(parcels) > 1:
            for parcel in parcels:
                if spelt(parcel.number) not in told:
                    told |= self._told([parcel])
        return told

    def _track(self, numbers: Sequence[str]) -> Told:
        answer = self._authorised(self._query | {"numbers": ",".join(numbers)})
        return shipments(answer.content)

    def _authorised(self, query: Mapping[str, str]) -> Answer:
        for _ in range(2):
            if not self._token or self._now() >= self._token_until:
                self._login()
            answer = self._http.call(
                "GET", self._tracking_url, params=query, headers={"JWTToken": self._token}, dialect=DIALECT
            )
            if answer.status != HTTPStatus.UNAUTHORIZED:
                return answer
            self._token = ""
        raise CredentialRejected("bluedart: token refused")

    def _login(self) -> None:
        asked_at = self._now()
        answer = self._http.call("GET", self._login_url, headers=self._app)
        try:
            told = json.loads(answer.content)
        except (ValueError, RecursionError):  # the fault holds the answer: it ends here
            told = None
        token = told.get("JWTToken") if isinstance(told, dict) else None
        if not isinstance(token, str) or not token:
            raise ConnectorUnavailable("bluedart: unreadable answer")
        self._token, self._token_until = token, asked_at + timedelta(hours=TOKEN_HOURS)
