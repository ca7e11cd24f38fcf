"""Asks the platform how far its own erasure is, until it says that it is done.

Not found is not erased, and a platform that cannot be asked (the token died with the app) leaves the question open,
never the request: everything is a state with an expected date.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bridge.errors import BridgeError
from bridge.model import ErasureState, Lease, Outcome, PollProgress, PrivacyRequest, Task
from bridge.ports import Platform
from bridge.rules.requests.lifecycle import PLATFORM, POLL_MAX_DAYS, POLL_PAUSES_S
from bridge.services import Services
from bridge.steps.task_results import finish_task, record_task_result, wait_task


def poll_platform_erasure(request: PrivacyRequest, task: Task, lease: Lease, *, services: Services) -> Task:
    """Ask once. Return the task as saved. Raises LeaseLost and StoreUnavailable.

    Source of the observable: `marketingState` REDACTED, "the customer's personal data is erased"
    (https://shopify.dev/docs/api/admin-graphql/latest/enums/CustomerEmailMarketingState).
    """
    answer = _fetch_erasure_state(request, services)
    now = services.clock.now()
    is_answered = answer.outcome in (Outcome.ERASED, Outcome.ABSENT)
    pause = POLL_PAUSES_S[min(task.attempts, len(POLL_PAUSES_S) - 1)]
    task = replace(
        task,
        attempts=task.attempts + 1,
        outcome=answer.outcome,
        progress=PollProgress(reason=answer.reason),
        expected_by=None if is_answered else request.received_at + timedelta(days=POLL_MAX_DAYS),
    )
    if is_answered:
        task = finish_task(task, answer.outcome, now)
    else:
        task = wait_task(task, answer.reason, now + timedelta(seconds=pause))
    with services.store.transaction() as tx:
        tx.requests.verify_lease(lease)
        tx.tasks.save_task(task)
        if is_answered:
            tx.request_changes.replace_principal(request, None)
        if is_answered or task.attempts == 1:
            record_task_result(request, task, tx, outcome=answer.outcome, reason=answer.reason)
    return task


def _fetch_erasure_state(request: PrivacyRequest, services: Services) -> ErasureState:
    platform = services.connectors.get(PLATFORM)
    if not isinstance(platform, Platform):
        return ErasureState(outcome=Outcome.UNCONFIRMED, reason="not_configured")
    try:
        return platform.read_erasure_state(request.principal, shop=request.shop)
    except BridgeError as fault:
        return ErasureState(outcome=Outcome.UNCONFIRMED, reason=type(fault).__name__)
