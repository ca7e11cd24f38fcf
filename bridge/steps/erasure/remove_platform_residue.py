"""Redact: what other systems wrote at the platform is removed there, where the retention file says so.

Only for what was opened by hand. Never touches what the file keeps or an order that is still on its way, and
counts as gone only what a second reading does not find. While the file does not say `apply`, asks nobody.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from bridge.errors import BridgeError, Retryable
from bridge.model import (
    Absence,
    Fact,
    Gap,
    Lease,
    Outcome,
    Principal,
    PrivacyRequest,
    Residue,
    Task,
    TaskState,
)
from bridge.ports import Platform
from bridge.rules.erasure.precheck import parse_precheck_error
from bridge.rules.requests.lifecycle import PLATFORM, compute_retry_pause_s, decide_residue_action
from bridge.services import Services
from bridge.steps.erasure.erase_person import ACCESS_WAIT_S, is_access_in_progress
from bridge.steps.erasure.request_platform_erasure import SYSTEM_ERRORS
from bridge.steps.evidence.record_facts import record_task_fact

QUARANTINED_COUNT = "quarantined"
FACT_BY_STATE = {TaskState.DONE: Fact.TASK_DONE, TaskState.RETRY: Fact.TASK_RETRIED}


def remove_platform_residue(request: PrivacyRequest, task: Task, lease: Lease, *, services: Services) -> Task:
    """Remove it once. Returns the task as saved. Raises ClaimLost and StoreUnavailable."""
    who = request.principal
    if services.retention.residue.apply and (
        waits := _postpone_for_access_request(request, task, lease, services)
    ):
        return waits
    task = replace(task, attempts=task.attempts + 1, wake_at=None, last_error="", gaps=())
    if services.retention.residue.apply and (guard := _find_precheck_failure(request, services)):
        # what a guard keeps from being erased may stand in a metafield: points, a tier
        task = _fail_residue_task(task, Outcome.RETAINED, Absence.NOT_REMOVED, guard)
    elif services.retention.residue.apply:
        task, who = _try_residue_removal(request, task, services)
    else:
        task = _finish_residue_task(task, Outcome.RETAINED, {"reason": "retention_file_keeps"})
    if task.state in (TaskState.DONE, TaskState.FAILED):
        task = replace(task, finished_at=services.clock.now())
    with services.store.transaction() as tx:
        tx.requests.verify_lease(lease)
        tx.tasks.save_task(task)
        current = tx.requests.get_request(request.id)
        if who.customer_id and current and current.principal.customer_id != who.customer_id:
            tx.request_changes.replace_principal(
                request, replace(current.principal, customer_id=who.customer_id)
            )
        if found := task.detail.get(
            QUARANTINED_COUNT
        ):  # after it: keys are locked before the evidence, everywhere
            what = f"{found} fields at {PLATFORM} that no category claims"
            tx.reviews.open_review(request.shop, "quarantine", what, request_id=request.id)
        record_task_fact(
            FACT_BY_STATE.get(task.state, Fact.TASK_FAILED),
            request,
            task,
            tx,
            outcome=task.outcome,
            reason=task.last_error or task.detail.get("reason", ""),
            counts={name: count for name, count in task.detail.items() if isinstance(count, int)},
        )
    return task


def _find_precheck_failure(request: PrivacyRequest, services: Services) -> str:
    """Why the platform was not asked to erase her, where a guard stopped that."""
    with services.store.transaction() as tx:
        return next(
            (task.last_error for task in tx.tasks.list_tasks(request.id) if parse_precheck_error(task)), ""
        )


def _postpone_for_access_request(
    request: PrivacyRequest, task: Task, lease: Lease, services: Services
) -> Task | None:
    """The task put off while she waits to see her data: that answer is made before what it needs is gone."""
    with services.store.transaction() as tx:
        tx.requests.verify_lease(lease)
        if not is_access_in_progress(request, tx):
            return None
        wake_at = services.clock.now() + timedelta(seconds=ACCESS_WAIT_S)
        task = replace(task, state=TaskState.RETRY, wake_at=wake_at, last_error="access_in_flight")
        tx.tasks.save_task(task)
    return task


def _try_residue_removal(request: PrivacyRequest, task: Task, services: Services) -> tuple[Task, Principal]:
    """The task as it stands after a try, and the person with the platform's id of her where that was learned."""
    who, platform = request.principal, services.connectors.get(PLATFORM)
    if not isinstance(platform, Platform):
        return _fail_residue_task(task, Outcome.DENIED, Absence.NOT_CONFIGURED, "not_configured"), who
    if who == Principal():
        return _fail_residue_task(task, Outcome.UNCONFIRMED, Absence.NOT_REMOVED, "nothing_to_ask_by"), who
    try:
        who = replace(who, customer_id=platform.find_customer(who, shop=request.shop))
        if not who.customer_id:
            named = (
                [_build_platform_gap(Absence.NOT_REMOVED, f"{len(who.order_ids)} orders", "no_customer")]
                if who.order_ids
                else []
            )
            return _finish_residue_task(task, Outcome.ABSENT, {"reason": "unknown_to_platform"}, named), who
        items = platform.list_platform_residue(who, shop=request.shop)
        sorted_out = [(decide_residue_action(item, services.retention)[0], item) for item in items]
        goes = [item for word, item in sorted_out if word == "erase"]
        before = _count_erased_before(task, len(items))
        # what a try that breaks off removed is not found by the next one, and is counted all the same
        task = replace(task, detail={"erased": before, "begun": len(goes), "there": len(items)})
        still = platform.remove_platform_residue(goes, shop=request.shop) if goes else ()
    except SYSTEM_ERRORS as fault:
        return _retry_or_fail_residue_task(task, fault, services), who
    left = [item for word, item in sorted_out if word == "left"]
    erased = before + len(goes) - len(still)
    kept = sum(word == "keep" for word, _ in sorted_out)
    unclaimed = sum(word == "quarantine" for word, _ in sorted_out)
    gaps = _build_residue_gaps(left, still)
    outcome = Outcome.ERASED if erased else Outcome.RETAINED if kept or unclaimed else Outcome.ABSENT
    counts = {"erased": erased, "kept": kept, "left": len(left), "still_there": len(still)}
    counts |= {QUARANTINED_COUNT: unclaimed} if unclaimed else {}
    reason = {Outcome.ERASED: "read_back", Outcome.RETAINED: "retention_file_keeps"}.get(
        outcome, "nothing_there"
    )
    return _finish_residue_task(
        task, Outcome.INCOMPLETE if gaps else outcome, {"reason": "" if gaps else reason, **counts}, gaps
    ), who


