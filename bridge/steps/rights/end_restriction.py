"""Decides that a restriction of processing ends, and tells the person before it does (GDPR Art 18(3)).

The task of the restriction lifts it by itself on that day, once the letter was sent. Calls nobody.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bridge.errors import PayloadInvalid
from bridge.model import Fact, LetterKind, RequestKind, RestrictionProgress, TaskAction, WaitReason, get_progress
from bridge.rules.retention.statutory_last_days import local_day
from bridge.services import Services
from bridge.steps.evidence.record_facts import enqueue_request_ids
from bridge.steps.letters.queue_letter import queue_letter

if TYPE_CHECKING:
    from bridge.model import PrivacyRequest, Task
    from bridge.store import Tx

LIFT_CODES = ("accuracy_verified", "processing_lawful", "claims_settled", "objection_declined", "person_agrees")


def end_restriction(
    request_id: str, *, code: str, actor: str, reason: str, services: Services, informed_at: datetime | None = None
) -> datetime:
    """Set when a restriction ends and queue the letter. Return the end, in UTC.

    With `informed_at` the person was told then in another way: the days count from it, and no letter is written. Raises
    PayloadInvalid: `request_unknown`, `not_restricted`, `end_is_set`, `informed_in_the_future`, `code_unknown`.
    """
    now = services.clock.now()
    if code not in LIFT_CODES:
        raise PayloadInvalid("code_unknown")
    if informed_at is not None and informed_at > now:
        raise PayloadInvalid("informed_in_the_future")
    with services.store.transaction() as tx:
        request, task = _get_restriction(request_id, tx)
        progress = get_progress(task, RestrictionProgress)
        if progress.ends_at is not None:
            raise PayloadInvalid("end_is_set")
        notice = timedelta(days=services.merchant.rights.restriction_notice_days)
        ends_at = max(now, (informed_at or now) + notice)
        tx.restrictions.set_end(request_id, ends_at)
        progress = replace(progress, ends_at=ends_at, reason=code, is_informed_otherwise=informed_at is not None)
        tx.tasks.save_task(replace(task, progress=progress))
        tx.evidence.append_fact(
            Fact.RESTRICTION_END_SET,
            shop=request.shop,
            actor=actor,
            request_id=request_id,
            subject=request.subject,
            reason=reason,
            code=code,
            ends_at=ends_at.isoformat(),
            informed_at=informed_at.isoformat() if informed_at else None,
        )
        if informed_at is None:
            day = local_day(ends_at, services.retention.calendar).isoformat()
            values = {"from": day, "reason": code}
            queue_letter(request, LetterKind.RESTRICTION_LIFTED, tx=tx, values=values, actor=actor)
        tx.request_changes.restart_request(request_id)
    enqueue_request_ids([request_id], services)
    return ends_at


def _get_restriction(request_id: str, tx: Tx) -> tuple[PrivacyRequest, Task]:
    request = tx.requests.get_request(request_id)
    if request is None:
        raise PayloadInvalid("request_unknown")
    tasks = [task for task in tx.tasks.list_tasks(request_id) if task.action is TaskAction.RESTRICT]
    if request.kind is not RequestKind.RESTRICTION or not tasks:
        raise PayloadInvalid("not_restricted")
    if tasks[0].wait_reason is not WaitReason.RESTRICTION_IN_FORCE:
        raise PayloadInvalid("not_restricted")
    return request, tasks[0]
