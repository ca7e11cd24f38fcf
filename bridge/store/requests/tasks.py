"""Tasks of a request: what one system must do, how far it is, what it waits for."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, bindparam, delete, not_, select, update

from bridge.model import (
    Absence,
    Gap,
    HeldTask,
    Outcome,
    RequestKind,
    RequestState,
    Task,
    TaskAction,
    TaskState,
    WaitReason,
)
from bridge.rules.requests.progress_codec import HELD_BY_KEY, decode_progress, encode_cursor, encode_detail
from bridge.rules.requests.wait_texts import derive_wait_reason
from bridge.store.requests.sql_conditions import waits_for
from bridge.store.schema.columns import inline
from bridge.store.schema.tables import findings, requests, tasks
from bridge.store.upsert import upsert, upsert_rows

if TYPE_CHECKING:
    from bridge.store.session import Session

TASK_CURSOR_AAD = "tasks|{id}|cursor"
UNPLANNED_POSITION = 99  # tasks that were not planned come after those that were
RESTARTABLE_STATES = (TaskState.RETRY, TaskState.FAILED)
MUTABLE_TASK_COLUMNS = tuple(
    column.name for column in tasks.c if column.name not in {"id", "request_id", "position", "system", "action"}
)

STORED_OTHERWISE = {"action", "state", "outcome", "wait_reason", "progress", "gaps"}  # than as one plain column

SELECT_TASKS = (
    select(tasks, requests.c.kind)
    .join(requests, requests.c.id == tasks.c.request_id)
    .where(tasks.c.request_id == bindparam("of"))
    .order_by(tasks.c.position, tasks.c.id)
)


class TaskRows:
    """Tasks of requests."""

    def __init__(self, session: Session) -> None:
        self._session, self._connection = session, session.connection

    def list_tasks(self, request_id: str) -> list[Task]:
        """Return a request's tasks in the order in which they were planned."""
        return [self._task_from_row(row) for row in self._connection.execute(SELECT_TASKS, {"of": request_id})]

    def save_task(self, task: Task, *, position: int = UNPLANNED_POSITION) -> None:
        """Insert or overwrite a task; `position` is its place in the plan when it is new."""
        row = self._build_row(task, position)
        self._connection.execute(upsert(self._connection, tasks, ["id"], MUTABLE_TASK_COLUMNS), row)

    def add_plan(self, plan: Sequence[Task]) -> None:
        """Insert the tasks of a new request, in their order."""
        upsert_rows(self._connection, tasks, [self._build_row(task, position) for position, task in enumerate(plan)])

    def _build_row(self, task: Task, position: int) -> dict[str, Any]:
        cursor, aad = encode_cursor(task.progress), TASK_CURSOR_AAD.format(id=task.id)
        return {
            "id": task.id,
            "request_id": task.request_id,
            "position": position,
            "system": task.system,
            "action": task.action,
            "customer": task.customer,
            "state": task.state,
            "attempts": task.attempts,
            "records": task.records,
            "outcome": task.outcome,
            "last_error": task.last_error[:200],
            "wait_reason": task.wait_reason or "",
            "cursor": self._session.keyring.seal(cursor.encode(), aad) if cursor else None,
            "gaps": json.dumps([dataclasses.asdict(gap) for gap in task.gaps]),
            "detail": json.dumps(encode_detail(task.progress)),
            "wake_at": task.wake_at,
            "expected_by": task.expected_by,
            "finished_at": task.finished_at,
        }

    def restart_tasks(self, request_id: str) -> None:
        """Make failed and retried tasks pending again, and waiting tasks due now."""
        of_request = tasks.c.request_id == request_id
        pending = {"state": TaskState.PENDING, "attempts": 0, "wait_reason": "", "wake_at": None, "finished_at": None}
        self._connection.execute(
            update(tasks).where(of_request, tasks.c.state.in_(RESTARTABLE_STATES)).values(**pending)
        )
        restartable_actions = tasks.c.action.in_((TaskAction.GATHER, TaskAction.REMOVE_PLATFORM_RESIDUE))
        incomplete = (of_request, restartable_actions, tasks.c.outcome == Outcome.INCOMPLETE)
        for system in self._connection.scalars(select(tasks.c.system).where(*incomplete)).all():
            self._connection.execute(
                delete(findings).where(findings.c.request_id == request_id, findings.c.system == system)
            )
        self._connection.execute(
            update(tasks).where(*incomplete).values(records=0, cursor=None, gaps="[]", outcome=None, **pending)
        )
        # a notice is answered from outside, so its task needs no wake-up time
        waiting = (
            of_request,
            tasks.c.state == inline(TaskState.WAITING),
            tasks.c.action != TaskAction.NOTIFY_PROCESSOR,
        )
        self._connection.execute(update(tasks).where(*waiting).values(wake_at=self._session.now()))

    def end_tasks(self, request_id: str) -> None:
        """End the tasks of a request that is not carried out: none of them runs, and none is a fault."""
        open_tasks = (tasks.c.request_id == request_id, tasks.c.state != TaskState.DONE)
        ended = {"state": TaskState.DONE, "outcome": None, "last_error": "", "wait_reason": "", "wake_at": None}
        self._connection.execute(
            update(tasks).where(*open_tasks).values(**ended, finished_at=self._session.now(), gaps="[]", cursor=None)
        )

    def list_held_tasks(self) -> list[HeldTask]:
        """Return the tasks that wait for a hold, of all shops."""
        columns = (requests.c.id, requests.c.received_at, requests.c.due_at)
        rows = select(*columns, tasks.c.detail, tasks.c.wake_at, tasks.c.expected_by).join_from(
            tasks, requests, requests.c.id == tasks.c.request_id
        )
        is_held = (
            tasks.c.state == inline(TaskState.WAITING),
            waits_for(WaitReason.HELD_BY_LAW),
            tasks.c.wake_at.is_not(None),
        )
        is_open = requests.c.state != RequestState.DONE  # the erasure of a shop ends its other requests
        return [
            HeldTask(
                request_id=row.id,
                held_by=tuple(json.loads(row.detail).get(HELD_BY_KEY, ())),
                looks_at=row.wake_at,
                has_end=row.expected_by is not None,
                received_at=row.received_at,
                due_at=row.due_at,
            )
            for row in self._connection.execute(rows.where(*is_held, is_open))
        ]

    def wake_held_tasks(self, shop: str = "") -> None:
        """Make tasks of the shop, or of all shops, that wait for a hold due now: something changed that may end it."""
        is_held = (tasks.c.state == inline(TaskState.WAITING), waits_for(WaitReason.HELD_BY_LAW))
        held = select(tasks.c.request_id).join(requests, requests.c.id == tasks.c.request_id).where(*is_held)
        if shop:
            held = held.where(requests.c.shop.in_(self._session.shops.list_keys(shop)))
        ids = list(self._connection.scalars(held.distinct()))
        if ids:
            now = {"wake_at": self._session.now()}
            self._connection.execute(update(tasks).where(tasks.c.request_id.in_(ids), *is_held).values(now))
            self._connection.execute(update(requests).where(requests.c.id.in_(ids)).values(**now, rung_at=None))

    def reset_tasks(self, request_id: str) -> None:
        """Make all tasks but notices pending from the start, because the request covers more than before."""
        # a platform that was asked to erase is not asked twice, whatever else the request covers now
        was_asked = and_(
            tasks.c.action == TaskAction.REQUEST_PLATFORM_ERASURE,
            tasks.c.state == TaskState.DONE,
            tasks.c.outcome == Outcome.UNCONFIRMED,
        )
        kept_consents = and_(tasks.c.request_id == request_id, tasks.c.action == TaskAction.KEEP_CONSENTS)
        others = (TaskAction.NOTIFY_PROCESSOR, TaskAction.KEEP_CONSENTS)
        resettable = (tasks.c.request_id == request_id, tasks.c.action.not_in(others), not_(was_asked))
        pending = {
            "state": TaskState.PENDING,
            "attempts": 0,
            "records": 0,
            "outcome": None,
            "wait_reason": "",
            "cursor": None,
            "gaps": "[]",
            "wake_at": None,
        }
        # what was read may be gone at the platform meanwhile: a second reading adds to it
        consents = {name: value for name, value in pending.items() if name not in ("records", "cursor")}
        self._connection.execute(update(tasks).where(kept_consents).values(**consents))
        # what an operator must still decide about a customer stays known
        search = tasks.c.action == TaskAction.FIND_CUSTOMERS
        self._connection.execute(update(tasks).where(*resettable, not_(search)).values(**pending))
        del pending["cursor"], pending["gaps"]
        self._connection.execute(update(tasks).where(*resettable, search).values(**pending))
        # what a person decided about the platform's erasure was about less than is covered now
        polls = (tasks.c.request_id == request_id, tasks.c.action == TaskAction.POLL_PLATFORM_ERASURE)
        self._connection.execute(update(tasks).where(*polls).values(detail="{}"))
        self._connection.execute(delete(findings).where(findings.c.request_id == request_id))

    def _task_from_row(self, row: Any) -> Task:
        same = {name: getattr(row, name) for name in Task.__slots__ if name not in STORED_OTHERWISE}
        action, state, cursor = TaskAction(row.action), TaskState(row.state), b""
        if row.cursor is not None:
            cursor = self._session.open(row.cursor, TASK_CURSOR_AAD.format(id=row.id))
        return Task(
            action=action,
            state=state,
            outcome=Outcome(row.outcome) if row.outcome else None,
            wait_reason=derive_wait_reason(state, row.last_error),
            progress=decode_progress(action, RequestKind(row.kind), cursor.decode(), json.loads(row.detail)),
            gaps=tuple(Gap(**gap | {"absence": Absence(gap["absence"])}) for gap in json.loads(row.gaps)),
            **same,
        )
