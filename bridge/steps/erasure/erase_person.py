"""Erase: a person leaves the bridge's own tables; those who hold records of her are noted. A shop: `erase_shop`.

Removing, re-reading, suppressing, noting who must be told and recording it is one transaction. Never
calls another system, and so never needs a token.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from bridge.model import (
    Fact,
    Lease,
    Outcome,
    Principal,
    PrivacyRequest,
    RequestKind,
    RequestState,
    Task,
    TaskAction,
    TaskState,
)
from bridge.rules.erasure.plan import CUSTOMER_MERGED_AWAY, INVOICE_COPY_MISSING
from bridge.services import Services
from bridge.steps.erasure.orders_without_invoice_copy import (
    INVOICE_SEARCH_INTERVAL_H,
    complete_failed_invoice_search,
    find_invoice_search_task,
    find_orders_without_invoice_copy,
    has_unsearched_orders,
    sync_missing_copy_review,
)
from bridge.steps.erasure.plan import (
    append_later_run,
    build_plan_lines,
    collect_erasure_inputs,
    compare_with_saved_plan,
    load_erasure_scope,
    save_plan,
)
from bridge.steps.notices.open_notice_items import open_notice_items
from bridge.steps.shops.erase_shop import execute_shop_erasure

if TYPE_CHECKING:
    from bridge.store import Tx

ACCESS_WAIT_S = 10
REPLAN_DELAY_S = 1
PLAN_CHANGED = "plan_changed"
UNCOUNTED_TABLES = {
    CUSTOMER_MERGED_AWAY,
    "data_keys",
}  # a request has a key of its own: destroying it erased nobody's record


def execute_erasure(request: PrivacyRequest, task: Task, lease: Lease, *, services: Services) -> Task:
    """Carry out the bridge's own part. Returns the task as saved.

    Raises ClaimLost, StoreUnavailable, and NeedsOperator where a re-read still finds something.
    """
    if request.kind is RequestKind.SHOP_ERASURE:
        return execute_shop_erasure(request, task, lease, services=services)
    finished_at = services.clock.now()
    with services.store.transaction() as tx:
        tx.requests.verify_lease(lease)
        if is_access_in_progress(request, tx):
            return _postpone_erasure(task, "access_in_flight", tx, services, ACCESS_WAIT_S)
        tx.index.lock_shop(request.shop)
        tasks = tx.tasks.list_tasks(request.id)
        spare = find_orders_without_invoice_copy(request, tasks, tx=tx, services=services)
        if put_off := _postpone_if_blocked(task, tasks, spare, tx, services):
            return put_off
        first = not task.cursor and not task.detail
        went = _ErasureRun(request, tasks, spare, tx, services)
        with tx.open_savepoint() as take_back:
            removed = went.execute()
            now = build_plan_lines(went.inputs, removed, services)
            changed = compare_with_saved_plan(request, now, tx) if first else []
            if changed:
                take_back()
        if changed:
            save_plan(request, now, changed, tx=tx, services=services)
            return _postpone_erasure(task, PLAN_CHANGED, tx, services)
        whole = _sum_removed_rows(task.detail, removed)
        rows = sum(count for table, count in whole.items() if table not in UNCOUNTED_TABLES)
        task = replace(
            task,
            state=TaskState.DONE,
            records=rows,
            outcome=Outcome.ERASED if rows else Outcome.ABSENT,
            last_error="",
            wake_at=None,
            finished_at=finished_at,
            cursor="",
            detail=whole,
        )
        if spare:
            task = _postpone_excluded_orders(task, spare, services)
        tx.tasks.save_task(task)
        copies = _complete_invoice_search(request, tasks, tx, services)
        if not spare:  # else she is needed to find what is left
            tx.request_changes.replace_principal(request, select_platform_identifiers(request, tx))
        went.record(removed, copies_found=copies)
        if first:
            save_plan(request, now, (), tx=tx, services=services)
        else:
            append_later_run(request, now, tx)
        left: dict[str, Any] = {"spared": len(spare)} if spare else {}
        tx.evidence.append_fact(
            Fact.PRINCIPAL_SUPPRESSED, shop=request.shop, request_id=request.id, subject=request.subject
        )
        tx.evidence.append_fact(
            Fact.PRINCIPAL_ERASED,
            shop=request.shop,
            request_id=request.id,
            subject=request.subject,
            removed=whole,
            verified="re-read",
            **left,
        )
    return task


def _postpone_erasure(
    task: Task, error: str, tx: Tx, services: Services, delay_s: float = REPLAN_DELAY_S
) -> Task:
    """The task put off: she asked to see her data first, or what is planned is not what would be done."""
    wake_at = services.clock.now() + timedelta(seconds=delay_s)
    task = replace(task, state=TaskState.RETRY, wake_at=wake_at, last_error=error)
    tx.tasks.save_task(task)
    return task


def _postpone_if_blocked(
    task: Task, tasks: Sequence[Task], excluded_order_ids: Sequence[str], tx: Tx, services: Services
) -> Task | None:
    """The task put off where nothing can be done of it now; None where something can."""
    look = find_invoice_search_task(tasks)
    if look is not None and excluded_order_ids and has_unsearched_orders(excluded_order_ids, tasks):
        # one became known since somebody looked for copies: the platform is asked about it first
        tx.tasks.save_task(replace(look, state=TaskState.PENDING, attempts=0, wake_at=None))
        return _postpone_erasure(task, INVOICE_COPY_MISSING, tx, services)
    if task.cursor and excluded_order_ids == json.loads(task.cursor):
        task = _postpone_excluded_orders(task, excluded_order_ids, services)
        tx.tasks.save_task(task)
        return task
    return None


def _complete_invoice_search(
    request: PrivacyRequest, tasks: Sequence[Task], tx: Tx, services: Services
) -> bool:
    """True where copies that a look had missed are there now: then the look is done, too."""
    since = complete_failed_invoice_search(request, tasks, tx=tx, services=services)
    if since:
        tx.tasks.save_task(since)
    return since is not None


def _sum_removed_rows(previous_counts: Mapping[str, Any], removed_rows: Mapping[str, int]) -> dict[str, int]:
    """What all runs of this task removed: a second one finds nothing, and takes no count back."""
    added = {table: int(count) for table, count in previous_counts.items() if table != CUSTOMER_MERGED_AWAY}
    for table, count in removed_rows.items():
        added[table] = added.get(table, 0) + count
    return added


def is_access_in_progress(request: PrivacyRequest, tx: Tx) -> bool:
    """True while an access request of the same person is being gathered."""
    other = tx.requests.find_open_request(request.shop, RequestKind.ACCESS, request.subject)
    return other is not None and other.state is RequestState.IN_PROGRESS and other.closed_at is None


class _ErasureRun:
    """The erasure of whom a run is about: what there is of her is read before, what is told of it after."""

    def __init__(
        self,
        request: PrivacyRequest,
        tasks: Sequence[Task],
        excluded_order_ids: Collection[str],
        tx: Tx,
        services: Services,
    ) -> None:
        self._request, self._excluded_order_ids, self._tx, self._services = (
            request,
            excluded_order_ids,
            tx,
            services,
        )
        of_her = load_erasure_scope(request, tasks, tx)
        self._principal = of_her.principal
        self._orders, self._parcels = of_her.exclude_orders(excluded_order_ids)
        self.inputs = collect_erasure_inputs(request, of_her, excluded_order_ids, tx, services)

    def execute(self) -> dict[str, int]:
        """Remove her rows. Raises NeedsOperator where a re-read still finds one."""
        shop, request_id = self._request.shop, self._request.id
        return dict(
            self._tx.person_eraser.erase_person(
                shop, self._principal, request_id=request_id, excluded_order_ids=self._excluded_order_ids
            )
        )

    def record(self, removed_rows: Mapping[str, int], *, copies_found: bool) -> None:
        """What stays of her under which erasure, and who must be told. Evidence last: it is everybody's lock."""
        self._record_remaining_data(removed_rows)
        if copies_found:
            sync_missing_copy_review(self._request, 0, tx=self._tx, services=self._services)

    def _record_remaining_data(self, removed_rows: Mapping[str, int]) -> None:
        if removed_rows.get(CUSTOMER_MERGED_AWAY):
            return
        request, tx = self._request, self._tx
        ids = {*self._orders, *request.principal.order_ids} - set(self._excluded_order_ids)
        tx.documents.mark_documents_remaining(request.shop, ids, request.id)
        # what nothing holds goes now; an open refund keeps the rest, unreadable for anything else, until its day
        accounts = [account.id for account in self.inputs.refunds]
        gone = tx.refunds.erase_bank_details(accounts, request_id=request.id)
        left = set(accounts) - {account.id for account in gone}
        if left:
            tx.refunds.restrict_refund_accounts(sorted(left), request_id=request.id)
        open_notice_items(
            request, request.principal, self._parcels, self._orders, tx=tx, services=self._services
        )
        if gone:
            tx.evidence.append_fact(
                Fact.REFUND_ACCOUNT_ERASED,
                shop=request.shop,
                request_id=request.id,
                subject=request.subject,
                count=len(gone),
                settled=True,
            )


