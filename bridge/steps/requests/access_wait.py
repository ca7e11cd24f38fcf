"""Lets an erasure wait until the same data subject's access package has left the bridge, was waived, or time is up.

Nothing is destroyed and no notice goes out meanwhile. Calls nobody.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from bridge.model import Fact, PendingPackage, PrivacyRequest, Task, WaitReason
from bridge.rules.requests.access_wait import compute_wait_end
from bridge.services import Services
from bridge.steps.evidence.record_facts import record_task_fact
from bridge.steps.task_results import retry_task, wait_task

if TYPE_CHECKING:
    from bridge.store import Tx

log = structlog.get_logger()
ACCESS_POLL_S = 10  # while the access request is being gathered
WAIT_CHECK_INTERVAL = timedelta(days=1)  # it is woken when the package is handed over; the package may also expire
ERASURE_DUE = "erasure_due"


def postpone_for_access(request: PrivacyRequest, task: Task, tx: Tx, services: Services) -> Task | None:
    """Return a task of an erasure as saved, put off for what the data subject is still owed; None where it may run."""
    now = services.clock.now()
    pending = tx.hand_overs.list_pending_packages_of_person(request)
    ends = [compute_wait_end(package, erasure_due_at=request.due_at) for package in pending]
    if None in ends:
        reason = WaitReason.ACCESS_IN_PROGRESS
        postponed = retry_task(task, reason, now + timedelta(seconds=ACCESS_POLL_S), wait_reason=reason)
        tx.tasks.save_task(postponed)
        return postponed
    until = max((end for end in ends if end is not None and end > now), default=None)
    if until is None:
        return None
    reason, wake_at = WaitReason.PACKAGE_NOT_HANDED_OVER, min(until, now + WAIT_CHECK_INTERVAL)
    postponed = wait_task(replace(task, expected_by=until), reason, wake_at, wait_reason=reason)
    tx.tasks.save_task(postponed)
    if task.wait_reason is not reason:
        record_task_fact(Fact.TASK_WAITING, request, postponed, tx, reason=reason, until=until.isoformat())
    return postponed


def record_lost_packages(erasure: PrivacyRequest, pending: Sequence[PendingPackage], tx: Tx) -> None:
    """Record and log that an erasure whose time was up destroyed packages that had not left the bridge."""
    for package in pending:
        if package.ready_at is not None and tx.hand_overs.find_package_ready_at(package.request_id) is None:
            tx.hand_overs.record_lost_package(package.request_id, reason=ERASURE_DUE)
            log.warning("package.destroyed", id=package.request_id, reason=ERASURE_DUE, erasure=erasure.id)
