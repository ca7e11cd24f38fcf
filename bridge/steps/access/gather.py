"""Reads what one system holds of the data subject, page by page.

Each page is sealed and committed with its cursor, so that a crash costs the page in flight only. No transaction is
open while the system answers. An outage or a refusal becomes a named gap, never a failed request.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bridge.errors import BridgeError, CredentialRejected, Retryable, SystemBusy
from bridge.model import (
    Absence,
    Finding,
    FindingPage,
    Gap,
    GatherProgress,
    Lease,
    Outcome,
    ParcelListing,
    PrivacyRequest,
    Task,
    TaskAction,
    TaskState,
    WaitReason,
    Waybill,
    get_progress,
)
from bridge.ports import CopiesAllParcels
from bridge.rules.index.attribution import UNKNOWN_CARRIER, is_personal_for, normalise_waybill
from bridge.rules.index.listings import choose_listing
from bridge.rules.index.shipping import AttributionRules, read_platform_parcels
from bridge.rules.index.unreadable_identifiers import UNREADABLE_IDENTIFIER, list_identifier_gaps
from bridge.rules.notices.parcel_reviews import ParcelDecision
from bridge.rules.requests.lifecycle import PLATFORM
from bridge.services import Services
from bridge.steps.access.check_parcels import ParcelCheck, add_withheld_gaps
from bridge.steps.access.doubtful_orders import record_doubtful_orders
from bridge.steps.identity.minors import mark_minor_findings
from bridge.steps.index.flag_carrier_conflicts import flag_carrier_conflicts
from bridge.steps.requests.doubtful_customers import record_doubtful_customers
from bridge.steps.requests.take_turns import must_give_way
from bridge.steps.shops.identify_shops import wait_for_shop_identity
from bridge.steps.task_results import SYSTEM_ERRORS, after_failure, finish_task, record_task_result, retry_task

if TYPE_CHECKING:
    from bridge.store import Tx

ALL_RECORDS = "all records"
REMAINING_RECORDS = "the remaining records"  # where some were stored before the system failed


def gather_records(request: PrivacyRequest, task: Task, lease: Lease, *, services: Services) -> Task:
    """Read one system until its task is done or must wait. Return the task as saved.

    While others wait, it gives way after GATHER_SLICE_S, at the end of a page: it is due again behind them, from its cursor.
    Raises LeaseLost and StoreUnavailable; every failure of the system becomes a state of the task.
    """
    stale = (ALL_RECORDS, REMAINING_RECORDS)
    gaps = [gap for gap in task.gaps if gap.what not in stale and gap.reason != UNREADABLE_IDENTIFIER]
    if task.system == PLATFORM:  # carriers are asked by waybill
        gaps += list_identifier_gaps(task.system, request.principal)
    task = replace(task, gaps=tuple(gaps), wait_reason=None, last_error="")
    progress = get_progress(task, GatherProgress)
    # parcels that the platform's pages name; unknown where an earlier run read some of the pages
    named: list[Waybill] | None = None if progress.cursor else []
    requested, connector = list[Waybill](), services.connectors.get(task.system)
    check: ParcelCheck | None = None
    if task.system != PLATFORM:
        with services.store.read() as tx:
            parcels = _load_parcels(request, services.merchant.attribution, tx)
            copies_all = isinstance(connector, CopiesAllParcels) and connector.copies_all_parcels
            requested = [
                parcel
                for parcel in parcels
                if parcel.account_system == task.system
                or (copies_all and not is_personal_for(parcel.carrier, parcel.number))
            ]
            check = ParcelCheck(request, requested, tx, services)
            requested = [parcel for parcel in requested if not check.is_refused(parcel)]
        if not requested:
            with services.store.transaction() as tx:
                tx.requests.verify_lease(lease)
                return wait_for_shop_identity(request, task, ALL_RECORDS, tx, services) or _save_gathered_task(
                    request, replace(task, outcome=Outcome.ABSENT), 0, tx, services
                )
    if connector is None:
        gap = Gap(system=task.system, absence=Absence.NOT_CONFIGURED, what=ALL_RECORDS, reason="no_connector")
        task = replace(task, gaps=(*task.gaps, gap), outcome=Outcome.INCOMPLETE)
        return _finish_gathering(request, task, lease, len(requested), named, services)
    try:
        pages = connector.gather(request.principal, shop=request.shop, parcels=requested, cursor=progress.cursor)
        for given_page in pages:
            gives_way = must_give_way(lease, task.records + len(given_page.findings), services)
            page, doubts = check.split_page(given_page) if check else (given_page, {})
            progress = replace(progress, cursor=page.cursor, parcels=None)
            task = replace(
                task,
                progress=progress,
                records=task.records + len(page.findings),
                gaps=tuple(dict.fromkeys((*task.gaps, *page.gaps))),
            )
            task = add_withheld_gaps(task, doubts)
            with services.store.transaction() as tx:
                tx.requests.verify_lease(lease)
                task, stops = _save_page(request, task, page, gives_way, tx, services)
                if check:
                    check.record_doubts(doubts, task, tx)
            if stops:
                return task
            if named is not None:
                named += _extract_platform_parcels(task.system, page.findings, services.merchant.attribution)
    except SYSTEM_ERRORS as fault:
        return _save_gather_failure(request, task, lease, fault, services)
    outcome = Outcome.INCOMPLETE if task.gaps else Outcome.FOUND if task.records else Outcome.ABSENT
    return _finish_gathering(request, replace(task, outcome=outcome), lease, len(requested), named, services)


def _save_page(
    request: PrivacyRequest, task: Task, page: FindingPage, gives_way: bool, tx: Tx, services: Services
) -> tuple[Task, bool]:
    """Save a page and the task, and return the task and whether this run of it ends.

    Where an operator decided before whose an order or a customer of the page is, the decision goes into the request, and the task is due
    again from its start.
    """
    principal = record_doubtful_customers(request, task, page, tx)
    principal = record_doubtful_orders(replace(request, principal=principal), task, page, tx)
    if principal == request.principal:
        tx.findings.add_findings(task, page)
        if gives_way:
            reason = WaitReason.GAVE_WAY
            task = retry_task(task, reason, services.clock.now(), wait_reason=reason)
        tx.tasks.save_task(task)
        mark_minor_findings(request, page.findings, tx, services)
        return task, task.wait_reason is WaitReason.GAVE_WAY
    tx.request_changes.replace_principal(request, principal)
    tx.findings.delete_findings(request.id, task.system)
    task = replace(task, progress=GatherProgress(), records=0, gaps=(), outcome=None)
    task = retry_task(task, "whose an order or a customer is was decided before", services.clock.now())
    tx.tasks.save_task(task)
    return task, True


def _finish_gathering(
    request: PrivacyRequest,
    task: Task,
    lease: Lease,
    requested_parcels: int,
    named_parcels: Iterable[Waybill] | None,
    services: Services,
) -> Task:
    parcels: list[Waybill] = []
    if task.system == PLATFORM:
        with services.store.read() as tx:
            parcels = _collect_parcels(request, services.merchant.attribution, tx, named_parcels)
        gaps = (*task.gaps, *_count_unreachable_parcels(parcels, services.connectors))
        # the carriers' tasks read the parcels from this task, and need not open all findings again
        task = replace(task, gaps=gaps, progress=GatherProgress(parcels=tuple(map(_reduce_parcel, parcels))))
    with services.store.transaction() as tx:
        tx.requests.verify_lease(lease)
        for parcel in parcels:
            flag_carrier_conflicts(request.shop, parcel.order_id, [parcel], tx=tx)
        return _save_gathered_task(request, task, requested_parcels, tx, services)


def _reduce_parcel(parcel: Waybill) -> Waybill:
    """Return the parcel with what a carrier is asked by, and nothing of how it was delivered."""
    return Waybill(
        number=parcel.number,
        carrier=parcel.carrier,
        account_holder=parcel.account_holder,
        order_id=parcel.order_id,
        order_name=parcel.order_name,
    )


def _save_gathered_task(
    request: PrivacyRequest, task: Task, requested_parcels: int, tx: Tx, services: Services
) -> Task:
    task = finish_task(task, task.outcome, services.clock.now())
    if task.system != PLATFORM:
        progress = get_progress(task, GatherProgress)
        task = replace(task, progress=replace(progress, requested_parcels=requested_parcels))
    tx.tasks.save_task(task)
    record_task_result(
        request,
        task,
        tx,
        outcome=task.outcome,
        records=task.records,
        waybills=requested_parcels,
        gaps=[f"{gap.absence}: {gap.what}" for gap in task.gaps],
    )
    return task


def _save_gather_failure(
    request: PrivacyRequest, task: Task, lease: Lease, fault: BridgeError, services: Services
) -> Task:
    """Save the task for a later try, or as failed. Either way a gap says that its records are missing.

    While the platform is only waited for, nothing is missing yet: the task gave way, and goes on from its cursor.
    """
    absence = Absence.UNREACHED if isinstance(fault, Retryable) else Absence.DENIED
    reason = "credentials" if isinstance(fault, CredentialRejected) else type(fault).__name__
    what = REMAINING_RECORDS if task.records else ALL_RECORDS
    gap = Gap(system=task.system, absence=absence, what=what, reason=reason)
    is_busy = isinstance(fault, SystemBusy)
    if is_busy and task.system == PLATFORM:
        later = after_failure(task, fault, services).wake_at or services.clock.now()
        task = retry_task(task, WaitReason.GAVE_WAY, later, wait_reason=WaitReason.GAVE_WAY)
    else:
        task = after_failure(replace(task, gaps=(*task.gaps, gap)), fault, services)
    with services.store.transaction() as tx:
        tx.requests.verify_lease(lease)
        tx.tasks.save_task(task)
        if not is_busy:
            record_task_result(request, task, tx, attempts=task.attempts, error=str(fault))
    return task


def _count_unreachable_parcels(parcels: Iterable[Waybill], connectors: Mapping[str, Any]) -> tuple[Gap, ...]:
    """Return a gap for each company that has parcels and no connector, with how many."""
    counts = Counter(parcel.account_system for parcel in parcels if parcel.account_system not in connectors)
    return tuple(
        Gap(system=system, absence=Absence.UNATTRIBUTED, what=f"{count} parcels", reason="no_connector")
        for system, count in sorted(counts.items())
    )


def _load_parcels(request: PrivacyRequest, rules: AttributionRules, tx: Tx) -> list[Waybill]:
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
    return _collect_parcels(request, rules, tx, None)


def _collect_parcels(
    request: PrivacyRequest, rules: AttributionRules, tx: Tx, named_parcels: Iterable[Waybill] | None
) -> list[Waybill]:
    """Return the data subject's parcels: those of the index, and those that their orders at the platform name.

    `named_parcels` are the latter; None where they are not known, so that all findings are opened again. A number that
    its fulfilment no longer lists is left out, unless an operator released it.
    """
    if named_parcels is None:
        found = tx.findings.read_findings(request.id)
        named_parcels = (
            parcel for system, finding in found for parcel in _extract_platform_parcels(system, [finding], rules)
        )
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


def _extract_platform_parcels(system: str, findings: Iterable[Finding], rules: AttributionRules) -> Iterable[Waybill]:
    """Return the parcels of the orders that the platform gave."""
    for finding in findings:
        if system == PLATFORM and finding.kind == "order":
            yield from read_platform_parcels(finding.body, rules)
