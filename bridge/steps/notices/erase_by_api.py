"""Erase there: where a processor's own interface erases, no letter goes; the connector does it, record by record.

Recorded after each deed: dying between the two erases again, which is harmless and says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from bridge.errors import BridgeError, Retryable
from bridge.model import Answer, Entry, Fact, Names, Notice, Outcome, Via
from bridge.ports import Claim, Eraser, Services
from bridge.rules.notices.answers import STATES, answered_state
from bridge.rules.requests.lifecycle import pause_s
from bridge.steps.erasure.request_platform_erasure import THEIRS
from bridge.steps.evidence.record_facts import nudge, tell
from bridge.steps.notices.batch import LOOK_AGAIN
from bridge.steps.notices.mark_blocked import stuck

ANSWERS = {Outcome.ERASED: Answer.ERASED, Outcome.ABSENT: Answer.NOT_FOUND}


def erase_there(notice: Notice, entries: Sequence[Entry], claim: Claim, services: Services) -> None:
    """Erase what is not erased yet. Raises ClaimLost and StoreUnavailable; the system's faults become a state."""
    connector = services.connectors.get(notice.processor)
    still = [entry for entry in entries if entry.answer is None]
    if not isinstance(connector, Eraser) or not connector.configured:
        again = services.clock.now() + LOOK_AGAIN
        stuck(notice, "api_not_configured", again, claim=claim, services=services)
        return
    by_number: dict[str, list[Entry]] = {}
    for entry in still:
        if entry.names is Names.WAYBILL:
            by_number.setdefault(entry.reference, []).append(entry)
    try:
        for number, outcome in connector.erase(list(by_number)):
            _record(by_number.pop(number), ANSWERS[outcome], claim, services)
    except THEIRS as fault:
        _again(notice, fault, claim, services)
        return
    _close(notice, claim, services)


def _record(entries: Sequence[Entry], answer: Answer, claim: Claim, services: Services) -> None:
    """One number: several people's, where their orders went in one parcel."""
    told = [
        replace(
            entry,
            state=STATES[answer],
            answer=answer,
            answered_at=services.clock.now(),
            reason="",
            reference="",
            baseline="",
            read_back="gone" if answer is Answer.ERASED else "",  # the connector asked for it once more
        )
        for entry in entries
    ]
    with services.store.transaction() as tx:
        tx.notices.hold(claim)
        tx.notices.save_entries(told)


def _close(notice: Notice, claim: Claim, services: Services) -> None:
    now = services.clock.now()
    with services.store.transaction() as tx:
        tx.notices.hold(claim)
        # what its interface cannot be asked for is refused by it: a person has to
        listed = tx.notices.entries(notice_id=notice.id)
        refused = [
            replace(
                entry,
                state=STATES[Answer.REFUSED],
                answer=Answer.REFUSED,
                reason="not_by_api",
                answered_at=now,
            )
            for entry in listed
            if entry.answer is None
        ]
        tx.notices.save_entries(refused)
        entries = [*(entry for entry in listed if entry.answer is not None), *refused]
        state = answered_state([entry.answer for entry in entries if entry.answer is not None])
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


def _again(notice: Notice, fault: BridgeError, claim: Claim, services: Services) -> None:
    if not isinstance(fault, Retryable):
        again = services.clock.now() + LOOK_AGAIN
        stuck(notice, "api_refuses_us", again, claim=claim, services=services)
        return
    attempts = notice.attempts + 1
    again = services.clock.now() + timedelta(seconds=pause_s(attempts, fault.retry_after_s))
    with services.store.transaction() as tx:
        tx.notices.hold(claim)
        waits = replace(notice, attempts=attempts, next_at=again, last_error=str(fault))
        tx.notices.save(waits, was=notice.state)
