"""Lays an order that may be another person's before an operator, and carries the decision into the request.

Shopify says that such an order is another customer's, while it has the data subject's e-mail address, or the request
names it. Nothing of it but its number is stored, sealed, until somebody decided.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.errors import ConcurrentChange, NeedsOperator
from bridge.model import Fact, Finding, FindingPage, Principal, PrivacyRequest, RequestKind, Review
from bridge.rules.index.identity import legacy_id
from bridge.rules.requests.order_reviews import (
    DOUBTED_ORDER_KIND,
    ORDER_REVIEW_KIND,
    ORDER_REVIEW_SUBJECT,
    OrderDecision,
    apply_order_decision,
    build_order_review_key,
)

if TYPE_CHECKING:
    from bridge.model import Task
    from bridge.store import Tx

MAX_OPEN_REVIEWS = 50  # of one request: a shared mailbox may have thousands of orders; the others are counted as a gap


def record_doubtful_orders(request: PrivacyRequest, task: Task, page: FindingPage, tx: Tx) -> Principal:
    """Open a review for each order in doubt that nobody decided about, and store its number. Writes evidence.

    Return the request's principal, with what was decided before: where it changed, the system must be read anew.
    """
    principal, undecided = request.principal, list[str]()
    if not page.doubtful_orders:
        return principal
    for order_id in page.doubtful_orders:
        review = _find_review(request, order_id, tx)
        if review is not None and review.decision:
            principal = apply_order_decision(principal, order_id, OrderDecision(review.decision))
        else:
            undecided.append(order_id)
    open_count = len(tx.reviews.list_reviews(kind=ORDER_REVIEW_KIND, request_id=request.id))
    undecided = undecided[: max(0, MAX_OPEN_REVIEWS - open_count)]
    numbers = [Finding(kind=DOUBTED_ORDER_KIND, ref=one, matched_by="other", body={}) for one in undecided]
    tx.findings.add_findings(task, FindingPage(findings=tuple(numbers), cursor=page.cursor))
    for order_id in undecided:
        tx.reviews.open_review(
            request.shop,
            ORDER_REVIEW_KIND,
            ORDER_REVIEW_SUBJECT,
            order_id=order_id,
            request_id=request.id,
            idempotency_key=build_order_review_key(order_id, request.subject),
        )
    return principal


def find_doubtful_order(review: Review, tx: Tx) -> str:
    """Return the number of the order that a review is about; '' where the data that had it were destroyed."""
    request = tx.requests.get_request(review.request_id)
    if request is None:
        return ""
    for _, finding in tx.findings.read_findings(request.id):
        if finding.kind == DOUBTED_ORDER_KIND:
            found = _find_review(request, finding.ref, tx)
            if found is not None and found.id == review.id:
                return legacy_id(finding.ref)
    return ""


def decide_order_review(review: Review, decision: OrderDecision, *, actor: str, reason: str, tx: Tx) -> str:
    """Close the review, and run the data subject's newest access request again with the decision. Return its id.

    '' where no request can be run again: the decision holds for the next one. Raises NeedsOperator where the number of the
    order was destroyed with the gathered data, and ConcurrentChange.
    """
    order_id = find_doubtful_order(review, tx)
    if not order_id:
        raise NeedsOperator("the number of the order was destroyed with the gathered data: open a new access request")
    if not tx.reviews.close_review(review.id, actor=actor, reason=reason, decision=decision):
        raise ConcurrentChange
    asked = tx.requests.get_request(review.request_id)
    newest = tx.requests.find_open_request_of_same_person(asked, RequestKind.ACCESS) if asked else None
    request = newest or asked
    if request is None or request.principal == Principal():
        return ""
    principal = apply_order_decision(request.principal, order_id, decision)
    tx.request_changes.change_principal(request, principal)
    about = {"shop": request.shop, "request_id": request.id, "subject": request.subject}
    tx.evidence.append_fact(Fact.REQUEST_REPLAYED, actor=actor, review=review.id, **about)
    return request.id


def _find_review(request: PrivacyRequest, order_id: str, tx: Tx) -> Review | None:
    key = build_order_review_key(legacy_id(order_id), request.subject)
    return tx.reviews.find_review_by_idempotency_key(request.shop, ORDER_REVIEW_KIND, key)
