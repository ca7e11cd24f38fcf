"""Reads what Delhivery stores about a parcel (status, scans, consignee, packing slip, documents), and cancels shipments.

Never creates or edits a shipment (edits are refused after dispatch), never requests a parcel on another account, and
never takes "not found" for "erased". Delhivery has no call that erases.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from bridge.connectors import batches, shipment, tracking
from bridge.connectors.carrier import CarrierConnector
from bridge.connectors.delhivery import answers, documents
from bridge.connectors.http import HttpClient, HttpResponse, StatusRules
from bridge.connectors.parsing import AnswerUnreadable
from bridge.errors import BridgeError, ConnectorRefused, ConnectorThrottled, CredentialRejected, Retryable
from bridge.model import Absence, Finding, Gap, TrackingResult, Waybill
from bridge.rules.index.attribution import normalise_waybill
from bridge.rules.index.consignee.clues import read_record_clues

NO_SUCH_WAYBILL = "00000000000000"
# `verbose` is undocumented. Observed: 0 leaves out scans and consignee, 2 includes both.
VERBOSE_WITHOUT_PERSON, VERBOSE_WITH_PERSON = "0", "2"
# Delhivery's firewall throttles with 403: above 750 tracking requests or 3,000 slip requests in five minutes.
DELHIVERY_STATUS_RULES = StatusRules(
    error_by_status={HTTPStatus.FORBIDDEN: ConnectorThrottled},
    # an unknown waybill is 400 in the documentation and 200 in observed answers
    readable_statuses=frozenset({HTTPStatus.BAD_REQUEST}),
    classify_error=answers.classify_delhivery_error,
    min_wait_s={HTTPStatus.FORBIDDEN: 30.0},
)
DELHIVERY_DOCUMENT_RULES = replace(
    DELHIVERY_STATUS_RULES, readable_statuses=DELHIVERY_STATUS_RULES.readable_statuses | {HTTPStatus.FOUND}
)


class Delhivery(CarrierConnector):
    """Delhivery's B2C API, with the token of one client account."""

    system = "delhivery"
    batch_size = 50
    credential_name, configured_detail, unconfigured_reason = "token", "token is set", "no_token"

    def __init__(
        self, *, base_url: str, token: str, ask_documents: bool = False, http: HttpClient | None = None
    ) -> None:
        """Take the API's address and the account's token; without a token nothing is sent.

        `ask_documents`: request whether signatures and pictures exist, with four more calls per parcel.
        """
        self._base = base_url.rstrip("/")
        self._ask_documents = ask_documents
        self._headers = {"Authorization": f"Token {token}", "Accept": "application/json"}
        super().__init__({"DELHIVERY_TOKEN": token}, http)

    def send_probe(self) -> object:
        """Request a waybill that does not exist."""
        return self._query_shipments([NO_SUCH_WAYBILL], VERBOSE_WITHOUT_PERSON)

    def track_parcels(
        self, numbers: Sequence[str], *, include_consignees: bool = False
    ) -> Iterator[Sequence[TrackingResult]]:
        """Yield where the parcels are, 50 a batch (`ports.Tracker`). Raises as `gather`.

        Without `include_consignees` the request itself leaves the consignee out. With it the packing slips are requested
        too: they may still contain street and telephone when tracking is blank.
        """
        self.require_settings()

        def query_batch(batch: Sequence[str]) -> Mapping[str, TrackingResult]:
            verbose = VERBOSE_WITH_PERSON if include_consignees else VERBOSE_WITHOUT_PERSON
            answer = self._fetch_shipments(batch, verbose)

            def build(number: str) -> TrackingResult:
                return self._build_tracked(number, answer.rows[number], include_consignees)

            results = batches.read_each(list(answer.rows), build)
            return batches.mark_unreadable(results.rows, [*answer.doubtful, *results.doubtful])

        yield from tracking.track_in_batches(numbers, batch_size=self.batch_size, query_batch=query_batch)

    def _build_tracked(self, number: str, row: dict[str, Any], include_consignee: bool) -> TrackingResult:
        record = answers.build_delhivery_record(Waybill(number=number, carrier=self.system), row)
        result = tracking.build_tracked(record, include_consignees=False)
        if not include_consignee:
            return result
        try:
            slip = self._fetch_packing_slip(number)
        except ConnectorRefused:  # Delhivery shows no slip of this waybill
            slip = None
        consignee = tracking.serialize_consignee(slip, record["consignee"])
        return replace(result, consignee=consignee, clues=read_record_clues(record, slip))

    def cancel_shipment(self, number: str) -> None:
        """Cancel the shipment (`ports.Canceller`): before pick-up it is not collected, in transit it is sent back.

        Raises CredentialRejected (unset, or refused), ConnectorRefused, ConnectorThrottled, ConnectorUnavailable.
        """
        self.require_settings()
        number = self.require_waybill(number)
        # Idempotent: the second cancellation of a waybill was observed to get the same answer.
        answer = self._http.call(
            "POST",
            self._base + "/api/p/edit",
            operation="cancel",
            json={"waybill": number, "cancellation": "true"},
            headers=self._headers,
            status_rules=DELHIVERY_STATUS_RULES,
        )
        documents.verify_delhivery_cancellation(answer.status, answer.content)

    def build_findings(self, batch: shipment.WaybillBatch) -> tuple[Sequence[Finding], Sequence[Gap]]:
        """Return the records of these parcels with their documents; refused documents become a gap of the record."""
        answer = self._fetch_shipments(batch.numbers, VERBOSE_WITH_PERSON)
        records: dict[str, dict[str, Any]] = {}
        absent: dict[str, dict[str, Any]] = {}
        for parcel, number in zip(batch.parcels, batch.numbers, strict=True):
            if number in answer.rows:
                records[parcel.number] = answers.build_delhivery_record(parcel, answer.rows[number])
            elif number not in answer.doubtful:
                absent[parcel.number] = shipment.build_not_found_record(parcel, ambiguous=False)
        gaps = batches.list_unreadable_gaps(self.system, answer.doubtful)
        gaps += [*self._add_packing_slips(records), *self._add_documents(records)]
        bodies = absent | records
        findings = [
            shipment.build_shipment_finding(one, bodies[one.number]) for one in batch.parcels if one.number in bodies
        ]
        return findings, tuple(dict.fromkeys(gaps))

    def _add_packing_slips(self, records: Mapping[str, dict[str, Any]]) -> Iterator[Gap]:
        """Add the slips, the only source of street and telephone; an outage raises, and the page is read again."""

        def add_slip(number: str) -> ConnectorRefused | None:
            try:
                documents.merge_packing_slip(records[number], self._fetch_packing_slip(normalise_waybill(number)))
            except ConnectorRefused as fault:  # of this parcel only: the next slip may be granted
                return fault
            return None

        try:
            slips = batches.read_each(list(records), add_slip)
        except CredentialRejected as fault:
            yield _build_delhivery_gap("packing slips", fault)
            return
        yield from (_build_delhivery_gap("packing slips", fault) for fault in slips.rows.values() if fault)
        if slips.doubtful:
            yield _build_delhivery_gap("packing slips", AnswerUnreadable())

    def _add_documents(self, records: Mapping[str, dict[str, Any]]) -> Iterator[Gap]:
        for record in records.values():
            record["documents"] = documents.list_possible_documents()
        try:
            for number, record in records.items():
                self._probe_documents(normalise_waybill(number), record)
        except BridgeError as fault:
            # stop at the first error: each further request would wait as long
            yield _build_delhivery_gap("documents", fault)

    def _fetch_packing_slip(self, number: str) -> dict[str, Any] | None:
        """Return the packing slip, the only answer with street and telephone. `pdf=true` would create a link to it."""
        answer = self._get("/api/p/packing_slip", "packing slip", {"wbns": number, "pdf": "false"})
        return documents.parse_packing_slip(answer.status, answer.content, number)

    def _probe_documents(self, number: str, record: dict[str, Any]) -> None:
        for document in record["documents"] if self._ask_documents else ():
            query = {"doc_type": document["kind"], "waybill": number}
            answer = self._get("/api/rest/fetch/pkg/document/", "document", query, DELHIVERY_DOCUMENT_RULES)
            document["held"] = documents.is_document_available(answer)

    def _fetch_shipments(self, numbers: Sequence[str], verbose: str) -> batches.BatchAnswer[dict[str, Any]]:
        """Return the known shipments by number. Raises as `gather`, and AnswerUnreadable if none is readable."""

        def query(batch: Sequence[str]) -> batches.BatchAnswer[dict[str, Any]]:
            rows = self._query_shipments(batch, verbose)
            if rows is None:
                # No page says whether one unknown number invalidates a batch: request each alone.
                return batches.BatchAnswer(doubtful=list(batch) if len(batch) > 1 else [])
            return batches.assign_rows(batch, rows)

        return batches.query_readable(numbers, query)

    def _query_shipments(self, numbers: Sequence[str], verbose: str) -> list[tuple[str, dict[str, Any]]] | None:
        """Return the rows with their numbers; None if Delhivery knows none of the numbers."""
        query = {"waybill": ",".join(numbers), "verbose": verbose}
        answer = self._get("/api/v1/packages/json/", "track", query)
        return answers.parse_delhivery_shipments(answer.status, answer.content)

    def _get(
        self, path: str, operation: str, query: Mapping[str, str], status_rules: StatusRules = DELHIVERY_STATUS_RULES
    ) -> HttpResponse:
        return self._http.call(
            "GET",
            self._base + path,
            operation=operation,
            params=query,
            headers=self._headers,
            status_rules=status_rules,
        )


def _build_delhivery_gap(what: str, fault: BridgeError) -> Gap:
    absence = Absence.UNREACHED if isinstance(fault, Retryable) else Absence.DENIED
    reason = "credentials" if isinstance(fault, CredentialRejected) else type(fault).__name__
    return Gap(system=Delhivery.system, absence=absence, what=what, reason=reason)
