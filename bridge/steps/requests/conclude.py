"""Conclude: given how its tasks stand, a request is answered, certified, closed, or told to wait.

Package or certificate, state and facts are one transaction, so what is answered is what was read. A request is
closed when the person can be answered; it stays `waiting` while a processor still has to answer, and says so in
its certificate.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.model import Document, Fact, Lease, PlanLine, PrivacyRequest, RefundState, RequestKind, Task
from bridge.rules.erasure.certificate import build_certificate
from bridge.rules.erasure.remaining_data import list_remaining_data
from bridge.rules.evidence.chain import encode_canonical_json
from bridge.rules.requests.lifecycle import RequestProgress, assess_request_progress
from bridge.services import Services
from bridge.steps.access.package import seal_access_package

if TYPE_CHECKING:
    from bridge.store import Tx


def conclude_request(request_id: str, lease: Lease, *, has_changed: bool, services: Services) -> None:
    """Bring a request's own state up to date and give it back. Raises ClaimLost and StoreUnavailable.

    `changed` says that a task was worked on: only then is a package or certificate made anew.
    """
    with services.store.transaction() as tx:
        tx.requests.verify_lease(lease)
        request = tx.requests.get_request(request_id)
        if request is None:
            return
        tasks = tx.tasks.list_tasks(request_id)
        now_stands = assess_request_progress(tasks)
        if now_stands.answerable and (has_changed or request.closed_at is None):
            if request.kind is RequestKind.ACCESS:
                seal_access_package(request, tasks, tx=tx, services=services)
            else:
                _issue_certificate(request, tasks, now_stands, tx, services)
        closes = now_stands.answerable and request.closed_at is None
        closed_at = services.clock.now() if closes else request.closed_at
        tx.requests.release_lease(
            lease,
            state=now_stands.state,
            wake_at=now_stands.wake_at,
            complete=now_stands.complete if now_stands.answerable else None,
            closed_at=closed_at,
        )
        if closes and closed_at is not None:
            tx.evidence.append_fact(
                Fact.REQUEST_CLOSED,
                shop=request.shop,
                request_id=request.id,
                subject=request.subject,
                state=now_stands.state,
                complete=now_stands.complete,
                late=closed_at > request.due_at,
            )


def _issue_certificate(
    request: PrivacyRequest, tasks: list[Task], status: RequestProgress, tx: Tx, services: Services
) -> None:
    documents: dict[str, list[Document]] = {}
    whole_shop = request.kind is RequestKind.SHOP_ERASURE
    for document in (
        tx.documents.list_documents(shop=request.shop)
        if whole_shop
        else tx.documents.list_documents_of_request(request.id)
    ):
        documents.setdefault(document.order_key, []).append(document)
    orders = {(request.shop, order_key) for order_key in documents}
    body = build_certificate(
        request,
        tasks,
        status,
        facts=tx.evidence.list_facts_of_request(request.id),
        documents=documents,
        legal_holds={
            key: claims for (_, key), claims in tx.legal_holds.find_legal_holds_by_order(orders).items()
        },
        remaining_data=_list_remaining_data(request, tx, services),
        plan=tx.plans.find_plan(request.id),
        merchant=services.merchant,
        retention=services.retention,
        now=services.clock.now(),
    )
    signature = {
        "alg": "Ed25519",
        "canonicalisation": "RFC 8785",
        "value": services.sign(encode_canonical_json(body)),
    }
    tx.packages.save_certificate(request.id, {**body, "signature": signature})
    tx.evidence.append_fact(
        Fact.CERTIFICATE_ISSUED,
        shop=request.shop,
        request_id=request.id,
        subject=request.subject,
        complete=status.complete,
        signature=signature["value"],
    )


def _list_remaining_data(request: PrivacyRequest, tx: Tx, services: Services) -> list[PlanLine]:
    if request.kind is RequestKind.SHOP_ERASURE:
        return []
    refunds = [
        one
        for one in tx.refunds.list_refund_accounts_of_request(request.id)
        if one.state is not RefundState.ERASED
    ]
    return list_remaining_data(
        refunds=refunds,
        legally_held_refund_ids=tx.refunds.find_account_ids_on_legal_hold(refunds),
        notice_items=tx.notice_items.list_items(request_id=request.id),
        principal=request.principal,
        retention=services.retention,
        now=services.clock.now(),
    )
