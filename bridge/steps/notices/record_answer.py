"""Answer: what a processor says of a notice is taken in, by whatever way it came, once and whole.

One transaction with its facts. Erased on a processor's word is done; it is read back later where that can be.
Calls nobody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bridge.errors import PayloadInvalid
from bridge.model import Answer, Entry, Fact, Notice, NoticeState, Said, Via
from bridge.ports import Services, Tx
from bridge.rules.notices.answers import ANSWERED, STATES, answered_state, check
from bridge.steps.evidence.record_facts import account, nudge, save, tell

DONE = (Answer.ERASED, Answer.NOT_FOUND)
AT_LEAST = timedelta(days=7)  # who says late that it works on it is given so long


def answer(
    notice_id: str,
    said: Mapping[str, Said],
    *,
    via: Via,
    actor: str,
    services: Services,
    reference: str = "",
) -> Notice:
    """Take in an answer to every entry of a notice; `said` goes by entry id. Returns the notice as it stands.

    Raises PayloadInvalid: `notice_unknown`, `already_answered`, what `rules/notices.check` finds.
    Raises ChangedMeanwhile where a reminder or a receipt came in between: ask again.
    """
    now = services.clock.now()
    zone = ZoneInfo(services.retention.calendar.timezone)
    with services.store.transaction() as tx:
        notice = unanswered(notice_id, tx)
        entries = tx.notices.entries(notice_id=notice_id)
        check(entries, said, today=now.astimezone(zone).date())
        answered = replace(
            notice,
            state=answered_state([one.answer for one in said.values()]),
            answered_at=now,
            answered_via=via,
            reference=reference[:64] or notice.reference,
            next_at=None,
            last_error="",
        )
        save(answered, notice, tx)
        taken = [_taken(entry, said[entry.id], now, zone, services) for entry in entries]
        tx.notices.save_entries(taken)
        tx.notices.unlink(notice_id)
        tx.notices.touch(taken)
        looks = [entry.look_at for entry in taken if entry.look_at is not None]
        if looks:
            tx.notices.wake(account(notice), min(looks))
        tell(Fact.NOTICE_ANSWERED, taken, tx, notice=answered, actor=actor, via=via, reference=reference)
    nudge(taken, services)
    return answered


def acknowledge(notice_id: str, *, via: Via, actor: str, services: Services, reference: str = "") -> Notice:
    """The processor has it and is working on it. Raises as `answer`."""
    with services.store.transaction() as tx:
        notice = unanswered(notice_id, tx)
        if notice.state is NoticeState.ACKNOWLEDGED:
            return notice
        now = services.clock.now()
        next_at = max(notice.due_at or now, now + AT_LEAST)
        taken = replace(
            notice,
            state=NoticeState.ACKNOWLEDGED,
            reference=reference or notice.reference,
            next_at=next_at,
            last_error="",
        )
        save(taken, notice, tx)
        entries = tx.notices.entries(notice_id=notice_id)
        tx.notices.touch(entries)
        tx.notices.wake(account(taken), next_at)
        tell(Fact.NOTICE_ACKNOWLEDGED, entries, tx, notice=taken, actor=actor, via=via, reference=reference)
    nudge(entries, services)
    return taken


def unanswered(notice_id: str, tx: Tx) -> Notice:
    """A notice that still waits for its answer. Raises PayloadInvalid."""
    notice = tx.notices.notice(notice_id)
    if notice is None:
        raise PayloadInvalid("notice_unknown")
    if notice.state in ANSWERED:
        raise PayloadInvalid("already_answered")
    return notice


def _taken(entry: Entry, said: Said, now: datetime, zone: ZoneInfo, services: Services) -> Entry:
    looks_at, until = None, None
    if said.answer is Answer.RETAINED and said.until is not None:
        until = _morning_after(said.until, zone)
        looks_at = until
    elif said.answer in DONE and entry.baseline:
        looks_at = now + timedelta(hours=services.merchant.instructions.read_back_hours)
    taken = replace(
        entry,
        state=STATES[said.answer],
        reason="",
        answer=said.answer,
        answered_at=now,
        law=said.law if said.answer is Answer.RETAINED else "",
        until=said.until if said.answer is Answer.RETAINED else None,
        note=said.note,
        not_before=until,
        look_at=looks_at,
    )
    if said.answer in DONE and looks_at is None:  # nothing is asked about it any more
        taken = replace(taken, reference="")
    return taken


def _morning_after(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day + timedelta(days=1), time.min, zone)
