"""Repeats one data subject's erasure that a restored backup undid: some orders in each transaction, the person with the last.

It is planned from a reading that holds up no writer. Each transaction has its fact: a run that is cut off between two is
continued by the next, and what the earlier one removed stands in the evidence.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bridge.errors import ConcurrentChange
from bridge.model import (
    ORDER_FIELD,
    EraseProgress,
    Fact,
    PrivacyRequest,
    RequestKind,
    RequestSource,
    RequestState,
    ShopOrderKey,
    TaskAction,
    TaskState,
    Tombstone,
    add_row_counts,
    get_progress,
)
from bridge.rules.operations.batch_pace import BatchPace
from bridge.services import Services
from bridge.steps.batches import cut_batches
from bridge.steps.notices.open_notice_items import (
    NoticePlan,
    open_items_of_plan,
    plan_notice_items,
    record_opened_items,
)
from bridge.steps.recovery.restored_rows import (
    build_ledger_request,
    find_known_request,
    open_ledger_request,
    read_restored_rows,
)

if TYPE_CHECKING:
    from bridge.store import Tx

RESTORED_MERGE_REVIEW_KIND = "restored_merge"
ORDERS_PER_TRANSACTION, LEAST_ORDERS = 50, 8
MAX_READINGS = 3  # of one erasure: an operator may open a legal hold meanwhile


def repeat_erasure(
    tombstones: Sequence[Tombstone],
    removed: Counter[str],
    lost_request_ids: set[str],
    *,
    actor: str,
    services: Services,
) -> int:
    """Erase again what the keys of one erasure name. Return how many orders stay.

    Adds to `removed` what each transaction removed, by table, and to `lost_request_ids` a request that the database does
    not know. Raises NeedsOperator where a second reading still finds a row, ConcurrentChange, StoreUnavailable.
    """
    for _ in range(MAX_READINGS):
        with services.store.read() as tx:
            run = _Run(tombstones, actor=actor, tx=tx, services=services)
        with suppress(ConcurrentChange):
            run.erase_all(removed)
            lost_request_ids |= set() if run.is_request_known else {tombstones[0].request_id}
            return len(run.rows.excluded_order_ids)
    raise ConcurrentChange


class _Run:
    """One reading of what came back, and its erasure."""

    def __init__(self, tombstones: Sequence[Tombstone], *, actor: str, tx: Tx, services: Services) -> None:
        """Read what there is. Changes nothing."""
        self._tombstones, self._actor, self._services = tombstones, actor, services
        self._shop, self._request_id = tombstones[0].shop, tombstones[0].request_id
        self._request = find_known_request(self._request_id, tx)
        self._by_keys = build_ledger_request(tombstones, tx, services)
        self.is_request_known = self._request is not None
        self.rows = read_restored_rows(self._request or self._by_keys, tombstones, tx=tx, services=services)
        self._opens_request = self.rows.has_kept_rows and not _will_erase_again(self._request, tx)
        self._order_keys = tx.erasure_reapplier.list_order_keys(self._shop, tombstones)
        self._order_ids = tx.legal_holds.map_order_keys(self._shop, {*self.rows.orders, *self.rows.excluded_order_ids})
        self._digests = tx.order_states.digest_orders(self._locate(self._order_keys))
        self._notice_plan = self._plan_notice_items(tx)

    def _plan_notice_items(self, tx: Tx) -> NoticePlan:
        """Return what processors are asked to erase, under the request that goes on, or else that of the erasure."""
        request = self._by_keys if self._opens_request or self._request is None else self._request
        principal, rows = request.principal, self.rows
        if self._opens_request:
            principal = replace(principal, order_ids=rows.excluded_order_ids)
        return plan_notice_items(request, principal, rows.parcels, rows.orders, tx=tx, services=self._services)

    def _locate(self, order_keys: Sequence[str]) -> list[ShopOrderKey]:
        return [(self._shop, key) for key in order_keys]

    def erase_all(self, removed: Counter[str]) -> None:
        """Erase batch by batch, and add to `removed` what each transaction removed. Raises ConcurrentChange."""
        pace, done = BatchPace(ORDERS_PER_TRANSACTION, LEAST_ORDERS), 0
        for batch in cut_batches(self._order_keys, pace) if self._order_keys else [()]:
            is_last = done + len(batch) == len(self._order_keys)
            with self._services.store.transaction(pace) as tx:
                rows = dict(self._erase_batch(batch, tx))
                if is_last:
                    rows = add_row_counts(rows, self._erase_person(tx))
                self._record(batch, rows, is_first=not done, is_last=is_last, tx=tx)
            removed.update(rows)
            done += len(batch)

    def _erase_batch(self, order_keys: Sequence[str], tx: Tx) -> Mapping[str, int]:
        """Erase some orders. Raises ConcurrentChange where they are no longer as they were read."""
        tx.index.lock_shop(self._shop)
        located = self._locate(order_keys)
        if tx.order_states.digest_orders(located) != {key: self._digests[key] for key in located}:
            raise ConcurrentChange
        keys, excluded = set(order_keys), {*self.rows.excluded_order_ids}
        going = [key for key in order_keys if self._order_ids.get(key) not in excluded]
        tombstones = [one for one in self._tombstones if one.field == ORDER_FIELD and one.key in keys]
        return tx.erasure_reapplier.reapply_to_orders(self._shop, going, tombstones, request_id=self._request_id)

    def _erase_person(self, tx: Tx) -> Mapping[str, int]:
        return tx.erasure_reapplier.reapply_to_person(
            self._shop, self._tombstones, self._order_keys, keeps_customer=self.rows.is_customer_kept
        )

    def _record(
        self, order_keys: Sequence[str], removed: Mapping[str, int], *, is_first: bool, is_last: bool, tx: Tx
    ) -> None:
        """Open what goes on, and record it. Writes evidence."""
        if not is_first or not self._open_request(removed, tx):
            self._count_removed_rows(removed, tx)
        if self._request is not None and self._request.kind is RequestKind.ERASURE:
            # it runs again, but what was erased here is no longer in the index
            ids = {self._order_ids[key] for key in order_keys if key in self._order_ids}
            part = self._notice_plan.select_part(ids, has_person=is_first)
            known_ids = self.rows.orders.keys() & ids
            opened = open_items_of_plan(self._request, part, known_ids, tx=tx, services=self._services)
            record_opened_items(self._request, part, opened, tx=tx)
        if removed.get("undecided"):
            summary = f"{removed['undecided']} orders of a customer that was erased or merged after the backup"
            tx.reviews.open_review(self._shop, RESTORED_MERGE_REVIEW_KIND, summary, request_id=self._request_id)
        keys, detail = {*order_keys}, dict[str, Any]()
        written = [one for one in self._tombstones if one.key in keys or (is_last and one.field != ORDER_FIELD)]
        if not is_last:
            detail["unfinished"] = True
        elif self.rows.has_kept_rows:
            detail = {"kept_orders": len(self.rows.excluded_order_ids), "held_by": list(self.rows.grounds)}
        tx.evidence.append_fact(
            Fact.TOMBSTONES_APPLIED,
            shop=self._shop,
            actor=self._actor,
            request_id=self._request_id,
            keys=len(written),
            removed=dict(removed),
            request_known=self.is_request_known,
            **detail,
        )

    def _open_request(self, removed: Mapping[str, int], tx: Tx) -> bool:
        """Open the request that goes on with what stays, with the first batch. Return whether. Writes evidence.

        The processors' items of every batch belong to it, and the next run finds it after a crash.
        """
        if not self._opens_request or removed.get("undecided"):
            return False
        own_id = self._by_keys.id if tx.requests.is_known(self._request_id) else self._request_id
        request = replace(self._by_keys, id=own_id)
        self._request = open_ledger_request(request, self.rows, removed, self._actor, tx=tx, services=self._services)
        return True

    def _count_removed_rows(self, removed: Mapping[str, int], tx: Tx) -> None:
        """Add the rows to what the request's task says, where the request came from the ledger."""
        if self._request is None or self._request.source is not RequestSource.LEDGER:
            return
        for task in tx.tasks.list_tasks(self._request.id):
            if task.action is TaskAction.ERASE and task.state is not TaskState.DONE:
                progress = get_progress(task, EraseProgress)
                progress = replace(progress, removed_rows=add_row_counts(progress.removed_rows, removed))
                tx.tasks.save_task(replace(task, progress=progress))


def _will_erase_again(request: PrivacyRequest | None, tx: Tx) -> bool:
    """Return whether an open erasure goes on with what stays."""
    if request is None or request.kind is not RequestKind.ERASURE or request.state is RequestState.DONE:
        return False
    tasks = tx.tasks.list_tasks(request.id)
    return any(task.action is TaskAction.ERASE and task.state is not TaskState.DONE for task in tasks)
