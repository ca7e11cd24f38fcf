"""Reads what one system holds of the data subject, page by page.

Each page is sealed and committed with its cursor, so that a crash costs the page in flight only. No transaction is
open while the system answers. An outage or a refusal becomes a named gap, never a failed request.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bridge.errors import BridgeError, CredentialRejected, Retryable, SystemBusy
from bridge.model import (
    Absence,
    FindingPage,
    Gap,
    GatherProgress,
    Lease,
    Outcome,
    PrivacyRequest,
    Task,
    WaitReason,
    Waybill,
    get_progress,
)
from bridge.ports import Connector, CopiesAllParcels
from bridge.rules.index.attribution import is_personal_for
from bridge.rules.index.unreadable_identifiers import UNREADABLE_IDENTIFIER, list_identifier_gaps
from bridge.rules.requests.lifecycle import PLATFORM
from bridge.services import Services
from bridge.steps.access.check_parcels import KnownParcels, ParcelCheck, add_withheld_gaps
from bridge.steps.access.doubtful_orders import record_doubtful_orders
from bridge.steps.access.gathered_parcels import (
    collect_parcels,
    count_unreachable_parcels,
    extract_platform_parcels,
    load_parcels,
    reduce_parcel,
)
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


def gather_records(
    request: PrivacyRequest, task: Task, lease: Lease, *, services: Services, known: KnownParcels | None = None
) -> Task:
    """Read one system until its task is done or must wait. Return the task as saved.

    `known` is shared by the tasks of one run, so that what is known of the parcels is read once for all carriers.
    While others wait, it gives way after GATHER_SLICE_S, at the end of a page: it is due again behind them, from its cursor.
    Raises LeaseLost and StoreUnavailable; every failure of the system becomes a state of the task.
    """
    stale = (ALL_RECORDS, REMAINING_RECORDS)
    gaps = [gap for gap in task.gaps if gap.what not in stale and gap.reason != UNREADABLE_IDENTIFIER]
    if task.system == PLATFORM:  # carriers are asked by waybill
        gaps += list_identifier_gaps(task.system, request.principal)
    task = replace(task, gaps=tuple(gaps), wait_reason=None, last_error="")
    cursor, connector = get_progress(task, GatherProgress).cursor, services.connectors.get(task.system)
    gathering, known = _Gathering(request, lease, services), known or KnownParcels()
    if task.system != PLATFORM:
        gathering.select_parcels(task, connector, known)
        if not gathering.requested:
            return _save_absence(request, task, lease, services)
    else:
        known.forget()
        gathering.named = None if cursor else []
    if connector is None:
        gap = Gap(system=task.system, absence=Absence.NOT_CONFIGURED, what=ALL_RECORDS, reason="no_connector")
        return gathering.save_end(replace(task, gaps=(*task.gaps, gap)))
    try:
        for page in connector.gather(request.principal, shop=request.shop, parcels=gathering.requested, cursor=cursor):
            task, is_over = gathering.save_page(task, page)
            if is_over:
                return task
    except SYSTEM_ERRORS as fault:
        return _save_gather_failure(request, task, lease, fault, services)
    return gathering.save_end(task)


@dataclass(frozen=True, kw_only=True, slots=True)
class _End:
    """A task that is done, and the parcels that the platform and the index name."""

    task: Task
    parcels: Sequence[Waybill] = ()


class _Gathering:
    """One run of a task: the parcels that a carrier is asked about, or those that the platform's pages name."""

    def __init__(self, request: PrivacyRequest, lease: Lease, services: Services) -> None:
        self._request, self._lease, self._services = request, lease, services
        self.requested: list[Waybill] = []
        self.named: list[Waybill] | None = []  # None where an earlier run read some of the pages
        self._check: ParcelCheck | None = None

    def select_parcels(self, task: Task, connector: Connector | None, known: KnownParcels) -> None:
        """Read which parcels a carrier is asked about, and what its records are checked by."""
        copies_all = isinstance(connector, CopiesAllParcels) and connector.copies_all_parcels
        with self._services.store.read() as tx:
            of_all_carriers = load_parcels(self._request, self._services.merchant.attribution, tx)
            parcels = [
                parcel
                for parcel in of_all_carriers
                if parcel.account_system == task.system
                or (copies_all and not is_personal_for(parcel.carrier, parcel.number))
            ]
            known.read(self._request, of_all_carriers, tx, self._services)
            self._check = check = ParcelCheck(self._request, parcels, known, tx, self._services)
        self.requested = [parcel for parcel in parcels if not check.is_refused(parcel)]

    def save_page(self, task: Task, page: FindingPage) -> tuple[Task, bool]:
        """Save a page, and where it is the last one the end of the task. Return the task and whether this run of it is over."""
        records = task.records + len(page.findings)
        gives_way = not page.is_last and must_give_way(self._lease, records, self._services)
        page, doubts = self._check.split_page(page) if self._check else (page, {})
        task = replace(
            task,
            progress=replace(get_progress(task, GatherProgress), cursor=page.cursor, parcels=None),
            records=task.records + len(page.findings),
            gaps=tuple(dict.fromkeys((*task.gaps, *page.gaps))),
        )
        task = add_withheld_gaps(task, doubts)
        if self.named is not None and task.system == PLATFORM:
            self.named += extract_platform_parcels(page.findings, self._services.merchant.attribution)
        # without the names, the end reads them from the findings, once this page is among them
        end = self._finish(task) if page.is_last and self.named is not None else None
        with self._services.store.transaction() as tx:
            tx.requests.verify_lease(self._lease)
            task, stops = _save_page(self._request, task, page, end, gives_way, tx, self._services)
            if self._check:
                self._check.record_doubts(doubts, task, tx)
            if end and not stops:
                _record_finished(self._request, end, tx)
        return task, stops or end is not None

    def save_end(self, task: Task) -> Task:
        """Save the task, whose pages are all saved, as done, and return it."""
        end = self._finish(task)
        with self._services.store.transaction() as tx:
            tx.requests.verify_lease(self._lease)
            tx.tasks.save_task(end.task)
            _record_finished(self._request, end, tx)
        return end.task

    def _finish(self, task: Task) -> _End:
        """Return the task as done; the platform's with the parcels that the carriers are asked about."""
        outcome = Outcome.INCOMPLETE if task.gaps else Outcome.FOUND if task.records else Outcome.ABSENT
        task = finish_task(task, outcome, self._services.clock.now())
        if task.system != PLATFORM:
            return _End(task=_count_requested(task, len(self.requested)))
        with self._services.store.read() as tx:
            parcels = collect_parcels(self._request, self._services.merchant.attribution, tx, self.named)
        gaps = (*task.gaps, *count_unreachable_parcels(parcels, self._services.connectors))
        # the carriers' tasks read the parcels from this task, and need not open all findings again
        progress = GatherProgress(parcels=tuple(map(reduce_parcel, parcels)))
        return _End(task=replace(task, gaps=gaps, progress=progress), parcels=parcels)


