"""Records the nominees of a person, and ends a nomination. Calls nobody.

What came by the public page or by mail waits until the person has proven the address, or an operator has made sure.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from bridge.errors import PayloadInvalid
from bridge.model import (
    Fact,
    Lease,
    LetterKind,
    NominationParticulars,
    NominationProgress,
    Outcome,
    PrivacyRequest,
    Task,
    WaitReason,
    get_progress,
)
from bridge.rules.desk.nominees import find_matching_nomination
from bridge.rules.requests.identity_doubt import REMOTE_SOURCES
from bridge.services import Services
from bridge.steps.desk.desk_tasks import change_desk_progress, read_own_task
from bridge.steps.letters.queue_letter import queue_letter
from bridge.steps.task_results import fail_task, finish_task, record_task_result, wait_task

if TYPE_CHECKING:
    from bridge.store import Tx

PROOF_PAUSE = timedelta(hours=1)


def record_nomination(request: PrivacyRequest, task: Task, lease: Lease, *, services: Services) -> Task:
    """Store the nomination sealed and have the person written to. Return the task as saved. Raises LeaseLost."""
    now = services.clock.now()
    with services.store.transaction() as tx:
        tx.requests.verify_lease(lease)
        task = read_own_task(task, tx)
        progress = get_progress(task, NominationProgress)
        details = tx.request_details.get_details(request.id, request.kind)
        is_proven = request.source not in REMOTE_SOURCES or bool(details.contact and details.contact.proven)
        if progress.nomination_id or progress.declined:
            after = finish_task(task, Outcome.DENIED if progress.declined else Outcome.FOUND, now)
        elif not isinstance(details.particulars, NominationParticulars):
            after = fail_task(task, Outcome.ABSENT, "particulars_erased", now)
        elif not (is_proven or progress.accepted):
            reason = WaitReason.NOMINATOR_UNPROVEN
            after = wait_task(task, reason, now + PROOF_PAUSE, wait_reason=reason)
        else:
            nomination_id = _find_or_add(request, details.particulars, tx)
            progress = replace(progress, nomination_id=nomination_id)
            after = replace(finish_task(task, Outcome.FOUND, now), progress=progress, records=1)
            # it says what the nomination says, and would outlive its end
            tx.request_details.save_details(request.id, request.shop, replace(details, particulars=None))
            queue_letter(request, LetterKind.NOMINATION_RECORDED, tx=tx)
        tx.tasks.save_task(after)
        if after != task:
            record_task_result(request, after, tx, reason=after.last_error)
    return after


def _find_or_add(request: PrivacyRequest, nominee: NominationParticulars, tx: Tx) -> str:
    """Return the id of the person's nomination that stands and says the same, or of a new one."""
    known = tx.nominations.list_nominations_of_person(request.shop, request.principal, request.subject)
    if same := find_matching_nomination(known, nominee):
        return same.id
    nomination_id = tx.nominations.add_nomination(request.shop, request.subject, request.id, nominee)
    about = {"shop": request.shop, "request_id": request.id, "subject": request.subject}
    tx.evidence.append_fact(Fact.NOMINATION_RECORDED, **about, nomination=nomination_id)
    return nomination_id


def accept_nomination(request_id: str, *, actor: str, reason: str, services: Services) -> None:
    """Record that an operator made sure that the person asked for it. Raises PayloadInvalid: `request_unknown`, `not_waiting`."""
    change_desk_progress(
        request_id,
        NominationProgress,
        lambda progress: replace(progress, accepted=True),
        waits_for=(WaitReason.NOMINATOR_UNPROVEN,),
        fact=Fact.NOMINATION_ACCEPTED,
        actor=actor,
        reason=reason,
        services=services,
    )


def decline_nomination(request_id: str, *, actor: str, reason: str, services: Services) -> None:
    """Record that it stays uncertain who asked for a nomination: the request ends and nothing is recorded.

    Raises PayloadInvalid as `accept_nomination`.
    """
    change_desk_progress(
        request_id,
        NominationProgress,
        lambda progress: replace(progress, declined=True),
        waits_for=(WaitReason.NOMINATOR_UNPROVEN,),
        fact=Fact.NOMINATION_DECLINED,
        actor=actor,
        reason=reason,
        services=services,
    )


def end_nomination(nomination_id: str, *, actor: str, reason: str, services: Services) -> None:
    """End a nomination: nobody can act by it any more. Raises PayloadInvalid: `nomination_unknown`, `ended_already`."""
    with services.store.transaction() as tx:
        nomination = tx.nominations.find_nomination(nomination_id)
        if nomination is None:
            raise PayloadInvalid("nomination_unknown")
        if not tx.nominations.end_nomination(nomination_id):
            raise PayloadInvalid("ended_already")
        tx.evidence.append_fact(
            Fact.NOMINATION_ENDED,
            shop=nomination.shop,
            actor=actor,
            request_id=nomination.request_id,
            subject=nomination.subject,
            nomination=nomination_id,
            reason=reason,
        )
