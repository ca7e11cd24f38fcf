"""Records an operator's decision on a shop that asked to be erased and seems to be installed again.

It is erased in spite of that, or the request ends and the shop keeps its data. Calls nobody.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bridge.errors import PayloadInvalid
from bridge.model import (
    Absence,
    Fact,
    Gap,
    Outcome,
    RequestKind,
    ShopExitDecision,
    Task,
    TaskAction,
    TaskState,
    WaitReason,
)
from bridge.rules.requests.lifecycle import BRIDGE
from bridge.services import Services
from bridge.steps.evidence.record_facts import enqueue_request_ids
from bridge.steps.requests.record_decision import record_decision
from bridge.steps.shops.erase_shop import REINSTALLED_REVIEW_KIND
from bridge.steps.task_results import finish_task


def resolve_reinstalled_shop(
    request_id: str, decision: ShopExitDecision, *, actor: str, reason: str, services: Services
) -> None:
    """Go on with the erasure (`CONTINUE`), or end the request without it (`CLOSE`).

    Raises PayloadInvalid (`nothing_to_decide`) where the request does not wait for this.
    """
    now = services.clock.now()
    with services.store.transaction() as tx:
        request = tx.requests.get_request(request_id)
        task = next((each for each in tx.tasks.list_tasks(request_id) if _is_awaiting_reinstall_decision(each)), None)
        if request is None or request.kind is not RequestKind.SHOP_ERASURE or task is None:
            raise PayloadInvalid("nothing_to_decide")
        tx.shop_exits.record_exit_decision(request.shop, request_id, decision, actor=actor)
        if decision is ShopExitDecision.CLOSE:
            tx.tasks.save_task(_build_closed_task(task, now))
        record_decision(
            request,
            Fact.SHOP_ERASURE_CONTINUED,
            review_kind=REINSTALLED_REVIEW_KIND,
            actor=actor,
            reason=reason,
            tx=tx,
            decision=decision,
        )
    enqueue_request_ids([request_id], services)


def _is_awaiting_reinstall_decision(task: Task) -> bool:
    waits = task.state is TaskState.WAITING and task.wait_reason is WaitReason.INSTALLED_AGAIN
    return waits and task.action is TaskAction.ERASE


def _build_closed_task(task: Task, now: datetime) -> Task:
    """Return the task as done without erasing: the request can be answered, and the gap says that it is not complete."""
    reason = WaitReason.INSTALLED_AGAIN
    gap = Gap(system=BRIDGE, absence=Absence.NOT_REMOVED, what="all of the shop", reason=reason)
    task = finish_task(replace(task, gaps=(gap,), expected_by=None), Outcome.RETAINED, now)
    return replace(task, last_error=reason)  # the certificate shows why nothing was erased
