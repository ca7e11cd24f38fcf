"""Asks the platform to erase a customer whose request did not come from it.

Not while an invoice copy is missing, not while the retention file keeps anything that would go with the rest, and not
while the customer would lose money by it, unless an operator releases that precheck. Asked is not erased: `poll_platform_erasure` asks until the platform says that it did. The erasure in the
bridge's own tables does not wait for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from bridge.model import (
    ErasureState,
    Lease,
    Outcome,
    PlatformRequestProgress,
    PrecheckResult,
    Principal,
    PrivacyRequest,
    Task,
    TaskState,
    WaitReason,
    get_progress,
)
from bridge.ports import Platform
from bridge.rules.erasure.platform_fields import find_platform_hold
from bridge.rules.erasure.precheck import format_precheck_error, list_blocking_codes
from bridge.rules.requests.lifecycle import PLATFORM
from bridge.services import Services
from bridge.steps.erasure.customers.customer_tasks import read_customer_retention, select_customer
from bridge.steps.erasure.held.wait_while_held import wait_while_held
from bridge.steps.erasure.orders_without_invoice_copy import (
    INVOICE_SEARCH_INTERVAL_H,
    complete_failed_invoice_search,
    find_invoice_search_task,
    read_invoice_search,
    sync_missing_copy_review,
)
from bridge.steps.erasure.precheck import run_precheck, sync_precheck_reviews
from bridge.steps.requests.access_wait import postpone_for_access
from bridge.steps.task_results import (
    SYSTEM_ERRORS,
    after_failure,
    fail_task,
    finish_task,
    record_task_result,
    wait_task,
)


def request_platform_erasure(request: PrivacyRequest, task: Task, lease: Lease, *, services: Services) -> Task:
    """Ask once. Return the task as saved. Raises LeaseLost and StoreUnavailable."""
    if waiting := _postpone(request, replace(task, expected_by=None), lease, services):
        return waiting
    if waiting := _postpone_while_kept_by_law(request, task, lease, services):
        return waiting
    task = replace(task, expected_by=None, progress=replace(get_progress(task, PlatformRequestProgress), held_by=()))
    has_failed, prechecks = False, list[PrecheckResult]()
    with services.store.transaction() as tx:
        about = select_customer(request, task, tx)
    customer_id = about.principal.customer_id
    try:
        customer_id, prechecks, answer = _precheck_and_request(about, task, services)
        task = _end_attempt(task, prechecks, answer, services)
    except SYSTEM_ERRORS as fault:
        has_failed, task = True, after_failure(task, fault, services)
    with services.store.transaction() as tx:
        tx.requests.verify_lease(lease)
        tx.tasks.save_task(task)
        if customer_id != about.principal.customer_id:
            current = tx.requests.get_request(request.id)
            known = current.principal if current else Principal()
            tx.request_changes.replace_principal(request, replace(known, customer_id=customer_id))
        if not has_failed:
            sync_precheck_reviews(request, task, prechecks, tx=tx, services=services)
        record_task_result(
            request,
            task,
            tx,
            outcome=task.outcome,
            reason=task.last_error or get_progress(task, PlatformRequestProgress).reason or "",
            **({"guards": {each.code: each.count for each in prechecks}} if prechecks else {}),
        )
    return task


def _postpone(request: PrivacyRequest, task: Task, lease: Lease, services: Services) -> Task | None:
    """Return the task put off while the data subject is owed a package or an invoice copy is missing; else None.

    What the platform erases is gone.

    A copy that comes later lets it go on. Where the platform could not say which orders there are, nobody can know
    what is missing: the task fails, and a replay begins with the search for copies.
    """
    reason = WaitReason.INVOICE_COPY_MISSING
    with services.store.transaction() as tx:
        tx.requests.verify_lease(lease)
        if postponed := postpone_for_access(request, task, tx, services):
            return postponed
        tasks = tx.tasks.list_tasks(request.id)
        if completed := complete_failed_invoice_search(request, tasks, tx=tx, services=services):
            tx.tasks.save_task(completed)
            sync_missing_copy_review(request, 0, tx=tx, services=services)
            return None
        search = find_invoice_search_task(tasks)
        if search is None or search.state is TaskState.DONE:
            return None
        now = services.clock.now()
        if read_invoice_search(tasks).is_complete:
            wake_at = now + timedelta(hours=INVOICE_SEARCH_INTERVAL_H)
            after = wait_task(task, reason, wake_at, wait_reason=reason)
        else:
            attempted = replace(task, attempts=task.attempts + 1)
            after = fail_task(attempted, Outcome.DENIED, reason, now, wait_reason=reason)
        tx.tasks.save_task(after)
        if (after.state, after.wait_reason) != (task.state, task.wait_reason):
            record_task_result(request, after, tx, reason=reason)
    return after


def _postpone_while_kept_by_law(request: PrivacyRequest, task: Task, lease: Lease, services: Services) -> Task | None:
    """Return the task put off while a law keeps anything that the platform would erase with the rest; else None."""
    with services.store.transaction() as tx:
        tx.requests.verify_lease(lease)
        retentions = read_customer_retention(request, task, tx, services).calculate_all()
        kept = find_platform_hold(retentions, services.retention)
        if not kept.holds:
            return None
        progress = replace(get_progress(task, PlatformRequestProgress), held_by=kept.grounds)
        after = replace(wait_while_held(task, [kept], services), outcome=Outcome.RETAINED, progress=progress)
        tx.tasks.save_task(after)
        if (after.wait_reason, after.progress, after.expected_by) != (
            task.wait_reason,
            task.progress,
            task.expected_by,
        ):
            record_task_result(request, after, tx, reason=after.last_error, held_by=list(kept.grounds))
    return after


def _precheck_and_request(
    request: PrivacyRequest, task: Task, services: Services
) -> tuple[str, list[PrecheckResult], ErasureState | None]:
    """Return the platform's id of the customer, the prechecks, and its answer: None where a precheck blocks."""
    platform = services.connectors.get(PLATFORM)
    if not isinstance(platform, Platform):
        denied = ErasureState(outcome=Outcome.DENIED, reason="not_configured")
        return request.principal.customer_id, [], denied
    customer_id = platform.find_customer(request.principal, shop=request.shop)
    if not customer_id:
        return "", [], ErasureState(outcome=Outcome.ABSENT, reason="unknown_to_platform")
    released = get_progress(task, PlatformRequestProgress).released_codes
    prechecks = run_precheck(platform, customer_id, request.shop, released, services=services)
    if list_blocking_codes(prechecks):
        return customer_id, prechecks, None
    return customer_id, prechecks, platform.request_erasure(customer_id, shop=request.shop)


def _end_attempt(
    task: Task, prechecks: Sequence[PrecheckResult], answer: ErasureState | None, services: Services
) -> Task:
    """Return the task after an attempt without a fault: done, or failed where a precheck blocks.

    Failed and not waiting, so that the data subject is answered now: the answer says that it is not complete.
    """
    now = services.clock.now()
    progress = PlatformRequestProgress(
        reason=answer.reason if answer else None,
        prechecks=tuple(prechecks),
        released_codes=get_progress(task, PlatformRequestProgress).released_codes,
    )
    task = replace(task, attempts=task.attempts + 1, progress=progress)
    if answer:
        return finish_task(task, answer.outcome, now)
    error = format_precheck_error(list_blocking_codes(prechecks))
    return fail_task(task, Outcome.RETAINED, error, now, wait_reason=WaitReason.PRECHECK_BLOCKED)
