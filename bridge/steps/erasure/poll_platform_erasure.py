"""Asks the platform how far its own erasure is, until it says that it is done, or until a person must decide.

Not found is not erased, and a platform that cannot be asked (the token died with the app) leaves the question open,
never the request. It does not wait without an end: after the merchant's days the task ends unconfirmed, and a review
asks a person.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bridge.errors import BridgeError
from bridge.model import (
    Absence,
    ErasureState,
    Gap,
    Lease,
    Outcome,
    PollProgress,
    PrivacyRequest,
    Task,
    TaskState,
    WaitReason,
    get_progress,
)
from bridge.ports import Platform
from bridge.rules.erasure.platform_erasure import (
    FINAL_OUTCOMES,
    RECORDED_BY_OPERATOR,
    compute_poll_end,
    evaluate_erasure_state,
    find_asked_at,
    list_unconfirmed_polls,
)
from bridge.rules.requests.lifecycle import PLATFORM, POLL_MAX_DAYS, POLL_PAUSES_S
from bridge.services import Services
from bridge.steps.erasure.customers.customer_tasks import (
    has_open_platform_task,
    list_tasks_of_customer,
    select_customer,
)
from bridge.steps.erasure.settle_platform_erasure import UNCONFIRMED_REVIEW_KIND
from bridge.steps.task_results import fail_task, finish_task, record_task_result, wait_task

if TYPE_CHECKING:
    from bridge.store import Tx


def poll_platform_erasure(request: PrivacyRequest, task: Task, lease: Lease, *, services: Services) -> Task:
    """Ask once. Return the task as saved. Raises LeaseLost and StoreUnavailable.

    Source of the observable: `marketingState` REDACTED, "the customer's personal data is erased"
    (https://shopify.dev/docs/api/admin-graphql/latest/enums/CustomerEmailMarketingState).
    """
    with services.store.transaction() as tx:
        asked_at = find_asked_at(request, list_tasks_of_customer(task, tx.tasks.list_tasks(request.id)))
        about = select_customer(request, task, tx)
    now, progress = services.clock.now(), get_progress(task, PollProgress)
    if progress.decision is None:
        answer = evaluate_erasure_state(_fetch_erasure_state(about, services), asked_at=asked_at, now=now)
    else:
        answer = ErasureState(outcome=progress.decision, reason=RECORDED_BY_OPERATOR)
    poll_end = compute_poll_end(task, asked_at=asked_at, days=services.merchant.clocks.platform_erasure_days)
    after = _apply_answer(task, answer, request, poll_end, now)
    with services.store.transaction() as tx:
        tx.requests.verify_lease(lease)
        tx.tasks.save_task(after)
        if after.state is TaskState.DONE and not has_open_platform_task(tx.tasks.list_tasks(request.id)):
            tx.request_changes.replace_principal(request, None)
        _sync_unconfirmed_review(request, after, poll_end, tx)
        if after.state is not TaskState.WAITING or after.attempts == 1:
            record_task_result(request, after, tx, outcome=answer.outcome, reason=answer.reason)
    return after


def _apply_answer(task: Task, answer: ErasureState, request: PrivacyRequest, poll_end: datetime, now: datetime) -> Task:
    """Return the task after this answer: done, polled again later, or ended unconfirmed for a person to decide."""
    pause = timedelta(seconds=POLL_PAUSES_S[min(task.attempts, len(POLL_PAUSES_S) - 1)])
    progress = get_progress(task, PollProgress)
    task = replace(
        task,
        attempts=task.attempts + 1,
        outcome=answer.outcome,
        progress=replace(progress, reason=answer.reason),
        expected_by=None,
    )
    if answer.outcome in FINAL_OUTCOMES:
        return finish_task(task, answer.outcome, now)
    if progress.decision is not None:
        gap = Gap(
            system=PLATFORM, absence=Absence.UNREACHED, what="confirmation of the erasure", reason="not_confirmed"
        )
        return finish_task(replace(task, gaps=(gap,)), answer.outcome, now)
    if now >= poll_end:
        reason = WaitReason.PLATFORM_UNCONFIRMED
        return fail_task(task, Outcome.UNCONFIRMED, reason, now, wait_reason=reason)
    expected_by = request.received_at + timedelta(days=POLL_MAX_DAYS)
    return wait_task(replace(task, expected_by=expected_by), answer.reason, now + pause)


def _sync_unconfirmed_review(request: PrivacyRequest, task: Task, poll_end: datetime, tx: Tx) -> None:
    """Open a review for a task that ended unconfirmed; close it once the platform answered or is polled again."""
    if task.state is TaskState.FAILED:
        of_customer = f"|{task.customer}" if task.customer else ""
        tx.reviews.open_review(
            request.shop,
            UNCONFIRMED_REVIEW_KIND,
            f"Shopify has not confirmed its erasure: `bridge dsr close {request.id}` or `dsr continue`",
            request_id=request.id,
            idempotency_key=f"{request.id}|{poll_end.isoformat()}{of_customer}",
        )
        return
    if list_unconfirmed_polls(tx.tasks.list_tasks(request.id)):
        return  # of another customer of the data subject
    reason = "answered_after_all" if task.state is TaskState.DONE else "polled_again"
    tx.reviews.close_reviews(UNCONFIRMED_REVIEW_KIND, request_id=request.id, actor="bridge", reason=reason)


def _fetch_erasure_state(request: PrivacyRequest, services: Services) -> ErasureState:
    platform = services.connectors.get(PLATFORM)
    if not isinstance(platform, Platform):
        return ErasureState(outcome=Outcome.UNCONFIRMED, reason="not_configured")
    try:
        return platform.read_erasure_state(request.principal, shop=request.shop)
    except BridgeError as fault:
        return ErasureState(outcome=Outcome.UNCONFIRMED, reason=type(fault).__name__)
