"""Works on the due tasks of a request, in their order, then concludes it.

Owns the request by a lease that it renews and a fence that every write shows. A fault of the bridge itself ends in a
later attempt, after the last attempt in `failed`, which operators see and replay; nothing is lost in between. While
others wait, it gives way after a few seconds and goes on later, from where it was.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from bridge.errors import KeyMissing, LeaseLost, SealBroken, StoreUnavailable
from bridge.logs import describe_exception
from bridge.model import Fact, Lease, PrivacyRequest, RequestKind, Task, TaskAction, TaskState, WaitReason
from bridge.rules.requests.lifecycle import VAULT, compute_retry_pause_s, has_finished_prerequisites, is_task_ready
from bridge.rules.requests.progress_codec import encode_detail
from bridge.services import Services
from bridge.steps.access.gather import gather_records
from bridge.steps.desk.admit_nominee import admit_nominee
from bridge.steps.desk.incidents.report_incident import report_incident
from bridge.steps.desk.record_nomination import record_nomination
from bridge.steps.erasure.customers.find_customers import find_customers, plan_customer_search
from bridge.steps.erasure.erase_person import execute_erasure
from bridge.steps.erasure.find_platform_parcels import find_platform_parcels
from bridge.steps.erasure.poll_platform_erasure import poll_platform_erasure
from bridge.steps.erasure.remove_platform_residue import remove_platform_residue
from bridge.steps.erasure.request_platform_erasure import request_platform_erasure
from bridge.steps.index.index_orders import index_deliveries_of_shop
from bridge.steps.new_tasks import build_task
from bridge.steps.notices.sync_notice_task import sync_notice_task
from bridge.steps.operations.log_life import log_request_failed, log_task_change
from bridge.steps.requests.conclude import conclude_request
from bridge.steps.requests.merge_wait import wait_for_merge
from bridge.steps.requests.take_turns import lease_next_request, must_give_way
from bridge.steps.retention.keep_consents import build_consent_task, keep_consents, reopen_stale_reading
from bridge.steps.retention.overwrite_remnants import overwrite_erased_keys
from bridge.steps.retention.seal_invoices import seal_invoices

if TYPE_CHECKING:
    from bridge.store import Tx

MAX_ATTEMPTS = 8  # leases of a request that were not given back by a step: then an operator must look

STEP_BY_ACTION: dict[TaskAction, Callable[..., Task]] = {
    TaskAction.FIND_CUSTOMERS: find_customers,
    TaskAction.LOCATE_PARCELS: find_platform_parcels,
    TaskAction.SEAL_INVOICES: seal_invoices,
    TaskAction.KEEP_CONSENTS: keep_consents,
    TaskAction.REQUEST_PLATFORM_ERASURE: request_platform_erasure,
    TaskAction.REMOVE_PLATFORM_RESIDUE: remove_platform_residue,
    TaskAction.GATHER: gather_records,
    TaskAction.ERASE: execute_erasure,
    TaskAction.POLL_PLATFORM_ERASURE: poll_platform_erasure,
    TaskAction.NOTIFY_PROCESSOR: sync_notice_task,
    TaskAction.RECORD_NOMINATION: record_nomination,
    TaskAction.ADMIT_NOMINEE: admit_nominee,
    TaskAction.REPORT_INCIDENT: report_incident,
}
# these may find out the platform's id of the customer, which later tasks are asked by
LEARNS_CUSTOMER_ID = (
    TaskAction.FIND_CUSTOMERS,
    TaskAction.REQUEST_PLATFORM_ERASURE,
    TaskAction.REMOVE_PLATFORM_RESIDUE,
)


def process_next_request(request_id: str, *, services: Services) -> bool:
    """Work on the request whose turn it is, and where none waits on this one. Return and raise as `process_request`.

    A job on the queue says that something is due. What is done first is chosen when a worker is free: by then another
    request may be nearer to its deadline, or its shop may have waited longer.
    """
    with services.store.transaction() as tx:
        chosen = lease_next_request(tx, services)
        request = _load_leased_request(chosen, tx) if chosen else None
    if chosen is None:
        return process_request(request_id, services=services)
    return request is not None and _process_leased_request(request, chosen, services)


def process_request(request_id: str, *, services: Services) -> bool:
    """Work on one request. Return False where it is leased, not due or done. Raises StoreUnavailable."""
    with services.store.transaction() as tx:
        lease = tx.requests.acquire_lease(request_id)
        request = _load_leased_request(lease, tx) if lease else None
    return lease is not None and request is not None and _process_leased_request(request, lease, services)


def _process_leased_request(request: PrivacyRequest, lease: Lease, services: Services) -> bool:
    try:
        with services.store.renewing_lease(lease):
            gave_way = _run_due_tasks(request, lease, services)
    except (LeaseLost, StoreUnavailable):
        raise
    except Exception as fault:
        with services.store.transaction() as tx:
            error = describe_exception(fault)
            tx.requests.postpone_request(
                lease, error, services.clock.now() + timedelta(seconds=compute_retry_pause_s(request.attempts, None))
            )
        raise
    if gave_way:
        services.queue.enqueue("process", request.id)
    return True


def _load_leased_request(lease: Lease, tx: Tx) -> PrivacyRequest | None:
    """Return the leased request; None where an operator must look: its key is gone, or it was tried too often."""
    try:
        request = tx.requests.get_request(lease.row_id)
        if request is None or request.attempts <= MAX_ATTEMPTS:
            return request
        error, shop = request.last_error or "gave_up", request.shop
    except (KeyMissing, SealBroken) as fault:
        error, shop = type(fault).__name__, ""
    tx.requests.fail_request(lease, error)
    log_request_failed(lease.row_id, error)
    tx.evidence.append_fact(Fact.REQUEST_FAILED, shop=shop, request_id=lease.row_id, error=error)
    return None


def _run_due_tasks(request: PrivacyRequest, lease: Lease, services: Services) -> bool:
    """Run the tasks that are due and conclude the request. Return whether it gave way before all of them had run."""
    needs_index = request.kind is not RequestKind.ACCESS or not request.closed_at
    # deliveries that came before this request must be in the index
    if needs_index and not index_deliveries_of_shop(request.shop, lease, services=services):
        conclude_request(request.id, lease, has_changed=False, gave_way=True, services=services)
        return True
    with services.store.transaction() as tx:
        tasks = {task.id: task for task in _load_tasks(request, lease, tx, services)}
        reported = {task.id: _extract_reported_fields(task) for task in tasks.values()}
        if stale := reopen_stale_reading(tasks.values(), services):
            tx.tasks.save_task(stale)
            tasks[stale.id] = stale
    if waiting := wait_for_merge(request, tasks.values(), lease, services=services):
        conclude_request(request.id, lease, has_changed=waiting != tasks[waiting.id], services=services)
        return False
    has_changed = gives_way = False
    run_ids: set[str] = set()
    while not gives_way and (task := _find_next_task(list(tasks.values()), run_ids, services)):
        run_ids.add(task.id)
        after = tasks[task.id] = STEP_BY_ACTION[task.action](request, task, lease, services=services)
        has_changed |= _extract_reported_fields(after) != reported.get(task.id)
        log_task_change(task, after)
        if task.action in LEARNS_CUSTOMER_ID:
            with services.store.transaction() as tx:
                request = _load_leased_request(lease, tx) or request
                tasks = {task.id: task for task in tx.tasks.list_tasks(request.id)}  # of further customers, too
        gives_way = after.wait_reason is WaitReason.GAVE_WAY or must_give_way(
            lease, sum(each.records for each in tasks.values()), services
        )
    gave_way = gives_way and any(_list_ready_tasks(tasks.values(), services))
    if request.kind is not RequestKind.ACCESS:
        overwrite_erased_keys(services=services)  # before the certificate, which says whether it was done
    conclude_request(request.id, lease, has_changed=has_changed, gave_way=gave_way, services=services)
    return gave_way


def _load_tasks(request: PrivacyRequest, lease: Lease, tx: Tx, services: Services) -> list[Task]:
    """Return the tasks; an open erasure of an earlier release gets those that come first now: copies and consents."""
    tasks = tx.tasks.list_tasks(request.id)
    for build in (build_consent_task, _build_invoice_search, plan_customer_search):
        if (first := build(request, tasks, services)) is not None:
            tx.requests.verify_lease(lease)
            tx.tasks.save_task(first, position=0)
            tasks = [first, *tasks]
    return tasks


def _build_invoice_search(request: PrivacyRequest, tasks: Sequence[Task], services: Services) -> Task | None:
    """Return a search for invoices, if the request is an erasure that is open and has none."""
    is_erasure_open = any(task.action is TaskAction.ERASE and task.state is not TaskState.DONE for task in tasks)
    has_search = any(task.action is TaskAction.SEAL_INVOICES for task in tasks)
    if request.kind is not RequestKind.ERASURE or not is_erasure_open or has_search:
        return None
    return build_task(request.id, VAULT, TaskAction.SEAL_INVOICES, services)


def _extract_reported_fields(task: Task) -> tuple[object, ...]:
    """Return the fields of a task that appear in a package or certificate: it is made anew where they changed."""
    detail = encode_detail(task.progress)
    return task.state, task.outcome, task.records, task.gaps, task.last_error, task.expected_by, detail


def _find_next_task(tasks: Sequence[Task], run_ids: set[str], services: Services) -> Task | None:
    """Return the next task that is due, each at most once a run."""
    return next((task for task in _list_ready_tasks(tasks, services) if task.id not in run_ids), None)


def _list_ready_tasks(tasks: Collection[Task], services: Services) -> Iterator[Task]:
    """Yield the tasks that are due and need not wait for another."""
    now = services.clock.now()
    return (task for task in tasks if is_task_ready(task, now) and has_finished_prerequisites(task, tasks))
