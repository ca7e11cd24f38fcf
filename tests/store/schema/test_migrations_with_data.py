"""Migrations of rows that an earlier version wrote: nothing is lost, and open work continues."""

from __future__ import annotations

from sqlalchemy import select, text

from bridge.model import RequestKind, RequestState, TaskAction, TaskState
from bridge.store.migrations.upgrade import downgrade_database, upgrade_database
from bridge.store.schema.tables import requests
from tests.factories import NOW, make_request, make_task


def test_0003_wakes_requests_from_before_notice_items(store):
    task_id = make_request(kind=RequestKind.ERASURE)
    other = make_request(kind=RequestKind.ERASURE, subject="somebody else")
    tasks = {
        task_id.id: make_task(
            task_id.id, "delhivery", TaskAction.NOTIFY_PROCESSOR, state=TaskState.WAITING, cursor="[]"
        ),
        other.id: make_task(other.id, "shopify", TaskAction.POLL_PLATFORM_ERASURE, state=TaskState.WAITING),
    }
    with store.transaction() as tx:
        for request in (task_id, other):
            tx.requests.open_request(request, idempotency_key=request.id, tasks=[tasks[request.id]])
            lease = tx.requests.acquire_lease(request.id)
            tx.requests.release_lease(
                lease, state=RequestState.WAITING, wake_at=None, complete=False, closed_at=NOW
            )
    downgrade_database(store.engine, "0002")
    upgrade_database(store.engine)
    with store.transaction() as tx:
        rows = tx.session.connection.execute(select(requests.c.id, requests.c.wake_at)).all()
        assert {row.id: row.wake_at is not None for row in rows} == {task_id.id: True, other.id: False}
        (task,) = tx.tasks.list_tasks(task_id.id)
        assert (task.cursor, task.wake_at is not None) == ("[]", True)
        assert tx.session.connection.execute(text("SELECT count(*) FROM notice_entries")).scalar() == 0
