"""How a task ends or is put off, in one place: done, failed, tried again, waiting. Saves nothing, calls no system."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from bridge.errors import (
    BridgeError,
    ConnectorRefused,
    ConnectorThrottled,
    ConnectorUnavailable,
    CredentialRejected,
    Retryable,
    SystemBusy,
)
from bridge.model import Fact, Outcome, PrivacyRequest, Task, TaskState, WaitReason
from bridge.rules.requests.lifecycle import compute_retry_pause_s
from bridge.services import Services
from bridge.steps.evidence.record_facts import record_task_fact

if TYPE_CHECKING:
    from bridge.store import Tx

# Faults of the system that was asked. Our own (a lost lease, a store that is down) are raised, not recorded as its.
MIN_BUSY_PAUSE_S = 1.0
SYSTEM_ERRORS = (ConnectorUnavailable, ConnectorThrottled, ConnectorRefused, CredentialRejected)
FACT_BY_STATE: Mapping[TaskState, Fact] = {
    TaskState.DONE: Fact.TASK_DONE,
    TaskState.FAILED: Fact.TASK_FAILED,
    TaskState.RETRY: Fact.TASK_RETRIED,
    TaskState.WAITING: Fact.TASK_WAITING,
}


def finish_task(task: Task, outcome: Outcome | None, finished_at: datetime | None) -> Task:
    """Return the task as done with this outcome."""
    return replace(
        task,
        state=TaskState.DONE,
        outcome=outcome,
        wait_reason=None,
        last_error="",
        wake_at=None,
        finished_at=finished_at,
    )


def fail_task(
    task: Task, outcome: Outcome, error: str, finished_at: datetime | None, *, wait_reason: WaitReason | None = None
) -> Task:
    """Return the task as failed: an operator must act, or its gap stays. `error` is the text that is shown."""
    return replace(
        task,
        state=TaskState.FAILED,
        outcome=outcome,
        wait_reason=wait_reason,
        last_error=error,
        wake_at=None,
        finished_at=finished_at,
    )


def retry_task(task: Task, error: str, wake_at: datetime, *, wait_reason: WaitReason | None = None) -> Task:
    """Return the task as due again at that time. `error` is the text that is shown."""
    return replace(
        task, state=TaskState.RETRY, wait_reason=wait_reason, last_error=error, wake_at=wake_at, finished_at=None
    )


def wait_task(task: Task, error: str, wake_at: datetime | None, *, wait_reason: WaitReason | None = None) -> Task:
    """Return the task as waiting on somebody else, and due again at that time at the latest (None: never)."""
    return replace(
        task, state=TaskState.WAITING, wait_reason=wait_reason, last_error=error, wake_at=wake_at, finished_at=None
    )


def after_failure(task: Task, fault: BridgeError, services: Services) -> Task:
    """Return the task after a fault of its system: due again on the schedule where that may help, else failed.

    Where the system is only waited for, it is due again then, and no attempt is used up.
    """
    now, attempts = services.clock.now(), task.attempts + 1
    if isinstance(fault, SystemBusy):
        return retry_task(replace(task, outcome=Outcome.UNREACHED), str(fault), _compute_busy_end(fault, now))
    attempted = replace(task, attempts=attempts)
    if not isinstance(fault, Retryable):
        return fail_task(attempted, Outcome.DENIED, str(fault), now)
    if attempts >= services.settings.connector_attempts:
        return fail_task(attempted, Outcome.UNREACHED, str(fault), now)
    pause = timedelta(seconds=compute_retry_pause_s(attempts, fault.retry_after_s))
    return retry_task(replace(attempted, outcome=Outcome.UNREACHED), str(fault), now + pause)


def _compute_busy_end(fault: SystemBusy, now: datetime) -> datetime:
    return now + timedelta(seconds=max(fault.retry_after_s or 0.0, MIN_BUSY_PAUSE_S))


def record_task_result(request: PrivacyRequest, task: Task, tx: Tx, **detail: Any) -> None:
    """Record the fact of the state in which the task is now. Evidence is every worker's lock: call it last."""
    record_task_fact(FACT_BY_STATE[task.state], request, task, tx, **detail)
