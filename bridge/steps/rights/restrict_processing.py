"""Restricts the processing of a person's data (GDPR Art 18), keeps that in force, and lifts it on the day it was told for.

What the bridge stores is marked, so that no worker uses it; each recipient is told, and told again when it ends (Art 19).
The task waits for as long as the restriction is in force. Calls nobody.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bridge.model import (
    Fact,
    Lease,
    LetterKind,
    LetterState,
    NoticePurpose,
    Outcome,
    PrivacyRequest,
    Restriction,
    RestrictionParticulars,
    RestrictionProgress,
    Task,
    WaitReason,
    get_progress,
)
from bridge.rules.requests.rights.restricted_person import RESTRICTION_PREFIX
from bridge.services import Services
from bridge.steps.letters.queue_letter import queue_letter
from bridge.steps.notices.pause_items import pause_items, resume_items
from bridge.steps.rights.inform_recipients import inform_recipients
from bridge.steps.rights.restricted_person import list_blockable_items
from bridge.steps.task_results import fail_task, finish_task, record_task_result, wait_task

if TYPE_CHECKING:
    from bridge.store import Tx

EVERY_PURPOSE = ""
LETTER_RECHECK = timedelta(days=1)  # the letter that tells the person may be sent late


def restrict_processing(request: PrivacyRequest, task: Task, lease: Lease, *, services: Services) -> Task:
    """Restrict the data, or look whether the day of the end has come. Return the task as saved.

    Raises LeaseLost and StoreUnavailable.
    """
    with services.store.transaction() as tx:
        tx.requests.verify_lease(lease)
        if task.wait_reason is not WaitReason.RESTRICTION_IN_FORCE:
            return _impose(request, task, tx, services)
        [restriction] = tx.restrictions.list_restrictions(request.id)
        now, progress = services.clock.now(), get_progress(task, RestrictionProgress)
        task = replace(task, progress=replace(progress, ends_at=restriction.ends_at))
        is_due = restriction.ends_at is not None and restriction.ends_at <= now
        if is_due and (progress.is_informed_otherwise or _is_letter_sent(request, tx)):
            return _lift(request, restriction, task, tx, services)
        task = _keep_in_force(task, now + LETTER_RECHECK if is_due else restriction.ends_at)
        tx.tasks.save_task(task)
    return task


def _impose(request: PrivacyRequest, task: Task, tx: Tx, services: Services) -> Task:
    particulars = tx.request_details.get_details(request.id, request.kind).particulars
    if not isinstance(particulars, RestrictionParticulars):
        task = fail_task(task, Outcome.INCOMPLETE, "particulars_missing", services.clock.now())
        tx.tasks.save_task(task)
        return task
    orders = tx.restrictions.impose_restriction(request, particulars.ground, [EVERY_PURPOSE])
    blocker = RESTRICTION_PREFIX + request.id
    blocked = pause_items(list_blockable_items(request, tx), blocker, tx=tx, services=services)
    notices = inform_recipients(request, request.principal, NoticePurpose.RESTRICT, tx=tx, services=services)
    progress = RestrictionProgress(ground=particulars.ground, orders=orders, recipients=notices.counts)
    task = replace(task, records=orders, outcome=Outcome.CHANGED, progress=progress, attempts=task.attempts + 1)
    task = _keep_in_force(task, None)
    tx.tasks.save_task(task)
    notices.record(tx)
    tx.evidence.append_fact(
        Fact.PROCESSING_RESTRICTED,
        shop=request.shop,
        request_id=request.id,
        subject=request.subject,
        ground=particulars.ground,
        orders=orders,
        recipients=notices.counts,
        blocked=blocked,
    )
    queue_letter(request, LetterKind.RESTRICTED, tx=tx, values={"ground": particulars.ground})
    return task


def _keep_in_force(task: Task, wake_at: datetime | None) -> Task:
    reason = WaitReason.RESTRICTION_IN_FORCE
    return wait_task(task, reason, wake_at, wait_reason=reason)


def _is_letter_sent(request: PrivacyRequest, tx: Tx) -> bool:
    letters = [one for one in tx.person_letters.list_letters(request.id) if one.kind is LetterKind.RESTRICTION_LIFTED]
    return any(letter.state is LetterState.SENT for letter in letters)


def _lift(request: PrivacyRequest, restriction: Restriction, task: Task, tx: Tx, services: Services) -> Task:
    tx.restrictions.lift_restriction(request.id, [EVERY_PURPOSE])
    resumed = resume_items(list_blockable_items(request, tx), RESTRICTION_PREFIX + request.id, tx=tx, services=services)
    notices = inform_recipients(request, request.principal, NoticePurpose.LIFT_RESTRICTION, tx=tx, services=services)
    task = finish_task(task, Outcome.CHANGED, services.clock.now())
    tx.tasks.save_task(task)
    notices.record(tx)
    tx.evidence.append_fact(
        Fact.RESTRICTION_LIFTED,
        shop=request.shop,
        request_id=request.id,
        subject=request.subject,
        ground=restriction.ground,
        since=restriction.since.isoformat(),
        recipients=notices.counts,
        resumed=resumed,
    )
    record_task_result(request, task, tx, outcome=task.outcome, records=task.records)
    return task
