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
from bridge.connectors.check_credentials import knock
from bridge.connectors.delhivery.answers import body_of, judge, shipments
from bridge.connectors.delhivery.documents import cancelled, documents, held, slip, with_slip
from bridge.connectors.http import Answer, Dialect, Http
from bridge.connectors.shipment import batches, finding, mine
from bridge.errors import (
    BridgeError,
    ConnectorRefused,
    ConnectorThrottled,
    CredentialRejected,
    Retryable,
)
from bridge.model import Absence, Check, Finding, Gap, Page, Principal, Tracked, Waybill
from bridge.rules.index.attribution import spelt

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

BATCH = 50
UNSET = "DELHIVERY_TOKEN is not set"
NO_SUCH_WAYBILL = "00000000000000"
# `verbose` stands in no document. Seen on the air: 0 leaves out scans and consignee, 2 gives both.
BARE, WHOLE = "0", "2"
# At Delhivery a refusal by the firewall is a pause: 750 questions about tracking in five minutes, 3,000 about slips.
DIALECT = Dialect(
    also={HTTPStatus.FORBIDDEN: ConnectorThrottled},
    reads=frozenset({HTTPStatus.BAD_REQUEST}),  # an unknown waybill is 400 in the portal and 200 on the air
    judge=judge,
    least_wait_s={HTTPStatus.FORBIDDEN: 30.0},
)
DOCUMENTING = replace(DIALECT, reads=DIALECT.reads | {HTTPStatus.FOUND})


