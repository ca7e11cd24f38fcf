"""Log the life of a request: accepted, opened, each change of a task, failed, closed. Ids and codes only.

Each line follows its commit, but for what fails the request itself.
"""

from __future__ import annotations

from collections.abc import Iterable

import structlog

from bridge.model import Delivery, PrivacyRequest, RequestState, Task, TaskState
from bridge.rules.operations.task_troubles import needs_person
from bridge.rules.requests.lifecycle import RequestStatus
from bridge.rules.webhooks.mandatory_bodies import MANDATORY_TOPICS

log = structlog.get_logger()

EVENT_BY_STATE = {
    TaskState.PENDING: "task.pending",
    TaskState.RETRY: "task.retried",
    TaskState.WAITING: "task.waiting",
    TaskState.DONE: "task.done",
    TaskState.FAILED: "task.failed",
}


def log_accepted(delivery: Delivery) -> None:
    """Log that a mandatory webhook was committed. Those about orders are many, and metrics count them."""
    if delivery.topic in MANDATORY_TOPICS:
        log.info("delivery.accepted", id=delivery.id, topic=delivery.topic, state=delivery.state)


def log_opened(request_id: str, delivery_id: str) -> None:
    """Log that a webhook opened a request, or joined one that is open."""
    log.info("request.opened", id=request_id, delivery=delivery_id)


def log_task_change(before: Task, after: Task) -> None:
    """Log what became of a task in one run; nothing where it stands as before."""
    if (before.state, before.wait_reason, before.attempts) == (after.state, after.wait_reason, after.attempts):
        return
    fields = {
        "id": after.id,
        "request": after.request_id,
        "system": after.system,
        "action": after.action,
        "outcome": after.outcome,
        "attempts": after.attempts,
        "why": after.last_error,
    }
    if needs_person(after.state, after.wait_reason, is_request_done=False):
        log.warning("task.needs_person", reason=after.wait_reason, **fields)
    elif after.state is TaskState.FAILED:
        log.warning(EVENT_BY_STATE[after.state], **fields)
    else:
        log.info(EVENT_BY_STATE[after.state], **fields)


def log_request_failed(request_id: str, error: str) -> None:
    """Log that a request was given up, by the type and place of its last fault."""
    log.error("request.given_up", id=request_id, fault=error)


def log_conclusion(before: PrivacyRequest, status: RequestStatus, tasks: Iterable[Task], *, late: bool | None) -> None:
    """Log that a request was closed or ended, and what its answer lacks for good."""
    closes = status.answerable and before.closed_at is None
    ends = status.state is RequestState.DONE and before.state is not RequestState.DONE
    if closes:
        log.info(
            "request.closed", id=before.id, kind=before.kind, state=status.state, complete=status.complete, late=late
        )
    lacking = [task for task in tasks if task.state is TaskState.FAILED or (task.state is TaskState.DONE and task.gaps)]
    if lacking and (closes or ends):
        log.warning(
            "request.incomplete",
            id=before.id,
            kind=before.kind,
            systems=sorted({task.system for task in lacking}),
            outcomes=sorted({str(task.outcome) for task in lacking}),
            tasks=[task.id for task in lacking],
        )
