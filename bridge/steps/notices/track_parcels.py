"""Look: where the parcels of an account are, in the system's batches, across all people; then decide what waits.

The shop's own word is the cheap source, the carrier is asked with growing pauses and without asking who it was for.
Only when a record may be told of, and once after it was erased, is the consignee looked at, and kept as a digest.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bridge.errors import BridgeError, Retryable
from bridge.model import Entry, Names, NoticeState
from bridge.ports import Claim, Services, Tracker
from bridge.rules.notices.timing import AT_REST, SAYS_NOTHING, asking
from bridge.rules.requests.lifecycle import pause_s
from bridge.steps.erasure.request_platform_erasure import THEIRS
from bridge.steps.evidence.record_facts import nudge
from bridge.steps.notices.tracking import fingerprint, moved, tracked
from bridge.steps.notices.verify_erasure import read_back, unreadable, woken

ROWS = 500
LONGEST_S = 120.0  # then the account rings for itself again, so that others get their turn
FRESH = timedelta(days=1)  # the shop's word of a parcel under way saves the first question
READ_BACK = timedelta(days=30)  # so long it is tried
REFUSED_S = 3_600.0  # credentials are mended by a person
ERASED = (NoticeState.COMPLETED, NoticeState.NOT_FOUND)
LOOKED_AT = (NoticeState.WAITING, NoticeState.PARTLY_REFUSED, *ERASED)


def look(account: str, claim: Claim, services: Services) -> bool:
    """Look at all that is due. Returns False where a system could not be asked; what it has is put off."""
    well = True
    until = time.monotonic() + LONGEST_S
    while time.monotonic() < until:
        with services.store.transaction() as tx:
            now = services.clock.now()
            due = tx.notices.entries(account=account, states=LOOKED_AT, due_at=now, limit=ROWS)
        if not due:
            break
        for system in sorted({entry.system for entry in due}):
            theirs = [entry for entry in due if entry.system == system]
            try:
                _look_at(theirs, system, claim, services)
            except THEIRS as fault:
                _later(theirs, fault, claim, services)
                well = False
    return well


def _look_at(due: Sequence[Entry], system: str, claim: Claim, services: Services) -> None:
    connector = services.connectors.get(system)
    tracker = connector if isinstance(connector, Tracker) and connector.configured else None
    if kept := [entry for entry in due if entry.state is NoticeState.PARTLY_REFUSED]:
        woken(kept, claim, services)
    waiting = [entry for entry in due if entry.state is NoticeState.WAITING]
    ask = [entry for entry in waiting if tracker is not None and _must_ask(entry, services.clock.now())]
    still = {entry.id: entry for entry in waiting}
    for batch in tracked(ask, tracker) if tracker is not None else ():
        _decide([moved(entry, told, services.clock.now()) for entry, told in batch], tracker, claim, services)
        for entry, _ in batch:
            del still[entry.id]
    _decide(list(still.values()), tracker, claim, services)
    if erased := [entry for entry in due if entry.state in ERASED]:
        read_back(erased, tracker, claim, services)


def _must_ask(entry: Entry, now: datetime) -> bool:
    """Not where an operator released it, nor at first where the shop said within a day that it is on its way."""
    if entry.released or entry.names is not Names.WAYBILL:
        return False
    under_way = entry.status not in (*AT_REST, *SAYS_NOTHING)
    fresh = entry.status_at is not None and now - entry.status_at <= FRESH
    return not (entry.looks == 0 and under_way and fresh)


def _decide(entries: Sequence[Entry], tracker: Tracker | None, claim: Claim, services: Services) -> None:
    if not entries:
        return
    decided = [_decided(entry, tracker, services) for entry in entries]
    ready = [entry for entry in decided if entry.state is NoticeState.QUEUED and _shows_people(entry)]
    seen: dict[str, str] = {}
    for batch in tracked(ready, tracker, consignees=True) if tracker is not None else ():
        seen |= {
            entry.id: fingerprint(entry, told.consignee, services) for entry, told in batch if told.consignee
        }
    decided = [replace(entry, baseline=seen.get(entry.id, entry.baseline)) for entry in decided]
    before = {entry.id: entry for entry in entries}
    changed = [entry for entry in decided if _shown(entry) != _shown(before[entry.id])]
    with services.store.transaction() as tx:
        tx.notices.hold(claim)
        tx.notices.save_entries(decided)
        tx.notices.touch(changed)
    nudge(changed, services)


def _shows_people(entry: Entry) -> bool:
    return entry.names is Names.WAYBILL and not entry.baseline


def _shown(entry: Entry) -> tuple[object, ...]:
    """What a request tells of an entry that waits: only a change of it makes a certificate anew."""
    return entry.state, entry.reason, entry.not_before


def _decided(entry: Entry, tracker: Tracker | None, services: Services) -> Entry:
    verdict = asking(
        entry,
        now=services.clock.now(),
        tracked=tracker is not None,
        terms=services.merchant.instructions,
        retention=services.retention,
    )
    return replace(
        entry,
        state=NoticeState.WAITING if verdict.reason else NoticeState.QUEUED,
        reason=verdict.reason,
        not_before=verdict.not_before,
        look_at=verdict.look_at,
        looks=entry.looks + 1,
    )


def _later(asked: Sequence[Entry], fault: BridgeError, claim: Claim, services: Services) -> None:
    """A system that is down, throttles or refuses us: asked again later, and shown meanwhile; not for ever."""
    now, passes = services.clock.now(), isinstance(fault, Retryable)
    wait_s = pause_s(3, fault.retry_after_s if isinstance(fault, Retryable) else REFUSED_S)
    ids = {entry.id for entry in asked}
    with services.store.transaction() as tx:
        tx.notices.hold(claim)
        # what was decided before the fault stands: only what is still due is put off
        still = [
            replace(entry, look_at=now + timedelta(seconds=wait_s))
            for entry in tx.notices.entries(account=claim.row_id, states=LOOKED_AT, due_at=now)
            if entry.id in ids
        ]
        waiting = [
            replace(entry, reason="carrier_down" if passes else "carrier_refuses_us")
            for entry in still
            if entry.state is NoticeState.WAITING
        ]
        erased = [entry for entry in still if entry.state in ERASED]
        over = [entry for entry in erased if entry.answered_at and now - entry.answered_at > READ_BACK]
        tx.notices.save_entries([*waiting, *(entry for entry in erased if entry not in over)])
        tx.notices.touch(waiting)
    if over:
        unreadable(over, claim, services)
    nudge(waiting, services)
