"""Erase: a person leaves the bridge's own tables; those who hold records of her are noted. A shop: `erase_shop`.

Removing, re-reading, suppressing, noting who must be told and recording it is one transaction. Never
calls another system, and so never needs a token.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from bridge.errors import NeedsOperator
from bridge.model import (
    Action,
    Fact,
    Kind,
    Outcome,
    Principal,
    PrivacyRequest,
    RequestState,
    Task,
    TaskState,
)
from bridge.ports import Claim, Services, Tx
from bridge.rules.planning import COPY_MISSING, MERGED, as_planned, goes_further
from bridge.steps.erase_shop import erase_shop
from bridge.steps.note import note
from bridge.steps.plan import bank_details, settle
from bridge.steps.spare import spared

ACCESS_FIRST_S = 10
PLANNED_ANEW_S = 1
LOOK_AGAIN_H = 1  # for a copy that an operator files while a few orders are spared
NO_RECORDS = {MERGED, "data_keys"}  # a request has a key of its own: destroying it erased nobody's record


def erase(request: PrivacyRequest, task: Task, claim: Claim, *, services: Services) -> Task:
    """Carry out the bridge's own part. Returns the task as saved.

    Raises ClaimLost, StoreUnavailable, and NeedsOperator where a re-read still finds something.
    """
    if request.kind is Kind.SHOP_ERASURE:
        return erase_shop(request, task, claim, services=services)
    now = services.clock.now()
    with services.store.transaction() as tx:
        tx.requests.hold(claim)
        if access_runs(request, tx):
            # she asked to see her data first: that answer is made before what it needs is gone
            task = replace(
                task,
                state=TaskState.RETRY,
                wake_at=now + timedelta(seconds=ACCESS_FIRST_S),
                last_error="access_in_flight",
            )
            tx.requests.save_task(task)
            return task
        tasks = tx.requests.tasks(request.id)
        planned, changed = settle(request, tasks, tx=tx, services=services)
        if goes_further(changed):
            task = replace(
                task,
                state=TaskState.RETRY,
                wake_at=now + timedelta(seconds=PLANNED_ANEW_S),
                last_error="plan_changed",
            )
            tx.requests.save_task(task)
            return task
        spare = spared(request, tasks, tx=tx, services=services)
        removed = _added(task.detail, _person(request, planned, spare, tx, services))
        rows = sum(count for table, count in removed.items() if table not in NO_RECORDS)
        task = replace(
            task,
            state=TaskState.DONE,
            records=rows,
            outcome=Outcome.ERASED if rows else Outcome.ABSENT,
            last_error="",
            wake_at=None,
            finished_at=now,
            detail=removed,
        )
        if spare:
            task = _not_whole(task, services)
        tx.requests.save_task(task)
        tx.evidence.append(
            Fact.PRINCIPAL_ERASED,
            shop=request.shop,
            request_id=request.id,
            subject=request.subject,
            removed=removed,
            verified="re-read",
        )
    return task


def _added(before: Mapping[str, Any], removed: Mapping[str, int]) -> dict[str, int]:
    """What all runs of this task removed: a second one finds nothing, and takes no count back."""
    added = {table: int(count) for table, count in before.items() if table != MERGED}
    for table, count in removed.items():
        added[table] = added.get(table, 0) + count
    return added


def access_runs(request: PrivacyRequest, tx: Tx) -> bool:
    """True while an access request of the same person is being gathered."""
    other = tx.requests.in_flight(request.shop, Kind.ACCESS, request.subject)
    return other is not None and other.state is RequestState.IN_PROGRESS and other.closed_at is None


def _person(
    request: PrivacyRequest,
    planned: Sequence[Mapping[str, Any]],
    spare: Collection[str],
    tx: Tx,
    services: Services,
) -> dict[str, int]:
    shop, who = request.shop, request.principal
    parcels = [parcel for parcel in tx.index.parcels(shop, who) if parcel.order_id not in spare]
    orders = {
        order_id: order for order_id, order in tx.index.orders(shop, who).items() if order_id not in spare
    }
    accounts = bank_details(request, orders, tx)
    removed = dict(tx.index.erase(shop, who, request_id=request.id, spare=spare))
    if not as_planned(removed, planned):
        raise NeedsOperator("the erasure would not have done what was planned: nothing was changed")
    if not removed.get(MERGED):
        note(request, who, parcels, orders, tx=tx, services=services)
        tx.documents.remaining(shop, {*orders, *who.order_ids} - set(spare), request.id)
        _bank_details(request, [account.id for account in accounts], tx)
    tx.evidence.append(
        Fact.PRINCIPAL_SUPPRESSED, shop=request.shop, request_id=request.id, subject=request.subject
    )
    if not spare:  # else she is needed to find what is left
        tx.requests.rewrite(request, left_to_ask_by(request, tx))
    return removed


def _bank_details(request: PrivacyRequest, account_ids: Sequence[str], tx: Tx) -> None:
    """What nothing holds goes now; an open refund keeps the rest, unreadable for anything else, until its day."""
    gone = tx.refunds.erase(account_ids, request_id=request.id)
    if gone:
        tx.evidence.append(
            Fact.REFUND_ACCOUNT_ERASED,
            shop=request.shop,
            request_id=request.id,
            subject=request.subject,
            count=len(gone),
            settled=True,
        )
    left = set(account_ids) - {account.id for account in gone}
    if left:
        tx.refunds.restrict(sorted(left), request_id=request.id)


def _not_whole(task: Task, services: Services) -> Task:
    """Some orders were spared: looked at again, for a copy may have been filed meanwhile."""
    wake_at = services.clock.now() + timedelta(hours=LOOK_AGAIN_H)
    return replace(
        task,
        state=TaskState.WAITING,
        outcome=Outcome.INCOMPLETE,
        last_error=COPY_MISSING,
        wake_at=wake_at,
        finished_at=None,
    )


def left_to_ask_by(request: PrivacyRequest, tx: Tx) -> Principal | None:
    """What stays until the platform says that it erased: the id, by which we ask; nothing else.

    A platform that could not be asked yet, where her parcels are or for its own erasure, is asked by what we know.
    """
    known = tx.requests.get(request.id)
    who = known.principal if known else request.principal
    still = (TaskState.PENDING, TaskState.RETRY)
    open_ = {task.action for task in tx.requests.tasks(request.id) if task.state in still}
    if Action.LOCATE in open_:
        return replace(who, phone="")
    if who.customer_id:
        return Principal(customer_id=who.customer_id)
    return Principal(email=who.email) if Action.ASK in open_ and who.email else None
