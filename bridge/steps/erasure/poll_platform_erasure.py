"""Follow: ask the platform how far its own erasure is, until it says that it is done.

Not found is not erased, and a platform that cannot be asked (the token died with the app) leaves the question
open, never the request: everything here is a state with an expected date.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bridge.errors import BridgeError
from bridge.model import ErasureState, Fact, Lease, Outcome, PrivacyRequest, Task, TaskState
from bridge.ports import Platform
from bridge.rules.requests.lifecycle import PLATFORM, POLL_MAX_DAYS, POLL_PAUSES_S
from bridge.services import Services
from bridge.steps.evidence.record_facts import record_task_fact


def poll_platform_erasure(request: PrivacyRequest, task: Task, lease: Lease, *, services: Services) -> Task:
    """Ask once. Returns the task as saved. Raises ClaimLost and StoreUnavailable.

    Source of the observable: `marketingState` REDACTED, "the customer's personal data is erased"
    (https://shopify.dev/docs/api/admin-graphql/latest/enums/CustomerEmailMarketingState).
    """
    state = _fetch_erasure_state(request, services)
    now = services.clock.now()
    answered = state.outcome in (Outcome.ERASED, Outcome.ABSENT)
    pause = POLL_PAUSES_S[min(task.attempts, len(POLL_PAUSES_S) - 1)]
    task = replace(
        task,
        attempts=task.attempts + 1,
        state=TaskState.DONE if answered else TaskState.WAITING,
        outcome=state.outcome,
        last_error="" if answered else state.reason,
        detail={"reason": state.reason},
        wake_at=None if answered else now + timedelta(seconds=pause),
        expected_by=None if answered else request.received_at + timedelta(days=POLL_MAX_DAYS),
        finished_at=now if answered else None,
    )
    with services.store.transaction() as tx:
        tx.requests.verify_lease(lease)
        tx.tasks.save_task(task)
        if answered:
            tx.request_changes.replace_principal(request, None)
        if answered or task.attempts == 1:
            record_task_fact(
                Fact.TASK_DONE if answered else Fact.TASK_WAITING,
                request,
                task,
                tx,
                outcome=state.outcome,
                reason=state.reason,
            )
    return task


def _fetch_erasure_state(request: PrivacyRequest, services: Services) -> ErasureState:
    platform = services.connectors.get(PLATFORM)
    if not isinstance(platform, Platform):
        return ErasureState(outcome=Outcome.UNCONFIRMED, reason="not_configured")
    try:
        return platform.read_erasure_state(request.principal, shop=request.shop)
    except BridgeError as fault:
        return ErasureState(outcome=Outcome.UNCONFIRMED, reason=type(fault).__name__)
