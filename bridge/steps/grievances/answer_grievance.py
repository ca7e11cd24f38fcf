"""A grievance: it waits for the officer's answer, which is sealed with what was complained of and sent as a letter.

Calls nobody. The answer's code is evidence; its words are in the letter and, until they expire, in the request's details.
"""

from __future__ import annotations

from dataclasses import replace

from bridge.errors import PayloadInvalid
from bridge.model import (
    Fact,
    GrievanceParticulars,
    GrievanceProgress,
    Lease,
    LetterKind,
    PrivacyRequest,
    RequestDetails,
    RequestKind,
    Task,
    WaitReason,
)
from bridge.rules.requests.particulars import MAX_TEXT_CHARS
from bridge.services import Services
from bridge.steps.evidence.record_facts import enqueue_request_ids
from bridge.steps.letters.queue_letter import queue_letter
from bridge.steps.task_results import finish_task, record_task_result, wait_task

GRIEVANCE_OUTCOMES = ("upheld", "partly", "not_upheld", "needs_other_body")


def wait_for_grievance_answer(request: PrivacyRequest, task: Task, lease: Lease, *, services: Services) -> Task:
    """Finish the task where the grievance is answered, else wait. Return the task as saved.

    Raises LeaseLost and StoreUnavailable.
    """
    with services.store.transaction() as tx:
        tx.requests.verify_lease(lease)
        if _get_grievance(tx.request_details.get_details(request.id, request.kind)).answer:
            after = finish_task(task, None, services.clock.now())
        else:
            reason = WaitReason.GRIEVANCE_UNANSWERED
            after = wait_task(task, reason.value, None, wait_reason=reason)
        after = replace(after, progress=GrievanceProgress())
        tx.tasks.save_task(after)
        if after.state is not task.state:
            record_task_result(request, after, tx)
    return after


def answer_grievance(request_id: str, text: str, outcome: str, *, actor: str, services: Services) -> None:
    """Answer a grievance: seal the text and queue the letter, once.

    Raises PayloadInvalid: `request_unknown`, `not_a_grievance`, `answered_already`, `answer_missing`, `answer_too_long`,
    `outcome_unknown`.
    """
    answer = text.strip()
    if not answer:
        raise PayloadInvalid("answer_missing")
    if len(answer) > MAX_TEXT_CHARS or "\0" in answer:
        raise PayloadInvalid("answer_too_long")
    if outcome not in GRIEVANCE_OUTCOMES:
        raise PayloadInvalid("outcome_unknown")
    with services.store.transaction() as tx:
        request = tx.requests.get_request(request_id)
        if request is None:
            raise PayloadInvalid("request_unknown")
        if request.kind is not RequestKind.GRIEVANCE:
            raise PayloadInvalid("not_a_grievance")
        details = tx.request_details.get_details(request.id, request.kind)
        if request.closed_at is not None or _get_grievance(details).answer:
            raise PayloadInvalid("answered_already")
        answered = replace(details, particulars=replace(_get_grievance(details), answer=answer))
        tx.request_details.save_details(request.id, request.shop, answered)
        tx.request_changes.restart_request(request.id)
        queue_letter(request, LetterKind.GRIEVANCE_ANSWERED, tx=tx, values={"reason": outcome}, actor=actor)
        tx.evidence.append_fact(
            Fact.GRIEVANCE_ANSWERED,
            shop=request.shop,
            actor=actor,
            request_id=request.id,
            subject=request.subject,
            outcome=outcome,
        )
    enqueue_request_ids([request_id], services)


def _get_grievance(details: RequestDetails) -> GrievanceParticulars:
    if not isinstance(details.particulars, GrievanceParticulars):
        raise TypeError("a grievance whose complaint was not recorded, or has expired")
    return details.particulars
