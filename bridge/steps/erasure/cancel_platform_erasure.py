"""Cancels the bridge's own request for a platform's erasure while the platform still waits, for every customer of it.

What was erased in the bridge stays erased. Only a request that was opened by hand can be cancelled: the platform sent
the others itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from bridge.errors import ConnectorRefused, ConnectorUnavailable
from bridge.model import (
    CustomerSearchProgress,
    Fact,
    Lease,
    Outcome,
    PlatformRequestProgress,
    PollProgress,
    PrivacyRequest,
    Progress,
    ResidueProgress,
    Task,
    TaskAction,
    TaskState,
    get_progress,
)
from bridge.ports import Platform
from bridge.rules.requests.lifecycle import PLATFORM, assess_request_status
from bridge.rules.requests.same_person import SEVERAL_CUSTOMERS
from bridge.services import Services
from bridge.steps.erasure.customers.customer_tasks import CUSTOMER_ACTIONS, select_customer
from bridge.steps.requests.conclude import issue_certificate
from bridge.steps.task_results import finish_task

if TYPE_CHECKING:
    from bridge.store import Tx

CANCELLED = "cancelled"
CANCELLED_PROGRESS: Mapping[TaskAction, Progress] = {
    TaskAction.REQUEST_PLATFORM_ERASURE: PlatformRequestProgress(reason=CANCELLED),
    TaskAction.REMOVE_PLATFORM_RESIDUE: ResidueProgress(reason=CANCELLED),
    TaskAction.POLL_PLATFORM_ERASURE: PollProgress(reason=CANCELLED),
}


def cancel_platform_erasure(request_id: str, *, actor: str, reason: str, services: Services) -> None:
    """Cancel it for each customer, and stop asking how far it is. What was not asked for yet is not asked for.

    Where the platform refuses in between, what was cancelled before stays so, and the next call goes on with the others.
    Raises ConnectorRefused where nothing can be cancelled or the platform says that it is too late,
    ConnectorUnavailable where the request is being worked on, and what the platform's call raises.
    """
    with services.store.transaction() as tx:
        request, tasks = tx.requests.get_request(request_id), tx.tasks.list_tasks(request_id)
        polls = list_cancellable_polls(tasks)
        lease = tx.requests.acquire_lease(request_id) if request and polls else None
        about = {poll.id: select_customer(request, poll, tx).principal.customer_id for poll in polls} if request else {}
    platform = services.connectors.get(PLATFORM)
    if request is None or not any(about.values()) or not isinstance(platform, Platform):
        raise ConnectorRefused("nothing that was asked for by hand is still open at the platform")
    if lease is None:
        raise ConnectorUnavailable("the request is being worked on: try again in a minute")
    try:
        for poll in polls:
            _cancel_poll(request, poll, about[poll.id], lease, platform, services)
    except Exception:
        with services.store.transaction() as tx:
            tx.requests.postpone_request(lease, "cancel_refused", services.clock.now())
        raise
    _record_cancellation(request, lease, actor=actor, reason=reason, services=services)


def _cancel_poll(
    request: PrivacyRequest, poll: Task, customer_id: str, lease: Lease, platform: Platform, services: Services
) -> None:
    answer = platform.cancel_erasure(customer_id, shop=request.shop)
    progress = PollProgress(reason=answer.reason)
    ended = finish_task(replace(poll, expected_by=None, progress=progress), answer.outcome, services.clock.now())
    with services.store.transaction() as tx:
        tx.requests.verify_lease(lease)
        tx.tasks.save_task(ended)


def _record_cancellation(request: PrivacyRequest, lease: Lease, *, actor: str, reason: str, services: Services) -> None:
    """End what was not asked for yet, close the request and make its certificate anew."""
    now = services.clock.now()
    with services.store.transaction() as tx:
        tx.requests.verify_lease(lease)
        _end_open_tasks(request, actor, reason, tx, services)
        tasks = tx.tasks.list_tasks(request.id)
        status = replace(assess_request_status(tasks), complete=False)
        tx.request_changes.replace_principal(request, None)
        tx.requests.release_lease(
            lease,
            state=status.state,
            wake_at=status.wake_at,
            complete=status.complete,
            closed_at=request.closed_at or now,
        )
        tx.evidence.append_fact(
            Fact.PLATFORM_ERASURE_CANCELLED,
            shop=request.shop,
            actor=actor,
            request_id=request.id,
            subject=request.subject,
            system=PLATFORM,
            reason=reason,
        )
        issue_certificate(request, tasks, status, tx, services)


def _end_open_tasks(request: PrivacyRequest, actor: str, reason: str, tx: Tx, services: Services) -> None:
    """End the tasks of customers that the platform was not asked about, and the doubts about others."""
    for task in tx.tasks.list_tasks(request.id):
        is_blocked = task.action is TaskAction.REQUEST_PLATFORM_ERASURE and task.state is TaskState.FAILED
        if task.action in CUSTOMER_ACTIONS and (is_blocked or task.state not in (TaskState.DONE, TaskState.FAILED)):
            ended = replace(task, expected_by=None, progress=CANCELLED_PROGRESS[task.action])
            tx.tasks.save_task(finish_task(ended, Outcome.RETAINED, services.clock.now()))
        elif task.action is TaskAction.FIND_CUSTOMERS:
            progress = replace(get_progress(task, CustomerSearchProgress), doubts=())
            tx.tasks.save_task(replace(task, progress=progress))
            tx.reviews.close_reviews(SEVERAL_CUSTOMERS, request_id=request.id, actor=actor, reason=reason)


def list_cancellable_polls(tasks: Sequence[Task]) -> list[Task]:
    """Return the tasks that wait for an erasure that the bridge asked for: one for each customer."""
    requested = {
        task.customer
        for task in tasks
        if task.action is TaskAction.REQUEST_PLATFORM_ERASURE
        and task.state is TaskState.DONE
        and task.outcome is Outcome.UNCONFIRMED
    }
    return [
        task
        for task in tasks
        if task.action is TaskAction.POLL_PLATFORM_ERASURE
        and task.state is TaskState.WAITING
        and task.customer in requested
    ]
