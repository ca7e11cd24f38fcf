"""Erase a shop that leaves: by who answers for its books, and never while it may be back.

The merchant's own bridge keeps what statutory holds keep. A processor's returns the documents first, or has the
merchant's word that nobody wants them. Never calls another system, and so never needs a token.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from bridge.model import Fact, Lease, Outcome, PrivacyRequest, ShopExit, ShopExitDecision, Task, TaskState
from bridge.rules.shops import shop_erasure
from bridge.rules.shops.shop_erasure import Decision
from bridge.services import Services
from bridge.steps.evidence.record_facts import record_task_fact

if TYPE_CHECKING:
    from bridge.store import Tx

STOPPED_AT = "stopped_at"
UNCOUNTED_SHOP_TABLES = {"data_keys", "settled_deliveries"}  # keys and receipts: nobody's record
REINSTALLED_MESSAGE = "the app was installed again, or never left: erase the shop, or end the request"


def execute_shop_erasure(request: PrivacyRequest, task: Task, lease: Lease, *, services: Services) -> Task:
    """Do what can be done now. Returns the task as saved.

    Raises ClaimLost, StoreUnavailable, and NeedsOperator where a re-read still finds something.
    """
    now = services.clock.now()
    with services.store.transaction() as tx:
        tx.requests.verify_lease(lease)
        shop = tx.shop_exits.read_shop_exit(request.shop, request.id)
        if ShopExitDecision.CLOSE in shop.decisions:  # while this run was on its way
            return next(each for each in tx.tasks.list_tasks(request.id) if each.id == task.id)
        asked_at = request.webhook_received_at or request.received_at
        stopped = task.detail.get(STOPPED_AT)
        goes = shop_erasure.decide_shop_erasure(
            shop,
            role=services.retention.merchant["operator_role"],
            redact_received_at=asked_at,
            paused_at=datetime.fromisoformat(stopped) if stopped else None,
            now=now,
        )
        if goes is Decision.ASK_OPERATOR:
            task = _await_operator_decision(request, task, tx, now)
        else:
            task = _erase_shop_data(request, task, goes, shop, tx, now)
        if task.state is TaskState.WAITING:
            task = replace(task, wake_at=None, expected_by=asked_at + shop_erasure.SHOP_ANSWER_DEADLINE)
        tx.tasks.save_task(task)
    return task


def _await_operator_decision(request: PrivacyRequest, task: Task, tx: Tx, now: datetime) -> Task:
    """Nothing is touched, and a person is asked, once."""
    if STOPPED_AT not in task.detail:
        tx.reviews.open_review(
            request.shop,
            shop_erasure.INSTALLED_AGAIN,
            REINSTALLED_MESSAGE,
            request_id=request.id,
            idempotency_key=request.id,
        )
        record_task_fact(Fact.TASK_WAITING, request, task, tx, reason=shop_erasure.INSTALLED_AGAIN)
    return replace(
        task,
        state=TaskState.WAITING,
        last_error=shop_erasure.INSTALLED_AGAIN,
        detail={STOPPED_AT: now.isoformat(), **task.detail},
    )


def _erase_shop_data(
    request: PrivacyRequest, task: Task, erasure_mode: Decision, shop_exit: ShopExit, tx: Tx, now: datetime
) -> Task:
    if STOPPED_AT in task.detail:
        for review in tx.reviews.list_reviews(kind=shop_erasure.INSTALLED_AGAIN, request_id=request.id):
            tx.reviews.close_review(review.id, actor="bridge", reason="uninstalled_again")
    removed = dict(
        tx.shop_eraser.erase_shop(
            request.shop,
            request_id=request.id,
            include_held_records=erasure_mode is not Decision.KEEP_STATUTORY,
        )
    )
    if erasure_mode is Decision.ERASE_ALL and shop_exit.documents:
        removed["vault_documents"] = tx.shop_exits.delete_shop_documents(request.shop)
        record_task_fact(
            Fact.DOCUMENT_DESTROYED,
            request,
            task,
            tx,
            documents=removed["vault_documents"],
            reason="waived" if ShopExitDecision.WAIVED in shop_exit.decisions else "returned",
        )
    kept = (
        {}
        if erasure_mode is Decision.ERASE_ALL
        else tx.shop_exits.record_shop_remaining_data(request.shop, request.id)
    )
    counts = _sum_removed_shop_rows(task.detail, removed)
    rows = sum(count for table, count in counts.items() if table not in UNCOUNTED_SHOP_TABLES)
    waits = erasure_mode is Decision.AWAIT_RETURN
    if removed or not waits:
        tx.evidence.append_fact(
            Fact.SHOP_ERASED,
            shop=request.shop,
            request_id=request.id,
            subject=request.subject,
            removed=removed,
            kept={name: count for name, count in kept.items() if isinstance(count, int)},
            verified="re-read",
        )
    if waits and task.last_error != shop_erasure.VAULT_NOT_RETURNED:
        record_task_fact(Fact.TASK_WAITING, request, task, tx, reason=shop_erasure.VAULT_NOT_RETURNED)
    outcome = Outcome.ERASED if rows else Outcome.RETAINED if kept else Outcome.ABSENT
    return replace(
        task,
        state=TaskState.WAITING if waits else TaskState.DONE,
        records=rows,
        outcome=None if waits else outcome,
        last_error=shop_erasure.VAULT_NOT_RETURNED if waits else "",
        wake_at=None,
        expected_by=None,
        finished_at=None if waits else now,
        detail={**counts, **kept},
    )


def _sum_removed_shop_rows(
    previous_counts: Mapping[str, Any], removed_rows: Mapping[str, int]
) -> dict[str, int]:
    """What all runs of this task removed, by table."""
    added = {
        table: int(count)
        for table, count in previous_counts.items()
        if table != STOPPED_AT and not table.startswith(shop_erasure.REMAINING_COUNT_PREFIX)
    }
    for table, count in removed_rows.items():
        added[table] = added.get(table, 0) + count
    return added
