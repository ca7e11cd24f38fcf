"""Ask: the platform is asked to erase a customer whose request did not come from it.

Nothing is asked while the tax books lack a copy of hers, or while she would lose money by it: a guard stops that, until a
person lets it go on. Asked is not erased: `follow` looks until the platform says that it did. Erasing here does not
wait for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from bridge.errors import (
    BridgeError,
    ConnectorRefused,
    ConnectorThrottled,
    ConnectorUnavailable,
    CredentialRejected,
    Retryable,
)
from bridge.model import ErasureState, Fact, Outcome, Principal, PrivacyRequest, Task, TaskState
from bridge.ports import Claim, Platform, Services
from bridge.rules.erasure.plan import COPY_MISSING
from bridge.rules.erasure.precheck import Guard, stopping, why
from bridge.rules.requests.lifecycle import PLATFORM, pause_s
from bridge.steps.erasure.orders_without_invoice_copy import (
    LOOK_AGAIN_H,
    found_since,
    looked,
    looking,
    review_missing,
)
from bridge.steps.erasure.precheck import guard, reviewed, written
from bridge.steps.evidence.record_facts import tell_task

THEIRS = (ConnectorUnavailable, ConnectorThrottled, ConnectorRefused, CredentialRejected)


def ask(request: PrivacyRequest, task: Task, claim: Claim, *, services: Services) -> Task:
    """Ask once. Returns the task as saved. Raises ClaimLost and StoreUnavailable."""
    if waits := _without_copies(request, task, claim, services):
        return waits
    who, fault = request.principal, None
    found, customer_id = list[Guard](), who.customer_id
    try:
        customer_id, found, state = _ask(request, task, services)
    except THEIRS as raised:
        fault = raised
    kept = written(found, task)
    if fault:
        task = failed(task, fault, services)
    elif state:
        task = _told(task, state, kept)
    else:
        task = _stopped(task, found, kept)
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
        if not fault:
            reviewed(request, found, tx=tx, services=services)
        tell_task(
            {TaskState.DONE: Fact.TASK_DONE, TaskState.RETRY: Fact.TASK_RETRIED}.get(
                task.state, Fact.TASK_FAILED
            ),
            request,
            task,
            tx,
            outcome=task.outcome,
            reason=task.last_error or task.detail.get("reason", ""),
            **({"guards": {each.code: each.count for each in found}} if found else {}),
        )
    return task


def _without_copies(request: PrivacyRequest, task: Task, claim: Claim, services: Services) -> Task | None:
    """The task put off while the tax books lack a copy of an order: what the platform erases is gone. Else None.

    A copy that comes later lets it go on. Where the platform could not even say which orders there are, nobody can
    know what is missing: it is not asked, and a replay begins with the copies.
    """
    with services.store.transaction() as tx:
        tx.requests.hold(claim)
        tasks = tx.requests.tasks(request.id)
        if since := found_since(request, tasks, tx=tx, services=services):
            tx.requests.save_task(since)
            review_missing(request, 0, tx=tx, services=services)
            return None
        look = looking(tasks)
        if look is None or look.state is TaskState.DONE:
            return None
        if looked(tasks).whole:
            wake_at = services.clock.now() + timedelta(hours=LOOK_AGAIN_H)
            after = replace(task, state=TaskState.WAITING, last_error=COPY_MISSING, wake_at=wake_at)
        else:
            refused = failed(task, ConnectorRefused(COPY_MISSING), services)
            after = replace(refused, finished_at=services.clock.now())
        tx.requests.save_task(after)
        if (after.state, after.last_error) != (task.state, task.last_error):
            fact = Fact.TASK_WAITING if after.state is TaskState.WAITING else Fact.TASK_FAILED
            tell_task(fact, request, after, tx, reason=COPY_MISSING)
    return after


def _ask(
    request: PrivacyRequest, task: Task, services: Services
) -> tuple[str, list[Guard], ErasureState | None]:
    """The platform's id of her, what she would lose, and the answer: None where a guard stopped the asking."""
    platform = services.connectors.get(PLATFORM)
    if not isinstance(platform, Platform):
        denied = ErasureState(outcome=Outcome.DENIED, reason="not_configured")
        return request.principal.customer_id, [], denied
    customer_id = platform.find_customer(request.principal, shop=request.shop)
    if not customer_id:
        return "", [], ErasureState(outcome=Outcome.ABSENT, reason="unknown_to_platform")
    found = guard(platform, customer_id, request, task, services=services)
    if stopping(found):
        return customer_id, found, None
    return customer_id, found, platform.request_erasure(customer_id, shop=request.shop)


def _told(task: Task, state: ErasureState, kept: Mapping[str, Any]) -> Task:
    return replace(
        task,
        attempts=task.attempts + 1,
        state=TaskState.DONE,
        outcome=state.outcome,
        last_error="",
        wake_at=None,
        detail={"reason": state.reason, **kept},
    )


def _stopped(task: Task, found: list[Guard], kept: Mapping[str, Any]) -> Task:
    """Nothing was asked. Not WAITING: she can be answered, and the answer says that it is not complete."""
    return replace(
        task,
        attempts=task.attempts + 1,
        state=TaskState.FAILED,
        outcome=Outcome.RETAINED,
        last_error=why(stopping(found)),
        wake_at=None,
        detail=kept,
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
