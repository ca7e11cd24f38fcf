"""Ask: the platform is asked to erase a customer whose request did not come from it.

Asked is not erased: `follow` looks until the platform says that it did. Erasing here does not wait for it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bridge.errors import (
    BridgeError,
    ConnectorRefused,
    ConnectorThrottled,
    ConnectorUnavailable,
    CredentialRejected,
    Retryable,
)
from bridge.model import Action, ErasureState, Fact, Outcome, Principal, PrivacyRequest, Task, TaskState
from bridge.ports import Claim, Platform, Services
from bridge.rules.lifecycle import PLATFORM, pause_s
from bridge.rules.planning import COPY_MISSING
from bridge.steps.concern import tell_task

THEIRS = (ConnectorUnavailable, ConnectorThrottled, ConnectorRefused, CredentialRejected)


def ask(request: PrivacyRequest, task: Task, claim: Claim, *, services: Services) -> Task:
    """Ask once. Returns the task as saved. Raises ClaimLost and StoreUnavailable."""
    who, fault = request.principal, None
    try:
        _sealed_before(request, services)
        customer_id, state = _ask(request, services)
    except THEIRS as raised:
        customer_id, state, fault = who.customer_id, None, raised
    task = _told(task, state) if state else failed(task, fault, services)
    now = services.clock.now()
    if task.state in (TaskState.DONE, TaskState.FAILED):
        task = replace(task, finished_at=now)
    with services.store.transaction() as tx:
        tx.requests.hold(claim)
        tx.requests.save_task(task)
        if customer_id != who.customer_id:
            current = tx.requests.get(request.id)
            known = current.principal if current else Principal()
            tx.requests.rewrite(request, replace(known, customer_id=customer_id))
        tell_task(
            {TaskState.DONE: Fact.TASK_DONE, TaskState.RETRY: Fact.TASK_RETRIED}.get(
                task.state, Fact.TASK_FAILED
            ),
            request,
            task,
            tx,
            outcome=task.outcome,
            reason=task.last_error or task.detail.get("reason", ""),
        )
    return task


def _sealed_before(request: PrivacyRequest, services: Services) -> None:
    """Raise ConnectorRefused while the tax books lack a copy of an order: what the platform erases is gone."""
    with services.store.transaction() as tx:
        tasks = tx.requests.tasks(request.id)
    if any(other.action is Action.SEAL and other.state is not TaskState.DONE for other in tasks):
        raise ConnectorRefused(COPY_MISSING)


def _ask(request: PrivacyRequest, services: Services) -> tuple[str, ErasureState]:
    platform = services.connectors.get(PLATFORM)
    if not isinstance(platform, Platform):
        return request.principal.customer_id, ErasureState(outcome=Outcome.DENIED, reason="not_configured")
    customer_id = platform.find_customer(request.principal, shop=request.shop)
    if not customer_id:
        return "", ErasureState(outcome=Outcome.ABSENT, reason="unknown_to_platform")
    return customer_id, platform.request_erasure(customer_id, shop=request.shop)


def _told(task: Task, state: ErasureState) -> Task:
    return replace(
        task,
        attempts=task.attempts + 1,
        state=TaskState.DONE,
        outcome=state.outcome,
        last_error="",
        wake_at=None,
        detail={"reason": state.reason},
    )


def failed(task: Task, fault: BridgeError | None, services: Services) -> Task:
    """The task after a fault of the system: asked again on the schedule where that may help."""
    attempts = task.attempts + 1
    again = isinstance(fault, Retryable) and attempts < services.settings.connector_attempts
    wait_s = pause_s(attempts, fault.retry_after_s if isinstance(fault, Retryable) else None)
    return replace(
        task,
        attempts=attempts,
        state=TaskState.RETRY if again else TaskState.FAILED,
        outcome=Outcome.UNREACHED if isinstance(fault, Retryable) else Outcome.DENIED,
        last_error=str(fault),
        wake_at=services.clock.now() + timedelta(seconds=wait_s) if again else None,
    )
