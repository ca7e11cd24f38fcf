"""Lets an operator release the prechecks that blocked a request to the platform. Calls nobody; the next run asks."""

from __future__ import annotations

from dataclasses import replace

from bridge.errors import PayloadInvalid
from bridge.model import Fact, PlatformRequestProgress, get_progress
from bridge.rules.erasure.precheck import list_blocked_tasks, list_blocking_codes
from bridge.services import Services
from bridge.steps.erasure.precheck import PRECHECK_REVIEW_KIND
from bridge.steps.evidence.record_facts import enqueue_request_ids
from bridge.steps.requests.record_decision import check_no_newer_request, record_decision


def release_precheck(request_id: str, *, actor: str, reason: str, services: Services) -> list[str]:
    """Release the codes that block now, each for its customer, and none that is found later. Return them.

    Raises PayloadInvalid: `nothing_stopped`, `newer_request_open`.
    """
    with services.store.transaction() as tx:
        request = tx.requests.get_request(request_id)
        blocked = list_blocked_tasks(tx.tasks.list_tasks(request_id))
        if request is None or not blocked:
            raise PayloadInvalid("nothing_stopped")
        check_no_newer_request(request, tx)
        codes: list[str] = []
        for task in blocked:
            progress = get_progress(task, PlatformRequestProgress)
            own = list_blocking_codes(progress.prechecks)
            released = tuple(sorted({*progress.released_codes, *own}))
            tx.tasks.save_task(replace(task, progress=replace(progress, released_codes=released)))
            codes = list(dict.fromkeys((*codes, *own)))
        record_decision(
            request,
            Fact.PRECHECK_RELEASED,
            review_kind=PRECHECK_REVIEW_KIND,
            actor=actor,
            reason=reason,
            tx=tx,
            codes=codes,
        )
    enqueue_request_ids([request_id], services)
    return codes
