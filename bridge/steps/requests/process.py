"""Works on the due tasks of a request, in their order, then concludes it.

Owns the request by a lease that it renews and a fence that every write shows. A fault of the bridge itself ends in a
later attempt, after the last attempt in `failed`, which operators see and replay; nothing is lost in between. While
others wait, it gives way after a few seconds and goes on later, from where it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from bridge.errors import KeyMissing, LeaseLost, SealBroken, StoreUnavailable
from bridge.logs import describe_exception
from bridge.model import Fact, Lease, PrivacyRequest, RequestKind, Task, TaskAction, TaskState, WaitReason
from bridge.rules.requests.decisions.approval_rules import READING_ACTIONS
from bridge.rules.requests.lifecycle import VAULT, compute_retry_pause_s, list_ready_tasks
from bridge.rules.requests.progress_codec import encode_detail
from bridge.services import Services
from bridge.steps.access.check_parcels import KnownParcels
from bridge.steps.access.gather import gather_records
from bridge.steps.consents.erase_consent_data import erase_consent_data
from bridge.steps.consents.stop_marketing import stop_marketing
from bridge.steps.desk.admit_nominee import admit_nominee
from bridge.steps.desk.incidents.report_incident import report_incident
from bridge.steps.desk.record_nomination import record_nomination
from bridge.steps.erasure.customers.find_customers import find_customers, plan_customer_search
from bridge.steps.erasure.erase_person import execute_erasure
from bridge.steps.erasure.find_platform_parcels import find_platform_parcels
from bridge.steps.erasure.poll_platform_erasure import poll_platform_erasure
from bridge.steps.erasure.remove_platform_residue import remove_platform_residue
from bridge.steps.erasure.request_platform_erasure import request_platform_erasure
from bridge.steps.grievances.answer_grievance import wait_for_grievance_answer
from bridge.steps.identity.wait_for_identity import is_in_doubt, wait_for_identity
from bridge.steps.index.index_orders import index_deliveries_of_shop
from bridge.steps.letters.send_processor_list import send_processor_list
from bridge.steps.new_tasks import build_task
from bridge.steps.notices.sync_notice_task import sync_notice_task
from bridge.steps.operations.log_life import log_request_failed, log_task_change
from bridge.steps.requests.approval.pass_gate import is_gate_closed, pass_gate
from bridge.steps.requests.conclude import conclude_request
from bridge.steps.requests.merge_wait import wait_for_merge
from bridge.steps.requests.take_turns import lease_next_request, must_give_way
from bridge.steps.retention.keep_consents import build_consent_task, keep_consents, reopen_stale_reading
from bridge.steps.retention.overwrite_remnants import overwrite_erased_keys
from bridge.steps.retention.seal_invoices import seal_invoices
from bridge.steps.rights.correct_records import correct_records
from bridge.steps.rights.restrict_processing import restrict_processing
from bridge.steps.rights.restricted_person import wait_for_restriction
from bridge.steps.rights.weigh_objection import weigh_objection
from bridge.telemetry import observe

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
    TaskAction.STOP_MARKETING: stop_marketing,
    TaskAction.ERASE_CONSENT_DATA: erase_consent_data,
    TaskAction.ANSWER_GRIEVANCE: wait_for_grievance_answer,
    TaskAction.LIST_PROCESSORS: send_processor_list,
    TaskAction.CORRECT: correct_records,
    TaskAction.RESTRICT: restrict_processing,
    TaskAction.WEIGH_OBJECTION: weigh_objection,
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
        if chosen and chosen.row_id != request_id:
            tx.requests.forget_job(request_id)
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
        run = _Run(request, _load_tasks(request, lease, tx, services), lease, services)
        if stale := reopen_stale_reading(run.tasks.values(), services):
            tx.tasks.save_task(stale)
            run.tasks[stale.id] = stale
        is_gated, is_doubted = is_gate_closed(request, tx), is_in_doubt(request, tx)
    waiting = wait_for_identity(request, run.tasks.values(), lease, services=services) if is_doubted else None
    waiting = waiting or wait_for_merge(request, run.tasks.values(), lease, services=services)
    if waiting:
        has_changed = waiting != run.tasks[waiting.id]
        conclude_request(request.id, lease, has_changed=has_changed, is_waiting=True, services=services)
        return False
    run.put_off(wait_for_restriction(request, run.tasks.values(), lease, services=services))
    if is_gated:
        run.run_tasks(READING_ACTIONS)
        if not run.gives_way and _stop_at_gate(run, services):
            return False
    run.run_tasks(frozenset(TaskAction))  # none where it gives way
    if run.is_stopped and _stop_at_gate(run, services):  # the plan changed while it was carried out
        return False
    gave_way = run.gives_way and any(list_ready_tasks(run.tasks.values(), services.clock.now()))
    if request.kind is not RequestKind.ACCESS:
        overwrite_erased_keys(services=services)  # before the certificate, which says whether it was done
    conclude_request(request.id, lease, has_changed=run.has_changed, gave_way=gave_way, services=services)
    return gave_way


class _Run:
    """One run of a request: its tasks by id as they stand, and whether a reported one changed.

    `gives_way`: others have their turn now. `is_stopped`: its plan changed, and it may only read until that is approved.
    """

    def __init__(self, request: PrivacyRequest, tasks: Sequence[Task], lease: Lease, services: Services) -> None:
        self.request, self.lease = request, lease
        self.tasks = {task.id: task for task in tasks}
        self.has_changed = self.gives_way = self.is_stopped = False
        self._reported = {task.id: _extract_reported_fields(task) for task in tasks}
        self._services = services
        self._run_ids: set[str] = set()
        self._steps = STEP_BY_ACTION | {TaskAction.GATHER: partial(gather_records, known=KnownParcels())}

    def put_off(self, waiting: Iterable[Task]) -> None:
        """Take over tasks that were saved as waiting since the run began."""
        for task in waiting:
            self.has_changed |= task.wait_reason is not self.tasks[task.id].wait_reason
            self.tasks[task.id] = task

    def run_tasks(self, actions: frozenset[TaskAction]) -> None:
        """Run what is due of these actions, each task at most once a run, until none is or it gives way."""
        while not (self.gives_way or self.is_stopped) and (task := self._find_next_task(actions)):
            # before its first task the run has just asked
            if self._run_ids and wait_for_identity(
                self.request, self.tasks.values(), self.lease, services=self._services
            ):
                return  # it is doubted since a moment ago
            self._run_ids.add(task.id)
            after = self._run_task(task)
            self.tasks[task.id] = after
            self.has_changed |= _extract_reported_fields(after) != self._reported.get(task.id)
            log_task_change(task, after)
            if task.action in LEARNS_CUSTOMER_ID or after.wait_reason is WaitReason.PLAN_CHANGED:
                self._load_again(is_acting=actions != READING_ACTIONS)
            records = sum(each.records for each in self.tasks.values())
            has_given_way = after.wait_reason is WaitReason.GAVE_WAY
            self.gives_way = has_given_way or must_give_way(self.lease, records, self._services)

    def _run_task(self, task: Task) -> Task:
        ids = {"request": self.request.id, "task": task.id}
        with observe("task.run", **ids, system=task.system, action=task.action) as span:
            after = self._steps[task.action](self.request, task, self.lease, services=self._services)
            span.fields |= {"state": after.state, "outcome": after.outcome, "attempts": after.attempts}
        return after

    def _find_next_task(self, actions: frozenset[TaskAction]) -> Task | None:
        ready = list_ready_tasks(self.tasks.values(), self._services.clock.now())
        return next((task for task in ready if task.action in actions and task.id not in self._run_ids), None)

    def _load_again(self, *, is_acting: bool) -> None:
        with self._services.store.transaction() as tx:
            self.is_stopped = is_acting and is_gate_closed(self.request, tx)
            self.request = _load_leased_request(self.lease, tx) or self.request
            # of further customers, too
            self.tasks = {task.id: task for task in tx.tasks.list_tasks(self.request.id)}


def _stop_at_gate(run: _Run, services: Services) -> bool:
    """Release a request that may not act, and return True; False where it may act from now on."""
    wait = pass_gate(run.request, run.tasks.values(), run.lease, services=services)
    if wait is not None:
        with services.store.transaction() as tx:
            tx.requests.release_lease(
                run.lease,
                state=wait.state,
                wake_at=wait.wake_at,
                complete=run.request.complete,
                closed_at=run.request.closed_at,
                last_error=wait.reason,
            )
    return wait is not None


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
