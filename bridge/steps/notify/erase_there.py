"""Erase there: where a processor's own interface erases, no letter goes; the connector does it, record by record.

Recorded after the deed, in small groups: dying between the two erases again, which is harmless and says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from bridge.errors import BridgeError, Retryable
from bridge.model import Answer, Entry, Fact, Names, Notice, NoticeState, Outcome, Via
from bridge.ports import Claim, Eraser, Services
from bridge.rules.lifecycle import pause_s
from bridge.rules.notices import STATES, answered_state
from bridge.steps.ask import THEIRS
from bridge.steps.concern import nudge, tell
from bridge.steps.notify.digest import LOOK_AGAIN
from bridge.steps.notify.stuck import stuck

ANSWERS = {Outcome.ERASED: Answer.ERASED, Outcome.ABSENT: Answer.NOT_FOUND}


def erase_there(notice: Notice, entries: Sequence[Entry], claim: Claim, services: Services) -> None:
    """Erase what is not erased yet. Raises ClaimLost and StoreUnavailable; the system's faults become a state."""
    connector = services.connectors.get(notice.processor)
    still = [entry for entry in entries if entry.answer is None]
    if not isinstance(connector, Eraser) or not connector.configured:
        again = services.clock.now() + LOOK_AGAIN
        stuck(notice, still, "api_not_configured", again, claim=claim, services=services)
        return
    by_number = {entry.reference: entry for entry in still if entry.names is Names.WAYBILL}
    try:
        for number, outcome in connector.erase(list(by_number)):
            _record(by_number.pop(number), ANSWERS[outcome], claim, services)
    except THEIRS as fault:
        _again(notice, still, fault, claim, services)
        return
    _close(notice, claim, services)


def _record(entry: Entry, answer: Answer, claim: Claim, services: Services) -> None:
    now = services.clock.now()
    told = replace(entry, state=STATES[answer], answer=answer, answered_at=now, reason="", reference="")
    with services.store.transaction() as tx:
        tx.notices.hold(claim)
        tx.notices.save_entries([told])


def _close(notice: Notice, claim: Claim, services: Services) -> None:
    now = services.clock.now()
    with services.store.transaction() as tx:
        tx.notices.hold(claim)
        entries = tx.notices.entries(notice_id=notice.id)
        answers = [entry.answer for entry in entries if entry.answer is not None]
        state = answered_state(answers) if len(answers) == len(entries) else NoticeState.REFUSED
        closed = replace(
            notice,
            state=state,
            sent_at=now,
            answered_at=now,
            answered_via=Via.API,
            next_at=None,
            last_error="",
        )
        tx.notices.save(closed, was=notice.state)
        tx.notices.touch(entries)
        tell(Fact.NOTICE_ANSWERED, entries, tx, notice=closed, via=Via.API)
    nudge(entries, services)


def _again(
    notice: Notice, still: Sequence[Entry], fault: BridgeError, claim: Claim, services: Services
) -> None:
    if not isinstance(fault, Retryable):
        again = services.clock.now() + LOOK_AGAIN
        stuck(notice, still, "api_refuses_us", again, claim=claim, services=services)
        return
    attempts = notice.attempts + 1
    again = services.clock.now() + timedelta(seconds=pause_s(attempts, fault.retry_after_s))
    with services.store.transaction() as tx:
        tx.notices.hold(claim)
        waits = replace(notice, attempts=attempts, next_at=again, last_error=str(fault))
        tx.notices.save(waits, was=notice.state)
