"""Lets a request wait while it is doubted who asks: reminds at half of the term, and answers that at its end.

Its term runs on (GDPR Art 12(3); C-03). Nothing is read, sent or destroyed for it meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from bridge.model import Fact, IdentityCheck, IdentityDoubt, Lease, LetterKind, PrivacyRequest, Task, WaitReason
from bridge.rules.requests.identity_doubt import IDENTITY_FREE_KINDS
from bridge.rules.requests.lifecycle import FINISHED_STATES, IDENTITY_WAITS
from bridge.services import Services
from bridge.steps.evidence.record_facts import record_task_fact
from bridge.steps.identity.doubts import describe_doubt, format_last_day, record_identity_fact
from bridge.steps.letters.queue_letter import queue_letter
from bridge.steps.task_results import wait_task

if TYPE_CHECKING:
    from bridge.store import Tx

REFUSAL_CODE, GUARDIAN_CODE = "identity_not_proven", "guardian_not_heard"


def wait_for_identity(
    request: PrivacyRequest, tasks: Iterable[Task], lease: Lease, *, services: Services
) -> Task | None:
    """Return the next task of the request as saved, waiting, while its doubt is open; None where the tasks may run.

    Raises LeaseLost and StoreUnavailable.
    """
    unfinished = [each for each in tasks if each.state not in FINISHED_STATES]
    # the one that waits already: each run may put other tasks before it
    task = min(unfinished, key=lambda each: each.wait_reason not in IDENTITY_WAITS, default=None)
    with services.store.read(one_state=False) as tx:  # for most requests nothing is to be written
        if not is_in_doubt(request, tx):
            return None
    with services.store.transaction() as tx:
        check = tx.identity_checks.find_open_check(request.id)
        if check is None:
            return None
        tx.requests.verify_lease(lease)
        check = _write_what_is_due(request, check, tx, services)
        if task is None:  # it is doubted since its last task: `conclude` does not answer it
            return None
        has_failed = check.failed_at is not None
        reason = WaitReason.IDENTITY_NOT_PROVEN if has_failed else WaitReason.IDENTITY_PENDING
        next_at = (
            None if has_failed else (request.due_at if check.reminded_at else min(check.remind_at, request.due_at))
        )
        waiting = wait_task(replace(task, expected_by=request.due_at), reason, next_at, wait_reason=reason)
        tx.tasks.save_task(waiting)
        if task.wait_reason is not reason:
            record_task_fact(Fact.TASK_WAITING, request, waiting, tx, reason=reason)
    return waiting


def is_in_doubt(request: PrivacyRequest, tx: Tx) -> bool:
    """Return whether the request waits because it is doubted who asks."""
    if request.kind in IDENTITY_FREE_KINDS or request.closed_at is not None:
        return False
    return tx.identity_checks.find_open_check(request.id) is not None


def _write_what_is_due(request: PrivacyRequest, check: IdentityCheck, tx: Tx, services: Services) -> IdentityCheck:
    """Queue the reminder or the answer that is due, record it, and return the doubt as stored."""
    now, by = services.clock.now(), format_last_day(request.due_at, services)
    if check.failed_at is None and now >= request.due_at:
        check = replace(check, failed_at=now)
        code = GUARDIAN_CODE if check.doubt is IdentityDoubt.PERSON_IS_MINOR else REFUSAL_CODE
        queue_letter(request, LetterKind.REFUSAL, tx=tx, values={"reason": code})
        record_identity_fact(Fact.IDENTITY_NOT_PROVEN, request, tx, doubt=check.doubt, asked=check.times_asked)
    elif check.failed_at is None and check.reminded_at is None and now >= check.remind_at:
        check = replace(check, reminded_at=now)
        number = check.times_asked - 1
        values = {"by": by} | describe_doubt(check.doubt)
        queue_letter(request, LetterKind.IDENTITY_REMINDER, tx=tx, number=number, values=values)
        record_identity_fact(Fact.IDENTITY_REMINDED, request, tx, doubt=check.doubt, by=by)
    else:
        return check
    tx.identity_checks.save_check(check)
    return check
