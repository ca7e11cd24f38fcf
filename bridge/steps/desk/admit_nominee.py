"""Lets a nominee act for a person: where a nomination stands and two people approved, the right is exercised.

The request that is opened is the person's own, with letters to the nominee. No document is kept: what was seen as proof is
named in the particulars.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from bridge.model import (
    CorrectionParticulars,
    Fact,
    Lease,
    Nomination,
    NomineeParticulars,
    NomineeProgress,
    Outcome,
    PrivacyRequest,
    ReplyContact,
    RequestDetails,
    RequestKind,
    Task,
    WaitReason,
    get_progress,
)
from bridge.rules.desk.nominees import find_matching_nomination
from bridge.services import Services
from bridge.steps.desk.desk_tasks import change_desk_progress, read_own_task
from bridge.steps.desk.two_person import is_approved_by_two
from bridge.steps.evidence.record_facts import enqueue_request_ids
from bridge.steps.requests.open_for_person import build_person_request, open_built_request
from bridge.steps.task_results import fail_task, finish_task, record_task_result, wait_task

if TYPE_CHECKING:
    from bridge.store import Tx

LOOK_AGAIN = timedelta(days=1)
WAIT_REASONS = (WaitReason.NOMINATION_MISSING, WaitReason.TWO_APPROVALS_MISSING)


def admit_nominee(request: PrivacyRequest, task: Task, lease: Lease, *, services: Services) -> Task:
    """Open the person's request for the nominee, or wait. Return the task as saved. Raises LeaseLost."""
    with services.store.transaction() as tx:
        tx.requests.verify_lease(lease)
        task = read_own_task(task, tx)
        after = _admit_or_wait(request, task, tx, services)
        tx.tasks.save_task(after)
        if after != task:
            record_task_result(request, after, tx, reason=after.last_error)
    opened_id = get_progress(after, NomineeProgress).opened_request_id
    enqueue_request_ids([opened_id] if opened_id else [], services)
    return after


def _admit_or_wait(request: PrivacyRequest, task: Task, tx: Tx, services: Services) -> Task:
    now, progress = services.clock.now(), get_progress(task, NomineeProgress)
    nominee = tx.request_details.get_details(request.id, request.kind).particulars
    if progress.declined:
        return finish_task(task, Outcome.DENIED, now)
    if not isinstance(nominee, NomineeParticulars):
        return fail_task(task, Outcome.ABSENT, "particulars_erased", now)
    known = tx.nominations.list_nominations_of_person(request.shop, request.principal, request.subject)
    nomination = find_matching_nomination(known, nominee)
    if nomination is None or not is_approved_by_two(request, tx):
        reason = WaitReason.TWO_APPROVALS_MISSING if nomination else WaitReason.NOMINATION_MISSING
        return wait_task(task, reason, now + LOOK_AGAIN, wait_reason=reason)
    opened_id = _open_right(request, nominee, nomination, tx, services)
    progress = replace(progress, nomination_id=nomination.id, opened_request_id=opened_id)
    return replace(finish_task(task, Outcome.FOUND, now), progress=progress, records=1)


def _open_right(
    request: PrivacyRequest, nominee: NomineeParticulars, nomination: Nomination, tx: Tx, services: Services
) -> str:
    """Open the person's request, whose clocks run since the nominee asked. Return its id."""
    kind, given = RequestKind(nominee.right), tx.request_details.get_details(request.id, request.kind).contact
    contact = ReplyContact(address=nominee.contact) if "@" in nominee.contact else None
    correction = CorrectionParticulars(changes=nominee.changes, proof=nominee.proof)
    details = RequestDetails(
        particulars=correction if kind is RequestKind.CORRECTION else None,
        contact=replace(contact, language=given.language) if contact and given else contact,
    )
    opened = build_person_request(
        kind,
        tx.shop_names.directory.find_current_name(request.shop),
        request.principal,
        request.received_at,
        source=request.source,
        tx=tx,
        services=services,
        details=details,
        external_ref=request.id,
    )
    opened_id = open_built_request(
        opened, {"nominee_request": request.id}, details=details, actor="bridge", tx=tx, services=services
    )
    tx.nominations.record_exercise(nomination.id, request.id)
    about = {"shop": request.shop, "request_id": request.id, "subject": request.subject}
    tx.evidence.append_fact(
        Fact.NOMINEE_ADMITTED, **about, nomination=nomination.id, right=nominee.right, opened=opened_id
    )
    return opened_id


def decline_nominee(request_id: str, *, actor: str, reason: str, services: Services) -> None:
    """Record that a nominee may not act: the request ends and nothing is opened.

    Raises PayloadInvalid: `request_unknown`, `kind_differs`, `not_waiting`.
    """
    change_desk_progress(
        request_id,
        NomineeProgress,
        lambda progress: replace(progress, declined=True),
        waits_for=WAIT_REASONS,
        fact=Fact.NOMINEE_DECLINED,
        actor=actor,
        reason=reason,
        services=services,
    )
