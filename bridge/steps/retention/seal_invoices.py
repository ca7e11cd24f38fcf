"""Seal: the statutory copy of an invoice goes into the vault, and is read back, before anything destructive.

Mostly long before: when money came or goods left, in the transaction that learned of it. An erasure looks whether
every invoiced order has its copy, and asks the platform for what is missing; an order without one is spared.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from bridge.errors import BridgeError
from bridge.model import (
    Action,
    Fact,
    Outcome,
    Principal,
    PrivacyRequest,
    Sale,
    Source,
    Task,
    TaskState,
)
from bridge.ports import Claim, Platform, Services, Tx
from bridge.rules.erasure.plan import COPY_MISSING
from bridge.rules.index.identity import legacy_id
from bridge.rules.requests.lifecycle import PLATFORM
from bridge.rules.retention.invoice_copy import Supplier, lacks, paper
from bridge.steps.erasure.orders_without_invoice_copy import (
    Looked,
    as_cursor,
    hers,
    keeps_books,
    looked,
    review_missing,
    scope,
    without,
)
from bridge.steps.erasure.plan import compared, keep, plan
from bridge.steps.erasure.request_platform_erasure import THEIRS, failed
from bridge.steps.evidence.record_facts import tell_task

INCOMPLETE = "copy_incomplete"
CATEGORY = "invoice_document"
FACTS = {TaskState.DONE: Fact.TASK_DONE, TaskState.RETRY: Fact.TASK_RETRIED}


def seal_sold(
    shop: str, sales: Sequence[Sale], *, tx: Tx, services: Services, once: Iterable[str] = ()
) -> list[str]:
    """Seal the copies of these sales in the caller's transaction, and record it. Returns ids of the new documents.

    `once` are orders of people who were erased: an invoice of theirs that stands already is not written anew
    from what a late delivery still tells. Raises NeedsOperator where a copy does not read back.
    """
    new = _sealed(shop, sales, once, tx, services)
    for order_id in sorted({sale.order_id for sale in sales} & set(once)):
        if request_id := tx.index.erased_by(shop, order_id):  # a late one belongs to what her erasure left
            tx.documents.remaining(shop, [order_id], request_id)
    _tell(shop, new, tx)
    return new


def _sealed(shop: str, sales: Sequence[Sale], once: Iterable[str], tx: Tx, services: Services) -> list[str]:
    if not keeps_books(services) or not sales:
        return []
    invoiced = {sale.order_id for sale in sales if not sale.refund_id}
    have = {sale.order_id for sale in sales} - set(without(shop, {sale.order_id for sale in sales}, tx))
    settled = have & set(once)
    category = services.retention.categories.get(CATEGORY)
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
            document = tx.documents.seal(shop, paper(sale, supplier, conditions, services.retention.vault))
            new += [document.id] if document else []
    return new


def _tell(shop: str, documents: Sequence[str], tx: Tx, request_id: str = "") -> None:
    if documents:
        tx.evidence.append(
            Fact.DOCUMENT_SEALED,
            shop=shop,
            request_id=request_id,
            documents=list(documents),
            form="statutory_minimum",
        )


def seal(request: PrivacyRequest, task: Task, claim: Claim, *, services: Services) -> Task:
    """See to it that every invoiced order of hers has its copy, and plan the erasure. Returns the task as saved.

    Raises ClaimLost and StoreUnavailable. A copy that cannot be made now is tried again on the schedule; then
    a person must act: file the document, attest it, or mend what stands in the way. Nothing is recorded before all
    is decided: whoever writes evidence has taken the shop's turn first.
    """
    shop, fault = request.shop, None
    attempted = replace(task, attempts=task.attempts + 1, wake_at=None)
    told: dict[str, Sequence[Sale]] = {}
    with services.store.transaction() as tx:
        tx.requests.hold(claim)
        tasks = tx.requests.tasks(request.id)
        known = hers(request, tasks, tx) if keeps_books(services) else set()
        parcels = tx.index.parcels(shop, scope(request, tasks)) if known else []
        if keeps_books(services):  # what was missing stays so until there is a copy, whoever still names it
            known |= looked(tasks).missing
        missing = set(without(shop, known, tx))
    sent = {parcel.order_id for parcel in parcels}
    by_hand = request.source is Source.OPERATOR and keeps_books(services)
    whole = not by_hand
    try:
        if by_hand:  # the platform will be asked for an erasure: every order that it knows counts
            theirs = _theirs(request, services)
            with services.store.transaction() as tx:
                known, missing = known | theirs, missing | set(without(shop, theirs, tx))
        whole = True
        told.update(_told(missing, shop, services))  # what came before a fault is kept
    except THEIRS as raised:
        fault = raised
    # an order that the platform does not know and that sent nothing was never invoiced
    asked = fault is None and isinstance(services.connectors.get(PLATFORM), Platform)
    none = {one for one in missing if not told.get(one, one in sent or not asked)}
    with services.store.transaction() as tx:
        tx.requests.hold(claim)
        tx.index.turn(shop)
        sales = [sale for one in told.values() for sale in one]
        new = _sealed(shop, sales, (), tx, services)
        left = frozenset(without(shop, known - none, tx))
        found = Looked(none=frozenset(none), missing=left, whole=whole)
        after = replace(_stands(attempted, task, fault, len(left), services), cursor=as_cursor(found))
        after = replace(after, records=task.records + len(new))
        tx.requests.save_task(after)
        tasks = tx.requests.tasks(request.id)
        first = not any(map(_began, tasks))
        now = plan(request, tasks, tx=tx, services=services) if first else []
        changed = compared(request, now, tx) if first else []
        _tell(shop, new, tx, request.id)
        if not left or after.state is TaskState.FAILED:
            review_missing(request, len(left), tx=tx, services=services)
        _ask_for_invoices(request, sales, tx)
        if first:
            keep(request, now, changed, tx=tx, services=services)
        tell_task(
            FACTS.get(after.state, Fact.TASK_FAILED),
            request,
            after,
            tx,
            outcome=after.outcome,
            sealed=len(new),
            missing=len(left),
            reason=after.last_error,
        )
    return after


def _began(task: Task) -> bool:
    """True for an erasure that ran: what was planned before it stays written."""
    return task.action is Action.ERASE and bool(task.detail or task.cursor or task.state is TaskState.DONE)


def _theirs(request: PrivacyRequest, services: Services) -> set[str]:
    """Ids of her orders that the platform knows. What it erases by itself, whatever we do, is not asked about."""
    platform = services.connectors.get(PLATFORM)
    if not isinstance(platform, Platform) or request.principal == Principal():
        return set()
    return {legacy_id(order["id"]) for order in platform.sent_orders(request.principal, shop=request.shop)}


def _told(order_ids: Iterable[str], shop: str, services: Services) -> Iterator[tuple[str, Sequence[Sale]]]:
    """What the platform says of orders without a copy: their sales, none of what was neither paid nor sent."""
    platform, wanted = services.connectors.get(PLATFORM), sorted(order_ids)
    if isinstance(platform, Platform) and wanted:
        yield from platform.sales(wanted, shop=shop)


def _ask_for_invoices(request: PrivacyRequest, sales: Sequence[Sale], tx: Tx) -> None:
    """Copies that the platform could not tell whole: a person files the invoice."""
    for sale in sales:
        if lacking := [] if sale.refund_id else lacks(sale):
            what = f"a copy from {PLATFORM} lacks {', '.join(lacking)}: file the invoice"
            tx.reviews.open(request.shop, INCOMPLETE, what, order_id=sale.order_id, request_id=request.id)


def _stands(attempted: Task, task: Task, fault: BridgeError | None, left: int, services: Services) -> Task:
    now = services.clock.now()
    if fault is not None:
        after = failed(task, fault, services)
        return replace(after, finished_at=now if after.state is TaskState.FAILED else None)
    if left:
        return replace(
            attempted,
            state=TaskState.FAILED,
            outcome=Outcome.INCOMPLETE,
            last_error=COPY_MISSING,
            finished_at=now,
        )
    outcome = Outcome.RETAINED if keeps_books(services) else Outcome.UNCONFIRMED
    return replace(attempted, state=TaskState.DONE, outcome=outcome, last_error="", finished_at=now)
