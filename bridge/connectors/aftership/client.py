"""Reads and erases the copies that AfterShip stores of parcels of any carrier.

It tracks every parcel of the shop, so all of them are requested. A deleted tracking is erased at AfterShip only: the
carrier keeps its own record. https://www.aftership.com/docs/tracking/quickstart/api-quick-start
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from bridge.connectors import shipment
from bridge.connectors.aftership import answers
from bridge.connectors.carrier import CarrierConnector
from bridge.connectors.http import HttpClient, StatusRules
from bridge.errors import ConnectorUnavailable
from bridge.model import Finding, Gap, Outcome, Waybill
from bridge.rules.index.attribution import normalise_waybill

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
        trackings = self._fetch_trackings(batch.numbers)
        return [each for parcel in batch.parcels for each in _build_tracking_findings(parcel, trackings)], ()

    def erase_waybills(self, numbers: Sequence[str]) -> Iterator[tuple[str, Outcome]]:
        """Erase all copies of each number, which may be tracked at several couriers (`ports.Eraser`).

        Each deletion is verified by another request: ConnectorUnavailable if the copy still exists. A malformed number
        cannot be requested and is left out. Raises CredentialRejected if the key is unset, else as `gather`.
        """
        self.require_settings()
        unique = list(dict.fromkeys(numbers))
        for first in range(0, len(unique), self.batch_size):
            batch = unique[first : first + self.batch_size]
            valid = [number for number in batch if shipment.is_valid_waybill_number(normalise_waybill(number))]
            trackings = self._fetch_trackings([normalise_waybill(number) for number in valid])
            for number in valid:
                copies = trackings.get(normalise_waybill(number), ())
                deleted = [self._delete_tracking(copy["id"]) for copy in copies]
                yield number, Outcome.ERASED if any(deleted) else Outcome.ABSENT

    def _delete_tracking(self, tracking_id: str) -> bool:
        """Delete one tracking and return True; False if it did not exist. Idempotent, so it may be retried."""
        if not self._call_tracking("DELETE", tracking_id):
            return False
        if self._call_tracking("GET", tracking_id):
            raise ConnectorUnavailable("aftership: deleted, but still exists")
        return True

    def _call_tracking(self, method: str, tracking_id: str) -> bool:
        url = f"{self._url}/{quote(tracking_id, safe='')}"
        answer = self._http.call(method, url, headers=self._headers, status_rules=AFTERSHIP_TRACKING_RULES)
        return answers.read_tracking_presence(answer.status, answer.content)

    def _fetch_trackings(self, numbers: Sequence[str]) -> Mapping[str, list[dict[str, Any]]]:
        """Return all trackings of these numbers, by number; no entry for an unknown number."""
        found: dict[str, list[dict[str, Any]]] = {number: [] for number in dict.fromkeys(numbers)}
        cursor = ""
        while found:
            query = {"tracking_numbers": ",".join(found), "limit": str(TRACKINGS_PER_PAGE)}
            query |= {"cursor": cursor} if cursor else {}
            answer = self._http.call(
                "GET", self._url, params=query, headers=self._headers, status_rules=AFTERSHIP_LIST_RULES
            )
            rows, next_cursor = answers.parse_tracking_page(answer.content)
            for row in rows:
                number = normalise_waybill(str(row.get("tracking_number") or ""))
                # a filter that AfterShip ignores would return all trackings: keep the requested ones only
                if number in found:
                    found[number].append(row)
            if not next_cursor or next_cursor == cursor:
                break
            cursor = next_cursor
        return {number: rows for number, rows in found.items() if rows}


def _build_tracking_findings(
    parcel: Waybill, trackings_by_number: Mapping[str, list[dict[str, Any]]]
) -> Iterator[Finding]:
    rows = trackings_by_number.get(normalise_waybill(parcel.number), [])
    if not rows:
        yield shipment.build_shipment_finding(parcel, shipment.build_not_found_record(parcel, ambiguous=False))
    for row in rows:
        yield shipment.build_shipment_finding(parcel, answers.build_aftership_record(parcel, row))
