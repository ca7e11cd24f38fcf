"""Lets an erasure that Shopify sent wait a short time for the merge that it may belong to.

Shopify sends `customers/redact` for the customer that a merge removes, before or after `customers/merge`. Until the
merge is known, the orders on their way to the customer that remains look like those of the erased one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bridge.model import (
    Fact,
    Lease,
    PrivacyRequest,
    RequestKind,
    RequestSource,
    Task,
    TaskAction,
    TaskState,
    WaitReason,
)
from bridge.services import Services
from bridge.steps.evidence.record_facts import record_task_fact
from bridge.steps.task_results import wait_task

if TYPE_CHECKING:
    from bridge.store import Tx


def wait_for_merge(request: PrivacyRequest, tasks: Iterable[Task], lease: Lease, *, services: Services) -> Task | None:
    """Return the erasure's task as saved, waiting, while a merge may still come; None where the tasks may run.

    Raises LeaseLost and StoreUnavailable.
    """
    task = next((each for each in tasks if each.action is TaskAction.ERASE), None)
    if (
        (request.kind, request.source) != (RequestKind.ERASURE, RequestSource.WEBHOOK)
        or task is None
        or task.state is TaskState.DONE
    ):
        return None
    with services.store.transaction() as tx:
        until = _find_last_redact(request, tx) + timedelta(minutes=services.settings.merge_wait_minutes)
        if until <= services.clock.now():
            return None
        tx.requests.verify_lease(lease)
        reason = WaitReason.MERGE_POSSIBLE
        is_known = task.wait_reason is reason
        task = wait_task(replace(task, expected_by=until), reason, until, wait_reason=reason)
        tx.tasks.save_task(task)
        if not is_known:
            record_task_fact(Fact.TASK_WAITING, request, task, tx, reason=reason, until=until.isoformat())
    return task


def _find_last_redact(request: PrivacyRequest, tx: Tx) -> datetime:
    """Return when the last webhook that opened or joined the request was received."""
    joined = (
        event.at
        for event in tx.evidence.list_facts_of_request(request.id)
        if event.fact == Fact.REQUEST_JOINED and event.detail.get("source") == RequestSource.WEBHOOK
    )
    return max((request.webhook_received_at or request.received_at, *joined))
