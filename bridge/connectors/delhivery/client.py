"""Asks Delhivery what it holds of a parcel: status, scans, consignee, packing slip, and which documents.

Never creates or edits (an edit is refused after dispatch), cancels only where somebody asks for it (on the road it
turns the parcel round), never asks about a parcel on another account, and never takes "not found" for "erased".
Delhivery has no call that erases.
"""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from bridge.connectors import shipment, tracking
from bridge.connectors.check_credentials import check_credentials
from bridge.connectors.delhivery.answers import (
    build_delhivery_record,
    classify_delhivery_error,
    parse_delhivery_shipments,
)
from bridge.connectors.delhivery.documents import (
    is_document_available,
    list_possible_documents,
    merge_packing_slip,
    parse_packing_slip,
    verify_delhivery_cancellation,
)
from bridge.connectors.http import HttpClient, HttpResponse, StatusRules
from bridge.connectors.shipment import build_shipment_finding, select_own_parcels, split_into_batches
from bridge.errors import (
    BridgeError,
    ConnectorRefused,
    ConnectorThrottled,
    CredentialRejected,
    Retryable,
)
from bridge.model import Absence, CheckResult, Finding, FindingPage, Gap, Principal, TrackingResult, Waybill
from bridge.rules.index.attribution import normalise_waybill

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

DELHIVERY_BATCH_SIZE = 50
UNSET_MESSAGE = "DELHIVERY_TOKEN is not set"
NO_SUCH_WAYBILL = "00000000000000"
# `verbose` stands in no document. Seen on the air: 0 leaves out scans and consignee, 2 gives both.
VERBOSE_WITHOUT_PERSON, VERBOSE_WITH_PERSON = "0", "2"
# At Delhivery a refusal by the firewall is a pause: 750 questions about tracking in five minutes, 3,000 about slips.
DELHIVERY_STATUS_RULES = StatusRules(
    error_by_status={HTTPStatus.FORBIDDEN: ConnectorThrottled},
    readable_statuses=frozenset(
        {HTTPStatus.BAD_REQUEST}
    ),  # an unknown waybill is 400 in the portal and 200 on the air
    classify_error=classify_delhivery_error,
    min_wait_s={HTTPStatus.FORBIDDEN: 30.0},
)
DELHIVERY_DOCUMENT_RULES = replace(
    DELHIVERY_STATUS_RULES, readable_statuses=DELHIVERY_STATUS_RULES.readable_statuses | {HTTPStatus.FOUND}
)


