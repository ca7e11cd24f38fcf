"""Removes what other apps wrote at the platform, where the retention file says so.

Only for requests that were opened by hand. Never touches what the file keeps or an order that is still on its way, and
counts as removed only what a second reading does not find. Asks nobody unless the file says `apply`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from bridge.errors import BridgeError
from bridge.model import (
    Absence,
    Gap,
    Lease,
    Outcome,
    Principal,
    PrivacyRequest,
    Residue,
    ResidueProgress,
    Task,
    TaskState,
    get_progress,
)
from bridge.ports import Platform
from bridge.rules.erasure.precheck import list_blocked_tasks
from bridge.rules.requests.lifecycle import PLATFORM, decide_residue_action
from bridge.rules.requests.progress_codec import encode_detail
from bridge.services import Services
from bridge.steps.erasure.customers.customer_tasks import list_tasks_of_customer, select_customer
from bridge.steps.requests.access_wait import postpone_for_access
from bridge.steps.task_results import SYSTEM_ERRORS, after_failure, fail_task, finish_task, record_task_result

WRITTEN_BY_OTHERS = "what others wrote"


def remove_platform_residue(request: PrivacyRequest, task: Task, lease: Lease, *, services: Services) -> Task:
    """Remove it once. Return the task as saved. Raises LeaseLost and StoreUnavailable."""
    with services.store.transaction() as tx:
        about = select_customer(request, task, tx)
    principal = about.principal
    blocked: Task | None = None
    if services.retention.residue.apply:
        with services.store.transaction() as tx:
            tx.requests.verify_lease(lease)
            if postponed := postpone_for_access(request, task, tx, services):
                return postponed
            tasks = list_tasks_of_customer(task, tx.tasks.list_tasks(request.id))
            blocked = next(iter(list_blocked_tasks(tasks)), None)
    task = replace(task, gaps=())
    if blocked:
        # what a precheck protects may stand in a metafield: points, a tier
        task = _fail(task, Outcome.RETAINED, Absence.NOT_REMOVED, blocked.last_error, services)
        task = replace(task, wait_reason=blocked.wait_reason)
    elif services.retention.residue.apply:
        task, principal = _try_removal(about, task, services)
    else:
        task = _finish(task, Outcome.RETAINED, ResidueProgress(reason="retention_file_keeps"), services)
    progress = get_progress(task, ResidueProgress)
    counts = {name: count for name, count in encode_detail(progress).items() if isinstance(count, int)}
    with services.store.transaction() as tx:
        tx.requests.verify_lease(lease)
        tx.tasks.save_task(task)
        current = tx.requests.get_request(request.id)
        if (
            principal.customer_id
            and current
            and principal.customer_id != (about if task.customer else current).principal.customer_id
        ):
            known = replace(current.principal, customer_id=principal.customer_id)
            tx.request_changes.replace_principal(request, known)
        if progress.quarantined:  # writes evidence: after the principal, for keys are locked before it everywhere
            what = f"{progress.quarantined} fields at {PLATFORM} that no category claims"
            tx.reviews.open_review(request.shop, "quarantine", what, request_id=request.id)
        reason = task.last_error or progress.reason or ""
        record_task_result(request, task, tx, outcome=task.outcome, reason=reason, counts=counts)
    return task


def _try_removal(request: PrivacyRequest, task: Task, services: Services) -> tuple[Task, Principal]:
    """Return the task after a try, and the principal with the platform's id where that was found out."""
    principal, platform = request.principal, services.connectors.get(PLATFORM)
    if not isinstance(platform, Platform):
        return _fail(task, Outcome.DENIED, Absence.NOT_CONFIGURED, "not_configured", services), principal
    if principal == Principal():
        failed = _fail(task, Outcome.UNCONFIRMED, Absence.NOT_REMOVED, "nothing_to_ask_by", services)
        return failed, principal
    try:
        principal = replace(principal, customer_id=platform.find_customer(principal, shop=request.shop))
        if not principal.customer_id:
            return _finish_unknown_customer(task, len(principal.order_ids), services), principal
        residue = platform.list_platform_residue(principal, shop=request.shop)
        by_action: dict[str, list[Residue]] = {"erase": [], "keep": [], "left": [], "quarantine": []}
        for item in residue:
            by_action[decide_residue_action(item, services.retention)[0]].append(item)
        to_remove = by_action["erase"]
        erased_before = _count_erased_before(get_progress(task, ResidueProgress), len(residue))
        # a try that breaks off does not lose count of what it removed: the next one does not find that any more
        begun = ResidueProgress(erased=erased_before, to_remove=len(to_remove), found=len(residue))
        task = replace(task, progress=begun)
        still_present = platform.remove_platform_residue(to_remove, shop=request.shop) if to_remove else ()
    except SYSTEM_ERRORS as fault:
        return _after_failure(task, fault, services), principal
    erased = erased_before + len(to_remove) - len(still_present)
    retained, quarantined = len(by_action["keep"]), len(by_action["quarantine"])
    outcome = Outcome.ERASED if erased else Outcome.RETAINED if retained or quarantined else Outcome.ABSENT
    reasons = {Outcome.ERASED: "read_back", Outcome.RETAINED: "retention_file_keeps"}
    gaps = _build_residue_gaps(by_action["left"], still_present)
    progress = ResidueProgress(
        reason="" if gaps else reasons.get(outcome, "nothing_there"),
        erased=erased,
        retained=retained,
        skipped=len(by_action["left"]),
        still_present=len(still_present),
        quarantined=quarantined or None,
    )
    return _finish(task, Outcome.INCOMPLETE if gaps else outcome, progress, services, gaps), principal


