"""The form as it was typed, and what it amounts to: an answer for each record, or a fault beside each field.

Whatever bytes arrive: fields, or FormInvalid. Decides nothing that `rules/notices.check` does not hold to again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from urllib.parse import parse_qs

from bridge.errors import FormInvalid
from bridge.model import Answer, Entry, Said
from bridge.rules.notices.answers import FURTHEST_DAYS, LAWS, LONGEST_NOTE
from bridge.web.notices.view_models import title

ALL = "all"
ALL_TITLE = "Every line not answered on its own"
PARTS = ("answer", "law", "until", "note")
MOST_LINES = 10_000
LIMIT_BYTES = 4_000_000  # 10,000 lines left as they are take 1.9 MB; 800 of them may have the longest note
MOST_FIELDS = len(PARTS) * (MOST_LINES + 1) + 1
MOST_MISSING = 20  # that are pointed at one by one
# all below space but the end of a line; joiners of Indian scripts stay
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class Typed:
    """What was typed for one line, or for all."""

    answer: str = ""
    law: str = ""
    until: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one field, and what to do. `about` names its line."""

    field: str
    about: str
    words: str


class Form:
    """A form as it came; an empty one where none did. `do` is the button."""

    def __init__(self, fields: Mapping[str, str] | None = None) -> None:
        self._fields = fields or {}
        self.do = self._fields.get("do", "")

    def of(self, key: str) -> Typed:
        """What was typed for one line."""
        return Typed(*(self._fields.get(f"{key}-{part}", "") for part in PARTS))


def read(raw: bytes) -> Form:
    """Read a body. Raises FormInvalid: too many fields, a field twice, not UTF-8, no button of ours."""
    try:
        told = parse_qs(
            raw.decode("ascii"), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict"
        )
    except ValueError:
        raise FormInvalid from None
    if any(len(values) != 1 for values in told.values()):
        raise FormInvalid
    form = Form({name: _clean(values[0]) for name, values in told.items()})
    if form.do not in ("answer", "acknowledge"):
        raise FormInvalid
    return form


def judge(form: Form, entries: Sequence[Entry], *, today: date) -> tuple[dict[str, Said], list[Fault]]:
    """An answer for every entry by its id, and everything that is wrong. Answers count only without faults."""
    faults: list[Fault] = []
    every = form.of(ALL) if len(entries) > 1 else Typed()
    usual = _said(ALL, ALL_TITLE, every, today, faults)
    said: dict[str, Said] = {}
    missing: list[Fault] = []
    for entry in entries:
        typed, about = form.of(entry.id), title(entry)
        own = _said(entry.id, about, typed, today, faults)
        if own is not None:
            said[entry.id] = own
        elif usual is not None and not typed.answer:
            said[entry.id] = replace(usual, note=typed.note or usual.note)
        elif not typed.answer and not every.answer and not (typed.law or typed.until):
            missing.append(Fault(f"{entry.id}-answer", about, "Choose an answer."))
    if len(missing) > MOST_MISSING:
        words = f"{len(missing):,} lines have no answer yet. Choose one for all of them here, or answer each."
        missing = [Fault(f"{ALL}-answer", ALL_TITLE, words)]
    return said, [*faults, *missing]


def _said(key: str, about: str, typed: Typed, today: date, faults: list[Fault]) -> Said | None:
    """What was said with one set of fields; None where nothing was, or where it is wrong."""
    until = _day(typed.until) if typed.answer == Answer.RETAINED else None
    wrong = _kept(typed, until, today) if typed.answer == Answer.RETAINED else {}
    if len(typed.note) > LONGEST_NOTE:
        wrong["note"] = f"The note has {len(typed.note):,} characters. Shorten it to {LONGEST_NOTE}."
    if typed.answer and typed.answer not in set(Answer):
        wrong["answer"] = "Choose one of the answers."
    if not typed.answer and (typed.law or typed.until):
        wrong["answer"] = "You gave a law or a day: choose Kept under a law, or clear them."
    faults += [Fault(f"{key}-{part}", about, wrong[part]) for part in PARTS if part in wrong]
    if wrong or not typed.answer:
        return None
    # law and day go with what is kept; a browser sends them as they were left when the answer changed
    return Said(answer=Answer(typed.answer), until=until, law=typed.law if until else "", note=typed.note)


def _kept(typed: Typed, until: date | None, today: date) -> dict[str, str]:
    """What is wrong with law and day, by field."""
    wrong = {}
    if typed.law not in LAWS:
        wrong["law"] = "Choose the law that makes you keep it."
    elif typed.law == "other" and not typed.note:
        wrong["note"] = "Name the law in the note."
    if until is None:
        wrong["until"] = "Give the day until which you keep it, like 2033-03-31."
    elif not today < until <= today + timedelta(days=FURTHEST_DAYS):
        wrong["until"] = "Give a day after today, and within a hundred years."
    return wrong


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _clean(text: str) -> str:
    """One kind of line end, no control characters, nothing around it."""
    return CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()
