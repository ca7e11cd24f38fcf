"""The one type of all options that take a date or a time, and the one form in which commands print them.

What names no zone is of the merchant's zone: `[clocks] timezone` of the merchant file.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

import click

DURATION = re.compile(r"([0-9]{1,6})([mhd])")
MONTH = re.compile(r"[0-9]{4}-[0-9]{2}")
UNITS = {"m": "minutes", "h": "hours", "d": "days"}
FORMS = "2026-11-30, 2026-11-30T14:00 (with or without a zone), 2026-11 for its first day, or 30m, 2h, 3d"
FORMS_HELP = "WHEN: 2026-11-30, 2026-11-30T14:00, 30m, 2h or 3d."
MIN_YEAR, MAX_YEAR = 1900, 9998  # any zone of it is in the calendar


@dataclass(frozen=True, slots=True)
class When:
    """A date or time as an operator wrote it. `moment` has a zone where the text names one or says how long ago."""

    moment: datetime
    is_day: bool = False

    def resolve(self, zone: tzinfo) -> datetime:
        """Return the moment in UTC; a day begins at midnight of `zone`."""
        return (self.moment if self.moment.tzinfo else self.moment.replace(tzinfo=zone)).astimezone(UTC)

    def resolve_day(self, zone: tzinfo) -> date:
        """Return the day in `zone`."""
        return self.moment.date() if self.is_day else self.resolve(zone).astimezone(zone).date()

    def resolve_day_or_time(self, zone: tzinfo) -> date | datetime:
        """Return the day where only a day was written, else the moment in UTC."""
        return self.resolve_day(zone) if self.is_day else self.resolve(zone)


class WhenParam(click.ParamType[When]):
    """A day, a time, or how long ago; with `ahead`, in how long."""

    name = "when"

    def __init__(self, *, ahead: bool = False) -> None:
        self._sign = 1 if ahead else -1

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> When:
        """Read one of the forms. Raises BadParameter."""
        if isinstance(value, When):
            return value
        text = str(value).strip()
        try:
            found = self._read(text)
            if MIN_YEAR <= found.moment.year <= MAX_YEAR:
                return found
        except (ValueError, OverflowError):
            pass
        return self.fail(f"{text!r} is no date or time: give {FORMS}", param, ctx)

    def _read(self, text: str) -> When:
        if duration := DURATION.fullmatch(text):
            count, unit = duration.groups()
            return When(datetime.now(UTC) + self._sign * timedelta(**{UNITS[unit]: int(count)}))
        try:
            day = date.fromisoformat(f"{text}-01" if MONTH.fullmatch(text) else text)
        except ValueError:
            return When(datetime.fromisoformat(text))
        return When(datetime.combine(day, time()), is_day=True)


WHEN, WHEN_AHEAD = WhenParam(), WhenParam(ahead=True)


def when_option(
    *names: str, meaning: str, ahead: bool = False, **attributes: Any
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Return an option for a date or time; its help ends with the forms. `ahead`: 3d means in three days."""
    kind = WHEN_AHEAD if ahead else WHEN
    text, mark, default = meaning.partition(" [default")
    return click.option(*names, type=kind, metavar="WHEN", help=f"{text} {FORMS_HELP}{mark}{default}", **attributes)


def format_time(at: datetime) -> str:
    """Return a moment as every command prints it: UTC, to the second."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