def _postpone_excluded_orders(task: Task, excluded_order_ids: Collection[str], services: Services) -> Task:
    """Some orders were spared: these and no others are looked at again, for a copy may be filed meanwhile."""
    wake_at = services.clock.now() + timedelta(hours=INVOICE_SEARCH_INTERVAL_H)
    return replace(
        task,
        state=TaskState.WAITING,
        outcome=Outcome.INCOMPLETE,
        last_error=INVOICE_COPY_MISSING,
        wake_at=wake_at,
        finished_at=None,
        cursor=json.dumps(sorted(excluded_order_ids)),
    )


def select_platform_identifiers(request: PrivacyRequest, tx: Tx) -> Principal | None:
    """What stays until the platform says that it erased: the id, by which we ask; nothing else.

    A platform that could not be asked yet (where her parcels are, for copies, for its own erasure) is asked by all
    that we know; one that knows her by no id, by her address.
    """
    known, tasks = tx.requests.get_request(request.id), tx.tasks.list_tasks(request.id)
    who = known.principal if known else request.principal
    open_ = {task.action for task in tasks if _is_platform_call_pending(task)}
    copies = any(
        task.action is TaskAction.SEAL_INVOICES and task.state is not TaskState.DONE for task in tasks
    )
    if TaskAction.REQUEST_PLATFORM_ERASURE in open_ and copies:
        return who
    if TaskAction.LOCATE_PARCELS in open_:
        return replace(who, phone="")
    if who.customer_id:
        return Principal(customer_id=who.customer_id)
    return (
        Principal(email=who.email)
        if who.email and open_ & {TaskAction.REQUEST_PLATFORM_ERASURE, TaskAction.POLL_PLATFORM_ERASURE}
        else None
    )


def _is_platform_call_pending(task: Task) -> bool:
    """True for a task that is not over; an asking that waits for a copy comes back when there is one."""
    waits = task.action is TaskAction.REQUEST_PLATFORM_ERASURE and task.last_error == INVOICE_COPY_MISSING
    over = (TaskState.DONE,) if waits else (TaskState.DONE, TaskState.FAILED)
    return task.state not in over and (
        waits or task.state is not TaskState.WAITING or task.action is TaskAction.POLL_PLATFORM_ERASURE
    )
