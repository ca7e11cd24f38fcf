"""Erase: a person leaves the bridge's own tables; those who hold records of her are noted. A shop: `erase_shop`.

Removing, re-reading, suppressing, noting who must be told and recording it is one transaction. Never
calls another system, and so never needs a token.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

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
from bridge.steps.erase_shop import erase_shop
from bridge.steps.note import note

ACCESS_FIRST_S = 10
MERGED = "merged_into_another"  # a flag among the counts
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
        removed = _added(task.detail, _person(request, tx, services))
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


def _person(request: PrivacyRequest, tx: Tx, services: Services) -> dict[str, int]:
    who = request.principal
    parcels, orders = tx.index.parcels(request.shop, who), tx.index.orders(request.shop, who)
    removed = dict(tx.index.erase(request.shop, who, request_id=request.id))
    if not removed.get(MERGED):
        note(request, who, parcels, orders, tx=tx, services=services)
    tx.evidence.append(
        Fact.PRINCIPAL_SUPPRESSED, shop=request.shop, request_id=request.id, subject=request.subject
    )
    tx.requests.rewrite(request, left_to_ask_by(request, tx))
    return removed


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
