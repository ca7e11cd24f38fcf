"""Guard: what she would lose with the platform's erasure is looked at before it is asked for. Reads, changes nothing there."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from bridge.model import PrivacyRequest, Task
from bridge.ports import Platform, Services, Tx
from bridge.rules.erasure.precheck import Guard, checks, guards, stopping

REVIEW = "guard"
RELEASED = "released"


def guard(
    platform: Platform, customer_id: str, request: PrivacyRequest, task: Task, *, services: Services
) -> list[Guard]:
    """Look at all that the retention file names. `task` is the asking. Raises as `Platform.owed`."""
    if not checks(services.retention):
        return []
    owed = platform.owed(customer_id, shop=request.shop)
    return guards(owed, retention=services.retention, released=task.detail.get(RELEASED, ()))


def written(found: list[Guard], task: Task) -> dict[str, Any]:
    """What a task's detail keeps of them, with what was let pass."""
    released = task.detail.get(RELEASED)
    return ({"guards": [asdict(each) for each in found]} if found else {}) | (
        {RELEASED: released} if released else {}
    )


def reviewed(request: PrivacyRequest, found: list[Guard], *, tx: Tx, services: Services) -> None:
    """Open a review for each that stops; what stops no more closes its own."""
    stops = stopping(found)
    open_ = {review.what: review.id for review in tx.reviews.listed(kind=REVIEW, request_id=request.id)}
    now = services.clock.now().isoformat()
    for code in stops:
        if code not in open_:
            tx.reviews.open(
                request.shop, REVIEW, code, request_id=request.id, once=f"{request.id}|{code}|{now}"
            )
    for code, review_id in open_.items():
        if code not in stops:
            tx.reviews.close(review_id, actor="bridge", reason="nothing_there_any_more")
