"""Erase: a person leaves the bridge's own tables; those who hold records of her are noted. A shop: `erase_shop`.

Removing, re-reading, suppressing, noting who must be told and recording it is one transaction. Never
calls another system, and so never needs a token.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
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
from bridge.rules.erasure.plan import COPY_MISSING, MERGED
from bridge.steps.erasure.orders_without_invoice_copy import (
    LOOK_AGAIN_H,
    found_since,
    looking,
    review_missing,
    spared,
    unlooked,
)
from bridge.steps.erasure.plan import add, compared, held, in_lines, keep, known
from bridge.steps.notices.open_notice_items import note
from bridge.steps.shops.erase_shop import erase_shop

ACCESS_FIRST_S = 10
PLANNED_ANEW_S = 1
PLAN_CHANGED = "plan_changed"
NO_RECORDS = {MERGED, "data_keys"}  # a request has a key of its own: destroying it erased nobody's record


def erase(request: PrivacyRequest, task: Task, claim: Claim, *, services: Services) -> Task:
    """Carry out the bridge's own part. Returns the task as saved.

    Raises ClaimLost, StoreUnavailable, and NeedsOperator where a re-read still finds something.
    """
    if request.kind is Kind.SHOP_ERASURE:
        return erase_shop(request, task, claim, services=services)
    finished_at = services.clock.now()
    with services.store.transaction() as tx:
        tx.requests.hold(claim)
        if access_runs(request, tx):
            return _later(task, "access_in_flight", tx, services, ACCESS_FIRST_S)
        tx.index.turn(request.shop)
        tasks = tx.requests.tasks(request.id)
        spare = spared(request, tasks, tx=tx, services=services)
        if put_off := _waits(task, tasks, spare, tx, services):
            return put_off
        first = not task.cursor and not task.detail
        went = _Deed(request, tasks, spare, tx, services)
        with tx.tentative() as take_back:
            removed = went.done()
            now = in_lines(went.held, removed, services)
            changed = compared(request, now, tx) if first else []
            if changed:
                take_back()
        if changed:
            keep(request, now, changed, tx=tx, services=services)
            return _later(task, PLAN_CHANGED, tx, services)
        whole = _added(task.detail, removed)
        rows = sum(count for table, count in whole.items() if table not in NO_RECORDS)
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
            task = _not_whole(task, spare, services)
        tx.requests.save_task(task)
        copies = _copies_found(request, tasks, tx, services)
        if not spare:  # else she is needed to find what is left
            tx.requests.rewrite(request, left_to_ask_by(request, tx))
        went.told(removed, copies=copies)
        if first:
            keep(request, now, (), tx=tx, services=services)
        else:
            add(request, now, tx)
        left: dict[str, Any] = {"spared": len(spare)} if spare else {}
        tx.evidence.append(
            Fact.PRINCIPAL_SUPPRESSED, shop=request.shop, request_id=request.id, subject=request.subject
        )
        tx.evidence.append(
            Fact.PRINCIPAL_ERASED,
            shop=request.shop,
            request_id=request.id,
            subject=request.subject,
            removed=whole,
            verified="re-read",
            **left,
        )
    return task


def _later(task: Task, error: str, tx: Tx, services: Services, seconds: float = PLANNED_ANEW_S) -> Task:
    """The task put off: she asked to see her data first, or what is planned is not what would be done."""
    wake_at = services.clock.now() + timedelta(seconds=seconds)
    task = replace(task, state=TaskState.RETRY, wake_at=wake_at, last_error=error)
    tx.requests.save_task(task)
    return task


def _waits(
    task: Task, tasks: Sequence[Task], spare: Sequence[str], tx: Tx, services: Services
) -> Task | None:
    """The task put off where nothing can be done of it now; None where something can."""
    look = looking(tasks)
    if look is not None and spare and unlooked(spare, tasks):
        # one became known since somebody looked for copies: the platform is asked about it first
        tx.requests.save_task(replace(look, state=TaskState.PENDING, attempts=0, wake_at=None))
        return _later(task, COPY_MISSING, tx, services)
    if task.cursor and spare == json.loads(task.cursor):
        task = _not_whole(task, spare, services)
        tx.requests.save_task(task)
        return task
    return None


def _copies_found(request: PrivacyRequest, tasks: Sequence[Task], tx: Tx, services: Services) -> bool:
    """True where copies that a look had missed are there now: then the look is done, too."""
    since = found_since(request, tasks, tx=tx, services=services)
    if since:
        tx.requests.save_task(since)
    return since is not None


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


class _Deed:
    """The erasure of whom a run is about: what there is of her is read before, what is told of it after."""

    def __init__(
        self,
        request: PrivacyRequest,
        tasks: Sequence[Task],
        spare: Collection[str],
        tx: Tx,
        services: Services,
    ) -> None:
        self._request, self._spare, self._tx, self._services = request, spare, tx, services
        of_her = known(request, tasks, tx)
        self._who = of_her.who
        self._orders, self._parcels = of_her.beside(spare)
        self.held = held(request, of_her, spare, tx, services)

    def done(self) -> dict[str, int]:
        """Remove her rows. Raises NeedsOperator where a re-read still finds one."""
        shop, request_id = self._request.shop, self._request.id
        return dict(self._tx.index.erase(shop, self._who, request_id=request_id, spare=self._spare))

    def told(self, removed: Mapping[str, int], *, copies: bool) -> None:
        """What stays of her under which erasure, and who must be told. Evidence last: it is everybody's lock."""
        self._noted(removed)
        if copies:
            review_missing(self._request, 0, tx=self._tx, services=self._services)

    def _noted(self, removed: Mapping[str, int]) -> None:
        if removed.get(MERGED):
            return
        request, tx = self._request, self._tx
        ids = {*self._orders, *request.principal.order_ids} - set(self._spare)
        tx.documents.remaining(request.shop, ids, request.id)
        # what nothing holds goes now; an open refund keeps the rest, unreadable for anything else, until its day
        accounts = [account.id for account in self.held.refunds]
        gone = tx.refunds.erase(accounts, request_id=request.id)
        left = set(accounts) - {account.id for account in gone}
        if left:
            tx.refunds.restrict(sorted(left), request_id=request.id)
        note(request, request.principal, self._parcels, self._orders, tx=tx, services=self._services)
        if gone:
            tx.evidence.append(
                Fact.REFUND_ACCOUNT_ERASED,
                shop=request.shop,
                request_id=request.id,
                subject=request.subject,
                count=len(gone),
                settled=True,
            )


