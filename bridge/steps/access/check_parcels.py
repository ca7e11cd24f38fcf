"""Check before a carrier's record is believed: whether it can be of the data subject's parcel, by what Shopify says of it.

A number alone proves nothing. A record in which all that can be compared disagrees is neither stored nor shown; it is
counted, and an operator decides in a review. Calls no system.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bridge.model import (
    Absence,
    ConsigneeClues,
    Finding,
    FindingPage,
    Gap,
    ParcelListing,
    PrivacyRequest,
    Task,
    Waybill,
)
from bridge.rules.index.attribution import normalise_waybill
from bridge.rules.index.consignee.clues import (
    build_digester,
    build_tokens,
    load_tokens,
    merge_clues,
    merge_tokens,
    read_order_clues,
    read_person_clues,
    read_record_clues,
)
from bridge.rules.index.consignee.match import compare_consignee, is_believed, is_contradicted, merge_evidence
from bridge.rules.index.identity import legacy_id
from bridge.rules.index.shipping import read_platform_parcels
from bridge.rules.notices.parcel_reviews import DOUBT_SENTENCES, Doubt, ParcelDecision
from bridge.rules.requests.lifecycle import PLATFORM
from bridge.services import Services

if TYPE_CHECKING:
    from bridge.store import Tx

_WITHHELD_REASONS = {Doubt.CONTRADICTED: "parcel_contradicted", Doubt.UNPROVEN: "parcel_unproven"}
_ADDRESS_LISTS = ("addresses", "addressesV2")


class KnownParcels:
    """What the index and the platform say of the data subject's parcels, read once for all carriers that a run asks."""

    def __init__(self) -> None:
        self._read_for: tuple[PrivacyRequest, Sequence[Waybill]] | None = None
        self.customer = ConsigneeClues()
        self.indexed: dict[str, list[Waybill]] = {}
        self.on_platform: dict[str, list[Waybill]] = {}
        self.orders: dict[str, ConsigneeClues] = {}

    def forget(self) -> None:
        """Let the next carrier read again, since the platform may say more."""
        self._read_for = None

    def read(self, request: PrivacyRequest, parcels: Sequence[Waybill], tx: Tx, services: Services) -> None:
        """Read what is known of these parcels of all carriers, unless it was read for the same ones."""
        if self._read_for == (request, parcels):
            return
        self.indexed, self.on_platform, self.orders = defaultdict(list), defaultdict(list), {}
        self.customer = read_person_clues({"phone": request.principal.phone})
        for parcel in tx.index.list_parcels(request.shop, request.principal):
            self.indexed[normalise_waybill(parcel.number)].append(parcel)
        numbers = {normalise_waybill(parcel.number) for parcel in parcels}
        wanted = {parcel.order_id for parcel in parcels}
        wanted |= {one.order_id for number in numbers for one in self.indexed.get(number, ())}
        for system, finding in tx.findings.read_findings(request.id) if wanted else ():
            if system == PLATFORM:
                self._read_platform_record(finding, wanted, services)
        self._read_for = request, parcels

    def _read_platform_record(self, finding: Finding, wanted: Collection[str], services: Services) -> None:
        if finding.kind == "customer":
            lists = [finding.body.get(name) for name in _ADDRESS_LISTS]
            addresses = [one for addresses in lists if isinstance(addresses, list) for one in addresses]
            people = (finding.body, finding.body.get("defaultAddress"), *addresses)
            self.customer = merge_clues(self.customer, read_person_clues(*people))
        elif finding.kind == "order" and (order_id := legacy_id(finding.ref)) in wanted:
            self.orders[order_id] = read_order_clues(finding.body)
            for parcel in read_platform_parcels(finding.body, services.merchant.attribution):
                self.on_platform[normalise_waybill(parcel.number)].append(parcel)