def _save_page(
    request: PrivacyRequest,
    task: Task,
    page: FindingPage,
    end: _End | None,
    gives_way: bool,
    tx: Tx,
    services: Services,
) -> tuple[Task, bool]:
    """Save a page and the task, and return the task and whether it stops before its end.

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
        tx.tasks.save_task(end.task if end else task)
        mark_minor_findings(request, page.findings, tx, services)
        return (end.task, False) if end else (task, gives_way)
    tx.request_changes.replace_principal(request, principal)
    tx.findings.delete_findings(request.id, task.system)
    task = replace(task, progress=GatherProgress(), records=0, gaps=(), outcome=None)
    task = retry_task(task, "whose an order or a customer is was decided before", services.clock.now())
    tx.tasks.save_task(task)
    return task, True


def _save_absence(request: PrivacyRequest, task: Task, lease: Lease, services: Services) -> Task:
    """Save the task of a carrier that has no parcel to be asked about, and return it."""
    with services.store.transaction() as tx:
        tx.requests.verify_lease(lease)
        if (waiting := wait_for_shop_identity(request, task, ALL_RECORDS, tx, services)) is not None:
            return waiting
        task = _count_requested(finish_task(task, Outcome.ABSENT, services.clock.now()), 0)
        tx.tasks.save_task(task)
        _record_finished(request, _End(task=task), tx)
    return task


def _count_requested(task: Task, count: int) -> Task:
    return replace(task, progress=replace(get_progress(task, GatherProgress), requested_parcels=count))


def _record_finished(request: PrivacyRequest, end: _End, tx: Tx) -> None:
    for parcel in end.parcels:
        flag_carrier_conflicts(request.shop, parcel.order_id, [parcel], tx=tx)
    record_task_result(
        request,
        end.task,
        tx,
        outcome=end.task.outcome,
        records=end.task.records,
        waybills=get_progress(end.task, GatherProgress).requested_parcels or 0,
        gaps=[f"{gap.absence}: {gap.what}" for gap in end.task.gaps],
    )


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
