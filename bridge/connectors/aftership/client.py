"""Asks AfterShip for the copies it keeps of parcels, whoever carries them, and erases them.

It watches every parcel of the shop, so it is asked about all of them. A deleted tracking is gone at AfterShip; the
carrier keeps its own. https://www.aftership.com/docs/tracking/quickstart/api-quick-start
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from bridge.connectors import shipment
from bridge.connectors.aftership.answers import answered, body_of, judge, page_of
from bridge.connectors.check_credentials import knock
from bridge.connectors.http import Dialect, Http
from bridge.connectors.shipment import askable, batches, each_once, finding
from bridge.errors import ConnectorUnavailable, CredentialRejected
from bridge.model import Absence, Check, Finding, Gap, Outcome, Page, Principal, Waybill
from bridge.rules.index.attribution import spelt

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

BATCH = 50  # numbers a question; public clients send no more, and no page of the vendor was at hand to say
LIMIT = 200  # trackings a page, the most; one number may be watched at several couriers
NO_SUCH_NUMBER = "00000000000000"
UNSET = "AFTERSHIP_API_KEY is not set"
LISTING = Dialect(judge=judge)
BY_ID = Dialect(reads=frozenset({HTTPStatus.NOT_FOUND}), judge=judge)


class AfterShip:
    """AfterShip's tracking API, with the key of one organisation."""

    system = "aftership"
    every_parcel = True  # it holds a copy whoever carries the parcel, and on whose account

    def __init__(self, *, base_url: str, api_key: str, http: Http | None = None) -> None:
        """`base_url` ends with the API's dated version; with an empty key nothing is asked."""
        self._url = base_url.rstrip("/") + "/trackings"
        self._headers = {"as-api-key": api_key, "Accept": "application/json"}
        self.configured = bool(api_key)
        self._http = http or Http(self.system)

    def check(self, shop: str) -> Sequence[Check]:  # noqa: ARG002 - one organisation, whatever the shop
        """Look whether a key is set, AfterShip answers and takes the key. Never raises."""
        if not self.configured:
            return [Check(name="aftership.configured", ok=False, detail=UNSET)]
        return knock(self.system, lambda: self._told([NO_SUCH_NUMBER]), what="key", is_set="key is set")

    def gather(
        self,
        who: Principal,  # noqa: ARG002 - found by number: a keyword would find other people's parcels
        *,
        shop: str,  # noqa: ARG002 - one organisation, whatever the shop
        parcels: Sequence[Waybill],
        cursor: str = "",
    ) -> Iterator[Page]:
        """Yield what AfterShip keeps of each of these parcels, fifty a page.

        Raises ConnectorUnavailable, ConnectorThrottled, CredentialRejected, ConnectorRefused.
        """
        own = each_once(parcels)
        if not self.configured:
            if own and not cursor:
                what, absence = shipment.waybills(len(own)), Absence.NOT_CONFIGURED
                gap = Gap(system=self.system, absence=absence, what=what, reason="no_credentials")
                yield Page(findings=(), cursor="0", gaps=(gap,))
            return
        for batch in batches(self.system, own, size=BATCH, cursor=cursor):
            told = self._told([spelt(parcel.number) for parcel in batch.parcels])
            found = [one for parcel in batch.parcels for one in _findings(parcel, told)]
            yield Page(findings=tuple(found), cursor=str(batch.done), gaps=batch.gaps)

    def erase(self, numbers: Sequence[str]) -> Iterator[tuple[str, Outcome]]:
        """See ports.Eraser. All copies of a number: it may be watched at several couriers.

        Each is asked for once more. One that is still there raises ConnectorUnavailable. What cannot be asked for
        is left out: nobody knows whether it is there.
        """
        if not self.configured:
            raise CredentialRejected(f"aftership: {UNSET}")
        once = list(dict.fromkeys(numbers))
        for first in range(0, len(once), BATCH):
            part = once[first : first + BATCH]
            asked = [number for number in part if askable(spelt(number))]
            told = self._told([spelt(number) for number in asked])
            for number in asked:
                gone = [self._delete(one["id"]) for one in told.get(spelt(number), ())]
                yield number, Outcome.ERASED if any(gone) else Outcome.ABSENT

    def _delete(self, tracking_id: str) -> bool:
        """Delete one; False where it was gone already. Deleting again changes nothing, so it may be asked again."""
        if not self._by_id("DELETE", tracking_id):
            return False
        if self._by_id("GET", tracking_id):
            raise ConnectorUnavailable("aftership: deleted, and still there")
        return True

    def _by_id(self, method: str, tracking_id: str) -> bool:
        url = f"{self._url}/{quote(tracking_id, safe='')}"
        answer = self._http.call(method, url, headers=self._headers, dialect=BY_ID)
        return answered(answer.status, answer.content)

    def _told(self, numbers: Sequence[str]) -> Mapping[str, list[dict[str, Any]]]:
        """Every tracking of these numbers, by number; what it does not know is missing."""
        found: dict[str, list[dict[str, Any]]] = {number: [] for number in dict.fromkeys(numbers)}
        cursor = ""
        while found:
            query = {"tracking_numbers": ",".join(found), "limit": str(LIMIT)}
            query |= {"cursor": cursor} if cursor else {}
            answer = self._http.call("GET", self._url, params=query, headers=self._headers, dialect=LISTING)
            rows, following = page_of(answer.content)
            for row in rows:
                number = spelt(str(row.get("tracking_number") or ""))
                if (
                    number in found
                ):  # a filter that is not understood gives everybody's: nothing of them is kept
                    found[number].append(row)
            if not following or following == cursor:
                break
            cursor = following
        return {number: rows for number, rows in found.items() if rows}


def _findings(parcel: Waybill, told: Mapping[str, list[dict[str, Any]]]) -> Iterator[Finding]:
    rows = told.get(spelt(parcel.number), [])
    if not rows:
        yield finding(parcel, shipment.not_found(parcel, ambiguous=False))
    for row in rows:
        yield finding(parcel, body_of(parcel, row))
