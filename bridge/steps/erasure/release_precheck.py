"""Go on: a person lets an erasure be asked for that a guard stopped. Calls nobody; the next run asks."""

from __future__ import annotations

from dataclasses import replace

from bridge.errors import PayloadInvalid
from bridge.model import Fact
from bridge.ports import Services
from bridge.rules.erasure.precheck import stopped
from bridge.steps.erasure.precheck import RELEASED, REVIEW


def go_on(request_id: str, *, actor: str, reason: str, services: Services) -> list[str]:
    """Let pass what stopped it, and nothing that is found later. Returns the codes.

    Raises PayloadInvalid: `nothing_stopped`, `newer_request_open`.
    """
    with services.store.transaction() as tx:
        request = tx.requests.get(request_id)
        task = next((each for each in tx.requests.tasks(request_id) if stopped(each)), None)
        if request is None or task is None:
            raise PayloadInvalid("nothing_stopped")
        newer = tx.requests.in_flight(request.shop, request.kind, request.subject)
        if newer is not None and newer.id != request_id:
            raise PayloadInvalid("newer_request_open")
        codes = stopped(task)
        released = sorted({*task.detail.get(RELEASED, ()), *codes})
        tx.requests.save_task(replace(task, detail={**task.detail, RELEASED: released}))
        for review in tx.reviews.listed(kind=REVIEW, request_id=request_id):
            tx.reviews.close(review.id, actor=actor, reason=reason)
        tx.evidence.append(
            Fact.GUARD_RELEASED,
            shop=request.shop,
            actor=actor,
            request_id=request_id,
            subject=request.subject,
            codes=codes,
            reason=reason,
        )
        tx.requests.restart(request_id)
    services.queue.nudge("process", request_id, first=True)
    return codes
