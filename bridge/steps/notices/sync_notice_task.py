"""Instruct: an erasure's task at a processor takes in how its entries and letters stand now.

What moves them is `notify` and `answer`; here they become a state that a certificate can tell. Calls nobody.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from bridge.model import Fact, Lease, NoticeItem, PrivacyRequest, ReferenceKind, Task, TaskState
from bridge.rules.index.attribution import UNKNOWN_CARRIER
from bridge.rules.notices.answers import derive_notice_task_status
from bridge.services import Services
from bridge.steps.evidence.record_facts import record_task_fact
from bridge.steps.notices.open_notice_items import fail_without_reference

if TYPE_CHECKING:
    from bridge.store import Tx


def sync_notice_task(request: PrivacyRequest, task: Task, lease: Lease, *, services: Services) -> Task:
    """Take it in. Returns the task as saved. Raises ClaimLost and StoreUnavailable."""
    now = services.clock.now()
    with services.store.transaction() as tx:
        tx.requests.verify_lease(lease)
        task = _migrate_cursor_items(request, task, tx, services)
        entries = [
            entry for entry in tx.notice_items.list_items(request_id=request.id) if entry.task_id == task.id
        ]
        ids = dict.fromkeys(entry.notice_id for entry in entries if entry.notice_id)
        letters = [letter for letter in map(tx.notices.find_notice, ids) if letter is not None]
        now_stands = derive_notice_task_status(task.system, entries, letters)
        ended = now_stands.state in (TaskState.DONE, TaskState.FAILED)
        after = replace(
            task,
            state=now_stands.state,
            records=len(entries),
            outcome=now_stands.outcome,
            last_error=now_stands.error,
            expected_by=now_stands.expected_by,
            gaps=now_stands.gaps,
            detail=now_stands.detail,
            wake_at=None,
            finished_at=(task.finished_at or now) if ended else None,
        )
        if not entries:
            after = fail_without_reference(after)
        tx.tasks.save_task(after)
        if ended and task.outcome is not after.outcome:
            record_task_fact(
                Fact.TASK_DONE if after.state is TaskState.DONE else Fact.TASK_FAILED,
                request,
                after,
                tx,
                outcome=after.outcome,
                records=after.records,
                answers=after.detail["answers"],
            )
    return after


def _migrate_cursor_items(request: PrivacyRequest, task: Task, tx: Tx, services: Services) -> Task:
    """A task of an earlier version has its waybills in its cursor: they become entries."""
    if not task.cursor:
        return task
    system = "" if task.system == UNKNOWN_CARRIER else task.system
    tx.notice_items.add_items(
        NoticeItem(
            id=services.store.new_id("ent"),
            shop=request.shop,
            request_id=request.id,
            task_id=task.id,
            processor=task.system,
            names=ReferenceKind.WAYBILL,
            reference=listed["waybill"],
            order=listed["order"],
            system=system,
            look_at=services.clock.now(),
        )
        for listed in json.loads(task.cursor)
    )
    return replace(task, cursor="")
