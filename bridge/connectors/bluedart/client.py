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
from bridge.connectors.bluedart.answers import body_of, shipments
from bridge.connectors.http import Answer, Dialect, Http
from bridge.connectors.parsing import json_of
from bridge.connectors.shipment import batches, finding, mine, unset
from bridge.connectors.token_client import Login, utc_now
from bridge.errors import BridgeError, ConnectorRefused, ConnectorUnavailable, CredentialRejected
from bridge.model import Absence, Check, Finding, Gap, Page, ParcelStatus, Principal, Tracked, Waybill
from bridge.rules.index.attribution import spelt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from bridge.connectors.bluedart.answers import Told

BATCH = 25  # no maximum is published; the most that a public client asks
TOKEN_LIVES = timedelta(hours=23)  # about 24
PROOF_LASTS = timedelta(hours=1)  # that the licence key is right
NO_SUCH_WAYBILL = "00000000001"
WRONG_KEY = (
    "the known waybill is not found: the tracking licence key is wrong, or the waybill no longer there"
)
DIALECT = Dialect(reads=frozenset({HTTPStatus.UNAUTHORIZED}))  # an expired token: log in again, once
CANCELLING = Dialect(reads=DIALECT.reads | {HTTPStatus.BAD_REQUEST})
# What a return's second waybill makes of the parcel; all else there is on its way back.
LAST_LEG: Mapping[ParcelStatus, ParcelStatus] = {
    ParcelStatus.DELIVERED: ParcelStatus.RETURNED,
    ParcelStatus.LOST: ParcelStatus.LOST,
}
# A first leg that says so itself: nothing moves on it any more.
ENDED = frozenset({ParcelStatus.DELIVERED, ParcelStatus.RETURNED, ParcelStatus.REDIRECTED, ParcelStatus.LOST})


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
        http: Http | None = None,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        """Take the account's settings; with one of them empty nothing is asked.

        `known_waybill` is a delivered one of this account: where even that is "not found", the key is wrong.
        """
        self._cancel_url = base_url.rstrip("/") + "/waybill/v1/CancelWaybill"
        self._shipping = {"login_id": login_id, "licence_key": licence_key}
        self._login_url = base_url.rstrip("/") + "/" + login_path.strip("/")
        self._tracking_url = base_url.rstrip("/") + "/" + tracking_path.strip("/")
        self._app = {"ClientID": client_id, "clientSecret": client_secret}
        self._same_key = bool(tracking_key) and tracking_key == licence_key
        self._query = {"handler": "tnt", "action": "custawbquery", "loginid": login_id, "awb": "awb"}
        self._query |= {"format": answer_format, "lickey": tracking_key}
        self._query |= {"verno": verno} if verno else {}
        given = {"CLIENT_ID": client_id, "CLIENT_SECRET": client_secret}
        given |= {"LOGIN_ID": login_id, "TRACKING_KEY": tracking_key}
        self._unset = [f"BLUEDART_{name}" for name, value in given.items() if not value]
        self.configured = not self._unset
        self._known, self._now, self._proven_until = spelt(known_waybill), now, now()
        self._http = http or Http(self.system)
        self._login = Login(self.system, self._log_in, lives=TOKEN_LIVES, now=now)

    def check(self, shop: str) -> Sequence[Check]:  # noqa: ARG002 - one account, whatever the shop
        """Look whether all is set, the gateway answers and takes the credentials. Never raises."""
        if self._unset:
            return [Check(name="bluedart.configured", ok=False, detail=unset(self._unset))]
        # A login mints a token without credentials: only a waybill that is known to be there proves the key.
        reached, taken, words = True, True if self._known else None, "accepted"
        if not self._known:
            words = "not refused; without BLUEDART_KNOWN_WAYBILL not to be told from an unknown waybill"
        if self._same_key:
            words += "; the tracking key is the shipping one, mostly they differ"
        try:
            if not self._found(self._known or NO_SUCH_WAYBILL) and self._known:
                taken, words = False, WRONG_KEY
        except CredentialRejected as fault:
            taken, words = False, str(fault)
        except BridgeError as fault:
            reached, taken, words = False, None, str(fault)
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
            told = self._told([spelt(parcel.number) for parcel in batch.parcels], scans=True)
            proven = self._now() < self._proven_until
            findings = [finding(parcel, body_of(parcel, told, key_proven=proven)) for parcel in batch.parcels]
            findings += self._returns(findings, batch.parcels, known)
            yield Page(findings=tuple(findings), cursor=str(batch.done), gaps=batch.gaps)

    def track(self, numbers: Sequence[str], *, consignees: bool = False) -> Iterator[Sequence[Tracked]]:
        """See ports.Tracker. Blue Dart tells the person unasked: she is dropped as the answer is read.

        A returned parcel is on its way back until its second waybill, asked here too, is delivered.
        """
        if self._unset:
            raise CredentialRejected(f"bluedart: {unset(self._unset)}")

        def ask(part: Sequence[str]) -> Mapping[str, Tracked]:
            bodies = self._bodies(part)
            second = {one: number for one, body in bodies.items() if (number := _second(body, one))}
            back = self._bodies([number for number in dict.fromkeys(second.values()) if number not in bodies])
            told = {one: tracking.tracked(body, consignees=consignees) for one, body in bodies.items()}
            for one, number in second.items():
                told[one] = _last_leg(told[one], number, (bodies | back)[number])
            return told

        yield from tracking.track(numbers, size=BATCH, ask=ask)

    def cancel(self, number: str) -> None:
        """See ports.Canceller. Blue Dart cancels until the parcel is scanned in."""
        lacks = [*self._unset, *([] if self._shipping["licence_key"] else ["BLUEDART_LICENCE_KEY"])]
        if lacks:
            raise CredentialRejected(f"bluedart: {unset(lacks)}")
        if not shipment.askable(spelt(number)):
            raise ConnectorRefused("bluedart: not a waybill")
        body = cancel.request(spelt(number), **self._shipping)

        def ask(token: str) -> Answer:
            # Not asked again by itself: what a second cancellation is told is not written.
            headers, url = {"JWTToken": token}, self._cancel_url
            return self._http.call(
                "POST", url, json=body, headers=headers, idempotent=False, dialect=CANCELLING
            )

        answer = self._login.call(ask)
        cancel.cancelled(answer.status, answer.content)

    def _bodies(self, numbers: Sequence[str]) -> dict[str, dict[str, Any]]:
        told = self._told(numbers, scans=False)
        return {number: body_of(tracking.parcel(number, self.system), told) for number in numbers}

    def _returns(
        self, findings: Sequence[Finding], parcels: Sequence[Waybill], known: set[str]
    ) -> list[Finding]:
        """Follow second waybills of returned parcels, one step only: a ring of them ends here."""
        second: dict[str, Waybill] = {}
        for parcel, found in zip(parcels, findings, strict=True):
            number = _second(found.body, spelt(parcel.number))
            if number and number not in known:
                second.setdefault(number, parcel)
        known |= second.keys()
        told = self._told(list(second), scans=True)
        returns = [replace(parcel, number=number) for number, parcel in second.items()]
        return [
            finding(back, body_of(back, told, key_proven=True) | {"belongs_to": second[back.number].number})
            for back in returns
        ]

    def _told(self, numbers: Sequence[str], *, scans: bool) -> Told:
        """Ask for all at once, then alone for each that was passed over.

        Neither the longest list nor whether one unknown number spoils it is written anywhere.
        """
        if not numbers:
            return {}
        told = dict(self._ask(numbers, scans=scans))
        self._prove(told)
        if len(numbers) > 1:
            for number in numbers:
                if number not in told:
                    told |= self._told([number], scans=scans)
        return told

    def _prove(self, told: Told) -> None:
        """Where nothing is found, ask once an hour for the waybill that is there. Raises CredentialRejected."""
        if not any(one is not None for one in told.values()):
            if not self._known or self._now() < self._proven_until:
                return
            if not self._found(self._known):
                raise CredentialRejected(f"bluedart: {WRONG_KEY}")
        self._proven_until = self._now() + PROOF_LASTS

    def _found(self, number: str) -> bool:
        return self._ask([number], scans=False).get(number) is not None

    def _ask(self, numbers: Sequence[str], *, scans: bool) -> Told:
        query = self._query | {"numbers": ",".join(numbers), "scan": "1" if scans else "0"}

        def ask(token: str) -> Answer:
            headers = {"JWTToken": token}
            return self._http.call("GET", self._tracking_url, params=query, headers=headers, dialect=DIALECT)

        return shipments(self._login.call(ask).content)

    def _log_in(self) -> str:
        answer = self._http.call("GET", self._login_url, headers=self._app)
        told = json_of(answer.content)
        token = told.get("JWTToken") if isinstance(told, dict) else None
        if not isinstance(token, str) or not token:
            raise ConnectorUnavailable("bluedart: unreadable answer")
        return token


def _second(body: Mapping[str, Any], number: str) -> str:
    """The waybill a parcel goes back on; '' where none is named, or what is named is no number."""
    second = spelt(body.get("return_waybill") or "")
    return second if shipment.askable(second) and second != number else ""


def _last_leg(first: Tracked, number: str, body: Mapping[str, Any]) -> Tracked:
    """Tell a parcel by its second waybill: delivered there means back home, unless it was sent on elsewhere.

    One that is not found was forgotten, or is not scanned yet: a first leg that has ended is all that is known then.
    """
    status = ParcelStatus(body["status"])
    if status is ParcelStatus.NOT_FOUND:
        status = first.status if first.status in ENDED else ParcelStatus.RETURNING
    elif first.status is not ParcelStatus.REDIRECTED:
        status = LAST_LEG.get(status, ParcelStatus.RETURNING)
    at = tracking.moment(body["status_at"]) or first.status_at
    return replace(first, status=status, status_at=at, also=(number,))
