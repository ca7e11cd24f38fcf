"""Extends the term of a request where a law that applies to the person knows that. Old clocks stay beside the new one."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

import structlog

from bridge.errors import PayloadInvalid
from bridge.model import Fact, LetterKind, RequestState
from bridge.rules.requests.decisions.extension import EXTENSION_CLOCK, compute_extended_due_time, is_beyond_promise
from bridge.services import Services
from bridge.steps.letters.queue_letter import queue_letter
from bridge.steps.requests.approval.end_early import read_regimes

log = structlog.get_logger()


def extend_request(
    request_id: str, until: date, reason: str, *, actor: str, services: Services
) -> tuple[datetime, bool]:
    """Extend the term until the end of a day. Return the new deadline, and whether it lies beyond the published promise.

    Raises PayloadInvalid: `request_unknown`, `request_closed`, and as `compute_extended_due_time`. Raises StoreUnavailable.
    """
    zone = ZoneInfo(services.merchant.clocks.timezone)
    with services.store.transaction() as tx:
        tx.requests.lock_request(request_id)
        request = tx.requests.get_request(request_id)
        if request is None:
            raise PayloadInvalid("request_unknown")
        if request.state is RequestState.DONE:
            raise PayloadInvalid("request_closed")
        due_at = compute_extended_due_time(
            request, until, reason, read_regimes(request, tx), now=services.clock.now(), zone=zone
        )
        clocks = {**request.clocks, EXTENSION_CLOCK: due_at.isoformat()}
        is_beyond = is_beyond_promise(replace(request, due_at=due_at, clocks=clocks))
        tx.request_changes.extend_deadline(request_id, due_at, EXTENSION_CLOCK, clocks)
        tx.evidence.append_fact(
            Fact.REQUEST_EXTENDED,
            shop=request.shop,
            actor=actor,
            request_id=request_id,
            subject=request.subject,
            reason=reason,
            due_at=due_at.isoformat(),
            due_before=request.due_at.isoformat(),
            beyond_promise=is_beyond,
        )
        values = {"until": until.isoformat(), "reason": reason}
        queue_letter(request, LetterKind.EXTENSION, tx=tx, values=values, actor=actor)
    log.info("request.extended", id=request_id, until=until.isoformat(), beyond_promise=is_beyond)
    return due_at, is_beyond
