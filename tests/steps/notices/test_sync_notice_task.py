"""A notice task reflects its items; a task of an earlier version is migrated from its cursor."""

from __future__ import annotations

from bridge.model import ListedWaybill, NoticeProgress, NoticeState, Outcome, RequestKind, TaskAction, TaskState
from bridge.steps.requests.process import process_request
from tests.factories import SHOP, make_request, make_task


def test_waybills_in_the_cursor_of_an_earlier_version_become_items(services):
    request = make_request(kind=RequestKind.ERASURE)
    listed = (ListedWaybill(waybill="AWB1", order="#1001"), ListedWaybill(waybill="AWB2", order=""))
    noted = make_task(
        request.id,
        "delhivery",
        TaskAction.NOTIFY_PROCESSOR,
        state=TaskState.WAITING,
        outcome=Outcome.UNCONFIRMED,
        last_error="not_instructed_yet",
        progress=NoticeProgress(listed_waybills=listed),
        records=2,
        wake_at=services.clock.now(),
    )
    with services.store.transaction() as tx:
        tx.requests.open_request(request, idempotency_key=request.id, tasks=[noted])
    process_request(request.id, services=services)
    with services.store.transaction() as tx:
        (task,) = tx.tasks.list_tasks(request.id)
        entries = tx.notice_items.list_items(request_id=request.id)
        account = tx.notice_accounts.acquire_lease(f"{SHOP}|delhivery")
    assert (task.progress.listed_waybills, task.records, task.last_error, task.state) == ((), 2, "", TaskState.WAITING)
    assert [(entry.reference, entry.order, entry.state) for entry in entries] == [
        ("AWB1", "#1001", NoticeState.WAITING),
        ("AWB2", "", NoticeState.WAITING),
    ]
    assert account is not None, "the account is due"