class Delhivery:
    """Delhivery's B2C API. One token is one client account."""

    system = "delhivery"

    def __init__(
        self, *, base_url: str, token: str, ask_documents: bool = False, http: Http | None = None
    ) -> None:
        """Take the account's address and token; an empty token asks nothing.

        `ask_documents`: whether a signature or a picture exists is asked too, four calls a parcel.
        """
        self._base = base_url.rstrip("/")
        self._token, self._ask_documents = token, ask_documents
        self._headers = {"Authorization": f"Token {token}", "Accept": "application/json"}
        self.configured = bool(token)
        self._http = http or Http(self.system)

    def check(self, shop: str) -> Sequence[Check]:  # noqa: ARG002 - one account, whatever the shop
        """Look whether a token is set, Delhivery answers and takes the token. Never raises."""
        if not self._token:
            return [Check(name="delhivery.configured", ok=False, detail=UNSET)]
        return knock(
            self.system, lambda: self._ask([NO_SUCH_WAYBILL], BARE), what="token", is_set="token is set"
        )

    def gather(
        self,
        who: Principal,  # noqa: ARG002 - Delhivery finds by waybill only
        *,
        shop: str,  # noqa: ARG002 - one account, whatever the shop
        parcels: Sequence[Waybill],
        cursor: str = "",
    ) -> Iterator[Page]:
        """Yield what Delhivery knows of each of its parcels, fifty a page.

        Raises ConnectorUnavailable, ConnectorThrottled, CredentialRejected, ConnectorRefused.
        """
        own = mine(self.system, parcels)
        if not self._token:
            if own and not cursor:
                what = shipment.waybills(len(own))
                gap = Gap(system=self.system, absence=Absence.NOT_CONFIGURED, what=what, reason="no_token")
                yield Page(findings=(), cursor="0", gaps=(gap,))
            return
        for batch in batches(self.system, own, size=BATCH, cursor=cursor):
            findings, gaps = self._findings(batch.parcels)
            yield Page(findings=findings, cursor=str(batch.done), gaps=batch.gaps + gaps)

    def track(self, numbers: Sequence[str], *, consignees: bool = False) -> Iterator[Sequence[Tracked]]:
        """See ports.Tracker. Without `consignees` the question itself leaves the person out.

        With them the packing slips are asked too: street and telephone stay there when tracking is blank.
        """
        if not self._token:
            raise CredentialRejected(f"delhivery: {UNSET}")

        def ask(part: Sequence[str]) -> Mapping[str, Tracked]:
            told = self._told(part, WHOLE if consignees else BARE)
            bodies = {one: body_of(tracking.parcel(one, self.system), row) for one, row in told.items()}
            known = {one: tracking.tracked(body, consignees=False) for one, body in bodies.items()}
            if not consignees:
                return known
            return {
                one: replace(known[one], consignee=tracking.shown(self._slip_if_any(one), body["consignee"]))
                for one, body in bodies.items()
            }

        yield from tracking.track(numbers, size=BATCH, ask=ask)

    def cancel(self, number: str) -> None:
        """See ports.Canceller. Before pick-up nothing moves; on the road the parcel is sent back."""
        if not self._token:
            raise CredentialRejected(f"delhivery: {UNSET}")
        if not shipment.askable(spelt(number)):
            raise ConnectorRefused("delhivery: not a waybill")
        # Asked again where the answer was lost: the second cancellation of a waybill was seen to say the same.
        answer = self._http.call(
            "POST",
            self._base + "/api/p/edit",
            json={"waybill": spelt(number), "cancellation": "true"},
            headers=self._headers,
            dialect=DIALECT,
        )
        cancelled(answer.status, answer.content)

    def _findings(self, parcels: Sequence[Waybill]) -> tuple[tuple[Finding, ...], tuple[Gap, ...]]:
        """Records of these parcels, each with its papers; papers that are refused leave the record and are a gap."""
        told = self._told([spelt(parcel.number) for parcel in parcels], WHOLE)
        bodies = {
            parcel.number: body_of(parcel, told[spelt(parcel.number)])
            for parcel in parcels
            if spelt(parcel.number) in told
        }
        gaps = (*self._add_slips(bodies), *self._add_documents(bodies))
        absent = {parcel.number: shipment.not_found(parcel, ambiguous=False) for parcel in parcels}
        found = tuple(finding(parcel, (absent | bodies)[parcel.number]) for parcel in parcels)
        return found, tuple(dict.fromkeys(gaps))

    def _add_slips(self, bodies: Mapping[str, dict[str, Any]]) -> Iterator[Gap]:
        """Nothing else tells street and telephone: a slip that may come later rises, and the page is asked again."""
        for number, body in bodies.items():
            try:
                with_slip(body, self._slip(spelt(number)))
            except ConnectorRefused as fault:  # this parcel's: the next one's may be told
                yield _gap("packing slips", fault)
            except CredentialRejected as fault:
                yield _gap("packing slips", fault)
                return

    def _add_documents(self, bodies: Mapping[str, dict[str, Any]]) -> Iterator[Gap]:
        for body in bodies.values():
            body["documents"] = documents()
        try:
            for number, body in bodies.items():
                self._ask_for_documents(spelt(number), body)
        except BridgeError as fault:
            # the first that fails is the page's last: the others would wait as long
            yield _gap("documents", fault)

    def _slip(self, number: str) -> dict[str, Any] | None:
        """The packing slip is the one answer with street and telephone. `pdf=true` would make a link to it."""
        answer = self._get("/api/p/packing_slip", {"wbns": number, "pdf": "false"})
        return slip(answer.status, answer.content, number)

    def _slip_if_any(self, number: str) -> dict[str, Any] | None:
        try:
            return self._slip(number)
        except ConnectorRefused:  # of this waybill it shows nothing
            return None

    def _ask_for_documents(self, number: str, body: dict[str, Any]) -> None:
        for one in body["documents"] if self._ask_documents else ():
            query = {"doc_type": one["kind"], "waybill": number}
            one["held"] = held(self._get("/api/rest/fetch/pkg/document/", query, DOCUMENTING))

    def _told(self, numbers: Sequence[str], verbose: str) -> dict[str, dict[str, Any]]:
        """What it tells, by number; those it does not know are missing."""
        if not numbers:
            return {}
        told = self._ask(numbers, verbose)
        if told is None and len(numbers) > 1:
            # Refused as a whole: whether one unknown number spoils a batch is not written anywhere.
            return {key: row for number in numbers for key, row in self._told([number], verbose).items()}
        answers = {spelt(str(one.get("AWB", ""))): one for one in told or ()}
        return {number: answers[number] for number in numbers if number in answers}

    def _ask(self, numbers: Sequence[str], verbose: str) -> list[dict[str, Any]] | None:
        """Return the shipments it tells of, unknown ones missing; None where it says it knows none."""
        query = {"waybill": ",".join(numbers), "verbose": verbose}
        answer = self._get("/api/v1/packages/json/", query)
        return shipments(answer.status, answer.content)

    def _get(self, path: str, query: Mapping[str, str], dialect: Dialect = DIALECT) -> Answer:
        return self._http.call("GET", self._base + path, params=query, headers=self._headers, dialect=dialect)


def _gap(what: str, fault: BridgeError) -> Gap:
    absence = Absence.UNREACHED if isinstance(fault, Retryable) else Absence.DENIED
    reason = "credentials" if isinstance(fault, CredentialRejected) else type(fault).__name__
    return Gap(system=Delhivery.system, absence=absence, what=what, reason=reason)
