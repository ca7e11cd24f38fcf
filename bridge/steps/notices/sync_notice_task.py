"""Brings the task of an erasure at a processor up to date with its notice items and notices.

`notify` and `record_answer` change those; here they become a state that a certificate can show. Calls nobody.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from bridge.model import (
    Lease,
    ListedWaybill,
    NoticeItem,
    NoticeProgress,
    Outcome,
    PrivacyRequest,
    ReferenceKind,
    Task,
    TaskState,
    get_progress,
)
from bridge.rules.index.attribution import UNKNOWN_CARRIER
from bridge.rules.notices.answers import derive_notice_task_status
from bridge.rules.notices.recipients import NO_REFERENCE
from bridge.services import Services
from bridge.steps.task_results import fail_task, record_task_result

if TYPE_CHECKING:
    from bridge.store import Tx


def sync_notice_task(request: PrivacyRequest, task: Task, lease: Lease, *, services: Services) -> Task:
    """Update the task. Return it as saved. Raises LeaseLost and StoreUnavailable."""
    now = services.clock.now()
    with services.store.transaction() as tx:
        tx.requests.verify_lease(lease)
        if waybills := get_progress(task, NoticeProgress).listed_waybills:
            _open_items_of_waybills(request, task, waybills, tx, services)
        items = [item for item in tx.notice_items.list_items(request_id=request.id) if item.task_id == task.id]
        ids = dict.fromkeys(item.notice_id for item in items if item.notice_id)
        notices = [notice for notice in map(tx.notices.find_notice, ids) if notice is not None]
        status = derive_notice_task_status(task.system, items, notices)
        is_ended = status.state in (TaskState.DONE, TaskState.FAILED)
        after = replace(
            task,
            state=status.state,
            records=len(items),
            outcome=status.outcome,
            last_error=status.error,
            expected_by=status.expected_by,
            gaps=status.gaps,
            progress=NoticeProgress(report=status.report),
            wake_at=None,
            finished_at=(task.finished_at or now) if is_ended else None,
        )
        if not items:
            after = fail_task(after, Outcome.DENIED, NO_REFERENCE, after.finished_at)
        tx.tasks.save_task(after)
        if is_ended and task.outcome is not after.outcome:
            record_task_result(
                request, after, tx, outcome=after.outcome, records=after.records, answers=status.report.answers
            )
    return after


def _open_items_of_waybills(
    request: PrivacyRequest, task: Task, waybills: Iterable[ListedWaybill], tx: Tx, services: Services
) -> None:
    """Open a notice item for each waybill that a task of the first release lists in itself."""
    tx.notice_items.add_items(
        NoticeItem(
            id=services.store.new_id("ent"),
            shop=request.shop,
            request_id=request.id,
            task_id=task.id,
            processor=task.system,
            names=ReferenceKind.WAYBILL,
            reference=listed.waybill,
            order=listed.order,
            system="" if task.system == UNKNOWN_CARRIER else task.system,
            look_at=services.clock.now(),
        )
        for listed in waybills
    )
