"""Gather: one system is asked what it holds of the person, page by page.

Each page is sealed and committed with its cursor as it comes, so dying anywhere costs the page in flight. No
transaction is open while the system thinks. An outage or a refusal becomes a named gap, never a failed request.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from bridge.errors import (
    BridgeError,
    ConnectorRefused,
    ConnectorThrottled,
    ConnectorUnavailable,
    CredentialRejected,
    Retryable,
)
from bridge.model import Absence, Fact, Finding, Gap, Lease, Outcome, PrivacyRequest, Task, TaskState, Waybill
from bridge.ports import CopiesAllParcels
from bridge.rules.index.shipping import AttributionRules, read_platform_parcels
from bridge.rules.requests.lifecycle import PLATFORM, compute_retry_pause_s
from bridge.services import Services
from bridge.steps.evidence.record_facts import record_task_fact

if TYPE_CHECKING:
    from bridge.store import Tx

ALL_RECORDS = "all records"
PARCELS_PREFIX = "parcels:"
WAYBILL_FIELDS = (
    "number",
    "carrier",
    "account_holder",
    "order_id",
    "order_name",
)  # of a parcel, for the carriers' tasks
# faults of the system that was asked; our own (a lost claim, a store that is down) are not its gaps
SYSTEM_ERRORS = (ConnectorUnavailable, ConnectorThrottled, ConnectorRefused, CredentialRejected)


def gather_records(request: PrivacyRequest, task: Task, lease: Lease, *, services: Services) -> Task:
    """Work on one gather task until it is done or must wait. Returns it as saved.

    Raises ClaimLost and StoreUnavailable; every failure of the system becomes a state of the task.
    """
    task = replace(task, gaps=tuple(gap for gap in task.gaps if gap.what != ALL_RECORDS))
    mine: list[Waybill] = []
    # parcels that the pages name; unknown where some of them came before this run
    named: list[Waybill] | None = None if task.cursor else []
    connector = services.connectors.get(task.system)
    everything = isinstance(connector, CopiesAllParcels) and connector.copies_all_parcels
    if task.system != PLATFORM:
        with services.store.transaction() as tx:
            mine = [
                parcel
                for parcel in _load_parcels(request, services.merchant.attribution, tx)
                if everything or parcel.account_system == task.system
            ]
            if not mine:
                tx.requests.verify_lease(lease)
                return _save_gathered_task(request, replace(task, outcome=Outcome.ABSENT), (), tx, services)
    if connector is None:
        gap = Gap(system=task.system, absence=Absence.NOT_CONFIGURED, what=ALL_RECORDS, reason="no_connector")
        task = replace(task, gaps=(*task.gaps, gap), outcome=Outcome.INCOMPLETE)
        return _finish_gathering(request, task, lease, mine, named, services)
    try:
        pages = connector.gather(request.principal, shop=request.shop, parcels=mine, cursor=task.cursor)
        for page in pages:
            task = replace(
                task,
                cursor=page.cursor,
                records=task.records + len(page.findings),
                gaps=tuple(dict.fromkeys((*task.gaps, *page.gaps))),
            )
            with services.store.transaction() as tx:
                tx.requests.verify_lease(lease)
                tx.findings.add_findings(task, page)
                tx.tasks.save_task(task)
            if named is not None:
                named += _extract_platform_parcels(task.system, page.findings, services.merchant.attribution)
    except SYSTEM_ERRORS as fault:
        return _save_gather_failure(request, task, lease, fault, services)
    outcome = Outcome.INCOMPLETE if task.gaps else Outcome.FOUND if task.records else Outcome.ABSENT
    return _finish_gathering(request, replace(task, outcome=outcome), lease, mine, named, services)


def _finish_gathering(
    request: PrivacyRequest,
    task: Task,
    lease: Lease,
    requested_parcels: Sequence[Waybill],
    named_parcels: Iterable[Waybill] | None,
    services: Services,
) -> Task:
    with services.store.transaction() as tx:
        tx.requests.verify_lease(lease)
        if task.system == PLATFORM:
            parcels = _collect_parcels(request, services.merchant.attribution, tx, named_parcels)
            # kept sealed where the cursor was: the carriers' tasks need not open all findings again
            known = json.dumps(
                [{name: getattr(parcel, name) for name in WAYBILL_FIELDS} for parcel in parcels]
            )
            gaps = (*task.gaps, *_count_unreachable_parcels(parcels, services.connectors))
            task = replace(task, gaps=gaps, cursor=PARCELS_PREFIX + known)
        return _save_gathered_task(request, task, requested_parcels, tx, services)


def _save_gathered_task(
    request: PrivacyRequest, task: Task, requested_parcels: Sequence[Waybill], tx: Tx, services: Services
) -> Task:
    task = replace(
        task,
        state=TaskState.DONE,
        last_error="",
        wake_at=None,
        finished_at=services.clock.now(),
        detail={"waybills": len(requested_parcels)} if task.system != PLATFORM else {},
    )
    tx.tasks.save_task(task)
    record_task_fact(
        Fact.TASK_DONE,
        request,
        task,
        tx,
        outcome=task.outcome,
        records=task.records,
        waybills=len(requested_parcels),
        gaps=[f"{gap.absence}: {gap.what}" for gap in task.gaps],
    )
    return task


def _save_gather_failure(
    request: PrivacyRequest, task: Task, lease: Lease, fault: BridgeError, services: Services
) -> Task:
    """Retryable: the database's schedule asks again; else, or after the last attempt, the gap stays."""
    attempts = task.attempts + 1
    again = isinstance(fault, Retryable) and attempts < services.settings.connector_attempts
    absence, outcome = Absence.UNREACHED, Outcome.UNREACHED
    if not isinstance(fault, Retryable):
        absence, outcome = Absence.DENIED, Outcome.DENIED
    reason = "credentials" if isinstance(fault, CredentialRejected) else type(fault).__name__
    now = services.clock.now()
    wait_s = compute_retry_pause_s(attempts, fault.retry_after_s if isinstance(fault, Retryable) else None)
    task = replace(
        task,
        attempts=attempts,
        state=TaskState.RETRY if again else TaskState.FAILED,
        outcome=outcome,
        last_error=str(fault),
        wake_at=now + timedelta(seconds=wait_s) if again else None,
        finished_at=None if again else now,
        gaps=(*task.gaps, Gap(system=task.system, absence=absence, what=ALL_RECORDS, reason=reason)),
    )
    with services.store.transaction() as tx:
        tx.requests.verify_lease(lease)
        tx.tasks.save_task(task)
        record_task_fact(
            Fact.TASK_RETRIED if again else Fact.TASK_FAILED,
            request,
            task,
            tx,
            attempts=attempts,
            error=str(fault),
        )
    return task


