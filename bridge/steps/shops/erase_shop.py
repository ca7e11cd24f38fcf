"""Erase a shop that leaves: by who answers for its books, and never while it may be back.

The merchant's own bridge keeps what statutory holds keep. A processor's returns the documents first, or has the
merchant's word that nobody wants them. Never calls another system, and so never needs a token.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from bridge.model import Decision, Fact, Leaving, Outcome, PrivacyRequest, Task, TaskState
from bridge.ports import Claim, Services, Tx
from bridge.rules.shops import shop_erasure
from bridge.rules.shops.shop_erasure import Course
from bridge.steps.evidence.record_facts import tell_task

STOPPED_AT = "stopped_at"
NO_RECORDS = {"data_keys", "settled_deliveries"}  # keys and receipts: nobody's record
AGAIN = "the app was installed again, or never left: erase the shop, or end the request"


def erase_shop(request: PrivacyRequest, task: Task, claim: Claim, *, services: Services) -> Task:
    """Do what can be done now. Returns the task as saved.

    Raises ClaimLost, StoreUnavailable, and NeedsOperator where a re-read still finds something.
    """
    now = services.clock.now()
    with services.store.transaction() as tx:
        tx.requests.hold(claim)
        shop = tx.endings.seen(request.shop, request.id)
        if Decision.CLOSE in shop.decisions:  # while this run was on its way
            return next(each for each in tx.requests.tasks(request.id) if each.id == task.id)
        asked_at = request.webhook_received_at or request.received_at
        stopped = task.detail.get(STOPPED_AT)
        goes = shop_erasure.course(
            shop,
            role=services.retention.merchant["operator_role"],
            asked_at=asked_at,
            stopped_at=datetime.fromisoformat(stopped) if stopped else None,
            now=now,
        )
        if goes is Course.ASK:
            task = _stopped(request, task, tx, now)
        else:
            task = _erased(request, task, goes, shop, tx, now)
        if task.state is TaskState.WAITING:
            task = replace(task, wake_at=None, expected_by=asked_at + shop_erasure.ANSWERED_WITHIN)
        tx.requests.save_task(task)
    return task


def _stopped(request: PrivacyRequest, task: Task, tx: Tx, now: datetime) -> Task:
    """Nothing is touched, and a person is asked, once."""
    if STOPPED_AT not in task.detail:
        tx.reviews.open(
            request.shop, shop_erasure.INSTALLED_AGAIN, AGAIN, request_id=request.id, once=request.id
        )
        tell_task(Fact.TASK_WAITING, request, task, tx, reason=shop_erasure.INSTALLED_AGAIN)
    return replace(
        task,
        state=TaskState.WAITING,
        last_error=shop_erasure.INSTALLED_AGAIN,
        detail={STOPPED_AT: now.isoformat(), **task.detail},
    )


def _erased(request: PrivacyRequest, task: Task, goes: Course, shop: Leaving, tx: Tx, now: datetime) -> Task:
    if STOPPED_AT in task.detail:
        for review in tx.reviews.listed(kind=shop_erasure.INSTALLED_AGAIN, request_id=request.id):
            tx.reviews.close(review.id, actor="bridge", reason="uninstalled_again")
    removed = dict(
        tx.index.erase_shop(request.shop, request_id=request.id, with_holds=goes is not Course.KEEP)
    )
    if goes is Course.ALL and shop.documents:
        removed["vault_documents"] = tx.endings.destroy_documents(request.shop)
        tell_task(
            Fact.DOCUMENT_DESTROYED,
            request,
            task,
            tx,
            documents=removed["vault_documents"],
            reason="waived" if Decision.WAIVED in shop.decisions else "returned",
        )
    kept = {} if goes is Course.ALL else tx.endings.kept(request.shop, request.id)
    counts = _added(task.detail, removed)
    rows = sum(count for table, count in counts.items() if table not in NO_RECORDS)
    waits = goes is Course.RETURN
    if removed or not waits:
        tx.evidence.append(
            Fact.SHOP_ERASED,
            shop=request.shop,
            request_id=request.id,
            subject=request.subject,
            removed=removed,
            kept={name: count for name, count in kept.items() if isinstance(count, int)},
            verified="re-read",
        )
    if waits and task.last_error != shop_erasure.VAULT_NOT_RETURNED:
        tell_task(Fact.TASK_WAITING, request, task, tx, reason=shop_erasure.VAULT_NOT_RETURNED)
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


def _added(before: Mapping[str, Any], removed: Mapping[str, int]) -> dict[str, int]:
    """What all runs of this task removed, by table."""
    added = {
        table: int(count)
        for table, count in before.items()
        if table != STOPPED_AT and not table.startswith(shop_erasure.KEPT)
    }
    for table, count in removed.items():
        added[table] = added.get(table, 0) + count
    return added
