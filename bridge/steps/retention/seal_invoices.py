"""Seal: the statutory copy of an invoice goes into the vault, and is read back, before anything destructive.

Mostly long before: when money came or goods left, in the transaction that learned of it. An erasure looks whether
every invoiced order has its copy, and asks the platform for what is missing; an order without one is spared.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from bridge.errors import BridgeError
from bridge.model import (
    Fact,
    Lease,
    Outcome,
    Principal,
    PrivacyRequest,
    RequestSource,
    Sale,
    Task,
    TaskAction,
    TaskState,
)
from bridge.ports import Platform
from bridge.rules.erasure.plan import INVOICE_COPY_MISSING
from bridge.rules.index.identity import legacy_id
from bridge.rules.requests.lifecycle import PLATFORM
from bridge.rules.retention.invoice_copy import Supplier, build_invoice_copy, list_missing_particulars
from bridge.services import Services
from bridge.steps.erasure.orders_without_invoice_copy import (
    InvoiceSearchResult,
    encode_invoice_search,
    filter_orders_without_invoice,
    find_order_ids_to_erase,
    has_bridge_vault,
    read_invoice_search,
    resolve_erasure_principal,
    sync_missing_copy_review,
)
from bridge.steps.erasure.plan import compare_with_saved_plan, plan_erasure, save_plan
from bridge.steps.erasure.request_platform_erasure import SYSTEM_ERRORS, fail_or_retry_task
from bridge.steps.evidence.record_facts import record_task_fact

if TYPE_CHECKING:
    from bridge.store import Tx

INCOMPLETE_COPY_REVIEW_KIND = "copy_incomplete"
INVOICE_CATEGORY = "invoice_document"
FACT_BY_STATE = {TaskState.DONE: Fact.TASK_DONE, TaskState.RETRY: Fact.TASK_RETRIED}


def seal_sales(
    shop: str, sales: Sequence[Sale], *, tx: Tx, services: Services, erased_order_ids: Iterable[str] = ()
) -> list[str]:
    """Seal the copies of these sales in the caller's transaction, and record it. Returns ids of the new documents.

    `once` are orders of people who were erased: an invoice of theirs that stands already is not written anew
    from what a late delivery still tells. Raises NeedsOperator where a copy does not read back.
    """
    new = _seal_sale_copies(shop, sales, erased_order_ids, tx, services)
    for order_id in sorted({sale.order_id for sale in sales} & set(erased_order_ids)):
        if request_id := tx.erasures.find_erasing_request(
            shop, order_id
        ):  # a late one belongs to what her erasure left
            tx.documents.mark_documents_remaining(shop, [order_id], request_id)
    _record_sealed_documents(shop, new, tx)
    return new


def _seal_sale_copies(
    shop: str, sales: Sequence[Sale], erased_order_ids: Iterable[str], tx: Tx, services: Services
) -> list[str]:
    if not has_bridge_vault(services) or not sales:
        return []
    invoiced = {sale.order_id for sale in sales if not sale.refund_id}
    have = {sale.order_id for sale in sales} - set(
        filter_orders_without_invoice(shop, {sale.order_id for sale in sales}, tx)
    )
    settled = have & set(erased_order_ids)
    category = services.retention.categories.get(INVOICE_CATEGORY)
    conditions = category.name_address_required_if_any if category else ()
    merchant = services.merchant
    supplier = Supplier(
        name=merchant.legal_name or merchant.trading_name,
        address=merchant.address,
        gstin=merchant.gstin,
        state_code=str(services.retention.merchant.get("home_state_code", "")),
    )
    new: list[str] = []
    for sale in sales:
        known = sale.order_id in have | invoiced
        if sale.refund_id and not (known or (sale.total or 0) > 0):
            continue  # nothing was invoiced and no money came back: what was cancelled leaves nothing
        if sale.refund_id or sale.order_id not in settled:
            document = tx.documents.seal_document(
                shop, build_invoice_copy(sale, supplier, conditions, services.retention.vault)
            )
            new += [document.id] if document else []
    return new


def _record_sealed_documents(shop: str, documents: Sequence[str], tx: Tx, request_id: str = "") -> None:
    if documents:
        tx.evidence.append_fact(
            Fact.DOCUMENT_SEALED,
            shop=shop,
            request_id=request_id,
            documents=list(documents),
            form="statutory_minimum",
        )


def seal_invoices(request: PrivacyRequest, task: Task, lease: Lease, *, services: Services) -> Task:
    """See to it that every invoiced order of hers has its copy, and plan the erasure. Returns the task as saved.

    Raises ClaimLost and StoreUnavailable. A copy that cannot be made now is tried again on the schedule; then
    a person must act: file the document, attest it, or mend what stands in the way. Nothing is recorded before all
    is decided: whoever writes evidence has taken the shop's turn first.
    """
    shop, fault = request.shop, None
    attempted = replace(task, attempts=task.attempts + 1, wake_at=None)
    told: dict[str, Sequence[Sale]] = {}
    with services.store.transaction() as tx:
        tx.requests.verify_lease(lease)
        tasks = tx.tasks.list_tasks(request.id)
        known = find_order_ids_to_erase(request, tasks, tx) if has_bridge_vault(services) else set()
        parcels = tx.index.list_parcels(shop, resolve_erasure_principal(request, tasks)) if known else []
        if has_bridge_vault(
            services
        ):  # what was missing stays so until there is a copy, whoever still names it
            known |= read_invoice_search(tasks).missing_copies
        missing = set(filter_orders_without_invoice(shop, known, tx))
    sent = {parcel.order_id for parcel in parcels}
    by_hand = request.source is RequestSource.OPERATOR and has_bridge_vault(services)
    whole = not by_hand
    try:
        if by_hand:  # the platform will be asked for an erasure: every order that it knows counts
            theirs = _fetch_platform_order_ids(request, services)
            with services.store.transaction() as tx:
                known, missing = (
                    known | theirs,
                    missing | set(filter_orders_without_invoice(shop, theirs, tx)),
                )
        whole = True
        told.update(_fetch_sales(missing, shop, services))  # what came before a fault is kept
    except SYSTEM_ERRORS as raised:
        fault = raised
    # an order that the platform does not know and that sent nothing was never invoiced
    asked = fault is None and isinstance(services.connectors.get(PLATFORM), Platform)
    none = {one for one in missing if not told.get(one, one in sent or not asked)}
    with services.store.transaction() as tx:
        tx.requests.verify_lease(lease)
        tx.index.lock_shop(shop)
        sales = [sale for one in told.values() for sale in one]
        new = _seal_sale_copies(shop, sales, (), tx, services)
        left = frozenset(filter_orders_without_invoice(shop, known - none, tx))
        found = InvoiceSearchResult(never_invoiced=frozenset(none), missing_copies=left, is_complete=whole)
        after = replace(
            _set_search_outcome(attempted, task, fault, len(left), services),
            cursor=encode_invoice_search(found),
        )
        after = replace(after, records=task.records + len(new))
        tx.tasks.save_task(after)
        tasks = tx.tasks.list_tasks(request.id)
        first = not any(map(_has_erasure_begun, tasks))
        now = plan_erasure(request, tasks, tx=tx, services=services) if first else []
        changed = compare_with_saved_plan(request, now, tx) if first else []
        _record_sealed_documents(shop, new, tx, request.id)
        if not left or after.state is TaskState.FAILED:
            sync_missing_copy_review(request, len(left), tx=tx, services=services)
        _open_incomplete_copy_reviews(request, sales, tx)
        if first:
            save_plan(request, now, changed, tx=tx, services=services)
        record_task_fact(
            FACT_BY_STATE.get(after.state, Fact.TASK_FAILED),
            request,
            after,
            tx,
            outcome=after.outcome,
            sealed=len(new),
            missing=len(left),
            reason=after.last_error,
        )
    return after


def _has_erasure_begun(task: Task) -> bool:
    """True for an erasure that ran: what was planned before it stays written."""
    return task.action is TaskAction.ERASE and bool(
        task.detail or task.cursor or task.state is TaskState.DONE
    )


def _fetch_platform_order_ids(request: PrivacyRequest, services: Services) -> set[str]:
    """Ids of her orders that the platform knows. What it erases by itself, whatever we do, is not asked about."""
    platform = services.connectors.get(PLATFORM)
    if not isinstance(platform, Platform) or request.principal == Principal():
        return set()
    return {
        legacy_id(order["id"]) for order in platform.list_shipped_orders(request.principal, shop=request.shop)
    }


def _fetch_sales(
    order_ids: Iterable[str], shop: str, services: Services
) -> Iterator[tuple[str, Sequence[Sale]]]:
    """What the platform says of orders without a copy: their sales, none of what was neither paid nor sent."""
    platform, wanted = services.connectors.get(PLATFORM), sorted(order_ids)
    if isinstance(platform, Platform) and wanted:
        yield from platform.list_sales(wanted, shop=shop)


def _open_incomplete_copy_reviews(request: PrivacyRequest, sales: Sequence[Sale], tx: Tx) -> None:
    """Copies that the platform could not tell whole: a person files the invoice."""
    for sale in sales:
        if lacking := [] if sale.refund_id else list_missing_particulars(sale):
            what = f"a copy from {PLATFORM} lacks {', '.join(lacking)}: file the invoice"
            tx.reviews.open_review(
                request.shop, INCOMPLETE_COPY_REVIEW_KIND, what, order_id=sale.order_id, request_id=request.id
            )


def _set_search_outcome(
    attempted_task: Task, task: Task, fault: BridgeError | None, missing_count: int, services: Services
) -> Task:
    now = services.clock.now()
    if fault is not None:
        after = fail_or_retry_task(task, fault, services)
        return replace(after, finished_at=now if after.state is TaskState.FAILED else None)
    if missing_count:
        return replace(
            attempted_task,
            state=TaskState.FAILED,
            outcome=Outcome.INCOMPLETE,
            last_error=INVOICE_COPY_MISSING,
            finished_at=now,
        )
    outcome = Outcome.RETAINED if has_bridge_vault(services) else Outcome.UNCONFIRMED
    return replace(attempted_task, state=TaskState.DONE, outcome=outcome, last_error="", finished_at=now)
