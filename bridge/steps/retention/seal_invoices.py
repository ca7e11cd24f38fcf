"""Seals the statutory copy of an invoice in the vault, and reads it back, before anything is destroyed.

Mostly long before: when money came or goods left, in the transaction that learned of it. An erasure checks that every
invoiced order has its copy, and asks the platform for what is missing; an order without one is excluded from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from bridge.errors import BridgeError
from bridge.model import (
    Fact,
    InvoiceSearchResult,
    Lease,
    Outcome,
    PlanLine,
    Principal,
    PrivacyRequest,
    Sale,
    SealProgress,
    Task,
    TaskState,
    WaitReason,
)
from bridge.ports import Platform
from bridge.rules.index.identity import legacy_id
from bridge.rules.operations.batch_pace import BatchPace
from bridge.rules.requests.lifecycle import PLATFORM
from bridge.rules.retention.invoice_copy import Supplier, build_invoice_copy, list_missing_particulars
from bridge.services import Services
from bridge.steps.batches import cut_batches
from bridge.steps.erasure.erasure import Erasure, has_erasure_begun
from bridge.steps.erasure.orders_without_invoice_copy import (
    filter_orders_without_invoice,
    has_bridge_vault,
    read_invoice_search,
    sync_missing_copy_review,
)
from bridge.steps.erasure.run.saved_plan import save_plan
from bridge.steps.erasure.scope import read_erasure_scope
from bridge.steps.task_results import SYSTEM_ERRORS, after_failure, fail_task, finish_task, record_task_result

if TYPE_CHECKING:
    from bridge.store import Tx

INCOMPLETE_COPY_REVIEW_KIND = "copy_incomplete"
INVOICE_CATEGORY = "invoice_document"
ORDERS_PER_TRANSACTION, LEAST_ORDERS = 50, 8  # each copy is sealed and read back


def seal_sales(
    shop: str, sales: Sequence[Sale], *, tx: Tx, services: Services, erased_order_ids: Iterable[str] = ()
) -> list[str]:
    """Seal the copies of these sales in the caller's transaction, and record it. Return the ids of the new documents.

    `erased_order_ids` are orders of data subjects who were erased: an invoice of theirs that is sealed already is not
    written anew from what a late delivery says. Raises NeedsOperator where a copy does not read back.
    """
    document_ids = _seal_sale_copies(shop, sales, erased_order_ids, tx, services)
    for order_id in sorted({sale.order_id for sale in sales} & set(erased_order_ids)):
        # a late document belongs to what that erasure keeps
        if request_id := tx.erasures.find_erasing_request(shop, order_id):
            tx.documents.mark_documents_remaining(shop, [order_id], request_id)
    _record_sealed_documents(shop, document_ids, tx)
    return document_ids


def _seal_sale_copies(
    shop: str, sales: Sequence[Sale], erased_order_ids: Iterable[str], tx: Tx, services: Services
) -> list[str]:
    if not has_bridge_vault(services) or not sales:
        return []
    order_ids = {sale.order_id for sale in sales}
    with_invoice = order_ids - set(filter_orders_without_invoice(shop, order_ids, tx))
    sold = {sale.order_id for sale in sales if not sale.refund_id}
    unchangeable = with_invoice & set(erased_order_ids)
    category = services.retention.categories.get(INVOICE_CATEGORY)
    conditions = category.name_address_required_if_any if category else ()
    merchant = services.merchant
    supplier = Supplier(
        name=merchant.legal_name or merchant.trading_name,
        address=merchant.address,
        gstin=merchant.gstin,
        state_code=str(services.retention.merchant.get("home_state_code", "")),
    )
    document_ids: list[str] = []
    for sale in sales:
        is_invoiced = sale.order_id in with_invoice | sold
        if sale.refund_id and not (is_invoiced or (sale.total or 0) > 0):
            continue  # nothing was invoiced and no money came back: a cancelled order has no document
        if sale.refund_id or sale.order_id not in unchangeable:
            document = tx.documents.seal_document(
                shop, build_invoice_copy(sale, supplier, conditions, services.retention.vault)
            )
            document_ids += [document.id] if document else []
    return document_ids


def _record_sealed_documents(shop: str, document_ids: Sequence[str], tx: Tx, request_id: str = "") -> None:
    if document_ids:
        tx.evidence.append_fact(
            Fact.DOCUMENT_SEALED,
            shop=shop,
            request_id=request_id,
            documents=list(document_ids),
            form="statutory_minimum",
        )


@dataclass(kw_only=True)
class _Search:
    """One search for invoice copies: the orders it is about, and what the platform says of them.

    `order_ids` are all that the erasure covers, `missing` those of them without a copy, `shipped` those with a parcel.
    `is_complete` is False where the platform could not say which orders there are, `fault` why it could not answer.
    """

    order_ids: set[str] = field(default_factory=set)
    missing: set[str] = field(default_factory=set)
    shipped: set[str] = field(default_factory=set)
    sales: dict[str, Sequence[Sale]] = field(default_factory=dict)
    is_complete: bool = True
    fault: BridgeError | None = None

    def find_never_invoiced(self, services: Services) -> frozenset[str]:
        """Return the orders that the platform does not know and that were not shipped, or that it has no sale of.

        While the platform did not answer, an order that it was not asked about counts as invoiced.
        """
        was_asked = self.fault is None and isinstance(services.connectors.get(PLATFORM), Platform)
        return frozenset(
            order_id
            for order_id in self.missing
            if not self.sales.get(order_id, order_id in self.shipped or not was_asked)
        )


def seal_invoices(request: PrivacyRequest, task: Task, lease: Lease, *, services: Services) -> Task:
    """Make sure that every invoiced order of the data subject has its copy, and plan the erasure. Return the task as saved.

    Raises LeaseLost and StoreUnavailable. A copy that cannot be made now is tried again on the schedule; then an
    operator must act: file the document, attest it, or remove the obstacle. Evidence is written when all is decided:
    who writes it has taken the shop's lock before.
    """
    with services.store.transaction() as tx:
        tx.requests.verify_lease(lease)
    search = _read_orders(request, services)
    _ask_platform(request, search, services)
    sealed = _seal_found_copies(request, search, lease, services)
    after, plan, changes = _plan_search(request, task, search, sealed, services)
    with services.store.transaction() as tx:
        tx.requests.verify_lease(lease)
        tx.index.lock_shop(request.shop)
        return _save_search(request, after, len(sealed), plan, changes, tx, services)


def preview_invoice_search(request: PrivacyRequest, services: Services) -> tuple[InvoiceSearchResult, int, str]:
    """Return what a search would find, how many copies it would seal, and why it could not ask. Changes nothing.

    An order whose copy would be sealed counts as one that needs none.
    """
    search = _read_orders(request, services)
    _ask_platform(request, search, services)
    sealable = {order_id for order_id in search.missing if search.sales.get(order_id)}
    needs_none = search.find_never_invoiced(services) | sealable
    result = InvoiceSearchResult(never_invoiced=needs_none, missing_copies=frozenset(search.missing - needs_none))
    return replace(result, is_complete=search.is_complete), len(sealable), str(search.fault or "")


def _read_orders(request: PrivacyRequest, services: Services) -> _Search:
    """Return the orders that the index knows, and what an earlier search missed, whether or not it is still named."""
    if not has_bridge_vault(services):
        return _Search()
    with services.store.read() as tx:
        tasks = tx.tasks.list_tasks(request.id)
        scope = read_erasure_scope(request, tasks, tx)
        order_ids = {*scope.order_ids, *read_invoice_search(tasks).missing_copies}
        return _Search(
            order_ids=order_ids,
            missing=set(filter_orders_without_invoice(request.shop, order_ids, tx)),
            shipped={parcel.order_id for parcel in scope.parcels} if scope.order_ids else set(),
        )


def _ask_platform(request: PrivacyRequest, search: _Search, services: Services) -> None:
    """Add what the platform says: its own orders where it will be asked to erase, and the sales without a copy.

    What it said before a fault is used.
    """
    opened_by_operator = request.source.is_merchants and has_bridge_vault(services)
    search.is_complete = not opened_by_operator
    try:
        if opened_by_operator:  # the platform will be asked for an erasure: every order that it knows counts
            order_ids = _fetch_platform_order_ids(request, services)
            with services.store.transaction() as tx:
                search.order_ids |= order_ids
                search.missing |= set(filter_orders_without_invoice(request.shop, order_ids, tx))
        search.is_complete = True
        search.sales.update(_fetch_sales(search.missing, request.shop, services))
    except SYSTEM_ERRORS as raised:
        search.fault = raised


def _seal_found_copies(request: PrivacyRequest, search: _Search, lease: Lease, services: Services) -> list[str]:
    """Seal the copies of what the platform sold, a few orders in each transaction. Return the ids of the documents."""
    sealed: list[str] = []
    order_ids = [order_id for order_id, sales in search.sales.items() if sales]
    pace = BatchPace(ORDERS_PER_TRANSACTION, LEAST_ORDERS)
    for batch in cut_batches(order_ids, pace):
        sales = [sale for order_id in batch for sale in search.sales[order_id]]
        with services.store.transaction(pace) as tx:
            tx.requests.verify_lease(lease)
            tx.index.lock_shop(request.shop)
            document_ids = _seal_sale_copies(request.shop, sales, (), tx, services)
            _record_sealed_documents(request.shop, document_ids, tx, request.id)
            _open_incomplete_copy_reviews(request, sales, tx)
        sealed += document_ids
    return sealed


def _plan_search(
    request: PrivacyRequest, task: Task, search: _Search, sealed: Sequence[str], services: Services
) -> tuple[Task, Sequence[PlanLine], Sequence[Mapping[str, Any]]]:
    """Return the task with what was found, the plan of the erasure while it has not begun, and how it changed.

    From a reading that holds up no writer: what changes after it, the erasure finds.
    """
    with services.store.read() as tx:
        missing = filter_orders_without_invoice(
            request.shop, search.order_ids - search.find_never_invoiced(services), tx
        )
        result = InvoiceSearchResult(
            never_invoiced=search.find_never_invoiced(services),
            missing_copies=frozenset(missing),
            is_complete=search.is_complete,
        )
        task = replace(task, records=task.records + len(sealed), progress=SealProgress(search=result))
        task = _end_search(task, search.fault, len(missing), services)
        tasks = [task if each.id == task.id else each for each in tx.tasks.list_tasks(request.id)]
        plan, changes = Erasure(request, tasks, tx=tx, services=services).find_plan_changes()
        return task, plan, changes


def _save_search(
    request: PrivacyRequest,
    task: Task,
    sealed: int,
    plan: Sequence[PlanLine],
    changes: Sequence[Mapping[str, Any]],
    tx: Tx,
    services: Services,
) -> Task:
    """Save the task and the plan. Evidence last."""
    tx.tasks.save_task(task)
    missing = read_invoice_search([task]).missing_copies
    if not missing or task.state is TaskState.FAILED:
        sync_missing_copy_review(request, len(missing), tx=tx, services=services)
    if not has_erasure_begun(tx.tasks.list_tasks(request.id)):
        save_plan(request, plan, changes, tx=tx, services=services)
    found = {"sealed": sealed, "missing": len(missing)}
    record_task_result(request, task, tx, outcome=task.outcome, **found, reason=task.last_error)
    return task


def _end_search(task: Task, fault: BridgeError | None, missing_count: int, services: Services) -> Task:
    now, reason = services.clock.now(), WaitReason.INVOICE_COPY_MISSING
    if fault is not None:
        return after_failure(task, fault, services)
    task = replace(task, attempts=task.attempts + 1)
    if missing_count:
        return fail_task(task, Outcome.INCOMPLETE, reason, now, wait_reason=reason)
    return finish_task(task, Outcome.RETAINED if has_bridge_vault(services) else Outcome.UNCONFIRMED, now)


def _fetch_platform_order_ids(request: PrivacyRequest, services: Services) -> set[str]:
    """Return the ids of the data subject's orders that the platform knows."""
    platform, principal = services.connectors.get(PLATFORM), request.principal.for_others
    if not isinstance(platform, Platform) or principal == Principal():
        return set()
    return {legacy_id(order["id"]) for order in platform.list_shipped_orders(principal, shop=request.shop)}


def _fetch_sales(order_ids: Iterable[str], shop: str, services: Services) -> Iterator[tuple[str, Sequence[Sale]]]:
    """Yield the sales of each order without a copy, none for one that was neither paid nor sent."""
    platform, wanted = services.connectors.get(PLATFORM), sorted(order_ids)
    if isinstance(platform, Platform) and wanted:
        yield from platform.list_sales(wanted, shop=shop)


def _open_incomplete_copy_reviews(request: PrivacyRequest, sales: Sequence[Sale], tx: Tx) -> None:
    """Open a review for each copy that lacks particulars: an operator files the invoice. Writes evidence."""
    for sale in sales:
        if missing := [] if sale.refund_id else list_missing_particulars(sale):
            what = f"a copy from {PLATFORM} lacks {', '.join(missing)}: file the invoice"
            about = {"order_id": sale.order_id, "request_id": request.id}
            tx.reviews.open_review(request.shop, INCOMPLETE_COPY_REVIEW_KIND, what, **about)
