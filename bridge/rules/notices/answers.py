"""What a notice and its entries amount to: states, answers that are good, where a task stands. Pure.

Sent is not done, not found is not erased, and what a processor keeps has a law and a day.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from bridge.errors import PayloadInvalid
from bridge.model import Absence, Answer, Entry, Gap, Notice, NoticeState, Outcome, Said, TaskState

# The law that a processor names for what it keeps: a closed set, so that it can stand in evidence.
LAWS: Mapping[str, str] = {
    "tax": "Tax law: invoices and books of account",
    "company": "Company law: books and papers",
    "carriage": "Law on carriers: consignment notes and e-way bills",
    "payments": "Law on payments and money laundering",
    "data_protection": "Data protection law: a shortest time of keeping",
    "claim": "A claim or dispute that is open",
    "order": "The order of a court or an authority",
    "other": "Another law, named in the note",
}
LONGEST_NOTE = 500
FURTHEST_DAYS = 36_525  # a hundred years: beyond is a slip, and no law
ANSWERED = (
    NoticeState.COMPLETED,
    NoticeState.PARTLY_REFUSED,
    NoticeState.NOT_FOUND,
    NoticeState.REFUSED,
)
OPEN = (
    NoticeState.QUEUED,
    NoticeState.SENT,
    NoticeState.BOUNCED,
    NoticeState.REMINDED,
    NoticeState.ACKNOWLEDGED,
    NoticeState.EXPIRED,
)
STATES: Mapping[Answer, NoticeState] = {
    Answer.ERASED: NoticeState.COMPLETED,
    Answer.RETAINED: NoticeState.PARTLY_REFUSED,
    Answer.NOT_FOUND: NoticeState.NOT_FOUND,
    Answer.REFUSED: NoticeState.REFUSED,
}
# worst first: what an operator has to look at before all else
OUTCOMES: Sequence[tuple[Answer, Outcome]] = (
    (Answer.REFUSED, Outcome.DENIED),
    (Answer.RETAINED, Outcome.RETAINED),
    (Answer.ERASED, Outcome.ERASED),
    (Answer.NOT_FOUND, Outcome.ABSENT),
)
GRAVE = (NoticeState.BOUNCED, NoticeState.EXPIRED)
# why nothing can go out: a person has to act
STUCK = (
    "carrier_unknown",
    "processor_not_listed",
    "no_channel",
    "no_contact",
    "contact_not_verified",
    "mail_not_configured",
    "public_url_not_set",
    "mail_refuses_us",
    "api_not_configured",
    "api_refuses_us",
    "carrier_refuses_us",
    "file_by_hand",
)


def check(entries: Sequence[Entry], said: Mapping[str, Said], *, today: date) -> None:
    """Is this a whole and good answer to a notice? Raises PayloadInvalid with a constant reason."""
    known = {entry.id for entry in entries}
    if said.keys() - known:
        raise PayloadInvalid("entry_unknown")
    if known - said.keys():
        raise PayloadInvalid("entry_missing")
    for one in said.values():
        if one.answer is Answer.RETAINED and one.until is None:
            raise PayloadInvalid("until_missing")
        if one.answer is Answer.RETAINED and one.law not in LAWS:
            raise PayloadInvalid("law_missing")
        if one.until is not None and one.until <= today:
            raise PayloadInvalid("until_not_ahead")
        if one.until is not None and one.until > today + timedelta(days=FURTHEST_DAYS):
            raise PayloadInvalid("until_too_far")
        if len(one.note) > LONGEST_NOTE:
            raise PayloadInvalid("note_too_long")


def told_again(entry: Entry, reason: str, now: datetime) -> Entry:
    """An answered entry whose processor is to be told again: it is looked at first, as if it were new."""
    return replace(
        entry,
        state=NoticeState.WAITING,
        reason=reason,
        answer=None,
        answered_at=None,
        law="",
        until=None,
        notice_id="",
        not_before=None,
        look_at=now,
    )


def answered_state(answers: Sequence[Answer]) -> NoticeState:
    """The state of a notice whose entries were all answered."""
    given = set(answers)
    if given == {Answer.NOT_FOUND}:
        return NoticeState.NOT_FOUND
    if given == {Answer.REFUSED}:
        return NoticeState.REFUSED
    if given & {Answer.RETAINED, Answer.REFUSED}:
        return NoticeState.PARTLY_REFUSED
    return NoticeState.COMPLETED


@dataclass(frozen=True, kw_only=True, slots=True)
class Stands:
    """Where the instruct task of one request at one processor stands. `detail` is JSON without a person."""

    state: TaskState
    outcome: Outcome
    error: str
    expected_by: datetime | None
    gaps: tuple[Gap, ...]
    detail: Mapping[str, Any]


def stands(processor: str, entries: Sequence[Entry], letters: Sequence[Notice]) -> Stands:
    """Given its entries and the notices that list them. `letters` hold this request's notices only."""
    still = [entry for entry in entries if entry.answer is None]
    answers = Counter(entry.answer for entry in entries if entry.answer is not None)
    outcome = Outcome.UNCONFIRMED
    if not still:
        outcome = next((ours for theirs, ours in OUTCOMES if answers[theirs]), Outcome.ABSENT)
    refused = answers[Answer.REFUSED]
    state = TaskState.WAITING if still else TaskState.FAILED if refused else TaskState.DONE
    gaps = (
        (Gap(system=processor, absence=Absence.LEFT, what=f"{refused} records", reason="processor_refused"),)
        if refused
        else ()
    )
    due = [letter.due_at for letter in letters if letter.due_at and letter.state in OPEN]
    return Stands(
        state=state,
        outcome=outcome,
        error=_error(still, letters, refused),
        expected_by=min(due, default=None) if still else None,
        gaps=gaps,
        detail={
            "entries": len(entries),
            "answers": {str(answer): count for answer, count in sorted(answers.items())},
            "waits": _waits(still),
            "kept": _kept(entries),
            "read_back": dict(
                sorted(Counter(entry.read_back for entry in entries if entry.read_back).items())
            ),
            "notices": [_letter(letter) for letter in letters],
        },
    )


