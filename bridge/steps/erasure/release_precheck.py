"""Go on: a person lets an erasure be asked for that a guard stopped. Calls nobody; the next run asks."""

from __future__ import annotations

from dataclasses import replace

from bridge.errors import PayloadInvalid
from bridge.model import Fact
from bridge.rules.erasure.precheck import parse_precheck_error
from bridge.services import Services
from bridge.steps.erasure.precheck import PRECHECK_REVIEW_KIND, RELEASED_CODES_KEY


def release_precheck(request_id: str, *, actor: str, reason: str, services: Services) -> list[str]:
    """Let pass what stopped it, and nothing that is found later. Returns the codes.

    Raises PayloadInvalid: `nothing_stopped`, `newer_request_open`.
    """
    with services.store.transaction() as tx:
        request = tx.requests.get_request(request_id)
        task = next((each for each in tx.tasks.list_tasks(request_id) if parse_precheck_error(each)), None)
        if request is None or task is None:
            raise PayloadInvalid("nothing_stopped")
        newer = tx.requests.find_open_request(request.shop, request.kind, request.subject)
        if newer is not None and newer.id != request_id:
            raise PayloadInvalid("newer_request_open")
        codes = parse_precheck_error(task)
        released = sorted({*task.detail.get(RELEASED_CODES_KEY, ()), *codes})
        tx.tasks.save_task(replace(task, detail={**task.detail, RELEASED_CODES_KEY: released}))
        for review in tx.reviews.list_reviews(kind=PRECHECK_REVIEW_KIND, request_id=request_id):
            tx.reviews.close_review(review.id, actor=actor, reason=reason)
        tx.evidence.append_fact(
            Fact.PRECHECK_RELEASED,
            shop=request.shop,
            actor=actor,
            request_id=request_id,
            subject=request.subject,
            codes=codes,
            reason=reason,
        )
        tx.request_changes.restart_request(request_id)
    services.queue.enqueue("process", request_id, at_front=True)
    return codes
