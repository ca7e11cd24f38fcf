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
from bridge.connectors.check_credentials import knock
from bridge.connectors.http import Answer, Dialect, Http
from bridge.connectors.parsing import json_of
from bridge.connectors.shipment import batches, finding, mine
from bridge.connectors.shiprocket.answers import body_of, order_id_of, order_in, trackings
from bridge.connectors.token_client import Login, utc_now
from bridge.errors import ConnectorUnavailable, CredentialRejected
from bridge.model import Absence, Check, Gap, Page, ParcelStatus, Principal, Tracked, Waybill
from bridge.rules.index.attribution import spelt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

MOST = 50  # waybills a question, says the vendor's page
PAGE = 10  # of a gathering: each waybill costs a call for its order, and a page that is lost costs ten
TOKEN_LIVES = timedelta(hours=239)  # 240, says the vendor's page
NO_SUCH_WAYBILL = "00000000000"
ASKING = Dialect(reads=frozenset({HTTPStatus.UNAUTHORIZED}))  # an expired token: log in again, once
SHOWING = Dialect(reads=ASKING.reads | {HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND})  # an unknown order
# No page says how a wrong password is answered; 400, 403 and 422 were seen beside 401.
LOGGING_IN = Dialect(
    also={
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
        http: Http | None = None,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        """Take the API user's settings; with one of them empty nothing is asked."""
        self._base = base_url.rstrip("/")
        self._user = {"email": email, "password": password}
        self._unset = [f"SHIPROCKET_{name.upper()}" for name, value in self._user.items() if not value]
        self.configured = not self._unset
        self._http = http or Http(self.system)
        self._login = Login(self.system, self._log_in, lives=TOKEN_LIVES, now=now)

    def check(self, shop: str) -> Sequence[Check]:  # noqa: ARG002 - one account, whatever the shop
        """Look whether the API user is set, Shiprocket answers and takes it. Never raises."""
        if self._unset:
            return [Check(name="shiprocket.configured", ok=False, detail=shipment.unset(self._unset))]
        return knock(
            self.system,
            lambda: self._track([NO_SUCH_WAYBILL]),
            what="credentials",
            is_set="the API user is set",
        )

    def gather(
        self,
        who: Principal,  # noqa: ARG002 - found by waybill: a name or a phone would find other people's orders
        *,
        shop: str,  # noqa: ARG002 - one account, whatever the shop
        parcels: Sequence[Waybill],
        cursor: str = "",
    ) -> Iterator[Page]:
        """Yield what Shiprocket knows of each parcel on its account and of the order behind it, ten a page.

        Raises ConnectorUnavailable, ConnectorThrottled, CredentialRejected, ConnectorRefused.
        """
        own = mine(self.system, parcels)
        if self._unset:
            if own and not cursor:
                what, absence = shipment.waybills(len(own)), Absence.NOT_CONFIGURED
                gap = Gap(system=self.system, absence=absence, what=what, reason="no_credentials")
                yield Page(findings=(), cursor="0", gaps=(gap,))
            return
        for batch in batches(self.system, own, size=PAGE, cursor=cursor):
            told = self._track([spelt(parcel.number) for parcel in batch.parcels])
            found = tuple(finding(parcel, self._record(parcel, told)) for parcel in batch.parcels)
            yield Page(findings=found, cursor=str(batch.done), gaps=batch.gaps)

    def track(self, numbers: Sequence[str], *, consignees: bool = False) -> Iterator[Sequence[Tracked]]:
        """See ports.Tracker.

        How a parcel was paid and whether the money was handed on stands in its order only, beside the person: that
        is asked for those that were delivered, where it matters, and read without her.
        """
        if self._unset:
            raise CredentialRejected(f"shiprocket: {shipment.unset(self._unset)}")

        def ask(part: Sequence[str]) -> Mapping[str, Tracked]:
            told = self._track(part)
            return {number: self._tracked(number, told, consignees=consignees) for number in told}

        yield from tracking.track(numbers, size=MOST, ask=ask)

    def _tracked(
        self, number: str, told: Mapping[str, dict[str, Any] | None], *, consignees: bool
    ) -> Tracked:
        parcel = tracking.parcel(number, self.system)
        body = body_of(parcel, told.get(number), None)
        if consignees or body["status"] == ParcelStatus.DELIVERED:
            body = self._record(parcel, told)
        second = spelt(body.get("return_waybill") or "")
        also = (second,) if shipment.askable(second) else ()
        return replace(
            tracking.tracked(body, consignees=consignees), remitted=body.get("remitted"), also=also
        )

    def _record(self, parcel: Waybill, told: Mapping[str, dict[str, Any] | None]) -> dict[str, Any]:
        number = spelt(parcel.number)
        if number not in told:
            return shipment.not_found(parcel, ambiguous=False)
        data = told[number]
        order_id = order_id_of(data)
        return body_of(parcel, data, self._order(order_id) if order_id else None)

    def _track(self, numbers: Sequence[str]) -> dict[str, dict[str, Any] | None]:
        """What it tells, by number; None where it has no activity yet, nothing where it does not know one."""
        if not numbers:
            return {}
        # A question, though the vendor made it a POST: asking it again changes nothing.
        answer = self._call("POST", "/courier/track/awbs", ASKING, json={"awbs": list(numbers)})
        told = trackings(answer.content)
        return {number: told[number] for number in numbers if number in told}

    def _order(self, order_id: str) -> dict[str, Any] | None:
        answer = self._call("GET", f"/orders/show/{order_id}", SHOWING)
        return order_in(answer.status, answer.content)

    def _call(self, method: str, path: str, dialect: Dialect, **request: Any) -> Answer:
        def ask(token: str) -> Answer:
            headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
            return self._http.call(method, self._base + path, headers=headers, dialect=dialect, **request)

        return self._login.call(ask)

    def _log_in(self) -> str:
        answer = self._http.call("POST", self._base + "/auth/login", json=self._user, dialect=LOGGING_IN)
        told = json_of(answer.content)
        token = told.get("token") if isinstance(told, dict) else None
        if not isinstance(token, str) or not token:
            raise ConnectorUnavailable("shiprocket: unreadable answer")
        return token
