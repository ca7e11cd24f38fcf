"""Gather: one system is asked what it holds of the person, page by page.

Each page is sealed and committed with its cursor as it comes, so dying anywhere costs the page in flight. No
transaction is open while the system thinks. An outage or a refusal becomes a named gap, never a failed request.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
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
from bridge.ports import Claim, Services, Tx
from bridge.rules.attribution import attribute
from bridge.rules.lifecycle import PLATFORM, pause_s

EVERYTHING = "all records"
PARCELS = "parcels:"
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
    if task.system != PLATFORM:
        with services.store.transaction() as tx:
            mine = [parcel for parcel in _known_parcels(request, tx) if _asked_at(parcel) == task.system]
            if not mine:
                tx.requests.hold(claim)
                return _finished(request, replace(task, outcome=Outcome.ABSENT), (), tx, services)
    connector = services.connectors.get(task.system)
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
                named += _named(task.system, page.findings)
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
            parcels = _parcels(request, tx, named)
            # kept sealed where the cursor was: the carriers' tasks need not open all findings again
            known = json.dumps([asdict(replace(parcel, shipped_at=None)) for parcel in parcels])
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
    tx.evidence.append(
        Fact.TASK_DONE,
        shop=request.shop,
        request_id=request.id,
        subject=request.subject,
        system=task.system,
        action=task.action,
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
        tx.evidence.append(
            Fact.TASK_RETRIED if again else Fact.TASK_FAILED,
            shop=request.shop,
            request_id=request.id,
            subject=request.subject,
            system=task.system,
            action=task.action,
            attempts=attempts,
            error=str(fault),
        )
    return task


def _asked_at(parcel: Waybill) -> str:
    """The system that may be asked about a parcel: its carrier, where the account is the merchant's own."""
    return parcel.carrier if parcel.account_holder == "merchant" else parcel.account_holder


def _unasked(parcels: Iterable[Waybill], connectors: Mapping[str, Any]) -> tuple[Gap, ...]:
    """Parcels at companies that no connector reaches, counted per company."""
    counts: dict[str, int] = {}
    for parcel in parcels:
        if _asked_at(parcel) not in connectors:
            counts[_asked_at(parcel)] = counts.get(_asked_at(parcel), 0) + 1
    return tuple(
        Gap(system=system, absence=Absence.UNATTRIBUTED, what=f"{count} parcels", reason="no_connector")
        for system, count in sorted(counts.items())
    )


def _known_parcels(request: PrivacyRequest, tx: Tx) -> list[Waybill]:
    """The parcels as the platform's finished task noted them; from the index and the findings before that."""
    for task in tx.requests.tasks(request.id):
        if task.system == PLATFORM and task.state is TaskState.DONE and task.cursor.startswith(PARCELS):
            return [Waybill(**known) for known in json.loads(task.cursor.removeprefix(PARCELS))]
    return _parcels(request, tx, None)


def _parcels(request: PrivacyRequest, tx: Tx, named: Iterable[Waybill] | None) -> list[Waybill]:
    """The person's parcels: those of the index, and those her orders at the platform name.

    Where nobody remembers which these are, all that was found is opened again.
    """
    known = {parcel.number: parcel for parcel in tx.index.parcels(request.shop, request.principal)}
    if named is None:
        found = tx.findings.records(request.id)
        named = (parcel for system, finding in found for parcel in _named(system, [finding]))
    for parcel in named:
        known.setdefault(parcel.number, parcel)
    return [known[number] for number in sorted(known)]


def _named(system: str, findings: Iterable[Finding]) -> Iterable[Waybill]:
    """The parcels of the platform's orders."""
    for finding in findings:
        if system == PLATFORM and finding.kind == "order":
            yield from _shipped(finding.body)


def _shipped(order: Mapping[str, Any]) -> Iterable[Waybill]:
    for shipment in order.get("fulfillments") or []:
        for tracking in shipment.get("trackingInfo") or []:
            number = (tracking.get("number") or "").strip()
            if number:
                by = attribute(
                    company=tracking.get("company") or "", url=tracking.get("url") or "", number=number
                )
                yield Waybill(
                    number=number,
                    carrier=by.carrier,
                    account_holder=by.account_holder,
                    order_id=str(order.get("legacyResourceId", "")),
                    order_name=str(order.get("name", "")),
                )
