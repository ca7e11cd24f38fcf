"""Reads what a customer would lose with the platform's erasure, before it is requested. Changes nothing there."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from bridge.model import PrecheckResult, PrivacyRequest, Task
from bridge.ports import Platform
from bridge.rules.erasure.precheck import evaluate_prechecks, list_blocking_codes, list_precheck_codes
from bridge.services import Services

if TYPE_CHECKING:
    from bridge.store import Tx

PRECHECK_REVIEW_KIND = "guard"


def run_precheck(
    platform: Platform, customer_id: str, shop: str, released_codes: Collection[str], *, services: Services
) -> list[PrecheckResult]:
    """Return the result of every check that the retention file names. Raises as `Platform.balances`."""
    if not list_precheck_codes(services.retention):
        return []
    balances = platform.balances(customer_id, shop=shop)
    return evaluate_prechecks(balances, retention=services.retention, released_codes=released_codes)


def sync_precheck_reviews(
    request: PrivacyRequest, task: Task, prechecks: Sequence[PrecheckResult], *, tx: Tx, services: Services
) -> None:
    """Open a review for each check that blocks the task, and close those of its checks that block no more."""
    of_customer = f" of customer {task.customer}" if task.customer else ""
    blocking = [code + of_customer for code in list_blocking_codes(prechecks)]
    reviews = {
        review.what: review.id
        for review in tx.reviews.list_reviews(kind=PRECHECK_REVIEW_KIND, request_id=request.id)
        if review.what.endswith(of_customer)
    }
    now = services.clock.now().isoformat()
    for code in blocking:
        if code not in reviews:
            tx.reviews.open_review(
                request.shop,
                PRECHECK_REVIEW_KIND,
                code,
                request_id=request.id,
                idempotency_key=f"{request.id}|{code}|{now}",
            )
    for code, review_id in reviews.items():
        if code not in blocking:
            tx.reviews.close_review(review_id, actor="bridge", reason="nothing_there_any_more")
