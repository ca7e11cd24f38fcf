"""Ends a request that is not carried out: the person took it back, or the merchant refuses it. Nothing was done for it.

The person gets a letter either way. What a request has done before cannot be ended so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import structlog

from bridge.errors import PayloadInvalid
from bridge.model import Fact, LetterKind, LinkPurpose, PrivacyRequest, RequestEnding, RequestKind, RequestState
from bridge.rules.requests.decisions.refusal_codes import find_refusal_reason, list_laws_of_refusal, list_remedies
from bridge.rules.requests.regimes import list_complaint_routes, list_regimes
from bridge.rules.retention.statutory_last_days import local_day
from bridge.services import Services
from bridge.steps.letters.queue_letter import queue_letter

if TYPE_CHECKING:
    from bridge.store import Tx

log = structlog.get_logger()


def withdraw_request(request_id: str, *, actor: str, reason: str, services: Services) -> None:
    """End a request that the person took back. Raises PayloadInvalid, StoreUnavailable.

    `request_unknown`; `ended_before`; `deed_begun`: something was done for it already; `not_withdrawable`: Shopify
    ordered it, or a breach is no wish of a person.
    """
    with services.store.transaction() as tx:
        request = lock_open_request(request_id, tx)
        end_as_withdrawn(request, actor, tx, reason=reason)
    log.info("request.withdrawn", id=request_id, kind=request.kind)


def end_as_withdrawn(request: PrivacyRequest, actor: str, tx: Tx, **detail: Any) -> None:
    """End a locked request as withdrawn, in the caller's transaction. Raises PayloadInvalid as `withdraw_request`."""
    if not request.source.is_merchants or request.kind is RequestKind.INCIDENT:
        raise PayloadInvalid("not_withdrawable")
    _end_undone(request, RequestEnding.WITHDRAWN, Fact.REQUEST_WITHDRAWN, actor, tx, **detail)
    queue_letter(request, LetterKind.WITHDRAWN, tx=tx, actor=actor)


def refuse_request(request_id: str, code: str, *, actor: str, reason: str = "", services: Services) -> list[str]:
    """End a request as refused, for a reason of the law. Return the laws that allow it.

    Raises PayloadInvalid: as `withdraw_request`, and `not_refusable` (what Shopify orders is erased by Shopify, too),
    `code_unknown`, `code_not_for_kind`, `code_not_for_law`. Raises StoreUnavailable.
    """
    with services.store.transaction() as tx:
        request = lock_open_request(request_id, tx)
        if not request.source.is_merchants and request.kind is not RequestKind.ACCESS:
            raise PayloadInvalid("not_refusable")
        regimes = read_regimes(request, tx)
        find_refusal_reason(code, request.kind, regimes)
        laws = list_laws_of_refusal(code, regimes)
        day = local_day(services.clock.now(), services.retention)
        routes = list_complaint_routes(services.merchant.complaint_route, day=day, regimes=regimes)
        detail = {"code": code, "laws": laws, "remedies": list_remedies(routes)}
        _end_undone(request, RequestEnding.REFUSED, Fact.REQUEST_REFUSED, actor, tx, **detail, reason=reason)
        queue_letter(request, LetterKind.REFUSAL, tx=tx, values={"reason": code}, actor=actor)
    log.info("request.refused", id=request_id, kind=request.kind, code=code)
    return laws


def read_regimes(request: PrivacyRequest, tx: Tx) -> tuple[str, ...]:
    """Return whose laws apply to the person: by the countries that they state, and that their orders went to."""
    documents = tx.documents.find_documents_by_order_id(
        request.shop, {*tx.index.list_orders(request.shop, request.principal), *request.principal.order_ids}
    )
    countries = {document.country for found in documents.values() for document in found}
    return list_regimes({*countries, *request.principal.stated_countries})


def lock_open_request(request_id: str, tx: Tx) -> PrivacyRequest:
    """Lock a request for which nothing was done yet, and return it.

    Raises PayloadInvalid (`request_unknown`, `ended_before`, `deed_begun`).
    """
    tx.requests.lock_request(request_id)
    request = tx.requests.get_request(request_id)
    if request is None:
        raise PayloadInvalid("request_unknown")
    if request.state is RequestState.DONE or request.closed_at is not None:
        raise PayloadInvalid("ended_before")
    gate = tx.approvals.find_gate(request_id)
    # an access request only reads before it is answered; other kinds act from their first task on
    if (gate is None or gate.begun_at is not None) and request.kind is not RequestKind.ACCESS:
        raise PayloadInvalid("deed_begun")
    return request


def _end_undone(request: PrivacyRequest, ending: RequestEnding, fact: Fact, actor: str, tx: Tx, **detail: Any) -> None:
    tx.request_changes.end_early(request.id, ending, is_answered=ending is RequestEnding.WITHDRAWN)
    tx.person_links.delete_links(request.id, LinkPurpose.TAKE_BACK)
    known = {name: value for name, value in detail.items() if value != ""}
    tx.evidence.append_fact(
        fact,
        shop=request.shop,
        actor=actor,
        request_id=request.id,
        subject=request.subject,
        kind=request.kind,
        state_before=request.state,
        **known,
    )
