"""One erasure as one unit: what there is of the data subject is read once, and planned; `ErasureRun` removes it.

Works inside the caller's transaction, on the bridge's own tables. Never calls another system, and so needs no token.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bridge.model import (
    EraseProgress,
    PlanLine,
    PrivacyRequest,
    RefundState,
    RequestSource,
    Task,
    TaskAction,
    TaskState,
    get_progress,
)
from bridge.rules.erasure.plan import HELD_CUSTOMER, HELD_ORDERS, ErasureInputs, build_erasure_plan, plan_other_records
from bridge.rules.notices.recipients import list_notice_targets
from bridge.rules.retention.category_retention import CategoryRetention, combine_retentions
from bridge.rules.retention.consent_evidence import list_kept_consents
from bridge.services import Services
from bridge.steps.erasure.held.retention_records import read_subject_retention
from bridge.steps.erasure.orders_without_invoice_copy import (
    filter_orders_without_invoice,
    find_invoice_search_task,
    has_bridge_vault,
    read_invoice_search,
)
from bridge.steps.erasure.run.saved_plan import compare_with_saved_plan
from bridge.steps.erasure.scope import ErasureScope, read_erasure_scope

if TYPE_CHECKING:
    from bridge.store import Tx


def has_erasure_begun(tasks: Iterable[Task]) -> bool:
    """Return whether the erasure ran before, or runs: the plan that was saved then stays as it is."""
    return any(
        task.state is TaskState.DONE or get_progress(task, EraseProgress).has_begun
        for task in tasks
        if task.action is TaskAction.ERASE
    )


def has_ended_run(tasks: Iterable[Task]) -> bool:
    """Return whether the erasure ran to its end before: what it removes now is a later run."""
    return any(get_progress(task, EraseProgress).has_ended_run for task in tasks if task.action is TaskAction.ERASE)


class Erasure:
    """The erasure of one data subject, as one reading shows it.

    `order_ids_without_copy` are orders without an invoice copy: they stay, with their parcels, until there is one.
    `held_orders` are those that a law keeps, with what does; `held_customer` is what keeps the customer itself: the latest
    of it and of all that stays.
    """

    def __init__(self, request: PrivacyRequest, tasks: Sequence[Task], *, tx: Tx, services: Services) -> None:
        """Read what there is, a state in which nothing changes meanwhile: `SqlStore.read`, or after `lock_shop`."""
        self.request, self.tasks = request, tasks
        self._tx, self._services = tx, services
        self.scope = read_erasure_scope(request, tasks, tx)
        self.order_ids_without_copy = tuple(self._find_orders_without_invoice_copy())
        # records at processors obey holds of their own
        uncopied = set(self.order_ids_without_copy)
        self.orders = {key: order for key, order in self.scope.orders.items() if key not in uncopied}
        self.parcels = [parcel for parcel in self.scope.parcels if parcel.order_id not in uncopied]
        self._retention = read_subject_retention(request, self.scope, tx=tx, services=services)
        self.held_orders = self._retention.find_held_orders(self.orders)
        self.held_customer = self._retention.calculate_customer_hold(self.held_orders)
        self.inputs = self._collect_inputs(self.scope)
        self._other_lines: Sequence[PlanLine] | None = None

    @property
    def excluded_order_ids(self) -> tuple[str, ...]:
        """Return the ids of the orders that stay for now."""
        return tuple(sorted({*self.order_ids_without_copy, *self.held_orders}))

    def _find_orders_without_invoice_copy(self) -> list[str]:
        """Return the orders that were invoiced, as far as is known, and have no copy; none before a search was planned."""
        if not has_bridge_vault(self._services) or find_invoice_search_task(self.tasks) is None:
            return []
        searched = self.scope.order_ids - read_invoice_search(self.tasks).never_invoiced
        return filter_orders_without_invoice(self.request.shop, searched, self._tx)

    def _collect_inputs(self, scope: ErasureScope) -> ErasureInputs:
        """Return what there is besides the bridge's rows: copies, legal holds, bank details, parcels at processors."""
        request, tx, shop = self.request, self._tx, self.request.shop
        order_ids = {*scope.orders, *scope.principal.order_ids}
        documents = {} if scope.is_merged else tx.documents.find_documents_by_order_id(shop, order_ids)
        keys = {order_id: (shop, found[0].order_key) for order_id, found in documents.items()}
        holds_of_subject = tx.legal_holds.list_legal_holds_on_principal(request) if request.subject else ()
        holds_of_orders = tx.legal_holds.find_legal_holds_by_order(keys.values())
        accounts = (
            []
            if scope.is_merged
            else tx.refunds.list_refund_accounts_of_orders(
                shop,
                {*scope.orders, *request.principal.order_ids},
                # the bank details of an order that came after a cut-off are not this request's
                subject="" if request.principal.cutoff_at else request.subject,
            )
        )
        refunds = [account for account in accounts if account.state is not RefundState.ERASED]
        targets = list_notice_targets(
            request.principal,
            self.parcels,
            {order_id: order.name for order_id, order in self.orders.items()},
            self._services.merchant.processors,
        )
        return ErasureInputs(
            rows={},
            orders_without_invoice_copy=len(self.order_ids_without_copy),
            held_rows=self.held_rows,
            documents=documents,
            legal_holds={
                order_id: [*holds_of_subject, *holds_of_orders.get(key, ())] for order_id, key in keys.items()
            },
            processor_records=[
                (target.processor, *self._retention.calculate_target(target))
                for target in ([] if scope.is_merged else targets)
            ],
            platform_retention=self._retention.calculate_all(),
            refunds=refunds,
            legally_held_refund_ids=tx.refunds.find_account_ids_on_legal_hold(refunds),
            opened_by_operator=None if request.source is RequestSource.LEDGER else request.source.is_merchants,
            kept_consents=len(list_kept_consents(self.tasks)),
        )

    @property
    def held_rows(self) -> list[tuple[str, CategoryRetention, int]]:
        """Return what a law keeps of the index: what it is, what keeps it, how many."""
        customer = [(HELD_CUSTOMER, self.held_customer, 1)] if self.held_customer.holds else []
        return [*((HELD_ORDERS, kept, 1) for kept in self.held_orders.values()), *customer]

    def list_grounds(self) -> list[str]:
        """Return the ids of the holds that keep anything of the index."""
        kept = combine_retentions([self.held_customer, *self.held_orders.values()])
        return list(kept.grounds)

    @property
    def is_incomplete(self) -> bool:
        """True where anything of the index stays for now."""
        return bool(self.excluded_order_ids or self.held_customer.holds)

    @property
    def has_unsearched_orders(self) -> bool:
        """True where an excluded order became known after the last search for copies: nobody asked about it yet."""
        return bool(set(self.order_ids_without_copy) - read_invoice_search(self.tasks).missing_copies)

    def preview(self) -> list[PlanLine]:
        """Return the plan as things stand now."""
        rows = self._tx.person_eraser.preview_erasure(
            self.request.shop,
            self.scope.principal,
            request_id=self.request.id,
            excluded_order_ids=self.excluded_order_ids,
            keeps_customer=bool(self.held_customer.holds),
        )
        return self.build_plan(rows)

    def find_plan_changes(self) -> tuple[list[PlanLine], list[dict[str, Any]]]:
        """Return the plan as things stand, and how it differs from the saved one: not at all once the erasure began."""
        if has_erasure_begun(self.tasks):
            return [], []
        plan = self.preview()
        return plan, compare_with_saved_plan(self.request, plan, self._tx)

    def plan_other_records(self) -> Sequence[PlanLine]:
        """Return the lines that no count of rows changes. Of thousands of orders they take long: once, and before any writing."""
        if self._other_lines is None:
            self._other_lines = plan_other_records(
                self.inputs, retention=self._services.retention, now=self._services.clock.now()
            )
        return self._other_lines

    def build_plan(self, rows: Mapping[str, int]) -> list[PlanLine]:
        """Return the plan of an erasure that removes these rows, by table."""
        return build_erasure_plan(
            replace(self.inputs, rows=rows),
            self.plan_other_records(),
            retention=self._services.retention,
            now=self._services.clock.now(),
        )
