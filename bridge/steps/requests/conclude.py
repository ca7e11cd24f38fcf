"""Conclude: given how its tasks stand, a request is answered, certified, closed, or told to wait.

Package or certificate, state and facts are one transaction, so what is answered is what was read. A request is
closed when the person can be answered; it stays `waiting` while a processor still has to answer, and says so in
its certificate.
"""

from __future__ import annotations

from bridge.model import Document, Fact, Kind, Planned, PrivacyRequest, RefundState, Task
from bridge.ports import Claim, Services, Tx
from bridge.rules.erasure.certificate import certificate
from bridge.rules.erasure.remaining_data import left
from bridge.rules.evidence.chain import canonical
from bridge.rules.requests.lifecycle import Standing, standing
from bridge.steps.access.package import export


def conclude(request_id: str, claim: Claim, *, changed: bool, services: Services) -> None:
    """Bring a request's own state up to date and give it back. Raises ClaimLost and StoreUnavailable.

    `changed` says that a task was worked on: only then is a package or certificate made anew.
    """
    with services.store.transaction() as tx:
        tx.requests.hold(claim)
        request = tx.requests.get(request_id)
        if request is None:
            return
        tasks = tx.requests.tasks(request_id)
        now_stands = standing(tasks)
        if now_stands.answerable and (changed or request.closed_at is None):
            if request.kind is Kind.ACCESS:
                export(request, tasks, tx=tx, services=services)
            else:
                _certify(request, tasks, now_stands, tx, services)
        closes = now_stands.answerable and request.closed_at is None
        closed_at = services.clock.now() if closes else request.closed_at
        tx.requests.release(
            claim,
            state=now_stands.state,
            wake_at=now_stands.wake_at,
            complete=now_stands.complete if now_stands.answerable else None,
            closed_at=closed_at,
        )
        if closes and closed_at is not None:
            tx.evidence.append(
                Fact.REQUEST_CLOSED,
                shop=request.shop,
                request_id=request.id,
                subject=request.subject,
                state=now_stands.state,
                complete=now_stands.complete,
                late=closed_at > request.due_at,
            )


def _certify(
    request: PrivacyRequest, tasks: list[Task], stands: Standing, tx: Tx, services: Services
) -> None:
    documents: dict[str, list[Document]] = {}
    whole_shop = request.kind is Kind.SHOP_ERASURE
    for document in (
        tx.documents.listed(shop=request.shop) if whole_shop else tx.documents.of_request(request.id)
    ):
        documents.setdefault(document.order_key, []).append(document)
    orders = {(request.shop, order_key) for order_key in documents}
    body = certificate(
        request,
        tasks,
        stands,
        facts=tx.evidence.of(request.id),
        documents=documents,
        claims={key: claims for (_, key), claims in tx.legal_claims.on(orders).items()},
        rest=_rest(request, tx, services),
        plan=tx.plans.of(request.id),
        merchant=services.merchant,
        retention=services.retention,
        now=services.clock.now(),
    )
    signature = {"alg": "Ed25519", "canonicalisation": "RFC 8785", "value": services.sign(canonical(body))}
    tx.packages.certify(request.id, {**body, "signature": signature})
    tx.evidence.append(
        Fact.CERTIFICATE_ISSUED,
        shop=request.shop,
        request_id=request.id,
        subject=request.subject,
        complete=stands.complete,
        signature=signature["value"],
    )


def _rest(request: PrivacyRequest, tx: Tx, services: Services) -> list[Planned]:
    if request.kind is Kind.SHOP_ERASURE:
        return []
    refunds = [one for one in tx.refunds.of_request(request.id) if one.state is not RefundState.ERASED]
    return left(
        refunds=refunds,
        claimed=tx.refunds.claimed(refunds),
        entries=tx.notices.entries(request_id=request.id),
        who=request.principal,
        retention=services.retention,
        now=services.clock.now(),
    )
