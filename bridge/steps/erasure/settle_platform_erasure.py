"""Records what a person decided about a platform's erasure that was not confirmed in time. Calls nobody.

The next run of the request ends the task as decided, or polls the platform again.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bridge.errors import PayloadInvalid
from bridge.model import Fact, Outcome, PollProgress, get_progress
from bridge.rules.erasure.platform_erasure import find_unconfirmed_poll
from bridge.services import Services

UNCONFIRMED_REVIEW_KIND = "platform_erasure"


def settle_platform_erasure(
    request_id: str, decision: Outcome | None, *, actor: str, reason: str, services: Services
) -> None:
    """End the task as ERASED (a person saw it) or UNCONFIRMED; with None, poll for the merchant's days once more.

    Raises PayloadInvalid: `nothing_unconfirmed`, `newer_request_open`.
    """
    with services.store.transaction() as tx:
        request = tx.requests.get_request(request_id)
        task = find_unconfirmed_poll(tx.tasks.list_tasks(request_id))
        if request is None or task is None:
            raise PayloadInvalid("nothing_unconfirmed")
        newer = tx.requests.find_open_request(request.shop, request.kind, request.subject)
        if newer is not None and newer.id != request_id:
            raise PayloadInvalid("newer_request_open")
        progress = get_progress(task, PollProgress)
        wait_until = services.clock.now() + timedelta(days=services.merchant.clocks.platform_erasure_days)
        decided = {"wait_until": wait_until} if decision is None else {"decision": decision}
        tx.tasks.save_task(replace(task, progress=replace(progress, **decided)))
        for review in tx.reviews.list_reviews(kind=UNCONFIRMED_REVIEW_KIND, request_id=request_id):
            tx.reviews.close_review(review.id, actor=actor, reason=reason)
        tx.evidence.append_fact(
            Fact.PLATFORM_ERASURE_SETTLED,
            shop=request.shop,
            actor=actor,
            request_id=request_id,
            subject=request.subject,
            decision=decision or "wait",
            reason=reason,
        )
        tx.request_changes.restart_request(request_id)
    services.queue.enqueue("process", request_id, at_front=True)