def _count_erased_before(task: Task, found_count: int) -> int:
    """What earlier tries removed: never more than the last one began with, nor than what is missing since."""
    erased, begun, was = (int(task.detail.get(name, 0)) for name in ("erased", "begun", "there"))
    return erased + min(begun, max(0, was - found_count))


def _build_residue_gaps(skipped_items: Sequence[Residue], remaining_items: Sequence[Residue]) -> list[Gap]:
    orders = Counter(held for _, held in {(item.ref, item.hold_reason) for item in skipped_items if item.ref})
    return [
        *(
            _build_platform_gap(Absence.NOT_REMOVED, f"{count} orders", held)
            for held, count in sorted(orders.items())
        ),
        *(
            _build_platform_gap(Absence.DENIED, item.what, item.hold_reason)
            for item in skipped_items
            if not item.ref
        ),
        *(
            [
                _build_platform_gap(
                    Absence.NOT_REMOVED, f"{len(remaining_items)} of what was to go", "still_there"
                )
            ]
            if remaining_items
            else []
        ),
    ]


def _build_platform_gap(absence: Absence, what: str, reason: str) -> Gap:
    return Gap(system=PLATFORM, absence=absence, what=what, reason=reason)


def _finish_residue_task(
    task: Task, outcome: Outcome, detail: dict[str, str | int], gaps: Sequence[Gap] = ()
) -> Task:
    records = int(detail.get("erased", 0))
    return replace(
        task, state=TaskState.DONE, outcome=outcome, records=records, detail=detail, gaps=tuple(gaps)
    )


def _fail_residue_task(task: Task, outcome: Outcome, absence: Absence, reason: str) -> Task:
    gaps = (_build_platform_gap(absence, "what others wrote", reason),)
    return replace(task, state=TaskState.FAILED, outcome=outcome, last_error=reason, gaps=gaps)


def _retry_or_fail_residue_task(task: Task, fault: BridgeError, services: Services) -> Task:
    if not isinstance(fault, Retryable):
        return _fail_residue_task(task, Outcome.DENIED, Absence.DENIED, str(fault))
    if task.attempts >= services.settings.connector_attempts:
        return _fail_residue_task(task, Outcome.UNREACHED, Absence.UNREACHED, str(fault))
    wake_at = services.clock.now() + timedelta(
        seconds=compute_retry_pause_s(task.attempts, fault.retry_after_s)
    )
    return replace(
        task, state=TaskState.RETRY, outcome=Outcome.UNREACHED, last_error=str(fault), wake_at=wake_at
    )
