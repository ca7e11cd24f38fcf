"""Cancel: our own request for a platform's erasure is taken back while the platform still waits.

What was erased here stays erased. Only what was opened by hand can be taken back: the rest is the platform's.
"""

from __future__ import annotations

from dataclasses import replace

from bridge.errors import ConnectorRefused, ConnectorUnavailable
from bridge.model import Fact, Outcome, PrivacyRequest, Task, TaskAction, TaskState
from bridge.ports import Platform
from bridge.rules.requests.lifecycle import PLATFORM, assess_request_progress
from bridge.services import Services


def cancel_platform_erasure(request_id: str, *, actor: str, reason: str, services: Services) -> None:
    """Take it back and end the following.

    Raises ConnectorRefused where there is nothing to take back or the platform says that it is too late,
    ConnectorUnavailable where the request is being worked on, and what the platform's call raises.
    """
    with services.store.transaction() as tx:
        request, tasks = tx.requests.get_request(request_id), tx.tasks.list_tasks(request_id)
        follow = _find_cancellable_task(request, tasks)
        claim = tx.requests.acquire_lease(request_id) if request and follow else None
    platform = services.connectors.get(PLATFORM)
    if request is None or follow is None or not isinstance(platform, Platform):
        raise ConnectorRefused("nothing that was asked for by hand is still open at the platform")
    if claim is None:
        raise ConnectorUnavailable("the request is being worked on: try again in a minute")
    try:
        state = platform.cancel_erasure(request.principal.customer_id, shop=request.shop)
    except Exception:
        with services.store.transaction() as tx:
            tx.requests.postpone_request(claim, "cancel_refused", services.clock.now())
        raise
    now = services.clock.now()
    ended = replace(
        follow,
        state=TaskState.DONE,
        outcome=state.outcome,
        last_error="",
        detail={"reason": state.reason},
        wake_at=None,
        finished_at=now,
    )
    stands = assess_request_progress([ended if task.id == follow.id else task for task in tasks])
    with services.store.transaction() as tx:
        tx.requests.verify_lease(claim)
        tx.tasks.save_task(ended)
        tx.request_changes.replace_principal(request, None)
        tx.requests.release_lease(
            claim,
            state=stands.state,
            wake_at=stands.wake_at,
            complete=False,
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


def _find_cancellable_task(request: PrivacyRequest | None, tasks: list[Task]) -> Task | None:
    asked = any(
        task.action is TaskAction.REQUEST_PLATFORM_ERASURE
        and task.state is TaskState.DONE
        and task.outcome is Outcome.UNCONFIRMED
        for task in tasks
    )
    if request is None or not asked or not request.principal.customer_id:
        return None
    return next(
        (
            task
            for task in tasks
            if task.action is TaskAction.POLL_PLATFORM_ERASURE and task.state is TaskState.WAITING
        ),
        None,
    )
