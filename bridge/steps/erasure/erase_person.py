"""Carries out the erasure of a data subject in the bridge's own tables, or puts it off. Of a shop: `erase_shop`.

It is planned from a reading that holds up no writer. Removing, re-reading, suppressing, opening the notice items and
recording is one transaction for a bounded number of orders; the person itself goes with the last. Never calls another
system, and so never needs a token.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from bridge.errors import ConcurrentChange
from bridge.model import (
    EraseProgress,
    Lease,
    Outcome,
    PrivacyRequest,
    RequestKind,
    Task,
    TaskState,
    WaitReason,
    add_row_counts,
    get_progress,
)
from bridge.rules.erasure.plan import CUSTOMER_MERGED_AWAY
from bridge.rules.index.unreadable_identifiers import list_identifier_gaps
from bridge.rules.operations.batch_pace import BatchPace
from bridge.rules.shops.shop_names import RETRY_ASKING_AFTER
from bridge.services import Services
from bridge.steps.erasure.erasure import Erasure
from bridge.steps.erasure.held.wait_while_held import wait_while_held
from bridge.steps.erasure.orders_without_invoice_copy import INVOICE_SEARCH_INTERVAL_H, find_invoice_search_task
from bridge.steps.erasure.run.erasure_run import ErasureRun, OrderBatch
from bridge.steps.erasure.run.saved_plan import save_plan
from bridge.steps.requests.access_wait import postpone_for_access, record_lost_packages
from bridge.steps.shops.erase_shop import execute_shop_erasure
from bridge.steps.shops.identify_shops import await_shop_identity, close_identity_reviews
from bridge.steps.task_results import finish_task, record_task_result, retry_task, wait_task

if TYPE_CHECKING:
    from bridge.store import Tx

RECORDS_PER_TRANSACTION, LEAST_RECORDS = 60, 12  # orders and parcels
REPLAN_DELAY_S = 1
MAX_READINGS = 3  # of one erasure: orders may change before they are erased
# Not counted as records: a flag, and data keys (a request has one of its own, and destroying it erases no record).
UNCOUNTED_TABLES = {CUSTOMER_MERGED_AWAY, "data_keys"}


def execute_erasure(request: PrivacyRequest, task: Task, lease: Lease, *, services: Services) -> Task:
    """Erase what is the bridge's own. Return the task as saved.

    Raises LeaseLost, StoreUnavailable, and NeedsOperator where a second reading still finds a row.
    """
    if request.kind is RequestKind.SHOP_ERASURE:
        return execute_shop_erasure(request, task, lease, services=services)
    with services.store.transaction() as tx:
        tx.requests.verify_lease(lease)
        if postponed := postpone_for_access(request, replace(task, expected_by=None), tx, services):
            return postponed
    for _ in range(MAX_READINGS):
        with services.store.read() as tx:
            erasure = Erasure(request, tx.tasks.list_tasks(request.id), tx=tx, services=services)
            task = next(each for each in erasure.tasks if each.id == task.id)
            task = replace(task, expected_by=None)  # the end of an earlier wait
            postponed_tasks = _postpone_while_kept(erasure, task, services)
            plan, changes = ([], []) if postponed_tasks else erasure.find_plan_changes()
            run = None if postponed_tasks or changes else ErasureRun(erasure, tx=tx, services=services)
        if run is not None:
            with suppress(ConcurrentChange):
                return _carry_out(run, erasure, task, lease, services)
            continue
        postponed_tasks = postponed_tasks or [_retry_soon(task, WaitReason.PLAN_CHANGED, services)]
        with services.store.transaction() as tx:
            tx.requests.verify_lease(lease)
            for each in postponed_tasks:
                tx.tasks.save_task(each)
            if changes:
                tx.approvals.close_gate(request.id)  # where a person approved the plan, that must be done anew
                save_plan(request, plan, changes, tx=tx, services=services)
        return postponed_tasks[-1]
    raise ConcurrentChange


def _carry_out(run: ErasureRun, erasure: Erasure, task: Task, lease: Lease, services: Services) -> Task:
    """Erase batch by batch, each with what it removed in one transaction; the last one ends the run.

    A run that is cut off between two is continued by the next: the batches that were committed are no longer in the index.
    Raises ConcurrentChange where what was read changed.
    """
    pace = BatchPace(RECORDS_PER_TRANSACTION, LEAST_RECORDS)
    batch = run.take_batch(pace.size)
    while run.has_more:
        with services.store.transaction(pace) as tx:
            tx.requests.verify_lease(lease)
            task = replace(task, progress=run.erase_batch(batch, get_progress(task, EraseProgress), tx=tx))
            tx.tasks.save_task(task)
        batch = run.take_batch(pace.size)
    with services.store.transaction() as tx:
        tx.requests.verify_lease(lease)
        return _end_erasure(run, batch, erasure, task, tx, services)


def _end_erasure(run: ErasureRun, last: OrderBatch, erasure: Erasure, task: Task, tx: Tx, services: Services) -> Task:
    request = erasure.request
    pending = tx.hand_overs.list_pending_packages_of_person(request)
    progress = get_progress(task, EraseProgress)
    run.erase_rest(last, progress, tx=tx)
    task = _end_run(erasure, run.removed_rows, task, services)
    if task.outcome is Outcome.ABSENT and await_shop_identity(request, tx, services):
        task = _wait_for_identity(task, services)
        tx.tasks.save_task(task)
        return task
    tx.tasks.save_task(task)
    run.record(task, last, progress, tx=tx)
    record_lost_packages(request, pending, tx)
    if task.wait_reason is WaitReason.HELD_BY_LAW:
        record_task_result(request, task, tx, reason=task.last_error, held_by=erasure.list_grounds())
    close_identity_reviews(request, tx)
    if task.state is TaskState.DONE:
        _erase_corrected_values(request, tx)
    return task


def _erase_corrected_values(request: PrivacyRequest, tx: Tx) -> None:
    """Destroy what the person's corrections state: the former and the new values."""
    for other in tx.requests.list_requests_of_same_person(request):
        if other.kind is RequestKind.CORRECTION:
            tx.request_details.erase_details(other.id)


