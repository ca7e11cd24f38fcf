"""Erases at the platform what rested on a consent alone, once it was taken back (DPDP Act s.8(7)(a), GDPR Art 17(1)(b)).

The retention file says which data that are (`rests_on_consent`). Nothing else is touched: what an order, an account or a law
allows as well stays, and so does the proof of the consent (DPDP Act s.6(10)). What a law keeps waits for its day. An item
counts as erased only where a second reading does not find it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bridge.errors import ConnectorUnavailable
from bridge.model import (
    Absence,
    ConsentDataProgress,
    ErasureAction,
    Gap,
    Lease,
    Outcome,
    PrivacyRequest,
    Residue,
    Task,
    TaskState,
    get_progress,
)
from bridge.ports import Platform
from bridge.rules.consents.consent_data import list_consent_categories, subtract_lines, sum_lines
from bridge.rules.requests.lifecycle import PLATFORM
from bridge.services import Services
from bridge.steps.consents.read_consent_data import ConsentDataReading, read_consent_data
from bridge.steps.consents.withdrawal_letter import queue_withdrawal_letter
from bridge.steps.erasure.held.wait_while_held import wait_while_held
from bridge.steps.task_results import SYSTEM_ERRORS, after_failure, fail_task, finish_task, record_task_result

RESTED_ON_CONSENT = "what rested on the consent alone"


def erase_consent_data(request: PrivacyRequest, task: Task, lease: Lease, *, services: Services) -> Task:
    """Erase what is due. Return the task as saved. Raises LeaseLost and StoreUnavailable."""
    platform = services.connectors.get(PLATFORM)
    if not list_consent_categories(services.retention):
        return _save_consent_erasure(request, finish_task(task, Outcome.ABSENT, services.clock.now()), lease, services)
    if not isinstance(platform, Platform):
        after = fail_task(task, Outcome.DENIED, "not_configured", services.clock.now())
        return _save_consent_erasure(request, _add_consent_gap(after), lease, services)
    try:
        reading = read_consent_data(request, platform, services)
        task = _save_begun_lines(task, reading, lease, services)
        due = [one.item for one in reading.found if one.is_due]
        left = platform.remove_platform_residue(due, shop=request.shop) if due else ()
        task = _count_erased(task, reading, left)
        if left:
            raise ConnectorUnavailable("shopify: metafields stand after they were removed")
        after = _settle_consent_data(task, reading, services)
    except SYSTEM_ERRORS as fault:
        after = _add_consent_gap(after_failure(task, fault, services))
    return _save_consent_erasure(request, after, lease, services)


def _save_begun_lines(task: Task, reading: ConsentDataReading, lease: Lease, services: Services) -> Task:
    """Return the task with what it sets out to remove, saved where that is something: a crash loses no count."""
    progress = get_progress(task, ConsentDataProgress)
    erased = [line for line in progress.lines if line.action is ErasureAction.ERASE]
    erased += subtract_lines(progress.begun, (one.line for one in reading.found))
    staying = [one for one in reading.found if not one.is_due]
    grounds = (ground for one in staying for ground in one.line.hold_ids)
    begun = ConsentDataProgress(
        lines=sum_lines([*erased, *(one.line for one in staying)]),
        begun=sum_lines(one.line for one in reading.found if one.is_due),
        standing=tuple(dict.fromkeys(channel for one in staying for channel in one.standing)),
        held_by=tuple(dict.fromkeys(grounds)),
        discloses=reading.is_own_address,
    )
    task = replace(task, progress=begun, gaps=())
    if begun.begun:
        with services.store.transaction() as tx:
            tx.requests.verify_lease(lease)
            tx.tasks.save_task(task)
    return task


def _count_erased(task: Task, reading: ConsentDataReading, left: Sequence[Residue]) -> Task:
    """Return the task with what is gone among its lines; what is still there stays begun."""
    progress = get_progress(task, ConsentDataProgress)
    due = [one for one in reading.found if one.is_due]
    gone, still = ([one.line for one in due if (one.item in left) is is_left] for is_left in (False, True))
    progress = replace(progress, lines=sum_lines([*gone, *progress.lines]), begun=sum_lines(still))
    erased = sum(line.count for line in progress.lines if line.action is ErasureAction.ERASE)
    return replace(task, progress=progress, records=erased)


def _settle_consent_data(task: Task, reading: ConsentDataReading, services: Services) -> Task:
    """Return the task as done, or as waiting for the day on which no law keeps the rest."""
    task, lines = replace(task, attempts=task.attempts + 1), get_progress(task, ConsentDataProgress).lines
    held = {line.category for line in lines if line.action is ErasureAction.RESTRICT}
    if held:
        waiting = wait_while_held(task, [reading.retentions[category] for category in sorted(held)], services)
        return replace(waiting, outcome=Outcome.RETAINED)
    is_erased = any(line.action is ErasureAction.ERASE for line in lines)
    outcome = Outcome.ERASED if is_erased else Outcome.RETAINED if lines else Outcome.ABSENT
    return finish_task(task, outcome, services.clock.now())


def _add_consent_gap(task: Task) -> Task:
    """Return a task that has failed with the gap that remains; any other as it is."""
    if task.state is not TaskState.FAILED:
        return task
    absence = Absence.UNREACHED if task.outcome is Outcome.UNREACHED else Absence.DENIED
    return replace(task, gaps=(Gap(system=PLATFORM, absence=absence, what=RESTED_ON_CONSENT, reason=task.last_error),))


def _save_consent_erasure(request: PrivacyRequest, after: Task, lease: Lease, services: Services) -> Task:
    """Save how the task stands, with the letter where that ends the withdrawal. Return the task as saved."""
    progress = get_progress(after, ConsentDataProgress)
    staying = sum(line.count for line in progress.lines if line.action is not ErasureAction.ERASE)
    with services.store.transaction() as tx:
        tx.requests.verify_lease(lease)
        tx.tasks.save_task(after)
        queue_withdrawal_letter(request, tx, services)
        record_task_result(
            request,
            after,
            tx,
            outcome=after.outcome,
            erased=after.records,
            kept=staying,
            held_by=list(progress.held_by),
            reason=after.last_error,
        )
    return after
