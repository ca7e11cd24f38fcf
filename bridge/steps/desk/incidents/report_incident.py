"""Follows a breach until everybody who must be told was told, and records each report. Calls nobody.

An authority is told by the merchant, on its own form or portal: the bridge writes the text, keeps the clocks, and records
when and under which reference it went out. Nothing goes out before two people approved what stands.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from bridge.errors import PayloadInvalid
from bridge.model import (
    Fact,
    IncidentParticulars,
    IncidentProgress,
    IncidentRecipient,
    IncidentReport,
    Lease,
    Outcome,
    PrivacyRequest,
    RequestKind,
    Task,
    WaitReason,
    get_progress,
)
from bridge.rules.desk.incident_clocks import RECIPIENT_BY_RULE, find_governing_clock, parse_clocks
from bridge.rules.desk.incident_notice import IncidentAccount
from bridge.services import Services
from bridge.steps.desk.desk_tasks import open_desk_task, read_own_task
from bridge.steps.desk.two_person import is_approved_by_two
from bridge.steps.evidence.record_facts import enqueue_request_ids
from bridge.steps.task_results import finish_task, record_task_result, wait_task

if TYPE_CHECKING:
    from bridge.store import Tx


def report_incident(request: PrivacyRequest, task: Task, lease: Lease, *, services: Services) -> Task:
    """End the task once everybody was told; until then it waits. Return it as saved. Raises LeaseLost."""
    with services.store.transaction() as tx:
        tx.requests.verify_lease(lease)
        task = read_own_task(task, tx)
        reports = get_progress(task, IncidentProgress).reports
        if find_governing_clock(parse_clocks(request.clocks), reports).fulfilled_at:
            after = finish_task(task, Outcome.FOUND, services.clock.now())
        else:
            reason = WaitReason.INCIDENT_NOT_REPORTED
            after = wait_task(task, reason, None, wait_reason=reason)
        tx.tasks.save_task(after)
        if after != task:
            record_task_result(request, after, tx, reason=after.last_error)
    return after


def record_incident_report(
    request_id: str,
    recipient: IncidentRecipient,
    at: datetime,
    *,
    is_needed: bool = True,
    reference: str = "",
    actor: str,
    reason: str,
    services: Services,
) -> None:
    """Record that a recipient was told at a time, or need not be told. The next clock governs then.

    Raises PayloadInvalid: `request_unknown`, `kind_differs`, `not_waiting`, `recipient_has_no_clock`, `reported_already`,
    `approvals_missing`, `at_in_the_future`, `at_before_noticed`.
    """
    with services.store.transaction() as tx:
        request, task = open_desk_task(request_id, IncidentProgress, tx)
        if is_needed and not is_approved_by_two(request, tx):
            raise PayloadInvalid("approvals_missing")
        if at > services.clock.now():
            raise PayloadInvalid("at_in_the_future")
        if at < request.received_at:
            raise PayloadInvalid("at_before_noticed")
        report = IncidentReport(recipient=recipient, at=at, is_needed=is_needed)
        save_incident_report(request, task, report, actor=actor, tx=tx, reason=reason, reference=reference)
    enqueue_request_ids([request_id], services)


def save_incident_report(
    request: PrivacyRequest, task: Task, report: IncidentReport, *, actor: str, tx: Tx, **detail: str
) -> Task:
    """Store a report with its fact, let the next clock govern, and let the request run. Return the task as saved.

    Raises PayloadInvalid: `recipient_has_no_clock`, `reported_already`.
    """
    clocks, progress = parse_clocks(request.clocks), get_progress(task, IncidentProgress)
    rule = next((one for one in clocks if RECIPIENT_BY_RULE[one] is report.recipient), "")
    if not rule:
        raise PayloadInvalid("recipient_has_no_clock")
    if any(one.recipient is report.recipient for one in progress.reports):
        raise PayloadInvalid("reported_already")
    progress = replace(progress, reports=(*progress.reports, report))
    after = replace(task, progress=progress)
    tx.tasks.save_task(after)
    governing = find_governing_clock(clocks, progress.reports)
    tx.request_changes.restart_request(request.id)
    tx.request_changes.govern_by(
        request.id, rule=governing.rule, due_at=governing.due_at, fulfilled_at=governing.fulfilled_at
    )
    tx.evidence.append_fact(
        Fact.INCIDENT_REPORTED,
        shop=request.shop,
        actor=actor,
        request_id=request.id,
        to=report.recipient,
        at=report.at.isoformat(),
        needed=report.is_needed,
        due_at=clocks[rule].isoformat(),
        late=report.is_needed and report.at > clocks[rule],
        **{name: value for name, value in detail.items() if value},
    )
    return after


def read_incident_account(request: PrivacyRequest, *, tx: Tx, services: Services) -> IncidentAccount:
    """Return what is known of an incident now. Raises PayloadInvalid: `kind_differs`, `particulars_erased`."""
    if request.kind is not RequestKind.INCIDENT:
        raise PayloadInvalid("kind_differs")
    particulars = tx.request_details.get_details(request.id, request.kind).particulars
    if not isinstance(particulars, IncidentParticulars):
        raise PayloadInvalid("particulars_erased")
    return IncidentAccount(
        request_id=request.id,
        particulars=particulars,
        affected=tx.incident_persons.get_persons(request.id),
        informed_persons=read_incident_progress(request.id, tx).letters,
        merchant=services.merchant,
    )


def read_incident_progress(request_id: str, tx: Tx) -> IncidentProgress:
    """Return who was told of an incident so far."""
    tasks = tx.tasks.list_tasks(request_id)
    return next((task.progress for task in tasks if isinstance(task.progress, IncidentProgress)), IncidentProgress())