def _postpone_while_kept(erasure: Erasure, task: Task, services: Services) -> list[Task]:
    """Return the tasks put off, this one last, where nothing but what must stay remains, or new orders lack a copy."""
    search = find_invoice_search_task(erasure.tasks)
    if search is not None and erasure.has_unsearched_orders:
        # an order became known since the last search: the platform is asked for its copy first
        search = replace(search, state=TaskState.PENDING, attempts=0, wait_reason=None, wake_at=None)
        return [search, _retry_soon(task, WaitReason.INVOICE_COPY_MISSING, services)]
    progress = get_progress(task, EraseProgress)
    kept = (erasure.excluded_order_ids, bool(erasure.held_customer.holds))
    if erasure.is_incomplete and (progress.excluded_order_ids, progress.is_customer_kept) == kept:
        return [_wait_for_rest(erasure, task, services)]
    return []


def _retry_soon(task: Task, reason: WaitReason, services: Services) -> Task:
    wake_at = services.clock.now() + timedelta(seconds=REPLAN_DELAY_S)
    return retry_task(task, reason, wake_at, wait_reason=reason)


def _wait_for_copies(task: Task, services: Services) -> Task:
    """Return the task as waiting for the copies of its excluded orders, which an operator may file meanwhile."""
    wake_at = services.clock.now() + timedelta(hours=INVOICE_SEARCH_INTERVAL_H)
    reason = WaitReason.INVOICE_COPY_MISSING
    return wait_task(replace(task, outcome=Outcome.INCOMPLETE), reason, wake_at, wait_reason=reason)


def _wait_for_rest(erasure: Erasure, task: Task, services: Services) -> Task:
    """Return the task as waiting for what keeps the rest: a missing copy, or a law."""
    if erasure.order_ids_without_copy:
        return _wait_for_copies(task, services)
    kept = [*erasure.held_orders.values(), *([erasure.held_customer] if erasure.held_customer.holds else [])]
    progress = replace(get_progress(task, EraseProgress), held_by=tuple(erasure.list_grounds()))
    return wait_while_held(replace(task, outcome=Outcome.RETAINED, progress=progress), kept, services)


def _wait_for_identity(task: Task, services: Services) -> Task:
    """Return the task as waiting until it is known whether a shop that stores the data is the one of the request."""
    wake_at = services.clock.now() + RETRY_ASKING_AFTER
    reason = WaitReason.SHOP_UNIDENTIFIED
    return wait_task(replace(task, outcome=Outcome.INCOMPLETE), reason, wake_at, wait_reason=reason)


def _end_run(erasure: Erasure, removed_rows: Mapping[str, int], task: Task, services: Services) -> Task:
    """Return the task after a run: done, or waiting for what keeps the rest."""
    before = get_progress(task, EraseProgress).removed_rows
    # the flag of a merged customer counts for one run only
    before = {table: count for table, count in before.items() if table != CUSTOMER_MERGED_AWAY}
    rows = add_row_counts(before, removed_rows)
    records = sum(count for table, count in rows.items() if table not in UNCOUNTED_TABLES)
    progress = EraseProgress(removed_rows=rows, excluded_order_ids=erasure.excluded_order_ids)
    if erasure.held_customer.holds:
        began_at = get_progress(task, EraseProgress).began_at or services.clock.now()
        progress = replace(progress, is_customer_kept=True, began_at=began_at)
    # a later run may know fewer identifiers: the gaps of the earlier ones stay
    gaps = dict.fromkeys((*task.gaps, *list_identifier_gaps(task.system, erasure.request.principal)))
    task = replace(task, records=records, progress=progress, gaps=tuple(gaps))
    if erasure.is_incomplete:
        return _wait_for_rest(erasure, task, services)
    outcome = Outcome.ERASED if records else Outcome.INCOMPLETE if gaps else Outcome.ABSENT
    return finish_task(task, outcome, services.clock.now())