class ParcelCheck:
    """The parcels that one carrier is asked about, what is known of them, and what operators decided."""

    def __init__(
        self, request: PrivacyRequest, parcels: Sequence[Waybill], known: KnownParcels, tx: Tx, services: Services
    ) -> None:
        """Read what operators decided about the parcels, of all that are `known`."""
        self._request, self._parcels = request, {normalise_waybill(parcel.number): parcel for parcel in parcels}
        self._known, self._encode = known, build_digester(services.digest, request.shop)
        reviews = tx.reviews.find_parcel_reviews(request.shop, [(one.order_id, one.number) for one in parcels])
        self._decisions = {
            number: review.decision
            for number, parcel in self._parcels.items()
            if (review := reviews.get((parcel.order_id, parcel.number)))
        }

    def _iterate_known_parcels(self, number: str) -> Iterable[Waybill]:
        known = self._known
        return (self._parcels[number], *known.indexed.get(number, ()), *known.on_platform.get(number, ()))

    def is_refused(self, parcel: Waybill) -> bool:
        """Return True where an operator decided that the parcel is another person's: nothing of it is missing."""
        return self._decisions.get(normalise_waybill(parcel.number)) == ParcelDecision.REFUSED

    def split_page(self, page: FindingPage) -> tuple[FindingPage, dict[str, Doubt]]:
        """Return the page without the records in doubt, and why each of their waybills is in doubt.

        A record of a second waybill goes where that of the first goes.
        """
        doubts: dict[str, Doubt] = {}
        believed = []
        for finding in page.findings:
            number = normalise_waybill(str(finding.body.get("belongs_to") or finding.ref))
            if "belongs_to" not in finding.body and (doubt := self._find_doubt(number, finding)):
                doubts[number] = doubt
            elif number not in doubts:
                believed.append(finding)
        return replace(page, findings=tuple(believed)), doubts

    def _find_doubt(self, number: str, finding: Finding) -> Doubt | None:
        is_released = self._decisions.get(number) == ParcelDecision.RELEASED
        if number not in self._parcels or is_released or not _holds_data(finding.body):
            return None
        record, known = read_record_clues(finding.body), tuple(self._iterate_known_parcels(number))
        orders = [found for one in known if (found := self._known.orders.get(one.order_id))]
        references = [text for one in known for text in (one.order_id, one.order_name)]
        references += [text for clues in orders for text in clues.references]
        about: dict[str, Any] = {"waybill": number, "is_return": any(one.is_return for one in known)}
        clear = build_tokens(merge_clues(self._known.customer, *orders))
        digested = merge_tokens(*(load_tokens(one.clues) for one in known))
        evidence = merge_evidence(
            compare_consignee(record, clear, references, **about),
            compare_consignee(record, digested, references, encode=self._encode, **about),
        )
        if is_believed(evidence, self._find_listing(number)):
            return None
        return Doubt.CONTRADICTED if is_contradicted(evidence) else Doubt.UNPROVEN

    def _find_listing(self, number: str) -> ParcelListing:
        _, *known = self._iterate_known_parcels(number)
        listings = {one.listing for one in known}
        return ParcelListing.LISTED if not listings or ParcelListing.LISTED in listings else ParcelListing.CANCELLED

    def record_doubts(self, doubts: Mapping[str, Doubt], task: Task, tx: Tx) -> None:
        """Open a review for each parcel in doubt that nobody decided about. Writes evidence."""
        for number, doubt in doubts.items():
            parcel = self._parcels[number]
            tx.reviews.open_parcel_review(
                self._request.shop,
                f"record of a parcel at {task.system}: {DOUBT_SENTENCES[doubt]}",
                order_id=parcel.order_id,
                waybill=parcel.number,
                request_id=self._request.id,
            )


def add_withheld_gaps(task: Task, doubts: Mapping[str, Doubt]) -> Task:
    """Return the task with these records counted as withheld, by reason."""
    counts = Counter({gap.reason: int(gap.what.split()[0]) for gap in task.gaps if gap.absence is Absence.WITHHELD})
    counts.update(_WITHHELD_REASONS[doubt] for doubt in doubts.values())
    gaps = [gap for gap in task.gaps if gap.absence is not Absence.WITHHELD]
    for reason, count in sorted(counts.items()):
        what = f"{count} waybill" + ("" if count == 1 else "s")
        gaps.append(Gap(system=task.system, absence=Absence.WITHHELD, what=what, reason=reason))
    return replace(task, gaps=tuple(gaps))


def _holds_data(body: Mapping[str, Any]) -> bool:
    return body.get("status") != "not_found"