def _not_whole(task: Task, spare: Collection[str], services: Services) -> Task:
    """Some orders were spared: these and no others are looked at again, for a copy may be filed meanwhile."""
    wake_at = services.clock.now() + timedelta(hours=LOOK_AGAIN_H)
    return replace(
        task,
        state=TaskState.WAITING,
        outcome=Outcome.INCOMPLETE,
        last_error=COPY_MISSING,
        wake_at=wake_at,
        finished_at=None,
        cursor=json.dumps(sorted(spare)),
    )


def left_to_ask_by(request: PrivacyRequest, tx: Tx) -> Principal | None:
    """What stays until the platform says that it erased: the id, by which we ask; nothing else.

    A platform that could not be asked yet (where her parcels are, for copies, for its own erasure) is asked by all
    that we know; one that knows her by no id, by her address.
    """
    known, tasks = tx.requests.get(request.id), tx.requests.tasks(request.id)
    who = known.principal if known else request.principal
    open_ = {task.action for task in tasks if _may_ask(task)}
    copies = any(task.action is Action.SEAL and task.state is not TaskState.DONE for task in tasks)
    if Action.ASK in open_ and copies:
        return who
    if Action.LOCATE in open_:
        return replace(who, phone="")
    if who.customer_id:
        return Principal(customer_id=who.customer_id)
    return Principal(email=who.email) if who.email and open_ & {Action.ASK, Action.FOLLOW} else None


def _may_ask(task: Task) -> bool:
    """True for a task that is not over; an asking that waits for a copy comes back when there is one."""
    waits = task.action is Action.ASK and task.last_error == COPY_MISSING
    over = (TaskState.DONE,) if waits else (TaskState.DONE, TaskState.FAILED)
    return task.state not in over and (
        waits or task.state is not TaskState.WAITING or task.action is Action.FOLLOW
    )
