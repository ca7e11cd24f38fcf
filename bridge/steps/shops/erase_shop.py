"""Erases a shop that leaves: by who answers for its books, and never while the app may be installed again.

The merchant's own bridge keeps what statutory holds keep. A processor's bridge returns the documents first, or has it in
writing that the merchant waives them. It asks the platform whether the shop still has the app, and never needs a token:
where the platform does not answer, what the bridge knows decides.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bridge.errors import ConnectorThrottled, ConnectorUnavailable, SystemBusy
from bridge.model import (
    Fact,
    Lease,
    Outcome,
    PrivacyRequest,
    RemainingShopData,
    ShopEraseProgress,
    ShopExit,
    ShopExitDecision,
    Task,
    TaskState,
    WaitReason,
    add_row_counts,
    get_progress,
)
from bridge.rules.operations.batch_pace import BatchPace
from bridge.rules.requests.lifecycle import compute_retry_pause_s
from bridge.rules.requests.progress_codec import encode_remaining_shop_data
from bridge.rules.shops.shop_erasure import SHOP_ANSWER_DEADLINE, Decision, decide_shop_erasure
from bridge.services import Services
from bridge.steps.evidence.record_facts import record_task_fact
from bridge.steps.shops.ask_installed import ask_whether_installed
from bridge.steps.task_results import finish_task, retry_task, wait_task

if TYPE_CHECKING:
    from bridge.store import Tx

ROWS_PER_TRANSACTION, LEAST_ROWS = 150, 60
DOCUMENTS_PER_TRANSACTION = 100
UNCOUNTED_SHOP_TABLES = {
    "data_keys",
    "settled_deliveries",
    "shop_turns",
}  # keys and receipts are no records of a person
REINSTALLED_REVIEW_KIND = "installed_again"
REINSTALLED_MESSAGE = "the app was installed again, or never left: erase the shop, or end the request"
REPEATED_MESSAGE = "this very webhook came before, anybody who has it can send it: erase the shop, or end the request"


def execute_shop_erasure(request: PrivacyRequest, task: Task, lease: Lease, *, services: Services) -> Task:
    """Erase what can be erased now. Return the task as saved.

    Raises LeaseLost, StoreUnavailable, and NeedsOperator where a second reading still finds a row.
    """
    now = services.clock.now()
    try:
        has_platform_access = bool(ask_whether_installed(request.shop, services))
    except (ConnectorUnavailable, ConnectorThrottled) as fault:
        if isinstance(fault, SystemBusy) or task.attempts + 1 < services.settings.connector_attempts:
            return _retry_later(task, lease, fault, services)
        has_platform_access = False
    received_at = request.webhook_received_at or request.received_at

    def decide(shop_exit: ShopExit, task: Task) -> Decision:
        progress = get_progress(task, ShopEraseProgress)
        if progress.unfinished_decision and not has_platform_access:
            return Decision(progress.unfinished_decision)
        return decide_shop_erasure(
            shop_exit,
            role=services.retention.merchant["operator_role"],
            redact_received_at=received_at,
            stopped_at=progress.stopped_at,
            now=now,
            is_repeated=request.principal.cutoff_at is not None,
            has_platform_access=has_platform_access,
        )

    with services.store.read() as tx:
        shop_exit = tx.shop_exits.read_shop_exit(request.shop, request.id)
    if ShopExitDecision.CLOSE not in shop_exit.decisions:
        task = _erase_parts(request, task, decide(shop_exit, task), lease, services)
    with services.store.transaction() as tx:
        tx.requests.verify_lease(lease)
        shop_exit = tx.shop_exits.read_shop_exit(request.shop, request.id)
        if ShopExitDecision.CLOSE in shop_exit.decisions:  # decided after this run began
            return next(each for each in tx.tasks.list_tasks(request.id) if each.id == task.id)
        decision = decide(shop_exit, task)
        if decision is Decision.ASK_OPERATOR:
            task = _wait_for_operator(request, task, tx, now)
        else:
            task = _erase_shop_data(request, task, decision, tx, now)
        if task.state is TaskState.WAITING:
            task = replace(task, expected_by=received_at + SHOP_ANSWER_DEADLINE)
        tx.tasks.save_task(task)
    return task


def _erase_parts(request: PrivacyRequest, task: Task, decision: Decision, lease: Lease, services: Services) -> Task:
    """Erase all but the record of it, part by part, each with its progress in a transaction. Return the task as saved.

    A run that is cut off between two is continued by the next, as it was decided: the parts deleted what tells whether
    the shop left.
    """
    pace, first = BatchPace(ROWS_PER_TRANSACTION, LEAST_ROWS), 0
    while decision is not Decision.ASK_OPERATOR:
        with services.store.transaction(pace) as tx:
            tx.requests.verify_lease(lease)
            if next(each.state for each in tx.tasks.list_tasks(request.id) if each.id == task.id) is TaskState.DONE:
                return task  # an operator ended it meanwhile
            removed, first = _erase_part(request, decision, pace.size, first, tx)
            if not removed:
                return task
            progress = get_progress(task, ShopEraseProgress)
            rows = add_row_counts(progress.unfinished_rows, {name: count for name, count in removed.items() if name})
            progress = replace(progress, unfinished_rows=rows, unfinished_decision=decision)
            task = replace(task, progress=progress)
            tx.tasks.save_task(task)
    return task


def _erase_part(
    request: PrivacyRequest, decision: Decision, limit: int, first: int, tx: Tx
) -> tuple[dict[str, int], int]:
    """Erase at most `limit` rows, or mark the documents that stay ('' in place of a table), and where the next part begins.

    Nothing at the end.
    """
    shop, keeps_held = request.shop, decision is Decision.KEEP_STATUTORY
    rows, first = tx.shop_eraser.erase_part(
        shop, request_id=request.id, include_held_records=not keeps_held, limit=limit, first=first
    )
    if rows:
        return dict(rows), first
    if decision is Decision.ERASE_ALL:
        count = tx.shop_exits.delete_shop_documents(shop, limit=min(limit, DOCUMENTS_PER_TRANSACTION))
        return ({"vault_documents": count} if count else {}), first
    count = tx.shop_exits.mark_shop_documents(shop, request.id, limit=limit)
    return ({"": count} if count else {}), first


def _retry_later(
    task: Task, lease: Lease, fault: ConnectorUnavailable | ConnectorThrottled, services: Services
) -> Task:
    """Return the task as due again, since the platform could not be asked. Nothing is erased."""
    attempts = task.attempts + (not isinstance(fault, SystemBusy))
    pause = timedelta(seconds=compute_retry_pause_s(max(attempts, 1), fault.retry_after_s))
    task = retry_task(replace(task, attempts=attempts), str(fault), services.clock.now() + pause)
    with services.store.transaction() as tx:
        tx.requests.verify_lease(lease)
        tx.tasks.save_task(task)
    return task


def _wait_for_operator(request: PrivacyRequest, task: Task, tx: Tx, now: datetime) -> Task:
    """Return the task as stopped. Nothing is erased, and a review is opened once."""
    progress, reason = get_progress(task, ShopEraseProgress), WaitReason.INSTALLED_AGAIN
    if progress.stopped_at is None:
        tx.reviews.open_review(
            request.shop,
            REINSTALLED_REVIEW_KIND,
            REINSTALLED_MESSAGE if request.principal.cutoff_at is None else REPEATED_MESSAGE,
            request_id=request.id,
            idempotency_key=request.id,
        )
        record_task_fact(Fact.TASK_WAITING, request, task, tx, reason=reason)
        task = replace(task, progress=replace(progress, stopped_at=now))
    return wait_task(task, reason, None, wait_reason=reason)


def _erase_shop_data(request: PrivacyRequest, task: Task, decision: Decision, tx: Tx, now: datetime) -> Task:
    """Erase what the parts left, and record the whole."""
    progress, reason = get_progress(task, ShopEraseProgress), WaitReason.VAULT_NOT_RETURNED
    if progress.stopped_at is not None:
        tx.reviews.close_reviews(
            REINSTALLED_REVIEW_KIND, request_id=request.id, actor="bridge", reason="uninstalled_again"
        )
    removed = add_row_counts(
        progress.unfinished_rows,
        tx.shop_eraser.erase_shop(
            request.shop, request_id=request.id, include_held_records=decision is not Decision.KEEP_STATUTORY
        ),
    )
    remaining = RemainingShopData()
    if decision is not Decision.ERASE_ALL:
        remaining = tx.shop_exits.record_shop_remaining_data(request.shop, request.id)
    elif removed.get("vault_documents"):
        decisions = tx.shop_exits.read_shop_exit(request.shop, request.id).decisions
        record_task_fact(
            Fact.DOCUMENT_DESTROYED,
            request,
            task,
            tx,
            documents=removed["vault_documents"],
            reason="waived" if ShopExitDecision.WAIVED in decisions else "returned",
        )
    rows = add_row_counts(progress.removed_rows, removed)
    records = sum(count for table, count in rows.items() if table not in UNCOUNTED_SHOP_TABLES)
    waits = decision is Decision.AWAIT_RETURN
    if removed or not waits:
        counts = encode_remaining_shop_data(remaining)
        tx.evidence.append_fact(
            Fact.SHOP_ERASED,
            shop=request.shop,
            request_id=request.id,
            subject=request.subject,
            removed=removed,
            kept={name: count for name, count in counts.items() if isinstance(count, int)},
            verified="re-read",
        )
    if waits and task.wait_reason is not reason:
        record_task_fact(Fact.TASK_WAITING, request, task, tx, reason=reason)
    task = replace(
        task,
        records=records,
        outcome=None,
        expected_by=None,
        progress=ShopEraseProgress(removed_rows=rows, remaining=remaining),
    )
    if waits:
        return wait_task(task, reason, None, wait_reason=reason)
    return finish_task(task, Outcome.ERASED if records else Outcome.RETAINED if remaining else Outcome.ABSENT, now)
