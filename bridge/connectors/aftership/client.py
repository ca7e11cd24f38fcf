"""Asks AfterShip for the copies it keeps of parcels, whoever carries them, and erases them.

It watches every parcel of the shop, so it is asked about all of them. A deleted tracking is gone at AfterShip; the
carrier keeps its own. https://www.aftership.com/docs/tracking/quickstart/api-quick-start
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from bridge.connectors import shipment
from bridge.connectors.aftership.answers import (
    build_aftership_record,
    classify_aftership_error,
    parse_tracking_page,
    read_tracking_presence,
)
from bridge.connectors.check_credentials import check_credentials
from bridge.connectors.http import HttpClient, StatusRules
from bridge.connectors.shipment import (
    build_shipment_finding,
    deduplicate_parcels,
    is_valid_waybill_number,
    split_into_batches,
)
from bridge.errors import ConnectorUnavailable, CredentialRejected
from bridge.model import Absence, CheckResult, Finding, FindingPage, Gap, Outcome, Principal, Waybill
from bridge.rules.index.attribution import normalise_waybill

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

AFTERSHIP_BATCH_SIZE = (
    50  # numbers a question; public clients send no more, and no page of the vendor was at hand to say
)
TRACKINGS_PER_PAGE = 200  # trackings a page, the most; one number may be watched at several couriers
NO_SUCH_NUMBER = "00000000000000"
API_KEY_UNSET = "AFTERSHIP_API_KEY is not set"
AFTERSHIP_LIST_RULES = StatusRules(classify_error=classify_aftership_error)
AFTERSHIP_TRACKING_RULES = StatusRules(
    readable_statuses=frozenset({HTTPStatus.NOT_FOUND}), classify_error=classify_aftership_error
)


class AfterShip:
    """AfterShip's tracking API, with the key of one organisation."""

    system = "aftership"
    copies_all_parcels = True  # it holds a copy whoever carries the parcel, and on whose account

    def __init__(self, *, base_url: str, api_key: str, http: HttpClient | None = None) -> None:
        """`base_url` ends with the API's dated version; with an empty key nothing is asked."""
        self._url = base_url.rstrip("/") + "/trackings"
        self._headers = {"as-api-key": api_key, "Accept": "application/json"}
        self.configured = bool(api_key)
        self._http = http or HttpClient(self.system)

    def run_checks(self, shop: str) -> Sequence[CheckResult]:  # noqa: ARG002 - one organisation, whatever the shop
        """Look whether a key is set, AfterShip answers and takes the key. Never raises."""
        if not self.configured:
            return [CheckResult(name="aftership.configured", ok=False, detail=API_KEY_UNSET)]
        return check_credentials(
            self.system,
            lambda: self._fetch_trackings([NO_SUCH_NUMBER]),
            credential_name="key",
            configured_detail="key is set",
        )

    def gather(
        self,
        principal: Principal,  # noqa: ARG002 - found by number: a keyword would find other people's parcels
        *,
        shop: str,  # noqa: ARG002 - one organisation, whatever the shop
        parcels: Sequence[Waybill],
        cursor: str = "",
    ) -> Iterator[FindingPage]:
        """Yield what AfterShip keeps of each of these parcels, fifty a page.

        Raises ConnectorUnavailable, ConnectorThrottled, CredentialRejected, ConnectorRefused.
        """
        own = deduplicate_parcels(parcels)
        if not self.configured:
            if own and not cursor:
                what, absence = shipment.format_waybill_count(len(own)), Absence.NOT_CONFIGURED
                gap = Gap(system=self.system, absence=absence, what=what, reason="no_credentials")
                yield FindingPage(findings=(), cursor="0", gaps=(gap,))
            return
        for batch in split_into_batches(self.system, own, batch_size=AFTERSHIP_BATCH_SIZE, cursor=cursor):
            told = self._fetch_trackings([normalise_waybill(parcel.number) for parcel in batch.parcels])
            found = [one for parcel in batch.parcels for one in _build_tracking_findings(parcel, told)]
            yield FindingPage(findings=tuple(found), cursor=str(batch.asked_count), gaps=batch.gaps)

    def erase_waybills(self, numbers: Sequence[str]) -> Iterator[tuple[str, Outcome]]:
        """See ports.Eraser. All copies of a number: it may be watched at several couriers.

        Each is asked for once more. One that is still there raises ConnectorUnavailable. What cannot be asked for
        is left out: nobody knows whether it is there.
        """
        if not self.configured:
            raise CredentialRejected(f"aftership: {API_KEY_UNSET}")
        once = list(dict.fromkeys(numbers))
        for first in range(0, len(once), AFTERSHIP_BATCH_SIZE):
            part = once[first : first + AFTERSHIP_BATCH_SIZE]
            asked = [number for number in part if is_valid_waybill_number(normalise_waybill(number))]
            told = self._fetch_trackings([normalise_waybill(number) for number in asked])
            for number in asked:
                gone = [self._delete_tracking(one["id"]) for one in told.get(normalise_waybill(number), ())]
                yield number, Outcome.ERASED if any(gone) else Outcome.ABSENT

    def _delete_tracking(self, tracking_id: str) -> bool:
        """Delete one; False where it was gone already. Deleting again changes nothing, so it may be asked again."""
        if not self._call_tracking("DELETE", tracking_id):
            return False
        if self._call_tracking("GET", tracking_id):
            raise ConnectorUnavailable("aftership: deleted, and still there")
        return True

    def _call_tracking(self, method: str, tracking_id: str) -> bool:
        url = f"{self._url}/{quote(tracking_id, safe='')}"
        answer = self._http.call(method, url, headers=self._headers, status_rules=AFTERSHIP_TRACKING_RULES)
        return read_tracking_presence(answer.status, answer.content)

    def _fetch_trackings(self, numbers: Sequence[str]) -> Mapping[str, list[dict[str, Any]]]:
        """Every tracking of these numbers, by number; what it does not know is missing."""
        found: dict[str, list[dict[str, Any]]] = {number: [] for number in dict.fromkeys(numbers)}
        cursor = ""
        while found:
            query = {"tracking_numbers": ",".join(found), "limit": str(TRACKINGS_PER_PAGE)}
            query |= {"cursor": cursor} if cursor else {}
            answer = self._http.call(
                "GET", self._url, params=query, headers=self._headers, status_rules=AFTERSHIP_LIST_RULES
            )
            rows, following = parse_tracking_page(answer.content)
            for row in rows:
                number = normalise_waybill(str(row.get("tracking_number") or ""))
                if (
                    number in found
                ):  # a filter that is not understood gives everybody's: nothing of them is kept
                    found[number].append(row)
            if not following or following == cursor:
                break
            cursor = following
        return {number: rows for number, rows in found.items() if rows}


def _build_tracking_findings(
    parcel: Waybill, trackings_by_number: Mapping[str, list[dict[str, Any]]]
) -> Iterator[Finding]:
    rows = trackings_by_number.get(normalise_waybill(parcel.number), [])
    if not rows:
        yield build_shipment_finding(parcel, shipment.build_not_found_record(parcel, ambiguous=False))
    for row in rows:
        yield build_shipment_finding(parcel, build_aftership_record(parcel, row))
