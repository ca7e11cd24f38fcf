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
from typing import Any

from bridge.errors import (
    BridgeError,
    ConnectorRefused,
    ConnectorThrottled,
    ConnectorUnavailable,
    CredentialRejected,
    Retryable,
)
from bridge.model import Absence, Fact, Finding, Gap, Outcome, PrivacyRequest, Task, TaskState, Waybill
from bridge.ports import Claim, Services, Tx, Watcher
from bridge.rules.index.shipping import Rules, platform_parcels
from bridge.rules.requests.lifecycle import PLATFORM, pause_s
from bridge.steps.evidence.record_facts import tell_task

EVERYTHING = "all records"
PARCELS = "parcels:"
KEPT = (
    "number",
    "carrier",
    "account_holder",
    "order_id",
    "order_name",
)  # of a parcel, for the carriers' tasks
# faults of the system that was asked; our own (a lost claim, a store that is down) are not its gaps
THEIRS = (ConnectorUnavailable, ConnectorThrottled, ConnectorRefused, CredentialRejected)


def gather(request: PrivacyRequest, task: Task, claim: Claim, *, services: Services) -> Task:
    """Work on one gather task until it is done or must wait. Returns it as saved.

    Raises ClaimLost and StoreUnavailable; every failure of the system becomes a state of the task.
    """
    task = replace(task, gaps=tuple(gap for gap in task.gaps if gap.what != EVERYTHING))
    mine: list[Waybill] = []
    # parcels that the pages name; unknown where some of them came before this run
    named: list[Waybill] | None = None if task.cursor else []
    connector = services.connectors.get(task.system)
    everything = isinstance(connector, Watcher) and connector.every_parcel
    if task.system != PLATFORM:
        with services.store.transaction() as tx:
            mine = [
                parcel
                for parcel in _known_parcels(request, services.merchant.attribution, tx)
                if everything or parcel.held_by == task.system
            ]
            if not mine:
                tx.requests.hold(claim)
                return _finished(request, replace(task, outcome=Outcome.ABSENT), (), tx, services)
    if connector is None:
        gap = Gap(system=task.system, absence=Absence.NOT_CONFIGURED, what=EVERYTHING, reason="no_connector")
        task = replace(task, gaps=(*task.gaps, gap), outcome=Outcome.INCOMPLETE)
        return _finish(request, task, claim, mine, named, services)
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
                tx.requests.hold(claim)
                tx.findings.add(task, page)
                tx.requests.save_task(task)
            if named is not None:
                named += _named(task.system, page.findings, services.merchant.attribution)
    except THEIRS as fault:
        return _failed(request, task, claim, fault, services)
    outcome = Outcome.INCOMPLETE if task.gaps else Outcome.FOUND if task.records else Outcome.ABSENT
    return _finish(request, replace(task, outcome=outcome), claim, mine, named, services)


def _finish(
    request: PrivacyRequest,
    task: Task,
    claim: Claim,
    asked: Sequence[Waybill],
    named: Iterable[Waybill] | None,
    services: Services,
) -> Task:
    with services.store.transaction() as tx:
        tx.requests.hold(claim)
        if task.system == PLATFORM:
            parcels = _parcels(request, services.merchant.attribution, tx, named)
            # kept sealed where the cursor was: the carriers' tasks need not open all findings again
            known = json.dumps([{name: getattr(parcel, name) for name in KEPT} for parcel in parcels])
            gaps = (*task.gaps, *_unasked(parcels, services.connectors))
            task = replace(task, gaps=gaps, cursor=PARCELS + known)
        return _finished(request, task, asked, tx, services)


def _finished(
    request: PrivacyRequest, task: Task, asked: Sequence[Waybill], tx: Tx, services: Services
) -> Task:
    task = replace(
        task,
        state=TaskState.DONE,
        last_error="",
        wake_at=None,
        finished_at=services.clock.now(),
        detail={"waybills": len(asked)} if task.system != PLATFORM else {},
    )
    tx.requests.save_task(task)
    tell_task(
        Fact.TASK_DONE,
        request,
        task,
        tx,
        outcome=task.outcome,
        records=task.records,
        waybills=len(asked),
        gaps=[f"{gap.absence}: {gap.what}" for gap in task.gaps],
    )
    return task


def _failed(
    request: PrivacyRequest, task: Task, claim: Claim, fault: BridgeError, services: Services
) -> Task:
    """Retryable: the database's schedule asks again; else, or after the last attempt, the gap stays."""
    attempts = task.attempts + 1
    again = isinstance(fault, Retryable) and attempts < services.settings.connector_attempts
    absence, outcome = Absence.UNREACHED, Outcome.UNREACHED
    if not isinstance(fault, Retryable):
        absence, outcome = Absence.DENIED, Outcome.DENIED
    reason = "credentials" if isinstance(fault, CredentialRejected) else type(fault).__name__
    now = services.clock.now()
    wait_s = pause_s(attempts, fault.retry_after_s if isinstance(fault, Retryable) else None)
    task = replace(
        task,
        attempts=attempts,
        state=TaskState.RETRY if again else TaskState.FAILED,
        outcome=outcome,
        last_error=str(fault),
        wake_at=now + timedelta(seconds=wait_s) if again else None,
        finished_at=None if again else now,
        gaps=(*task.gaps, Gap(system=task.system, absence=absence, what=EVERYTHING, reason=reason)),
    )
    with services.store.transaction() as tx:
        tx.requests.hold(claim)
        tx.requests.save_task(task)
        tell_task(
            Fact.TASK_RETRIED if again else Fact.TASK_FAILED,
            request,
            task,
            tx,
            attempts=attempts,
            error=str(fault),
        )
    return task


def _unasked(parcels: Iterable[Waybill], connectors: Mapping[str, Any]) -> tuple[Gap, ...]:
    """Parcels at companies that no connector reaches, counted per company."""
    counts = Counter(parcel.held_by for parcel in parcels if parcel.held_by not in connectors)
    return tuple(
        Gap(system=system, absence=Absence.UNATTRIBUTED, what=f"{count} parcels", reason="no_connector")
        for system, count in sorted(counts.items())
    )


def _known_parcels(request: PrivacyRequest, rules: Rules, tx: Tx) -> list[Waybill]:
    """The parcels as the platform's finished task noted them; from the index and the findings before that."""
    for task in tx.requests.tasks(request.id):
        if task.system == PLATFORM and task.state is TaskState.DONE and task.cursor.startswith(PARCELS):
            return [Waybill(**known) for known in json.loads(task.cursor.removeprefix(PARCELS))]
    return _parcels(request, rules, tx, None)


def _parcels(request: PrivacyRequest, rules: Rules, tx: Tx, named: Iterable[Waybill] | None) -> list[Waybill]:
    """The person's parcels: those of the index, and those her orders at the platform name.

    Where nobody remembers which these are, all that was found is opened again.
    """
    known = {parcel.number: parcel for parcel in tx.index.parcels(request.shop, request.principal)}
    if named is None:
        found = tx.findings.records(request.id)
        named = (parcel for system, finding in found for parcel in _named(system, [finding], rules))
    for parcel in named:
        known.setdefault(parcel.number, parcel)
    return [known[number] for number in sorted(known)]


def _named(system: str, findings: Iterable[Finding], rules: Rules) -> Iterable[Waybill]:
    """The parcels of the platform's orders."""
    for finding in findings:
        if system == PLATFORM and finding.kind == "order":
            yield from platform_parcels(finding.body, rules)
