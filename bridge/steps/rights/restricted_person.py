"""Keeps work away from the data of a person whose processing is restricted: tasks wait, notice items are blocked."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from bridge.model import Fact, Lease, NoticeItem, PrivacyRequest, Task, TaskState, WaitReason
from bridge.rules.requests.rights.restricted_person import RESTRICTION_PREFIX, is_own_request, must_wait_for_restriction
from bridge.services import Services
from bridge.steps.evidence.record_facts import record_task_fact
from bridge.steps.task_results import wait_task

if TYPE_CHECKING:
    from bridge.store import Tx

RECHECK_DELAY = timedelta(days=1)  # lifting a restriction wakes nobody: its end is known days before


def wait_for_restriction(
    request: PrivacyRequest, tasks: Collection[Task], lease: Lease, *, services: Services
) -> list[Task]:
    """Return the tasks as saved, waiting, while a restriction keeps them from the person's data; none where they may run.

    Raises LeaseLost and StoreUnavailable.
    """
    affected = [
        task
        for task in tasks
        if task.state not in (TaskState.DONE, TaskState.FAILED)
        and must_wait_for_restriction(request.kind, request.source, task.action)
    ]
    if not affected:
        return []
    with services.store.read() as tx:
        ids = tx.restrictions.find_restricting_requests(request)
    if not ids:
        return []
    with services.store.transaction() as tx:
        tx.requests.verify_lease(lease)
        reason, wake_at = WaitReason.PERSON_RESTRICTED, services.clock.now() + RECHECK_DELAY
        waiting = [wait_task(task, reason, wake_at, wait_reason=reason) for task in affected]
        for task in waiting:
            tx.tasks.save_task(task)
        if any(task.wait_reason is not reason for task in affected):
            record_task_fact(Fact.TASK_WAITING, request, waiting[0], tx, reason=reason, restricted_by=ids)
    return waiting


def add_restriction_blockers(items: Sequence[NoticeItem], request: PrivacyRequest, tx: Tx) -> list[NoticeItem]:
    """Return new items to erase, each blocked by the restrictions on the person, unless the person asks to be erased."""
    if not items or is_own_request(request.kind, request.source):
        return list(items)
    blockers = {RESTRICTION_PREFIX + request_id for request_id in tx.restrictions.find_restricting_requests(request)}
    return [replace(item, matters=tuple(sorted({*item.matters, *blockers}))) for item in items]


def list_blockable_items(request: PrivacyRequest, tx: Tx) -> list[NoticeItem]:
    """Return the items of the person's other requests that a restriction blocks: those of erasures that Shopify sent."""
    others = tx.requests.list_requests_of_same_person(request)
    return [
        item
        for other in others
        if other.id != request.id and not is_own_request(other.kind, other.source)
        for item in tx.notice_items.list_items(request_id=other.id)
    ]
