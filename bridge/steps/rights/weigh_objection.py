"""Stops what a person objects to while the objection is weighed, and records what was decided (GDPR Art 21).

Direct marketing is not weighed: `stop_marketing` ends it at once. The bridge runs no risk score and no analytics: the
merchant's file says how the programs that do leave this person out, and the restriction here is limited to the purpose.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING

from bridge.errors import PayloadInvalid
from bridge.model import (
    Fact,
    Lease,
    LetterKind,
    ObjectionParticulars,
    ObjectionProgress,
    Outcome,
    PrivacyRequest,
    RequestKind,
    Task,
    TaskAction,
    WaitReason,
    get_progress,
)
from bridge.services import Services
from bridge.steps.evidence.record_facts import enqueue_request_ids
from bridge.steps.letters.queue_letter import queue_letter
from bridge.steps.requests.approval.approve import require_approval
from bridge.steps.task_results import finish_task, record_task_result, wait_task

if TYPE_CHECKING:
    from bridge.store import Tx

MARKETING = "marketing"
OBJECTION_GROUND = "objection"
OUTCOMES = ("upheld", "declined")
# why an objection is upheld or declined, as the letter says it
DECISION_CODES = ("interests_prevail", "compelling_grounds", "legal_claims", "not_pursued")


def weigh_objection(request: PrivacyRequest, task: Task, lease: Lease, *, services: Services) -> Task:
    """Restrict the purposes that are weighed, and wait until each is decided. Return the task as saved.

    Raises LeaseLost and StoreUnavailable.
    """
    with services.store.transaction() as tx:
        tx.requests.verify_lease(lease)
        progress = get_progress(task, ObjectionProgress)
        new = [purpose for purpose in _list_weighed_purposes(request, tx) if purpose not in progress.purposes]
        progress = replace(progress, purposes=(*progress.purposes, *new))
        task = replace(task, progress=progress, records=len(progress.purposes))
        if new:
            tx.restrictions.impose_restriction(request, OBJECTION_GROUND, new)
        reason, decided = WaitReason.OBJECTION_UNDECIDED, [outcome for _, outcome, _ in progress.decisions]
        if progress.undecided:
            task = wait_task(replace(task, outcome=Outcome.CHANGED), reason, None, wait_reason=reason)
        else:
            outcome = Outcome.CHANGED if "upheld" in decided else Outcome.RETAINED if decided else Outcome.ABSENT
            task = finish_task(task, outcome, services.clock.now())
        tx.tasks.save_task(task)
        if new:
            tx.evidence.append_fact(
                Fact.PROCESSING_RESTRICTED,
                shop=request.shop,
                request_id=request.id,
                subject=request.subject,
                ground=OBJECTION_GROUND,
                purposes=new,
            )
        record_task_result(request, task, tx, outcome=task.outcome, undecided=list(progress.undecided))
    return task


def _list_weighed_purposes(request: PrivacyRequest, tx: Tx) -> list[str]:
    particulars = tx.request_details.get_details(request.id, request.kind).particulars
    purposes = particulars.purposes if isinstance(particulars, ObjectionParticulars) else ()
    return [purpose for purpose in purposes if purpose != MARKETING]


def decide_objection(
    request_id: str, outcome: str, purposes: Collection[str], *, code: str, actor: str, reason: str, services: Services
) -> tuple[str, ...]:
    """Record what was decided about purposes and queue the letter that says so. Return the purposes still undecided.

    What is upheld stays stopped; what is declined goes on from now, and the letter tells the person. Raises PayloadInvalid:
    `request_unknown`, `no_objection`, `marketing_is_absolute`, `purpose_not_weighed`, `not_approved`,
    `outcome_unknown`, `code_unknown`.
    """
    if outcome not in OUTCOMES:
        raise PayloadInvalid("outcome_unknown")
    if code not in DECISION_CODES:
        raise PayloadInvalid("code_unknown")
    if MARKETING in purposes:
        raise PayloadInvalid("marketing_is_absolute")
    with services.store.transaction() as tx:
        request = tx.requests.get_request(request_id)
        if request is None:
            raise PayloadInvalid("request_unknown")
        require_approval(request, tx)
        task = _find_weighing_task(request, tx)
        progress = get_progress(task, ObjectionProgress)
        if not purposes or not set(purposes) <= set(progress.undecided):
            raise PayloadInvalid("purpose_not_weighed")
        chosen = tuple(purpose for purpose in progress.undecided if purpose in purposes)
        decisions = (*progress.decisions, *((purpose, outcome, code) for purpose in chosen))
        number = 1 + len(progress.decisions)  # 0 is that marketing was stopped
        progress = replace(progress, decisions=decisions)
        tx.tasks.save_task(replace(task, progress=progress))
        if outcome == "declined":
            tx.restrictions.lift_restriction(request_id, chosen)
        tx.evidence.append_fact(
            Fact.OBJECTION_DECIDED,
            shop=request.shop,
            actor=actor,
            request_id=request_id,
            subject=request.subject,
            reason=reason,
            code=code,
            outcome=outcome,
            purposes=list(chosen),
        )
        values = {"outcome": outcome, "purposes": ",".join(chosen), "reason": code}
        queue_letter(request, LetterKind.OBJECTION_DECIDED, tx=tx, number=number, values=values, actor=actor)
        tx.request_changes.restart_request(request_id)
    enqueue_request_ids([request_id], services)
    return progress.undecided


def _find_weighing_task(request: PrivacyRequest, tx: Tx) -> Task:
    tasks = [task for task in tx.tasks.list_tasks(request.id) if task.action is TaskAction.WEIGH_OBJECTION]
    if request.kind is not RequestKind.OBJECTION or not tasks:
        raise PayloadInvalid("no_objection")
    return tasks[0]
