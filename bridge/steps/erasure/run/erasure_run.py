"""Carries out an erasure that was read and planned: batches of orders, then the data subject and the record.

Each method works inside a transaction of its own. What it erases must still be as it was read. Calls nobody.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from bridge.errors import ConcurrentChange
from bridge.model import EraseProgress, Fact, Principal, RefundAccount, ShopOrderKey, Task, add_row_counts, get_progress
from bridge.rules.erasure.plan import CUSTOMER_MERGED_AWAY
from bridge.services import Services
from bridge.steps.erasure.erasure import Erasure, has_ended_run
from bridge.steps.erasure.orders_without_invoice_copy import complete_failed_invoice_search, sync_missing_copy_review
from bridge.steps.erasure.platform_identifiers import select_platform_identifiers
from bridge.steps.erasure.run.saved_plan import append_later_run, save_plan
from bridge.steps.notices.open_notice_items import (
    NoticePlan,
    open_items_of_plan,
    plan_notice_items,
    record_opened_items,
)

if TYPE_CHECKING:
    from bridge.store import Tx


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderBatch:
    """Orders of an erasure for one transaction: their ids, the keys of those that go, and their part of the notice plan.

    `named_keys` are those of named orders that the index does not have: they are suppressed only.
    """

    order_ids: frozenset[str] = frozenset()
    order_keys: tuple[ShopOrderKey, ...] = ()
    named_keys: tuple[ShopOrderKey, ...] = ()
    notice_plan: NoticePlan


@dataclass(frozen=True, kw_only=True, slots=True)
class _RunOrder:
    """One order of an erasure; `weight` counts it and its parcels."""

    order_id: str
    weight: int
    order_keys: tuple[ShopOrderKey, ...]
    named_keys: tuple[ShopOrderKey, ...]


class ErasureRun:
    """One run of an erasure.

    Orders that stay are among those that it takes in batches, since processors obey holds of their own. `removed_rows`
    counts by table what the run removed, and is empty before its end.
    """

    def __init__(self, erasure: Erasure, *, tx: Tx, services: Services) -> None:
        """Prepare the run in the reading of the erasure. Changes nothing."""
        self._erasure, self._services = erasure, services
        self._notice_plan = plan_notice_items(
            erasure.request, erasure.request.principal, erasure.parcels, erasure.orders, tx=tx, services=services
        )
        self._holds_on_person = self._list_holds_on_person(tx)
        self._is_begun = False
        self._earlier_keys: set[str] = set()
        self.removed_rows: Mapping[str, int] = {}
        erasure.plan_other_records()
        self._waiting = self._list_orders(tx)
        self._digests = tx.order_states.digest_orders(key for order in self._waiting for key in order.order_keys)

    def _list_orders(self, tx: Tx) -> deque[_RunOrder]:
        request, erasure = self._erasure.request, self._erasure
        known_ids = dict.fromkeys([*erasure.orders, *request.principal.order_ids])
        ids_by_key = tx.legal_holds.map_order_keys(request.shop, known_ids)
        going = _group_keys_by_order(self._list_erasable_orders(erasure.scope.principal, tx), ids_by_key)
        named = _group_keys_by_order(
            tx.person_eraser.list_named_orders(request.shop, erasure.scope.principal), ids_by_key
        )
        parcel_counts = Counter(parcel.order_id for parcel in erasure.parcels)
        uncopied = set(erasure.order_ids_without_copy)
        return deque(
            _RunOrder(
                order_id=order_id,
                weight=1 + parcel_counts[order_id],
                order_keys=tuple(going.get(order_id, ())),
                named_keys=tuple(named.get(order_id, ())),
            )
            for order_id in dict.fromkeys([*known_ids, *going, *named])
            if order_id not in uncopied
        )

    @property
    def has_more(self) -> bool:
        """Return whether a batch is left to take."""
        return bool(self._waiting)

    def take_batch(self, size: int) -> OrderBatch:
        """Return the next orders: at most `size` of them and their parcels, or one order; none for none.

        The first batch has the notice items that name the data subject, too.
        """
        is_first, self._is_begun = not self._is_begun, True
        orders, taken = list[_RunOrder](), 0
        while self._waiting and (not taken or taken + self._waiting[0].weight <= size):
            orders.append(self._waiting.popleft())
            taken += orders[-1].weight
        order_ids = frozenset(order.order_id for order in orders)
        return OrderBatch(
            order_ids=order_ids,
            order_keys=tuple(key for order in orders for key in order.order_keys),
            named_keys=tuple(key for order in orders for key in order.named_keys),
            notice_plan=self._notice_plan.select_part(order_ids, has_person=is_first),
        )

    def _list_erasable_orders(self, principal: Principal, tx: Tx) -> list[ShopOrderKey]:
        shop, excluded_order_ids = self._erasure.request.shop, self._erasure.excluded_order_ids
        return tx.person_eraser.list_erasable_orders(shop, principal, excluded_order_ids)

    def _list_holds_on_person(self, tx: Tx) -> list[str]:
        holds = (
            tx.legal_holds.list_legal_holds_on_principal(self._erasure.request) if self._erasure.request.subject else ()
        )
        return [hold.id for hold in holds]

    def _lock_unchanged(self, batch: OrderBatch, tx: Tx) -> None:
        """Take the shop's lock. Raises ConcurrentChange where the orders are no longer as they were read."""
        tx.index.lock_shop(self._erasure.request.shop)
        read = {key: self._digests[key] for key in batch.order_keys}
        if (
            tx.order_states.digest_orders(batch.order_keys) != read
            or self._list_holds_on_person(tx) != self._holds_on_person
        ):
            raise ConcurrentChange

    def erase_batch(self, batch: OrderBatch, progress: EraseProgress, *, tx: Tx) -> EraseProgress:
        """Remove some orders, and open the notice items of their records. Return the progress.

        Raises ConcurrentChange where they are no longer as they were read, and NeedsOperator where a second reading
        still finds a row.
        """
        self._lock_unchanged(batch, tx)
        request_id, cutoff_at = self._erasure.request.id, self._erasure.scope.principal.cutoff_at
        removed = tx.person_eraser.erase_orders(
            batch.order_keys, batch.named_keys, request_id=request_id, cutoff_at=cutoff_at
        )
        keys = {order_key for _, order_key in (*batch.order_keys, *batch.named_keys)}
        self._earlier_keys |= keys
        accounts = [account for account in self._erasure.inputs.refunds if account.order_key in keys]
        opened = self._record_remaining_data(batch, accounts, tx=tx)
        return replace(
            progress,
            unfinished_rows=add_row_counts(progress.unfinished_rows, removed),
            unfinished_items=add_row_counts(progress.unfinished_items, opened),
        )

    def erase_rest(self, last: OrderBatch, progress: EraseProgress, *, tx: Tx) -> None:
        """Remove what earlier transactions of this run left. Raises as `erase_batch`, also where a new order came."""
        self._lock_unchanged(last, tx)
        principal = self._forget_erased_orders(last)
        if {*self._list_erasable_orders(principal, tx)} != {*last.order_keys}:
            raise ConcurrentChange
        removed = tx.person_eraser.erase_person(
            self._erasure.request.shop,
            principal,
            request_id=self._erasure.request.id,
            excluded_order_ids=self._erasure.excluded_order_ids,
            keeps_customer=bool(self._erasure.held_customer.holds),
        )
        self.removed_rows = add_row_counts(progress.unfinished_rows, removed)

    def _forget_erased_orders(self, last: OrderBatch) -> Principal:
        """Return the principal without the named orders of earlier batches: they are gone, and searched no more.

        The first stays: where nothing else is named, the data subject's pseudonym is made of it.
        """
        principal = self._erasure.scope.principal
        order_ids = principal.order_ids[:1] + tuple(one for one in principal.order_ids[1:] if one in last.order_ids)
        return replace(principal, order_ids=order_ids)

    def record(self, task: Task, last: OrderBatch, progress: EraseProgress, *, tx: Tx) -> None:
        """Write down the erasure that `task` now says is done: documents, refunds, notice items, plan, evidence.

        `progress` is that of this run's earlier transactions.

        The evidence is every worker's lock: all that writes it comes last.
        """
        request, services = self._erasure.request, self._services
        plan = self._erasure.build_plan(self.removed_rows)
        search = complete_failed_invoice_search(request, self._erasure.tasks, tx=tx, services=services)
        if search:
            tx.tasks.save_task(search)
        if not self._erasure.is_incomplete:  # else the data subject's identifiers are needed for the next run
            tx.request_changes.replace_principal(request, select_platform_identifiers(request, tx))
        if not self.removed_rows.get(CUSTOMER_MERGED_AWAY):
            accounts = [
                account for account in self._erasure.inputs.refunds if account.order_key not in self._earlier_keys
            ]
            opened = self._record_remaining_data(last, accounts, tx=tx)
            opened = add_row_counts(progress.unfinished_items, opened)
            record_opened_items(request, self._notice_plan, opened, tx=tx)
        if search:
            sync_missing_copy_review(request, 0, tx=tx, services=services)
        if has_ended_run(self._erasure.tasks):
            append_later_run(request, plan, tx)
        else:
            save_plan(request, plan, (), tx=tx, services=services)
        excluded: dict[str, Any] = (
            {"spared": len(self._erasure.excluded_order_ids)} if self._erasure.excluded_order_ids else {}
        )
        removed = get_progress(task, EraseProgress).removed_rows
        tx.evidence.append_fact(
            Fact.PRINCIPAL_SUPPRESSED, shop=request.shop, request_id=request.id, subject=request.subject
        )
        if any(removed.values()) or not self._erasure.is_incomplete:
            tx.evidence.append_fact(
                Fact.PRINCIPAL_ERASED,
                shop=request.shop,
                request_id=request.id,
                subject=request.subject,
                removed=removed,
                verified="re-read",
                **excluded,
            )

    def _record_remaining_data(self, batch: OrderBatch, accounts: Sequence[RefundAccount], *, tx: Tx) -> dict[str, int]:
        """Mark what stays of these orders under this erasure, and open a notice item for each record at a processor."""
        request = self._erasure.request
        tx.documents.mark_documents_remaining(request.shop, batch.order_ids, request.id)
        # bank details that nothing holds go now; those of an open refund are kept, restricted, until their day
        account_ids = {account.id for account in accounts}
        erased = tx.refunds.erase_bank_details(sorted(account_ids), request_id=request.id) if account_ids else []
        remaining = account_ids - {account.id for account in erased}
        if remaining:
            tx.refunds.restrict_refund_accounts(sorted(remaining), request_id=request.id)
        order_ids = self._erasure.orders.keys() & batch.order_ids
        opened = open_items_of_plan(request, batch.notice_plan, order_ids, tx=tx, services=self._services)
        if erased:
            tx.evidence.append_fact(
                Fact.REFUND_ACCOUNT_ERASED,
                shop=request.shop,
                request_id=request.id,
                subject=request.subject,
                count=len(erased),
                settled=True,
            )
        return opened


def _group_keys_by_order(
    order_keys: Sequence[ShopOrderKey], ids_by_key: Mapping[str, str]
) -> dict[str, list[ShopOrderKey]]:
    """Return the keys by order id; an order without a known id under its key."""
    grouped: dict[str, list[ShopOrderKey]] = {}
    for shop, order_key in order_keys:
        grouped.setdefault(ids_by_key.get(order_key, order_key), []).append((shop, order_key))
    return grouped
