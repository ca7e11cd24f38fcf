"""Locate: the platform is asked which parcels an erased person's orders went with, before and after it erases her.

What the index learned from webhooks may begin later than her orders. Best effort: an erasure waits for no token, and
what the platform cannot say is a gap of its certificate. Takes numbers only.
"""

from __future__ import annotations

from dataclasses import replace

from bridge.model import (
    Absence,
    Action,
    Fact,
    Gap,
    Outcome,
    Principal,
    PrivacyRequest,
    Task,
    TaskState,
    Waybill,
)
from bridge.ports import Claim, Platform, Services, Tx
from bridge.rules.index.shipping import platform_parcels
from bridge.rules.requests.lifecycle import PLATFORM
from bridge.steps.erasure.erase_person import left_to_ask_by
from bridge.steps.erasure.request_platform_erasure import THEIRS, failed
from bridge.steps.evidence.record_facts import tell_task
from bridge.steps.notices.open_notice_items import note

WHAT = "parcels that no webhook told of"
FACTS = {TaskState.DONE: Fact.TASK_DONE, TaskState.RETRY: Fact.TASK_RETRIED}


def locate(request: PrivacyRequest, task: Task, claim: Claim, *, services: Services) -> Task:
    """Ask once, and note what nobody knew. Returns the task as saved. Raises ClaimLost and StoreUnavailable."""
    who, platform = request.principal, services.connectors.get(PLATFORM)
    parcels: list[Waybill] = []
    if not isinstance(platform, Platform):
        after = replace(task, state=TaskState.FAILED, outcome=Outcome.DENIED, last_error="not_configured")
    else:
        try:
            orders = platform.sent_orders(who, shop=request.shop) if who != Principal() else ()
            rules = services.merchant.attribution
            parcels = [parcel for order in orders for parcel in platform_parcels(order, rules)]
            after = replace(
                task, state=TaskState.DONE, attempts=task.attempts + 1, last_error="", wake_at=None
            )
        except THEIRS as fault:
            after = failed(task, fault, services)
    with services.store.transaction() as tx:
        tx.requests.hold(claim)
        if tx.index.merged(request.shop, who):
            parcels = []  # whatever carries her address is the kept customer's, and may be under way
        known = {parcel.number for parcel in tx.index.parcels(request.shop, who)}
        new = [parcel for parcel in parcels if parcel.number not in known]
        note(request, Principal(), new, {}, tx=tx, services=services)
        after = _counted(after, len(new), services)
        tx.requests.save_task(after)
        if after.state is not TaskState.RETRY and _erased(request, tx):  # it was kept for this asking
            tx.requests.rewrite(request, left_to_ask_by(request, tx))
        tell_task(
            FACTS.get(after.state, Fact.TASK_FAILED),
            request,
            after,
            tx,
            outcome=after.outcome,
            records=after.records,
            reason=after.last_error,
        )
    return after


def _erased(request: PrivacyRequest, tx: Tx) -> bool:
    tasks = tx.requests.tasks(request.id)
    return any(task.action is Action.ERASE and task.state is TaskState.DONE for task in tasks)


def _counted(task: Task, new: int, services: Services) -> Task:
    if task.state is TaskState.RETRY:
        return task
    if task.state is TaskState.FAILED:
        absence = Absence.UNREACHED if task.outcome is Outcome.UNREACHED else Absence.DENIED
        gap = Gap(system=PLATFORM, absence=absence, what=WHAT, reason=task.last_error)
        return replace(task, gaps=(gap,), finished_at=services.clock.now())
    outcome = Outcome.FOUND if new else Outcome.ABSENT
    return replace(task, outcome=outcome, records=new, gaps=(), finished_at=services.clock.now())
