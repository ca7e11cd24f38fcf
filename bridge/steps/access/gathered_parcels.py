"""The parcels of an access request: those that the index and the platform's pages name, and which carriers are asked about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bridge.model import (
    Absence,
    Finding,
    Gap,
    GatherProgress,
    ParcelListing,
    PrivacyRequest,
    TaskAction,
    TaskState,
    WaitReason,
    Waybill,
    get_progress,
)
from bridge.rules.index.attribution import UNKNOWN_CARRIER, normalise_waybill
from bridge.rules.index.listings import choose_listing
from bridge.rules.index.shipping import AttributionRules, read_platform_parcels
from bridge.rules.notices.parcel_reviews import ParcelDecision
from bridge.rules.requests.lifecycle import PLATFORM

if TYPE_CHECKING:
    from bridge.store import Tx


def count_unreachable_parcels(parcels: Iterable[Waybill], connectors: Mapping[str, Any]) -> tuple[Gap, ...]:
    """Return a gap for each company that has parcels and no connector, with how many."""
    counts = Counter(parcel.account_system for parcel in parcels if parcel.account_system not in connectors)
    return tuple(
        Gap(system=system, absence=Absence.UNATTRIBUTED, what=f"{count} parcels", reason="no_connector")
        for system, count in sorted(counts.items())
    )


def load_parcels(request: PrivacyRequest, rules: AttributionRules, tx: Tx) -> list[Waybill]:
    """Return the parcels that the platform's finished task saved; before that, those of the index and the findings."""
    tasks = tx.tasks.list_tasks(request.id)
    if any(task.wait_reason is WaitReason.SHOP_UNIDENTIFIED for task in tasks):
        tasks = []  # what the platform's task saved lacks the parcels under the shop's other name
    for task in tasks:
        is_gathered = task.action is TaskAction.GATHER and task.state is TaskState.DONE
        if task.system == PLATFORM and is_gathered:
            parcels = get_progress(task, GatherProgress).parcels
            if parcels is not None:
                return list(parcels)
    return collect_parcels(request, rules, tx, None)


def collect_parcels(
    request: PrivacyRequest, rules: AttributionRules, tx: Tx, named_parcels: Iterable[Waybill] | None
) -> list[Waybill]:
    """Return the data subject's parcels: those of the index, and those that their orders at the platform name.

    `named_parcels` are the latter; None where they are not known, so that all findings are opened again. A number that
    its fulfilment no longer lists is left out, unless an operator released it.
    """
    if named_parcels is None:
        found = tx.findings.read_findings(request.id)
        named_parcels = extract_platform_parcels((one for system, one in found if system == PLATFORM), rules)
    named: dict[str, Waybill] = {}
    for parcel in named_parcels:
        _add_parcel(named, parcel)
    platform_fulfillments = {one for parcel in named.values() for one, _ in parcel.fulfillments}
    known: dict[str, Waybill] = {}
    for parcel in tx.index.list_parcels(request.shop, request.principal):
        number = normalise_waybill(parcel.number)
        is_replaced = number not in named and bool(parcel.fulfillments)
        if is_replaced and platform_fulfillments.issuperset(one for one, _ in parcel.fulfillments):
            parcel = replace(parcel, listing=ParcelListing.SUPERSEDED)  # noqa: PLW2901 - the platform knows better
        _add_parcel(known, parcel)
    for parcel in named.values():
        _add_parcel(known, parcel)
    superseded = [parcel for parcel in known.values() if parcel.listing is ParcelListing.SUPERSEDED]
    reviews = tx.reviews.find_parcel_reviews(request.shop, [(one.order_id, one.number) for one in superseded])
    released = {number for (_, number), review in reviews.items() if review.decision == ParcelDecision.RELEASED}
    left_out = {normalise_waybill(parcel.number) for parcel in superseded if parcel.number not in released}
    return [known[number] for number in sorted(known) if number not in left_out]


def _add_parcel(parcels: dict[str, Waybill], parcel: Waybill) -> None:
    """Add a parcel, or to the one of this number what it knows more: that it is listed, and who carries it."""
    number = normalise_waybill(parcel.number)
    known = parcels.get(number)
    if known is not None:
        listing = choose_listing(known.listing, parcel.listing)
        fulfillments = tuple(dict.fromkeys((*known.fulfillments, *parcel.fulfillments)))
        is_better = parcel.listing is listing and known.listing is not listing
        # the merchant may have added a rule since the webhook
        is_better |= known.account_system == UNKNOWN_CARRIER and parcel.account_system != UNKNOWN_CARRIER
        parcel = replace(parcel if is_better else known, listing=listing, fulfillments=fulfillments)
    parcels[number] = parcel


def extract_platform_parcels(findings: Iterable[Finding], rules: AttributionRules) -> Iterator[Waybill]:
    """Yield the parcels of the orders that the platform gave."""
    for finding in findings:
        if finding.kind == "order":
            yield from read_platform_parcels(finding.body, rules)


def reduce_parcel(parcel: Waybill) -> Waybill:
    """Return the parcel with what a carrier is asked by, and nothing of how it was delivered."""
    return Waybill(
        number=parcel.number,
        carrier=parcel.carrier,
        account_holder=parcel.account_holder,
        order_id=parcel.order_id,
        order_name=parcel.order_name,
    )
