"""Lays a customer that may be another person before an operator, and carries the decision into the request.

Of such a customer only its number and the contacts of the request that lead to it are stored, sealed, until somebody
decided. The same for access and erasure, and one decision holds for every request of the data subject.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from bridge.errors import ConcurrentChange, NeedsOperator
from bridge.model import (
    CustomerSearchProgress,
    DoubtedCustomer,
    Fact,
    Finding,
    FindingPage,
    Principal,
    PrivacyRequest,
    RequestKind,
    Review,
    TaskAction,
    TaskState,
    get_progress,
)
from bridge.rules.requests.order_reviews import OrderDecision
from bridge.rules.requests.same_person import (
    DOUBTED_CUSTOMER_KIND,
    SEVERAL_CUSTOMERS,
    SEVERAL_CUSTOMERS_SUBJECT,
    build_customer_review_key,
    exclude_customer,
    include_customer,
)
from bridge.steps.erasure.customers.customer_tasks import reopen_shared_tasks

if TYPE_CHECKING:
    from bridge.model import Task
    from bridge.store import Tx


def open_customer_reviews(request: PrivacyRequest, doubts: Iterable[DoubtedCustomer], tx: Tx) -> None:
    """Open a review for each customer in doubt that nobody decided about. Writes evidence."""
    for doubt in doubts:
        tx.reviews.open_review(
            request.shop,
            SEVERAL_CUSTOMERS,
            SEVERAL_CUSTOMERS_SUBJECT + (f" ({doubt.reason})" if doubt.reason else ""),
            request_id=request.id,
            idempotency_key=build_customer_review_key(doubt, request.subject),
        )


def apply_customer_decisions(
    request: PrivacyRequest, principal: Principal, doubts: Iterable[DoubtedCustomer], tx: Tx
) -> Principal:
    """Return the principal with what an operator decided before about any of these customers."""
    for doubt in doubts:
        review = _find_customer_review(request, doubt, tx)
        if review is not None and review.decision:
            principal = _apply_customer_decision(principal, doubt, OrderDecision(review.decision))
    return principal


def is_customer_decided(request: PrivacyRequest, doubt: DoubtedCustomer, tx: Tx) -> bool:
    """Return whether an operator decided about the customer."""
    review = _find_customer_review(request, doubt, tx)
    return review is not None and bool(review.decision)


def record_doubtful_customers(request: PrivacyRequest, task: Task, page: FindingPage, tx: Tx) -> Principal:
    """Open the reviews of an access request's page, and store the customers' numbers. Writes evidence.

    Return the principal with what was decided before: where it changed, the system must be read anew.
    """
    if not page.doubtful_customers:
        return request.principal
    principal = apply_customer_decisions(request, request.principal, page.doubtful_customers, tx)
    if principal != request.principal:
        return principal
    found = [
        Finding(
            kind=DOUBTED_CUSTOMER_KIND,
            ref=one.id,
            matched_by="other",
            body={"found_by": [list(contact) for contact in one.found_by], "beside": one.beside},
        )
        for one in page.doubtful_customers
    ]
    tx.findings.add_findings(task, FindingPage(findings=tuple(found), cursor=page.cursor))
    open_customer_reviews(request, page.doubtful_customers, tx)
    return principal


def find_doubtful_customer(review: Review, tx: Tx) -> DoubtedCustomer | None:
    """Return the customer that a review is about; None where the data that had its number were destroyed."""
    request = tx.requests.get_request(review.request_id)
    if request is None:
        return None
    doubts = [
        DoubtedCustomer(
            id=finding.ref,
            found_by=tuple((str(of), str(value)) for of, value in finding.body["found_by"]),
            beside=finding.body["beside"],
        )
        for _, finding in tx.findings.read_findings(request.id)
        if finding.kind == DOUBTED_CUSTOMER_KIND
    ]
    for task in tx.tasks.list_tasks(request.id):
        if task.action is TaskAction.FIND_CUSTOMERS:
            doubts += get_progress(task, CustomerSearchProgress).doubts
    for doubt in doubts:
        found = _find_customer_review(request, doubt, tx)
        if found is not None and found.id == review.id:
            return doubt
    return None


def decide_customer_review(review: Review, decision: OrderDecision, *, actor: str, reason: str, tx: Tx) -> str:
    """Close the review, and run the data subject's newest request of the kind again with the decision. Return its id.

    '' where no request can be run again: the decision holds for the next one. Raises NeedsOperator where the number of the
    customer was destroyed, and ConcurrentChange.
    """
    doubt, asked = find_doubtful_customer(review, tx), tx.requests.get_request(review.request_id)
    if doubt is None or asked is None:
        raise NeedsOperator("the number of the customer was destroyed: open a new request that names the customer")
    if not tx.reviews.close_review(review.id, actor=actor, reason=reason, decision=decision):
        raise ConcurrentChange
    request = tx.requests.find_open_request_of_same_person(asked, asked.kind) or asked
    principal = _apply_customer_decision(request.principal, doubt, decision)
    if request.kind is RequestKind.ERASURE:
        _apply_to_erasure(request, doubt, principal, decision, tx)
    elif request.principal == Principal():
        return ""
    else:
        tx.request_changes.change_principal(request, principal)
    about = {"shop": request.shop, "request_id": request.id, "subject": request.subject}
    tx.evidence.append_fact(Fact.REQUEST_REPLAYED, actor=actor, review=review.id, **about)
    return request.id


def _apply_to_erasure(
    request: PrivacyRequest, doubt: DoubtedCustomer, principal: Principal, decision: OrderDecision, tx: Tx
) -> None:
    """Make the search for customers due again without this doubt; what was erased and asked for is not done twice."""
    for task in tx.tasks.list_tasks(request.id):
        if task.action is TaskAction.FIND_CUSTOMERS:
            progress = get_progress(task, CustomerSearchProgress)
            doubts = tuple(one for one in progress.doubts if one.id != doubt.id or one.found_by != doubt.found_by)
            again = replace(task, state=TaskState.PENDING, attempts=0, wake_at=None, wait_reason=None, last_error="")
            tx.tasks.save_task(replace(again, progress=replace(progress, doubts=doubts)))
    tx.request_changes.replace_principal(request, principal)
    if decision is OrderDecision.RELEASED:
        reopen_shared_tasks(request, tx)
    tx.request_changes.restart_request(request.id)


def _apply_customer_decision(principal: Principal, doubt: DoubtedCustomer, decision: OrderDecision) -> Principal:
    is_same = decision is OrderDecision.RELEASED
    return include_customer(principal, doubt) if is_same else exclude_customer(principal, doubt)


def _find_customer_review(request: PrivacyRequest, doubt: DoubtedCustomer, tx: Tx) -> Review | None:
    return tx.reviews.find_review_by_idempotency_key(
        request.shop, SEVERAL_CUSTOMERS, build_customer_review_key(doubt, request.subject)
    )
