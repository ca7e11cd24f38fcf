"""Locate: the platform is asked which parcels an erased person's orders went with, before and after it erases her.

What the index learned from webhooks may begin later than her orders. Best effort: an erasure waits for no token, and
what the platform cannot say is a gap of its certificate. Takes numbers only.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bridge.model import (
    Absence,
    Fact,
    Gap,
    Lease,
    Outcome,
    Principal,
    PrivacyRequest,
    Task,
    TaskAction,
    TaskState,
    Waybill,
)
from bridge.ports import Platform
from bridge.rules.index.shipping import read_platform_parcels
from bridge.rules.requests.lifecycle import PLATFORM
from bridge.services import Services
from bridge.steps.erasure.erase_person import select_platform_identifiers
from bridge.steps.erasure.request_platform_erasure import SYSTEM_ERRORS, fail_or_retry_task
from bridge.steps.evidence.record_facts import record_task_fact
from bridge.steps.notices.open_notice_items import open_notice_items

if TYPE_CHECKING:
    from bridge.store import Tx

UNREPORTED_PARCELS = "parcels that no webhook told of"
FACT_BY_STATE = {TaskState.DONE: Fact.TASK_DONE, TaskState.RETRY: Fact.TASK_RETRIED}


def find_platform_parcels(request: PrivacyRequest, task: Task, lease: Lease, *, services: Services) -> Task:
    """Ask once, and note what nobody knew. Returns the task as saved. Raises ClaimLost and StoreUnavailable."""
    who, platform = request.principal, services.connectors.get(PLATFORM)
    parcels: list[Waybill] = []
    if not isinstance(platform, Platform):
        after = replace(task, state=TaskState.FAILED, outcome=Outcome.DENIED, last_error="not_configured")
    else:
        try:
            orders = platform.list_shipped_orders(who, shop=request.shop) if who != Principal() else ()
            rules = services.merchant.attribution
            parcels = [parcel for order in orders for parcel in read_platform_parcels(order, rules)]
            after = replace(
                task, state=TaskState.DONE, attempts=task.attempts + 1, last_error="", wake_at=None
            )
        except SYSTEM_ERRORS as fault:
            after = fail_or_retry_task(task, fault, services)
    with services.store.transaction() as tx:
        tx.requests.verify_lease(lease)
        if tx.person_lookup.is_merged(request.shop, who):
            parcels = []  # whatever carries her address is the kept customer's, and may be under way
        known = {parcel.number for parcel in tx.index.list_parcels(request.shop, who)}
        new = [parcel for parcel in parcels if parcel.number not in known]
        open_notice_items(request, Principal(), new, {}, tx=tx, services=services)
        after = _set_location_outcome(after, len(new), services)
        tx.tasks.save_task(after)
        if after.state is not TaskState.RETRY and _is_erasure_done(
            request, tx
        ):  # it was kept for this asking
            tx.request_changes.replace_principal(request, select_platform_identifiers(request, tx))
        record_task_fact(
            FACT_BY_STATE.get(after.state, Fact.TASK_FAILED),
            request,
            after,
            tx,
            outcome=after.outcome,
            records=after.records,
            reason=after.last_error,
        )
    return after


def _is_erasure_done(request: PrivacyRequest, tx: Tx) -> bool:
    tasks = tx.tasks.list_tasks(request.id)
    return any(task.action is TaskAction.ERASE and task.state is TaskState.DONE for task in tasks)


def _set_location_outcome(task: Task, new_count: int, services: Services) -> Task:
    if task.state is TaskState.RETRY:
        return task
    if task.state is TaskState.FAILED:
        absence = Absence.UNREACHED if task.outcome is Outcome.UNREACHED else Absence.DENIED
        gap = Gap(system=PLATFORM, absence=absence, what=UNREPORTED_PARCELS, reason=task.last_error)
        return replace(task, gaps=(gap,), finished_at=services.clock.now())
    outcome = Outcome.FOUND if new_count else Outcome.ABSENT
    return replace(task, outcome=outcome, records=new_count, gaps=(), finished_at=services.clock.now())
