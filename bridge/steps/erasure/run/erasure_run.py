"""Carries out an erasure that was read and planned: batches of orders, then the data subject and the record.

Each method works inside a transaction of its own. What it erases must still be as it was read. Calls nobody.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from bridge.errors import ConcurrentChange
from bridge.model import EraseProgress, Fact, RefundAccount, ShopOrderKey, Task, add_row_counts, get_progress
from bridge.rules.erasure.plan import CUSTOMER_MERGED_AWAY
from bridge.services import Services
from bridge.steps.erasure.erasure import Erasure, has_ended_run
from bridge.steps.erasure.orders_without_invoice_copy import complete_failed_invoice_search, sync_missing_copy_review
from bridge.steps.erasure.platform_identifiers import select_platform_identifiers
from bridge.steps.erasure.run.saved_plan import append_later_run, save_plan
from bridge.steps.notices.open_notice_items import open_items_of_plan, plan_notice_items, record_opened_items

if TYPE_CHECKING:
    from bridge.store import Tx

RECORDS_PER_TRANSACTION = 60  # orders and parcels: a twentieth of a second, so that webhooks do not wait for it


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderBatch:
    """Orders of an erasure for one transaction: their ids, the keys of those that go, and a digest of what was read of them.

    `named_keys` are those of named orders that the index does not have: they are suppressed only.
    """

    order_ids: frozenset[str] = frozenset()
    order_keys: tuple[ShopOrderKey, ...] = ()
    named_keys: tuple[ShopOrderKey, ...] = ()
    digest: str = ""


class ErasureRun:
    """One run of an erasure.

    `batches` are its orders, at least one; each has at most RECORDS_PER_TRANSACTION orders and parcels, or one order.
    Orders that stay are in them too, since processors obey holds of their own. `removed_rows` counts by table what the
    run removed, and is empty before its end.
    """

    def __init__(self, erasure: Erasure, *, tx: Tx, services: Services) -> None:
        """Prepare the run in the reading of the erasure. Changes nothing."""
        self._erasure, self._services = erasure, services
        self._notice_plan = plan_notice_items(
            erasure.request, erasure.request.principal, erasure.parcels, erasure.orders, tx=tx, services=services
        )
        self._holds_on_person = self._list_holds_on_person(tx)
        self._earlier_keys: set[str] = set()
        self.removed_rows: Mapping[str, int] = {}
        self.batches = self._plan_batches(tx)

    def _plan_batches(self, tx: Tx) -> list[OrderBatch]:
        request, erasure = self._erasure.request, self._erasure
        known_ids = dict.fromkeys([*erasure.orders, *request.principal.order_ids])
        ids_by_key = tx.legal_holds.map_order_keys(request.shop, known_ids)
        going = _group_keys_by_order(self._list_erasable_orders(tx), ids_by_key)
        named = _group_keys_by_order(
            tx.person_eraser.list_named_orders(request.shop, erasure.scope.principal), ids_by_key
        )
        parcel_counts = Counter(parcel.order_id for parcel in erasure.parcels)
        groups, size = [list[str]()], 0
        uncopied = set(erasure.order_ids_without_copy)
        for order_id in dict.fromkeys([*known_ids, *going, *named]):
            weight = 1 + parcel_counts[order_id]
            if size and size + weight > RECORDS_PER_TRANSACTION:
                groups.append([])
                size = 0
            if order_id not in uncopied:
                groups[-1].append(order_id)
                size += weight
        batches = []
        for order_ids in groups:
            keys = tuple(key for order_id in order_ids for key in going.get(order_id, ()))
            named_keys = tuple(key for order_id in order_ids for key in named.get(order_id, ()))
            digest = tx.order_states.digest_orders(keys)
            ids = frozenset(order_ids)
            batches.append(OrderBatch(order_ids=ids, order_keys=keys, named_keys=named_keys, digest=digest))
        return batches

    def _list_erasable_orders(self, tx: Tx) -> list[ShopOrderKey]:
        return tx.person_eraser.list_erasable_orders(
            self._erasure.request.shop, self._erasure.scope.principal, self._erasure.excluded_order_ids
        )

    def _list_holds_on_person(self, tx: Tx) -> list[str]:
        holds = (
            tx.legal_holds.list_legal_holds_on_principal(self._erasure.request) if self._erasure.request.subject else ()
        )
        return [hold.id for hold in holds]

    def _lock_unchanged(self, batch: OrderBatch, tx: Tx) -> None:
        """Take the shop's lock. Raises ConcurrentChange where the orders are no longer as they were read."""
        tx.index.lock_shop(self._erasure.request.shop)
        is_unchanged = tx.order_states.digest_orders(batch.order_keys) == batch.digest
        if not is_unchanged or self._list_holds_on_person(tx) != self._holds_on_person:
            raise ConcurrentChange

    def erase_batch(self, batch: OrderBatch, progress: EraseProgress, *, is_first: bool, tx: Tx) -> EraseProgress:
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
        opened = self._record_remaining_data(batch.order_ids, accounts, has_person=is_first, tx=tx)
        return replace(
            progress,
            unfinished_rows=add_row_counts(progress.unfinished_rows, removed),
            unfinished_items=add_row_counts(progress.unfinished_items, opened),
        )

    def erase_rest(self, last: OrderBatch, progress: EraseProgress, *, tx: Tx) -> None:
        """Remove what earlier transactions of this run left. Raises as `erase_batch`, also where a new order came."""
        self._lock_unchanged(last, tx)
        if {*self._list_erasable_orders(tx)} != {*last.order_keys}:
            raise ConcurrentChange
        removed = tx.person_eraser.erase_person(
            self._erasure.request.shop,
            self._erasure.scope.principal,
            request_id=self._erasure.request.id,
            excluded_order_ids=self._erasure.excluded_order_ids,
            keeps_customer=bool(self._erasure.held_customer.holds),
        )
        self.removed_rows = add_row_counts(progress.unfinished_rows, removed)

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
            opened = self._record_remaining_data(last.order_ids, accounts, has_person=True, tx=tx)
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

    def _record_remaining_data(
        self, order_ids: Collection[str], accounts: Sequence[RefundAccount], *, has_person: bool, tx: Tx
    ) -> dict[str, int]:
        """Mark what stays of these orders under this erasure, and open a notice item for each record at a processor."""
        request = self._erasure.request
        tx.documents.mark_documents_remaining(request.shop, order_ids, request.id)
        # bank details that nothing holds go now; those of an open refund are kept, restricted, until their day
        account_ids = {account.id for account in accounts}
        erased = tx.refunds.erase_bank_details(sorted(account_ids), request_id=request.id)
        remaining = account_ids - {account.id for account in erased}
        if remaining:
            tx.refunds.restrict_refund_accounts(sorted(remaining), request_id=request.id)
        part = self._notice_plan.select_part(order_ids, has_person=has_person)
        opened = open_items_of_plan(
            request, part, self._erasure.orders.keys() & order_ids, tx=tx, services=self._services
        )
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
