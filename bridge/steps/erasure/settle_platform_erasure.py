"""Records what a person decided about a platform's erasure that was not confirmed in time. Calls nobody.

The next run of the request ends the task as decided, or polls the platform again.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bridge.errors import PayloadInvalid
from bridge.model import Fact, Outcome, PollProgress, get_progress
from bridge.rules.erasure.platform_erasure import list_unconfirmed_polls
from bridge.services import Services
from bridge.steps.evidence.record_facts import enqueue_request_ids
from bridge.steps.requests.record_decision import check_no_newer_request, record_decision

UNCONFIRMED_REVIEW_KIND = "platform_erasure"


def settle_platform_erasure(
    request_id: str, decision: Outcome | None, *, actor: str, reason: str, services: Services
) -> None:
    """End the task of each unconfirmed customer as ERASED (a person saw it) or UNCONFIRMED; with None, poll for the merchant's days once more.

    Raises PayloadInvalid: `nothing_unconfirmed`, `newer_request_open`.
    """
    with services.store.transaction() as tx:
        request = tx.requests.get_request(request_id)
        polls = list_unconfirmed_polls(tx.tasks.list_tasks(request_id))
        if request is None or not polls:
            raise PayloadInvalid("nothing_unconfirmed")
        check_no_newer_request(request, tx)
        wait_until = services.clock.now() + timedelta(days=services.merchant.clocks.platform_erasure_days)
        decided = {"wait_until": wait_until} if decision is None else {"decision": decision}
        for task in polls:
            tx.tasks.save_task(replace(task, progress=replace(get_progress(task, PollProgress), **decided)))
        record_decision(
            request,
            Fact.PLATFORM_ERASURE_SETTLED,
            review_kind=UNCONFIRMED_REVIEW_KIND,
            actor=actor,
            reason=reason,
            tx=tx,
            decision=decision or "wait",
        )
    enqueue_request_ids([request_id], services)
