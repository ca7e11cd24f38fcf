"""Reads and erases the copies that AfterShip stores of parcels of any carrier.

It tracks every parcel of the shop, so all of them are requested. A deleted tracking is erased at AfterShip only: the
carrier keeps its own record. https://www.aftership.com/docs/tracking/quickstart/api-quick-start
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from bridge.connectors import batches, shipment
from bridge.connectors.aftership import answers
from bridge.connectors.carrier import CarrierConnector
from bridge.connectors.http import HttpClient, StatusRules
from bridge.connectors.parsing import AnswerUnreadable
from bridge.errors import ConnectorUnavailable
from bridge.model import Finding, Gap, Outcome, Waybill
from bridge.rules.index.attribution import normalise_waybill

MAX_PAGES = 20  # of one request; a number has a few copies, so that more pages never end
TRACKINGS_PER_PAGE = 200  # the maximum; one number may be tracked at several couriers
NO_SUCH_NUMBER = "00000000000000"
AFTERSHIP_LIST_RULES = StatusRules(classify_error=answers.classify_aftership_error)
AFTERSHIP_TRACKING_RULES = StatusRules(
    readable_statuses=frozenset({HTTPStatus.NOT_FOUND}), classify_error=answers.classify_aftership_error
)


class AfterShip(CarrierConnector):
    """AfterShip's tracking API, with the key of one organisation."""

    system = "aftership"
    copies_all_parcels = True  # it has a copy of every parcel, whatever the carrier and the account
    batch_size = 50  # not documented, public clients send no more
    credential_name, configured_detail = "key", "key is set"

    def __init__(self, *, base_url: str, api_key: str, http: HttpClient | None = None) -> None:
        """Take the API's address, which ends with its dated version, and its key; without a key nothing is sent."""
        self._url = base_url.rstrip("/") + "/trackings"
        self._headers = {"as-api-key": api_key, "Accept": "application/json"}
        super().__init__({"AFTERSHIP_API_KEY": api_key}, http)

    def send_probe(self) -> object:
        """Request a number that does not exist."""
        return self._fetch_trackings([NO_SUCH_NUMBER])

    def select_parcels(self, parcels: Sequence[Waybill]) -> list[Waybill]:
        """Return all parcels, whatever their carrier and account."""
        return shipment.deduplicate_parcels(parcels)

    def build_findings(self, batch: shipment.WaybillBatch) -> tuple[Sequence[Finding], Sequence[Gap]]:
        """Return the copies that AfterShip has of these parcels, of some several."""
        answer = self._fetch_trackings(batch.numbers)
        findings = [
            finding
            for parcel, number in zip(batch.parcels, batch.numbers, strict=True)
            if number not in answer.doubtful
            for finding in _build_tracking_findings(parcel, answer.rows.get(number, []))
        ]
        return findings, batches.list_unreadable_gaps(self.system, answer.doubtful)

    def erase_waybills(self, numbers: Sequence[str]) -> Iterator[tuple[str, Outcome]]:
        """Erase all copies of each number, which may be tracked at several couriers (`ports.Eraser`).

        Each deletion is verified by another request. A malformed number cannot be requested and is left out. Raises
        CredentialRejected if the key is unset, else as `gather`; ConnectorUnavailable at once if a deleted copy still
        exists, and after all other numbers for those whose copies cannot be read.
        """
        self.require_settings()
        unique = list(dict.fromkeys(numbers))
        failed = 0
        for first in range(0, len(unique), self.batch_size):
            batch = unique[first : first + self.batch_size]
            valid = [number for number in batch if shipment.is_valid_waybill_number(normalise_waybill(number))]
            answer = self._fetch_trackings([normalise_waybill(number) for number in valid])
            for number in valid:
                try:
                    outcome = self._erase_copies(answer, normalise_waybill(number))
                except AnswerUnreadable:
                    failed += 1
                else:
                    yield number, outcome
        if failed:
            raise ConnectorUnavailable(f"aftership: {shipment.format_waybill_count(failed)} not erased for certain")

    def _erase_copies(self, answer: batches.BatchAnswer[list[dict[str, Any]]], number: str) -> Outcome:
        if number in answer.doubtful:
            raise AnswerUnreadable(batches.UNREADABLE_ROW)
        tracking_ids = [answers.read_tracking_id(copy) for copy in answer.rows.get(number, ())]
        deleted = [self._delete_tracking(tracking_id) for tracking_id in tracking_ids]
        return Outcome.ERASED if any(deleted) else Outcome.ABSENT

    def _delete_tracking(self, tracking_id: str) -> bool:
        """Delete one tracking and return True; False if it did not exist. Idempotent, so it may be retried."""
        if not self._call_tracking("DELETE", tracking_id):
            return False
        if self._call_tracking("GET", tracking_id):
            raise ConnectorUnavailable("aftership: deleted, but still exists")
        return True

    def _call_tracking(self, method: str, tracking_id: str) -> bool:
        url = f"{self._url}/{quote(tracking_id, safe='')}"
        answer = self._http.call(
            method, url, operation="tracking", headers=self._headers, status_rules=AFTERSHIP_TRACKING_RULES
        )
        return answers.read_tracking_presence(answer.status, answer.content)

    def _fetch_trackings(self, numbers: Sequence[str]) -> batches.BatchAnswer[list[dict[str, Any]]]:
        """Return all trackings of these numbers, by number; no entry for an unknown number."""
        return batches.query_readable(list(dict.fromkeys(numbers)), self._query_trackings)

    def _query_trackings(self, numbers: Sequence[str]) -> batches.BatchAnswer[list[dict[str, Any]]]:
        rows_by_number: dict[str, list[dict[str, Any]]] = {}
        cursor = ""
        for _ in range(MAX_PAGES):
            query = {"tracking_numbers": ",".join(numbers), "limit": str(TRACKINGS_PER_PAGE)}
            query |= {"cursor": cursor} if cursor else {}
            answer = self._http.call(
                "GET",
                self._url,
                operation="list trackings",
                params=query,
                headers=self._headers,
                status_rules=AFTERSHIP_LIST_RULES,
            )
            rows, next_cursor = answers.parse_tracking_page(answer.content)
            for number, row in rows:
                rows_by_number.setdefault(number, []).append(row)
            if not next_cursor or next_cursor == cursor:
                # a filter that AfterShip ignores would return all trackings: keep the requested ones only
                return batches.assign_rows(numbers, list(rows_by_number.items()))
            cursor = next_cursor
        raise ConnectorUnavailable(f"aftership: more than {MAX_PAGES} pages")


def _build_tracking_findings(parcel: Waybill, rows: Sequence[dict[str, Any]]) -> Iterator[Finding]:
    if not rows:
        yield shipment.build_shipment_finding(parcel, shipment.build_not_found_record(parcel, ambiguous=False))
    for row in rows:
        yield shipment.build_shipment_finding(parcel, answers.build_aftership_record(parcel, row))
