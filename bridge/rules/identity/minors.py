"""Decides whether a person is under 18 on a day, by a birth date as somebody wrote it, and from when marketing must stop. Pure.

A child is under 18 (DPDP Act s.2(f)). Majority begins with the eighteenth anniversary of the birth, in India at its first
moment (Majority Act 1875 s.3); who was born on 29 February has it on 1 March of a year without that day. What cannot be read
for sure says nothing: such a person is neither marked nor held to be of age.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, tzinfo
from typing import Any

from bridge.rules.consents.consent_data import find_meaning
from bridge.rules.retention.citations import list_laws_in_force
from config.retention_file.consent_data import BIRTH_DATE
from config.retention_file.retention_model import Retention

AGE_OF_MAJORITY, GREATEST_AGE = 18, 120
# the law whose s.9(3) forbids advertising that is directed at children, and tracking them
CHILDREN_LAW = "dpdp_core"
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

_ISO_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})", re.ASCII)
_YEAR_FIRST = re.compile(r"(\d{4})[/.](\d{1,2})[/.](\d{1,2})", re.ASCII)
_YEAR_LAST = re.compile(r"(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4})", re.ASCII)
_DAY_IN_WORDS = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?[- ]+([a-z]{3,9})\.?,?[- ]+(\d{4})", re.ASCII)
_MONTH_IN_WORDS = re.compile(r"([a-z]{3,9})\.? +(\d{1,2})(?:st|nd|rd|th)?,? +(\d{4})", re.ASCII)
_ISO_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}.*", re.ASCII)


def list_birth_texts(customer: Mapping[str, Any]) -> list[str]:
    """Return the birth dates among the metafields of a customer's record, as somebody wrote them."""
    metafields = customer.get("metafields")
    rows = [row for row in metafields if isinstance(row, Mapping)] if isinstance(metafields, list) else []
    return [str(row.get("value") or "") for row in rows if find_meaning(str(row.get("key") or "")) == BIRTH_DATE]


def list_birth_dates(text: str, today: date, zone: tzinfo) -> list[date]:
    """Return each day that a written birth date may mean; none where it means no day on which a living person was born.

    `03/05/2010` is the third of May or the fifth of March. A moment may be the day that it names, or the one in `zone`.
    """
    found = dict.fromkeys(_iterate_readings(" ".join(text.split()).casefold(), zone))
    return [day for day in found if day <= today and today.year - day.year <= GREATEST_AGE]


def _iterate_readings(text: str, zone: tzinfo) -> Iterator[date]:
    if _ISO_TIME.fullmatch(text.upper()):
        yield from _read_birth_moment(text.upper(), zone)
    elif found := _ISO_DATE.fullmatch(text) or _YEAR_FIRST.fullmatch(text):
        yield from _make_date(found[1], found[2], found[3])
    elif found := _YEAR_LAST.fullmatch(text):
        yield from _make_date(found[3], found[2], found[1])
        yield from _make_date(found[3], found[1], found[2])
    elif found := _DAY_IN_WORDS.fullmatch(text):
        yield from _make_date(found[3], _read_month(found[2]), found[1])
    elif found := _MONTH_IN_WORDS.fullmatch(text):
        yield from _make_date(found[3], _read_month(found[1]), found[2])


def _read_birth_moment(text: str, zone: tzinfo) -> Iterator[date]:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return
    yield moment.date()
    if moment.tzinfo is not None:
        yield moment.astimezone(zone).date()


def _make_date(year: str, month: str, day: str) -> Iterator[date]:
    try:
        yield date(int(year), int(month), int(day))
    except ValueError:
        return


def _read_month(word: str) -> str:
    names = [number for number, name in enumerate(MONTHS, 1) if word[:3] == name]
    return str(names[0]) if names else "0"


def compute_majority_day(born_on: date) -> date:
    """Return the first day on which a person is of age."""
    try:
        return born_on.replace(year=born_on.year + AGE_OF_MAJORITY)
    except ValueError:  # 29 February
        return date(born_on.year + AGE_OF_MAJORITY, 3, 1)


def find_majority_day(texts: Iterable[str], today: date, zone: tzinfo) -> date | None:
    """Return when a person who is under 18 today will be of age; None where no birth date on record says under 18 for sure.

    Of several birth dates one is enough; a reading by which the person may be of age says nothing.
    """
    days = []
    for text in texts:
        readings = [compute_majority_day(day) for day in list_birth_dates(text, today, zone)]
        if readings and all(day > today for day in readings):
            days.append(max(readings))
    return max(days, default=None)


def find_marketing_stop_day(majority_day: date | None, today: date, retention: Retention) -> date | None:
    """Return the day from which nobody may direct offers to this child: when the law binds, at the earliest today.

    None where the person is of age by then, or the retention file has no such law. `majority_day` None: not known.
    """
    law = retention.laws.get(CHILDREN_LAW)
    day = max(today, law.in_force_from) if law else None
    if day is None or law not in list_laws_in_force(day, retention) or (majority_day and majority_day <= day):
        return None
    return day