def _error(still: Sequence[Entry], letters: Sequence[Notice], refused: int) -> str:
    """The one thing to look at first."""
    stuck = next((entry.reason for entry in still if entry.reason in STUCK), "")
    grave = next((str(letter.state) for letter in letters if letter.state in GRAVE), "")
    return stuck or grave or ("processor_refused" if refused else "")


def _waits(still: Sequence[Entry]) -> list[dict[str, Any]]:
    """What is not in a letter yet, by reason; the date is the latest of its group."""
    groups: dict[tuple[str, str], list[Entry]] = {}
    for entry in still:
        if not entry.notice_id or entry.state in (NoticeState.WAITING, NoticeState.QUEUED):
            groups.setdefault((entry.state, entry.reason), []).append(entry)
    return [
        {
            "state": state,
            "reason": reason,
            "entries": len(group),
            "not_before": _latest([entry.not_before for entry in group]),
        }
        for (state, reason), group in sorted(groups.items())
    ]


def _kept(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """What a processor keeps: how much, under which law, until when."""
    groups = Counter((entry.law, entry.until) for entry in entries if entry.answer is Answer.RETAINED)
    return [
        {"law": law, "until": until.isoformat() if until else None, "entries": count}
        for (law, until), count in sorted(
            groups.items(), key=lambda group: (group[0][0], group[0][1] or date.max)
        )
    ]


def _letter(letter: Notice) -> dict[str, Any]:
    moments = ("sent_at", "due_at", "answered_at")
    told = {name: moment.isoformat() if (moment := getattr(letter, name)) else None for name in moments}
    return {
        "id": letter.id,
        "state": letter.state,
        "via": letter.via,
        "reminders": letter.reminders,
        "answered_via": letter.answered_via,
        **told,
    }


def _latest(moments: Sequence[datetime | None]) -> str | None:
    known = [moment for moment in moments if moment is not None]
    return max(known).isoformat() if known and len(known) == len(moments) else None