class Delhivery:
    """Delhivery's B2C API. One token is one client account."""

    system = "delhivery"

    def __init__(
        self, *, base_url: str, token: str, ask_documents: bool = False, http: HttpClient | None = None
    ) -> None:
        """Take the account's address and token; an empty token asks nothing.

        `ask_documents`: whether a signature or a picture exists is asked too, four calls a parcel.
        """
        self._base = base_url.rstrip("/")
        self._token, self._ask_documents = token, ask_documents
        self._headers = {"Authorization": f"Token {token}", "Accept": "application/json"}
        self.configured = bool(token)
        self._http = http or HttpClient(self.system)

    def run_checks(self, shop: str) -> Sequence[CheckResult]:  # noqa: ARG002 - one account, whatever the shop
        """Look whether a token is set, Delhivery answers and takes the token. Never raises."""
        if not self._token:
            return [CheckResult(name="delhivery.configured", ok=False, detail=UNSET_MESSAGE)]
        return check_credentials(
            self.system,
            lambda: self._query_shipments([NO_SUCH_WAYBILL], VERBOSE_WITHOUT_PERSON),
            credential_name="token",
            configured_detail="token is set",
        )

    def gather(
        self,
        principal: Principal,  # noqa: ARG002 - Delhivery finds by waybill only
        *,
        shop: str,  # noqa: ARG002 - one account, whatever the shop
        parcels: Sequence[Waybill],
        cursor: str = "",
    ) -> Iterator[FindingPage]:
        """Yield what Delhivery knows of each of its parcels, fifty a page.

        Raises ConnectorUnavailable, ConnectorThrottled, CredentialRejected, ConnectorRefused.
        """
        own = select_own_parcels(self.system, parcels)
        if not self._token:
            if own and not cursor:
                what = shipment.format_waybill_count(len(own))
                gap = Gap(system=self.system, absence=Absence.NOT_CONFIGURED, what=what, reason="no_token")
                yield FindingPage(findings=(), cursor="0", gaps=(gap,))
            return
        for batch in split_into_batches(self.system, own, batch_size=DELHIVERY_BATCH_SIZE, cursor=cursor):
            findings, gaps = self._build_findings(batch.parcels)
            yield FindingPage(findings=findings, cursor=str(batch.asked_count), gaps=batch.gaps + gaps)

    def track_parcels(
        self, numbers: Sequence[str], *, include_consignees: bool = False
    ) -> Iterator[Sequence[TrackingResult]]:
        """See ports.Tracker. Without `consignees` the question itself leaves the person out.

        With them the packing slips are asked too: street and telephone stay there when tracking is blank.
        """
        if not self._token:
            raise CredentialRejected(f"delhivery: {UNSET_MESSAGE}")

        def ask(part: Sequence[str]) -> Mapping[str, TrackingResult]:
            told = self._fetch_shipments(
                part, VERBOSE_WITH_PERSON if include_consignees else VERBOSE_WITHOUT_PERSON
            )
            bodies = {
                one: build_delhivery_record(tracking.make_bare_waybill(one, self.system), row)
                for one, row in told.items()
            }
            known = {
                one: tracking.build_tracked(body, include_consignees=False) for one, body in bodies.items()
            }
            if not include_consignees:
                return known
            return {
                one: replace(
                    known[one],
                    consignee=tracking.serialize_consignee(
                        self._fetch_packing_slip_or_none(one), body["consignee"]
                    ),
                )
                for one, body in bodies.items()
            }

        yield from tracking.track_in_batches(numbers, batch_size=DELHIVERY_BATCH_SIZE, query_batch=ask)

    def cancel_shipment(self, number: str) -> None:
        """See ports.Canceller. Before pick-up nothing moves; on the road the parcel is sent back."""
        if not self._token:
            raise CredentialRejected(f"delhivery: {UNSET_MESSAGE}")
        if not shipment.is_valid_waybill_number(normalise_waybill(number)):
            raise ConnectorRefused("delhivery: not a waybill")
        # Asked again where the answer was lost: the second cancellation of a waybill was seen to say the same.
        answer = self._http.call(
            "POST",
            self._base + "/api/p/edit",
            json={"waybill": normalise_waybill(number), "cancellation": "true"},
            headers=self._headers,
            status_rules=DELHIVERY_STATUS_RULES,
        )
        verify_delhivery_cancellation(answer.status, answer.content)

    def _build_findings(self, parcels: Sequence[Waybill]) -> tuple[tuple[Finding, ...], tuple[Gap, ...]]:
        """Records of these parcels, each with its papers; papers that are refused leave the record and are a gap."""
        told = self._fetch_shipments(
            [normalise_waybill(parcel.number) for parcel in parcels], VERBOSE_WITH_PERSON
        )
        bodies = {
            parcel.number: build_delhivery_record(parcel, told[normalise_waybill(parcel.number)])
            for parcel in parcels
            if normalise_waybill(parcel.number) in told
        }
        gaps = (*self._add_packing_slips(bodies), *self._add_documents(bodies))
        absent = {
            parcel.number: shipment.build_not_found_record(parcel, ambiguous=False) for parcel in parcels
        }
        found = tuple(build_shipment_finding(parcel, (absent | bodies)[parcel.number]) for parcel in parcels)
        return found, tuple(dict.fromkeys(gaps))

    def _add_packing_slips(self, bodies: Mapping[str, dict[str, Any]]) -> Iterator[Gap]:
        """Nothing else tells street and telephone: a slip that may come later rises, and the page is asked again."""
        for number, body in bodies.items():
            try:
                merge_packing_slip(body, self._fetch_packing_slip(normalise_waybill(number)))
            except ConnectorRefused as fault:  # this parcel's: the next one's may be told
                yield _build_delhivery_gap("packing slips", fault)
            except CredentialRejected as fault:
                yield _build_delhivery_gap("packing slips", fault)
                return

    def _add_documents(self, bodies: Mapping[str, dict[str, Any]]) -> Iterator[Gap]:
        for body in bodies.values():
            body["documents"] = list_possible_documents()
        try:
            for number, body in bodies.items():
                self._probe_documents(normalise_waybill(number), body)
        except BridgeError as fault:
            # the first that fails is the page's last: the others would wait as long
            yield _build_delhivery_gap("documents", fault)

    def _fetch_packing_slip(self, number: str) -> dict[str, Any] | None:
        """The packing slip is the one answer with street and telephone. `pdf=true` would make a link to it."""
        answer = self._get("/api/p/packing_slip", {"wbns": number, "pdf": "false"})
        return parse_packing_slip(answer.status, answer.content, number)

    def _fetch_packing_slip_or_none(self, number: str) -> dict[str, Any] | None:
        try:
            return self._fetch_packing_slip(number)
        except ConnectorRefused:  # of this waybill it shows nothing
            return None

    def _probe_documents(self, number: str, body: dict[str, Any]) -> None:
        for one in body["documents"] if self._ask_documents else ():
            query = {"doc_type": one["kind"], "waybill": number}
            one["held"] = is_document_available(
                self._get("/api/rest/fetch/pkg/document/", query, DELHIVERY_DOCUMENT_RULES)
            )

    def _fetch_shipments(self, numbers: Sequence[str], verbose: str) -> dict[str, dict[str, Any]]:
        """What it tells, by number; those it does not know are missing."""
        if not numbers:
            return {}
        told = self._query_shipments(numbers, verbose)
        if told is None and len(numbers) > 1:
            # Refused as a whole: whether one unknown number spoils a batch is not written anywhere.
            return {
                key: row
                for number in numbers
                for key, row in self._fetch_shipments([number], verbose).items()
            }
        answers = {normalise_waybill(str(one.get("AWB", ""))): one for one in told or ()}
        return {number: answers[number] for number in numbers if number in answers}

    def _query_shipments(self, numbers: Sequence[str], verbose: str) -> list[dict[str, Any]] | None:
        """Return the shipments it tells of, unknown ones missing; None where it says it knows none."""
        query = {"waybill": ",".join(numbers), "verbose": verbose}
        answer = self._get("/api/v1/packages/json/", query)
        return parse_delhivery_shipments(answer.status, answer.content)

    def _get(
        self, path: str, query: Mapping[str, str], dialect: StatusRules = DELHIVERY_STATUS_RULES
    ) -> HttpResponse:
        return self._http.call(
            "GET", self._base + path, params=query, headers=self._headers, status_rules=dialect
        )


def _build_delhivery_gap(what: str, fault: BridgeError) -> Gap:
    absence = Absence.UNREACHED if isinstance(fault, Retryable) else Absence.DENIED
    reason = "credentials" if isinstance(fault, CredentialRejected) else type(fault).__name__
    return Gap(system=Delhivery.system, absence=absence, what=what, reason=reason)
