"""Parses the answer form, and evaluates it: an answer for each record, or a fault for each wrong field.

Raises nothing but FormInvalid, whatever bytes arrive. `rules/notices/answers` checks every answer once more.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from urllib.parse import parse_qs

from bridge.errors import FormInvalid
from bridge.model import AnswerRow, NoticeItem, ProcessorAnswer
from bridge.rules.notices.answers import MAX_NOTE_CHARS, MAX_RETAINED_DAYS, PROCESSOR_RETENTION_LAWS
from bridge.web.notices.view_models import format_record_title

ALL_LINES_KEY = "all"
ALL_LINES_TITLE = "Every line not answered on its own"
FIELD_PARTS = ("answer", "law", "until", "note")
MAX_FORM_LINES = 10_000
MAX_FORM_BYTES = 4_000_000  # 10,000 unchanged lines take 1.9 MB; 800 of them may have the longest note
MAX_FORM_FIELDS = len(FIELD_PARTS) * (MAX_FORM_LINES + 1) + 1
MAX_MISSING_LISTED = 20  # listed one by one
# all below space except the line feed; joiners of Indian scripts stay
CONTROL_CHARACTERS = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class LineInput:
    """The fields of one line, or of the answer for all lines."""

    answer: str = ""
    law: str = ""
    until: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class FieldFault:
    """What is wrong with one field, and how to correct it. `about` names its line."""

    field: str
    about: str
    words: str


class AnswerForm:
    """The fields of a form as they were sent; without arguments an empty form. `action` is the button."""

    def __init__(self, fields: Mapping[str, str] | None = None) -> None:
        self._fields = fields or {}
        self.action = self._fields.get("do", "")

    def of(self, key: str) -> LineInput:
        """Return the fields of one line."""
        return LineInput(*(self._fields.get(f"{key}-{part}", "") for part in FIELD_PARTS))


def parse_answer_form(raw: bytes) -> AnswerForm:
    """Parse a body. Raises FormInvalid: too many fields, a field twice, not UTF-8, an unknown button."""
    try:
        fields = parse_qs(raw.decode("ascii"), keep_blank_values=True, max_num_fields=MAX_FORM_FIELDS, errors="strict")
    except ValueError:
        raise FormInvalid from None
    if any(len(values) != 1 for values in fields.values()):
        raise FormInvalid
    form = AnswerForm({name: clean_form_text(values[0]) for name, values in fields.items()})
    if form.action not in ("answer", "acknowledge"):
        raise FormInvalid
    return form


def evaluate_form(
    form: AnswerForm, items: Sequence[NoticeItem], *, today: date
) -> tuple[dict[str, AnswerRow], list[FieldFault]]:
    """Return the answer for every item by its id, and all faults. The answers count only where there is no fault."""
    faults: list[FieldFault] = []
    every = form.of(ALL_LINES_KEY) if len(items) > 1 else LineInput()
    usual = _evaluate_line(ALL_LINES_KEY, ALL_LINES_TITLE, every, today, faults)
    answers: dict[str, AnswerRow] = {}
    missing: list[FieldFault] = []
    for item in items:
        typed, about = form.of(item.id), format_record_title(item)
        own = _evaluate_line(item.id, about, typed, today, faults)
        if own is not None:
            answers[item.id] = own
        elif usual is not None and not typed.answer:
            answers[item.id] = replace(usual, note=typed.note or usual.note)
        elif not typed.answer and not every.answer and not (typed.law or typed.until):
            missing.append(FieldFault(f"{item.id}-answer", about, "Choose an answer."))
    if len(missing) > MAX_MISSING_LISTED:
        words = f"{len(missing):,} lines have no answer yet. Choose one for all of them here, or answer each."
        missing = [FieldFault(f"{ALL_LINES_KEY}-answer", ALL_LINES_TITLE, words)]
    return answers, [*faults, *missing]


def _evaluate_line(
    key: str, line_title: str, line_input: LineInput, today: date, faults: list[FieldFault]
) -> AnswerRow | None:
    """Return the answer in one set of fields; None where it is empty or wrong. Add what is wrong to `faults`."""
    until = _parse_iso_date(line_input.until) if line_input.answer == ProcessorAnswer.RETAINED else None
    wrong = _find_retention_faults(line_input, until, today) if line_input.answer == ProcessorAnswer.RETAINED else {}
    if len(line_input.note) > MAX_NOTE_CHARS:
        wrong["note"] = f"The note has {len(line_input.note):,} characters. Shorten it to {MAX_NOTE_CHARS}."
    if line_input.answer and line_input.answer not in set(ProcessorAnswer):
        wrong["answer"] = "Choose one of the answers."
    if not line_input.answer and (line_input.law or line_input.until):
        wrong["answer"] = "You gave a law or a day: choose Kept under a law, or clear them."
    faults += [FieldFault(f"{key}-{part}", line_title, wrong[part]) for part in FIELD_PARTS if part in wrong]
    if wrong or not line_input.answer:
        return None
    # law and day belong to a retained record; a browser still sends them after the answer was changed
    return AnswerRow(
        answer=ProcessorAnswer(line_input.answer),
        until=until,
        law=line_input.law if until else "",
        note=line_input.note,
    )


def _find_retention_faults(line_input: LineInput, until: date | None, today: date) -> dict[str, str]:
    """Return what is wrong with law and day, by field."""
    wrong = {}
    if line_input.law not in PROCESSOR_RETENTION_LAWS:
        wrong["law"] = "Choose the law that makes you keep it."
    elif line_input.law == "other" and not line_input.note:
        wrong["note"] = "Name the law in the note."
    if until is None:
        wrong["until"] = "Give the day until which you keep it, like 2033-03-31."
    elif not today < until <= today + timedelta(days=MAX_RETAINED_DAYS):
        wrong["until"] = "Give a day after today, and within a hundred years."
    return wrong


def _parse_iso_date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def clean_form_text(text: str) -> str:
    """Return the text with one kind of line end, without control characters and surrounding space."""
    return CONTROL_CHARACTERS.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()