def _finish_unknown_customer(task: Task, order_count: int, services: Services) -> Task:
    """Return the task as done: the platform knows no such customer. Orders that were named stay a gap."""
    gap = _build_platform_gap(Absence.NOT_REMOVED, f"{order_count} orders", "no_customer")
    progress = ResidueProgress(reason="unknown_to_platform")
    return _finish(task, Outcome.ABSENT, progress, services, [gap] if order_count else [])


def _count_erased_before(progress: ResidueProgress, found_count: int) -> int:
    """Return what earlier tries removed: at most what the last one began with, and what is missing since."""
    missing = max(0, (progress.found or 0) - found_count)
    return (progress.erased or 0) + min(progress.to_remove or 0, missing)


def _build_residue_gaps(skipped: Sequence[Residue], still_present: Sequence[Residue]) -> list[Gap]:
    """Return the gaps: orders that hold residue back, by reason; what could not be read; what survived the removal."""
    reason_by_order = {(item.ref, item.hold_reason) for item in skipped if item.ref}
    orders = Counter(reason for _, reason in reason_by_order)
    gaps = [
        _build_platform_gap(Absence.NOT_REMOVED, f"{count} orders", reason) for reason, count in sorted(orders.items())
    ]
    gaps += [_build_platform_gap(Absence.DENIED, item.what, item.hold_reason) for item in skipped if not item.ref]
    if still_present:
        what = f"{len(still_present)} of what was to go"
        gaps.append(_build_platform_gap(Absence.NOT_REMOVED, what, "still_there"))
    return gaps


def _build_platform_gap(absence: Absence, what: str, reason: str) -> Gap:
    return Gap(system=PLATFORM, absence=absence, what=what, reason=reason)


def _finish(
    task: Task, outcome: Outcome, progress: ResidueProgress, services: Services, gaps: Sequence[Gap] = ()
) -> Task:
    task = replace(task, attempts=task.attempts + 1, records=progress.erased or 0, progress=progress, gaps=tuple(gaps))
    return finish_task(task, outcome, services.clock.now())


def _fail(task: Task, outcome: Outcome, absence: Absence, reason: str, services: Services) -> Task:
    gaps = (_build_platform_gap(absence, WRITTEN_BY_OTHERS, reason),)
    attempted = replace(task, attempts=task.attempts + 1, gaps=gaps)
    return fail_task(attempted, outcome, reason, services.clock.now())


def _after_failure(task: Task, fault: BridgeError, services: Services) -> Task:
    """Return the task after a fault of the platform; once it is not tried again, with the gap that remains."""
    task = after_failure(task, fault, services)
    if task.state is not TaskState.FAILED:
        return task
    absence = Absence.UNREACHED if task.outcome is Outcome.UNREACHED else Absence.DENIED
    return replace(task, gaps=(_build_platform_gap(absence, WRITTEN_BY_OTHERS, task.last_error),))
