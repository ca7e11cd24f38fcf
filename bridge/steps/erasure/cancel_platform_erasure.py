"""Cancels the bridge's own request for a platform's erasure while the platform still waits.

What was erased in the bridge stays erased. Only a request that was opened by hand can be cancelled: the platform sent
the others itself.
"""

from __future__ import annotations

from dataclasses import replace

from bridge.errors import ConnectorRefused, ConnectorUnavailable
from bridge.model import Fact, Outcome, PollProgress, PrivacyRequest, Task, TaskAction, TaskState
from bridge.ports import Platform
from bridge.rules.requests.lifecycle import PLATFORM, assess_request_status
from bridge.services import Services
from bridge.steps.requests.conclude import issue_certificate
from bridge.steps.task_results import finish_task


def cancel_platform_erasure(request_id: str, *, actor: str, reason: str, services: Services) -> None:
    """Cancel it, and stop asking how far it is.

    Raises ConnectorRefused where nothing can be cancelled or the platform says that it is too late,
    ConnectorUnavailable where the request is being worked on, and what the platform's call raises.
    """
    with services.store.transaction() as tx:
        request, tasks = tx.requests.get_request(request_id), tx.tasks.list_tasks(request_id)
        poll = _find_cancellable_task(request, tasks)
        lease = tx.requests.acquire_lease(request_id) if request and poll else None
    platform = services.connectors.get(PLATFORM)
    if request is None or poll is None or not isinstance(platform, Platform):
        raise ConnectorRefused("nothing that was asked for by hand is still open at the platform")
    if lease is None:
        raise ConnectorUnavailable("the request is being worked on: try again in a minute")
    try:
        answer = platform.cancel_erasure(request.principal.customer_id, shop=request.shop)
    except Exception:
        with services.store.transaction() as tx:
            tx.requests.postpone_request(lease, "cancel_refused", services.clock.now())
        raise
    now = services.clock.now()
    ended = finish_task(
        replace(poll, expected_by=None, progress=PollProgress(reason=answer.reason)), answer.outcome, now
    )
    tasks = [ended if task.id == poll.id else task for task in tasks]
    status = replace(assess_request_status(tasks), complete=False)
    with services.store.transaction() as tx:
        tx.requests.verify_lease(lease)
        tx.tasks.save_task(ended)
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


def _find_cancellable_task(request: PrivacyRequest | None, tasks: list[Task]) -> Task | None:
    was_requested = any(
        task.action is TaskAction.REQUEST_PLATFORM_ERASURE
        and task.state is TaskState.DONE
        and task.outcome is Outcome.UNCONFIRMED
        for task in tasks
    )
    if request is None or not was_requested or not request.principal.customer_id:
        return None
    return next(
        (task for task in tasks if task.action is TaskAction.POLL_PLATFORM_ERASURE and task.state is TaskState.WAITING),
        None,
    )
