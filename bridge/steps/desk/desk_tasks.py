"""What the desk's tasks have in common: they are read again under the lease, and an operator's word lets them go on."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from bridge.errors import PayloadInvalid
from bridge.model import (
    Fact,
    IncidentProgress,
    NominationProgress,
    NomineeProgress,
    PrivacyRequest,
    RequestState,
    Task,
    WaitReason,
    get_progress,
)
from bridge.services import Services
from bridge.steps.evidence.record_facts import enqueue_request_ids

if TYPE_CHECKING:
    from bridge.store import Tx

DeskProgress = TypeVar("DeskProgress", NominationProgress, NomineeProgress, IncidentProgress)


def read_own_task(task: Task, tx: Tx) -> Task:
    """Return the task as it is now: an operator may have changed it since the run began. Call under the lease."""
    return next((one for one in tx.tasks.list_tasks(task.request_id) if one.id == task.id), task)


def open_desk_task(request_id: str, kind: type[DeskProgress], tx: Tx) -> tuple[PrivacyRequest, Task]:
    """Return a request that is open with its task of this kind of progress, locked until commit.

    Raises PayloadInvalid: `request_unknown`, `kind_differs`, `not_waiting`.
    """
    tx.requests.lock_request(request_id)
    request = tx.requests.get_request(request_id)
    if request is None:
        raise PayloadInvalid("request_unknown")
    task = next((one for one in tx.tasks.list_tasks(request_id) if isinstance(one.progress, kind)), None)
    if task is None:
        raise PayloadInvalid("kind_differs")
    if request.state is RequestState.DONE:
        raise PayloadInvalid("not_waiting")
    return request, task


def change_desk_progress(
    request_id: str,
    kind: type[DeskProgress],
    change: Callable[[DeskProgress], DeskProgress],
    *,
    waits_for: Collection[WaitReason],
    fact: Fact,
    actor: str,
    reason: str,
    services: Services,
    **detail: Any,
) -> None:
    """Store an operator's decision about a task that waits for one of these reasons, and let the request run.

    Raises PayloadInvalid as `open_desk_task`, and `not_waiting` where it waits for something else.
    """
    with services.store.transaction() as tx:
        request, task = open_desk_task(request_id, kind, tx)
        if task.wait_reason not in waits_for:
            raise PayloadInvalid("not_waiting")
        tx.tasks.save_task(replace(task, progress=change(get_progress(task, kind))))
        tx.request_changes.restart_request(request_id)
        about = {"shop": request.shop, "request_id": request_id, "subject": request.subject}
        tx.evidence.append_fact(fact, **about, actor=actor, reason=reason, **detail)
    enqueue_request_ids([request_id], services)
