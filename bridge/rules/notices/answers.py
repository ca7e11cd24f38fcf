"""Decide what answers mean: the state of a notice, whether an answer is valid, where a task stands. Pure.

Sent is not done, not found is not erased, and what a processor keeps has a law and a last day.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from bridge.errors import PayloadInvalid
from bridge.model import (
    Absence,
    AnswerRow,
    Gap,
    Notice,
    NoticeItem,
    NoticePurpose,
    NoticeReport,
    NoticeState,
    Outcome,
    ProcessorAnswer,
    TaskState,
)

# The law that a processor names for what it keeps: a closed set, so that it can stand in evidence.
PROCESSOR_RETENTION_LAWS: Mapping[str, str] = {
    "tax": "Tax law: invoices and books of account",
    "company": "Company law: books and papers",
    "carriage": "Law on carriers: consignment notes and e-way bills",
    "payments": "Law on payments and money laundering",
    "data_protection": "Data protection law: a shortest time of keeping",
    "claim": "A claim or dispute that is open",
    "order": "The order of a court or an authority",
    "other": "Another law, named in the note",
}
MAX_NOTE_CHARS = 500
MAX_RETAINED_DAYS = 36_525  # a hundred years: a later day is a typing error
NOTICE_STATE_BY_ANSWER: Mapping[ProcessorAnswer, NoticeState] = {
    ProcessorAnswer.ERASED: NoticeState.COMPLETED,
    ProcessorAnswer.RETAINED: NoticeState.PARTLY_REFUSED,
    ProcessorAnswer.NOT_FOUND: NoticeState.NOT_FOUND,
    ProcessorAnswer.REFUSED: NoticeState.REFUSED,
}
ANSWERED_NOTICE_STATES = tuple(NOTICE_STATE_BY_ANSWER.values())
OPEN_NOTICE_STATES = frozenset(NoticeState) - {NoticeState.WAITING, *ANSWERED_NOTICE_STATES}
# worst first: an operator looks at the worst answer first
ANSWER_OUTCOMES_WORST_FIRST: Sequence[tuple[ProcessorAnswer, Outcome]] = (
    (ProcessorAnswer.REFUSED, Outcome.DENIED),
    (ProcessorAnswer.RETAINED, Outcome.RETAINED),
    (ProcessorAnswer.ERASED, Outcome.ERASED),
    (ProcessorAnswer.NOT_FOUND, Outcome.ABSENT),
)
PROBLEM_NOTICE_STATES = (NoticeState.BOUNCED, NoticeState.EXPIRED)
# why nothing can go out: a person has to act
BLOCKING_REASONS = (
    "parcel_review_open",
    "carrier_unknown",
    "processor_not_listed",
    "country_restricted",
    "no_channel",
    "no_contact",
    "contact_not_verified",
    "domain_not_verified",
    "officer_not_named",
    "mail_not_configured",
    "public_url_not_set",
    "mail_refuses_us",
    "api_not_configured",
    "api_refuses_us",
    "carrier_refuses_us",
    "file_by_hand",
)


def validate_answer(items: Sequence[NoticeItem], answers: Mapping[str, AnswerRow], *, today: date) -> None:
    """Raise PayloadInvalid with a constant reason where this is no complete and valid answer to a notice."""
    known = {entry.id for entry in items}
    if answers.keys() - known:
        raise PayloadInvalid("entry_unknown")
    if known - answers.keys():
        raise PayloadInvalid("entry_missing")
    for answer in answers.values():
        if answer.answer is ProcessorAnswer.RETAINED and answer.until is None:
            raise PayloadInvalid("until_missing")
        if answer.answer is ProcessorAnswer.RETAINED and answer.law not in PROCESSOR_RETENTION_LAWS:
            raise PayloadInvalid("law_missing")
        if answer.until is not None and answer.until <= today:
            raise PayloadInvalid("until_not_ahead")
        if answer.until is not None and answer.until > today + timedelta(days=MAX_RETAINED_DAYS):
            raise PayloadInvalid("until_too_far")
        if len(answer.note) > MAX_NOTE_CHARS:
            raise PayloadInvalid("note_too_long")


def reopen_notice_item(item: NoticeItem, reason: str, now: datetime) -> NoticeItem:
    """Return an answered item as a waiting one, so that its processor is notified again; it is tracked first."""
    return replace(
        item,
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


def derive_notice_state(answers: Sequence[ProcessorAnswer]) -> NoticeState:
    """Return the state of a notice whose items were all answered."""
    kinds = set(answers)
    if kinds == {ProcessorAnswer.NOT_FOUND}:
        return NoticeState.NOT_FOUND
    if kinds == {ProcessorAnswer.REFUSED}:
        return NoticeState.REFUSED
    if kinds & {ProcessorAnswer.RETAINED, ProcessorAnswer.REFUSED}:
        return NoticeState.PARTLY_REFUSED
    return NoticeState.COMPLETED


@dataclass(frozen=True, kw_only=True, slots=True)
class NoticeTaskStatus:
    """Where the task of one request at one processor stands."""

    state: TaskState
    outcome: Outcome
    error: str
    expected_by: datetime | None
    gaps: tuple[Gap, ...]
    report: NoticeReport


def derive_notice_task_status(
    processor: str, items: Sequence[NoticeItem], notices: Sequence[Notice]
) -> NoticeTaskStatus:
    """Return the status of the task from its items and the notices of this request that list them."""
    open_items = [entry for entry in items if entry.answer is None]
    answers = Counter(entry.answer for entry in items if entry.answer is not None)
    given = [outcome for answer, outcome in ANSWER_OUTCOMES_WORST_FIRST if answers[answer]]
    if items and items[0].purpose is not NoticePurpose.ERASE:  # a task has items of one purpose
        given = [Outcome.CHANGED if outcome is Outcome.ERASED else outcome for outcome in given]
    refused = answers[ProcessorAnswer.REFUSED]
    state = TaskState.WAITING if open_items else TaskState.FAILED if refused else TaskState.DONE
    gap = Gap(system=processor, absence=Absence.NOT_REMOVED, what=f"{refused} records", reason="processor_refused")
    due = [letter.due_at for letter in notices if letter.due_at and letter.state in OPEN_NOTICE_STATES]
    return NoticeTaskStatus(
        state=state,
        outcome=Outcome.UNCONFIRMED if open_items else (given or [Outcome.ABSENT])[0],
        error=_find_first_problem(open_items, notices, refused),
        expected_by=min(due, default=None) if open_items else None,
        gaps=(gap,) if refused else (),
        report=NoticeReport(
            items=len(items),
            answers={str(answer): count for answer, count in sorted(answers.items())},
            waiting=tuple(_summarise_waiting_items(open_items)),
            retained=tuple(_summarise_retained_items(items)),
            read_back=dict(sorted(Counter(item.read_back for item in items if item.read_back).items())),
            notices=tuple(_format_notice(notice) for notice in notices),
        ),
    )


def _find_first_problem(open_items: Sequence[NoticeItem], notices: Sequence[Notice], refused_count: int) -> str:
    """Return the one problem that an operator looks at first, as a code; '' where there is none."""
    blocking_reason = next((entry.reason for entry in open_items if entry.reason in BLOCKING_REASONS), "")
    problem_state = next((str(letter.state) for letter in notices if letter.state in PROBLEM_NOTICE_STATES), "")
    return blocking_reason or problem_state or ("processor_refused" if refused_count else "")


def _summarise_waiting_items(open_items: Sequence[NoticeItem]) -> list[dict[str, Any]]:
    """Return what is not in a letter yet, by reason; the date is the latest of its group."""
    groups: dict[tuple[str, str], list[NoticeItem]] = {}
    for entry in open_items:
        if not entry.notice_id or entry.state in (NoticeState.WAITING, NoticeState.QUEUED):
            groups.setdefault((entry.state, entry.reason), []).append(entry)
    return [
        {
            "state": state,
            "reason": reason,
            "entries": len(group),
            "not_before": _format_latest_datetime([entry.not_before for entry in group]),
        }
        for (state, reason), group in sorted(groups.items())
    ]


def _summarise_retained_items(items: Sequence[NoticeItem]) -> list[dict[str, Any]]:
    """Return what a processor keeps: how much, under which law, until when."""
    groups = Counter((entry.law, entry.until) for entry in items if entry.answer is ProcessorAnswer.RETAINED)
    return [
        {"law": law, "until": until.isoformat() if until else None, "entries": count}
        for (law, until), count in sorted(groups.items(), key=lambda group: (group[0][0], group[0][1] or date.max))
    ]


def _format_notice(notice: Notice) -> dict[str, Any]:
    values = {name: getattr(notice, name) for name in ("id", "state", "via", "reminders", "answered_via")}
    moments = ("sent_at", "due_at", "answered_at")
    return values | {name: moment.isoformat() if (moment := getattr(notice, name)) else None for name in moments}


def _format_latest_datetime(moments: Sequence[datetime | None]) -> str | None:
    known = [moment for moment in moments if moment is not None]
    return max(known).isoformat() if known and len(known) == len(moments) else None
