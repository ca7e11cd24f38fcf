"""Migrations meet rows that an earlier version wrote: nothing is lost, and what must go on goes on."""

from __future__ import annotations

from sqlalchemy import select, text

from bridge.model import RequestKind, RequestState, TaskAction, TaskState
from bridge.store.migrations.upgrade import downgrade_database, upgrade_database
from bridge.store.schema.tables import requests
from tests.factories import NOW, make_request, make_task


def test_0003_wakes_what_was_noted_before_there_were_entries(store):
    noted = make_request(kind=RequestKind.ERASURE)
    other = make_request(kind=RequestKind.ERASURE, subject="somebody else")
    tasks = {
        noted.id: make_task(
            noted.id, "delhivery", TaskAction.NOTIFY_PROCESSOR, state=TaskState.WAITING, cursor="[]"
        ),
        other.id: make_task(other.id, "shopify", TaskAction.POLL_PLATFORM_ERASURE, state=TaskState.WAITING),
    }
    with store.transaction() as tx:
        for request in (noted, other):
            tx.requests.open_request(request, idempotency_key=request.id, tasks=[tasks[request.id]])
            claim = tx.requests.acquire_lease(request.id)
            tx.requests.release_lease(
                claim, state=RequestState.WAITING, wake_at=None, complete=False, closed_at=NOW
            )
    downgrade_database(store.engine, "0002")
    upgrade_database(store.engine)
    with store.transaction() as tx:
        rows = tx.session.connection.execute(select(requests.c.id, requests.c.wake_at)).all()
        assert {row.id: row.wake_at is not None for row in rows} == {noted.id: True, other.id: False}
        (task,) = tx.requests.list_tasks(noted.id)
        assert (task.cursor, task.wake_at is not None) == ("[]", True)
        assert tx.session.connection.execute(text("SELECT count(*) FROM notice_entries")).scalar() == 0