def _count_unreachable_parcels(parcels: Iterable[Waybill], connectors: Mapping[str, Any]) -> tuple[Gap, ...]:
    """Parcels at companies that no connector reaches, counted per company."""
    counts = Counter(parcel.account_system for parcel in parcels if parcel.account_system not in connectors)
    return tuple(
        Gap(system=system, absence=Absence.UNATTRIBUTED, what=f"{count} parcels", reason="no_connector")
        for system, count in sorted(counts.items())
    )


def _load_parcels(request: PrivacyRequest, rules: AttributionRules, tx: Tx) -> list[Waybill]:
    """The parcels as the platform's finished task noted them; from the index and the findings before that."""
    for task in tx.tasks.list_tasks(request.id):
        if (
            task.system == PLATFORM
            and task.state is TaskState.DONE
            and task.cursor.startswith(PARCELS_PREFIX)
        ):
            return [Waybill(**known) for known in json.loads(task.cursor.removeprefix(PARCELS_PREFIX))]
    return _collect_parcels(request, rules, tx, None)


def _collect_parcels(
    request: PrivacyRequest, rules: AttributionRules, tx: Tx, named_parcels: Iterable[Waybill] | None
) -> list[Waybill]:
    """The person's parcels: those of the index, and those her orders at the platform name.

    Where nobody remembers which these are, all that was found is opened again.
    """
    known = {parcel.number: parcel for parcel in tx.index.list_parcels(request.shop, request.principal)}
    if named_parcels is None:
        found = tx.findings.read_findings(request.id)
        named_parcels = (
            parcel
            for system, finding in found
            for parcel in _extract_platform_parcels(system, [finding], rules)
        )
    for parcel in named_parcels:
        known.setdefault(parcel.number, parcel)
    return [known[number] for number in sorted(known)]


def _extract_platform_parcels(
    system: str, findings: Iterable[Finding], rules: AttributionRules
) -> Iterable[Waybill]:
    """The parcels of the platform's orders."""
    for finding in findings:
        if system == PLATFORM and finding.kind == "order":
            yield from read_platform_parcels(finding.body, rules)
