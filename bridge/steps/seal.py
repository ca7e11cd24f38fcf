"""Seal: the statutory copy of an invoice goes into the vault, and is read back, before anything destructive.

Mostly long before: when money came or goods left, in the transaction that learned of it. An erasure looks whether
every invoiced order has its copy, and asks the platform for what is missing; an order without one is spared.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace

from bridge.errors import BridgeError
from bridge.model import (
    DocumentKind,
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
from bridge.rules.identity import legacy_id
from bridge.rules.lifecycle import PLATFORM
from bridge.rules.planning import COPY_MISSING
from bridge.rules.statutory import Supplier, paper
from bridge.steps.ask import THEIRS, failed
from bridge.steps.concern import tell_task
from bridge.steps.plan import settle
from bridge.steps.spare import keeps_books, without

REVIEW = "seal_missing"
CATEGORY = "invoice_document"
FACTS = {TaskState.DONE: Fact.TASK_DONE, TaskState.RETRY: Fact.TASK_RETRIED}


def seal_sold(
    shop: str, sales: Sequence[Sale], *, tx: Tx, services: Services, once: Iterable[str] = ()
) -> list[str]:
    """Seal the copies of these sales in the caller's transaction. Returns the ids of the new documents.

    `once` are orders of people who were erased: an invoice of theirs that stands already is not written anew
    from what a late delivery still tells. Raises NeedsOperator where a copy does not read back.
    """
    if not keeps_books(services) or not sales:
        return []
    settled = {
        order_id
        for order_id, documents in tx.documents.of_orders(shop, once).items()
        if any(document.kind is DocumentKind.INVOICE for document in documents)
    }
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
        if sale.refund_id or sale.order_id not in settled:
            document = tx.documents.seal(shop, paper(sale, supplier, conditions, services.retention.vault))
            new += [document.id] if document else []
    for order_id in sorted({sale.order_id for sale in sales} & set(once)):
        if request_id := tx.index.erased_by(shop, order_id):  # a late one belongs to what her erasure left
            tx.documents.remaining(shop, [order_id], request_id)
    if new:
        tx.evidence.append(Fact.DOCUMENT_SEALED, shop=shop, documents=new, form="statutory_minimum")
    return new


def seal(request: PrivacyRequest, task: Task, claim: Claim, *, services: Services) -> Task:
    """See to it that every invoiced order of hers has its copy. Returns the task as saved.

    Raises ClaimLost and StoreUnavailable. A copy that cannot be made now is tried again on the schedule; then
    a person must act: file the document, attest it, or mend what stands in the way.
    """
    attempted, fault = replace(task, attempts=task.attempts + 1, wake_at=None), None
    sales: list[Sale] = []
    none: list[str] = []
    with services.store.transaction() as tx:
        tx.requests.hold(claim)
        known = set(tx.index.orders(request.shop, request.principal))
        sent = {parcel.order_id for parcel in tx.index.parcels(request.shop, request.principal)}
        # of an id that was merged away no order is destroyed: nothing to look for
        looks = keeps_books(services) and not tx.index.merged(request.shop, request.principal)
    if looks:
        try:
            sales, none, known = _asked(request, known, sent, services)
        except THEIRS as raised:
            fault = raised
    with services.store.transaction() as tx:
        tx.requests.hold(claim)
        new = seal_sold(request.shop, sales, tx=tx, services=services)
        left = without(request, known - set(none), tx) if looks else []
        after = _stands(task, attempted, fault, len(left), services)
        cursor = json.dumps({"none": sorted(none), "missing": left})
        after = replace(after, records=task.records + len(new), cursor=cursor)
        if left and after.state is TaskState.FAILED:
            tx.reviews.open(request.shop, REVIEW, f"{len(left)} orders", request_id=request.id)
        tx.requests.save_task(after)
        settle(request, tx.requests.tasks(request.id), tx=tx, services=services)
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


def _asked(
    request: PrivacyRequest, known: set[str], sent: set[str], services: Services
) -> tuple[list[Sale], list[str], set[str]]:
    """What the platform says of her orders without a copy: their sales, those never invoiced, and all that count.

    Where the platform is to be asked for an erasure, every order that it knows counts; else those of the index:
    the rest it erases by itself, whatever we do. An order that it does not know and that sent nothing was never
    invoiced.
    """
    who, platform = request.principal, services.connectors.get(PLATFORM)
    by_hand = request.source is Source.OPERATOR
    with services.store.transaction() as tx:
        missing = set(without(request, known, tx))
    if not isinstance(platform, Platform) or who == Principal() or not (missing or by_hand):
        return [], [], known
    if by_hand:
        theirs = {legacy_id(order["id"]) for order in platform.sent_orders(who, shop=request.shop)}
        with services.store.transaction() as tx:
            missing |= set(without(request, theirs, tx))
        known = known | theirs
    told = dict(platform.sales(sorted(missing), shop=request.shop)) if missing else {}
    never = {order_id for order_id in missing if not told.get(order_id, order_id in sent)}
    return [sale for sales in told.values() for sale in sales], sorted(never), known


def _stands(task: Task, attempted: Task, fault: BridgeError | None, left: int, services: Services) -> Task:
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
