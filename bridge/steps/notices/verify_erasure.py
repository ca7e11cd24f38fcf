"""Read back: after "erased" the carrier is asked once more, where its tracking shows people.

What it shows then supports the answer or not: a blank or changed consignee is no proof, the very same one is a
contradiction and reopens the instruction. What a processor kept under a law is asked for again when its day is over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bridge.model import Answer, Entry, Fact, NoticeState, ParcelStatus, Tracked
from bridge.ports import Claim, Services, Tracker
from bridge.rules.notices.answers import told_again
from bridge.steps.evidence.record_facts import nudge, tell
from bridge.steps.notices.tracking import fingerprint, tracked

MOST_REOPENED = 2  # then a person has to talk to them


def read_back(entries: Sequence[Entry], tracker: Tracker | None, claim: Claim, services: Services) -> None:
    """Ask once more and record. Raises as `Tracker.track`; what was recorded before stays."""
    left = {entry.id: entry for entry in entries}
    for batch in tracked(entries, tracker, consignees=True) if tracker is not None else ():
        _record([_read(entry, told, services) for entry, told in batch], claim, services)
        for entry, _ in batch:
            del left[entry.id]
    unreadable(list(left.values()), claim, services)


def unreadable(entries: Sequence[Entry], claim: Claim, services: Services) -> None:
    """Nobody can be asked about these any more, or answers: the processor's word stands alone."""
    _record([replace(entry, read_back="not_possible") for entry in entries], claim, services)


def _read(entry: Entry, told: Tracked, services: Services) -> Entry:
    if told.status is ParcelStatus.NOT_FOUND:
        return replace(entry, read_back="gone")
    if not told.consignee:
        return replace(entry, read_back="blank")
    same = fingerprint(entry, told.consignee, services) == entry.baseline
    return replace(entry, read_back="unchanged" if same else "changed")


def _record(told: Sequence[Entry], claim: Claim, services: Services) -> None:
    if not told:
        return
    again = [entry for entry in told if entry.read_back == "unchanged"]
    settled = [
        replace(entry, look_at=None, reference="", baseline="")
        for entry in told
        if entry.read_back != "unchanged"
    ]
    stuck = [_stuck(entry) for entry in again if entry.reopened >= MOST_REOPENED]
    now = services.clock.now()
    reopened = [_reopened(entry, now) for entry in again if entry.reopened < MOST_REOPENED]
    with services.store.transaction() as tx:
        tx.notices.hold(claim)
        tx.notices.save_entries([*settled, *stuck, *reopened])
        tx.notices.touch(told)
        for found in sorted({entry.read_back for entry in settled}):
            tell(Fact.NOTICE_READ_BACK, [one for one in settled if one.read_back == found], tx, found=found)
        tell(Fact.NOTICE_REOPENED, [*stuck, *reopened], tx, found="unchanged")
    nudge(told, services)


def _reopened(entry: Entry, now: datetime) -> Entry:
    """It said erased and still shows her: it is told again, and where the parcel is was seen just now."""
    again = told_again(entry, "still_readable", now)
    return replace(again, state=NoticeState.QUEUED, look_at=None, reopened=entry.reopened + 1)


def _stuck(entry: Entry) -> Entry:
    return replace(
        entry, state=NoticeState.REFUSED, answer=Answer.REFUSED, reason="still_readable", look_at=None
    )


def woken(entries: Sequence[Entry], claim: Claim, services: Services) -> None:
    """The day until which they were kept is over: they are told of again."""
    again = [told_again(entry, "kept_until_now", services.clock.now()) for entry in entries]
    with services.store.transaction() as tx:
        tx.notices.hold(claim)
        tx.notices.save_entries(again)
        tx.notices.touch(again)
        tell(Fact.NOTICE_REOPENED, again, tx, found="kept_until_now")
    nudge(again, services)
