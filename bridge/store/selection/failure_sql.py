"""The classes of failures as SQL, so that a list can filter by one and count them."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, case, exists, func, or_

from bridge.model import DeliveryState, NoticeState, Outcome, RequestState, TaskAction, TaskState
from bridge.rules.notices.answers import BLOCKING_REASONS
from bridge.rules.requests.failure_classes import (
    CLASS_BY_ERROR,
    DEFECT,
    FAILED_OUTCOMES,
    FAILURE_CLASSES,
    STORED_CLASSES,
)
from bridge.store.schema.notice_tables import notices
from bridge.store.schema.tables import deliveries, requests, tasks

Condition = ColumnElement[bool]

# the SQL of rules/requests/failure_classes.classify_task
TASK_CLASS: ColumnElement[str] = case(
    (
        or_(
            tasks.c.state == TaskState.PENDING,
            and_(tasks.c.state == TaskState.DONE, func.coalesce(tasks.c.outcome, "") != Outcome.INCOMPLETE),
        ),
        "",
    ),
    (tasks.c.wait_reason.in_(list(map(str, FAILURE_CLASSES))), tasks.c.wait_reason),
    (tasks.c.wait_reason != "", ""),
    (tasks.c.last_error.in_(STORED_CLASSES), tasks.c.last_error),
    (tasks.c.outcome.in_(FAILED_OUTCOMES), tasks.c.outcome),
    else_="",
)
REQUEST_CLASS: ColumnElement[str] = case(
    (requests.c.state != RequestState.FAILED, ""),
    *((requests.c.last_error == error, name) for error, name in CLASS_BY_ERROR.items()),
    else_=DEFECT,
)
DELIVERY_CLASS: ColumnElement[str] = case(
    (deliveries.c.state == DeliveryState.REJECTED, deliveries.c.reason),
    (deliveries.c.state != DeliveryState.FAILED, ""),
    *(
        (or_(deliveries.c.last_error == error, deliveries.c.reason == error), name)
        for error, name in CLASS_BY_ERROR.items()
    ),
    else_=DEFECT,
)
# what failed or is incomplete, of rules/requests/failure_classes.is_rerun_by_replay: what waits or is at work is left
IS_TASK_UNFINISHED = or_(
    tasks.c.state.in_([TaskState.RETRY, TaskState.FAILED]),
    and_(
        tasks.c.outcome == Outcome.INCOMPLETE,
        tasks.c.action.in_([TaskAction.GATHER, TaskAction.REMOVE_PLATFORM_RESIDUE]),
    ),
)
IS_UNSENT = or_(
    notices.c.state == NoticeState.BOUNCED, and_(notices.c.state == NoticeState.QUEUED, notices.c.last_error != "")
)
NOTICE_CLASS: ColumnElement[str] = case(
    (notices.c.state.in_([NoticeState.BOUNCED, NoticeState.EXPIRED]), notices.c.state),
    (notices.c.last_error.in_(list(BLOCKING_REASONS)), notices.c.last_error),
    (and_(notices.c.state == NoticeState.QUEUED, notices.c.last_error != ""), Outcome.UNREACHED.value),
    else_="",
)


def has_task(*conditions: Condition) -> Condition:
    """Return the condition that one task of the request fulfils all of these."""
    return exists().where(tasks.c.request_id == requests.c.id, *conditions)
