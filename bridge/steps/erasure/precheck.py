"""Guard: what she would lose with the platform's erasure is looked at before it is asked for. Reads, changes nothing there."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from bridge.model import PrivacyRequest, Task
from bridge.ports import Platform
from bridge.rules.erasure.precheck import (
    PrecheckResult,
    evaluate_prechecks,
    list_blocking_codes,
    list_precheck_codes,
)
from bridge.services import Services

if TYPE_CHECKING:
    from bridge.store import Tx

PRECHECK_REVIEW_KIND = "guard"
RELEASED_CODES_KEY = "released"


def run_precheck(
    platform: Platform, customer_id: str, request: PrivacyRequest, task: Task, *, services: Services
) -> list[PrecheckResult]:
    """Look at all that the retention file names. `task` is the asking. Raises as `Platform.owed`."""
    if not list_precheck_codes(services.retention):
        return []
    owed = platform.balances(customer_id, shop=request.shop)
    return evaluate_prechecks(
        owed, retention=services.retention, waived_codes=task.detail.get(RELEASED_CODES_KEY, ())
    )


def build_precheck_detail(precheck_results: list[PrecheckResult], task: Task) -> dict[str, Any]:
    """What a task's detail keeps of them, with what was let pass."""
    released = task.detail.get(RELEASED_CODES_KEY)
    return ({"guards": [asdict(each) for each in precheck_results]} if precheck_results else {}) | (
        {RELEASED_CODES_KEY: released} if released else {}
    )


def sync_precheck_reviews(
    request: PrivacyRequest, precheck_results: list[PrecheckResult], *, tx: Tx, services: Services
) -> None:
    """Open a review for each that stops; what stops no more closes its own."""
    stops = list_blocking_codes(precheck_results)
    open_ = {
        review.what: review.id
        for review in tx.reviews.list_reviews(kind=PRECHECK_REVIEW_KIND, request_id=request.id)
    }
    now = services.clock.now().isoformat()
    for code in stops:
        if code not in open_:
            tx.reviews.open_review(
                request.shop,
                PRECHECK_REVIEW_KIND,
                code,
                request_id=request.id,
                idempotency_key=f"{request.id}|{code}|{now}",
            )
    for code, review_id in open_.items():
        if code not in stops:
            tx.reviews.close_review(review_id, actor="bridge", reason="nothing_there_any_more")
