"""Compute the last day of a duty to keep, and the first day after it: the rules that a retention file may name.

Reads no clock and no table; a file chooses a rule by its name and never writes one. Days are those of the
calendar's time zone. What cannot be computed has no last day, which holds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Protocol
from zoneinfo import ZoneInfo

from bridge.rules.requests.deadlines import MONTHS_PER_YEAR, add_months_to_date
from config.retention_file.retention_model import LAST_DAY_RULE_ARGS

if TYPE_CHECKING:
    from config.retention_file.retention_model import Calendar, Retention

CONTRACT_RULE = "contract_discharged"
CONTRACT_LENGTH_FIELDS = ("return_window_days", "warranty_days")
_ONE_DAY = timedelta(days=1)


def compute_financial_year_end(day: date, calendar: Calendar) -> date:
    """Return the last day of the financial year in which the day lies: 31 March in India."""
    month, first = calendar.fy_start
    start = date(day.year, month, first)
    return (start if day < start else date(day.year + 1, month, first)) - _ONE_DAY


def compute_gst_return_due(day: date, calendar: Calendar) -> date:
    """Return when the annual return of the day's financial year is due: 31 December after it, unless moved.

    CGST Act s.44 with CGST Rules r.80; a year that was extended stands in the calendar's overrides.
    """
    end = compute_financial_year_end(day, calendar)
    start = date(end.year - 1, *calendar.fy_start)
    override = calendar.gst_annual_return_due_overrides.get(f"{start.year}-{(start.year + 1) % 100:02d}")
    due = date(end.year, *calendar.gst_annual_return_due)
    return override or (due if due > end else date(end.year + 1, *calendar.gst_annual_return_due))


def _compute_gst_last_day(day: date, args: Mapping[str, int], calendar: Calendar) -> date:
    """Return the last day by CGST Act s.36: 72 months from the due date of the annual return."""
    return add_months_to_date(compute_gst_return_due(day, calendar), args["months"])


def _compute_financial_year_last_day(day: date, args: Mapping[str, int], calendar: Calendar) -> date:
    """Return the last day by Income-tax Rules 2026 r.46(9) (7 tax years) and Companies Act s.128(5) (8 years)."""
    return add_months_to_date(compute_financial_year_end(day, calendar), args["years"] * MONTHS_PER_YEAR)


def _compute_event_last_day(day: date, args: Mapping[str, int], _: Calendar) -> date:
    """Return a last day counted from the event (DPDP Rules r.8(3), CERT-In direction (iv), BIS reg.5, PMLA s.12)."""
    months = args.get("months", 0) + args.get("years", 0) * MONTHS_PER_YEAR
    return add_months_to_date(day, months) + timedelta(days=args.get("days", 0))


def _compute_contract_last_day(day: date, args: Mapping[str, int], _: Calendar) -> date | None:
    """Return when return window and warranty are over (policy s.6); None, for ever, while a length is undecided."""
    if not all(length in args for length in CONTRACT_LENGTH_FIELDS):
        return None
    return day + timedelta(days=max(args[length] for length in CONTRACT_LENGTH_FIELDS))


LastDayRule = Callable[["date", Mapping[str, int], "Calendar"], "date | None"]
LAST_DAY_RULES: Mapping[str, LastDayRule] = {
    "gst_annual_return_due_plus_months": _compute_gst_last_day,
    "fy_end_plus_years": _compute_financial_year_last_day,
    "event_plus_days": _compute_event_last_day,
    "event_plus_months": _compute_event_last_day,
    "event_plus_years": _compute_event_last_day,
    CONTRACT_RULE: _compute_contract_last_day,
    # a claim ends when a person says so, and the caller then no longer names its event
    "until_released_by_ops": lambda *_: None,
}


def compute_last_day(rule: str, args: Mapping[str, int], event: datetime | None, *, calendar: Calendar) -> date | None:
    """Return the last day on which the duty binds, in the calendar's time zone. None: the end is open.

    Open are: an event that has not happened, a rule of no known name, missing arguments, a day beyond the
    calendar. `contract_discharged` takes `return_window_days` and `warranty_days` as arguments. Raises
    ValueError for an event without time zone.
    """
    if event is None or rule not in LAST_DAY_RULES or not LAST_DAY_RULE_ARGS[rule] <= args.keys():
        return None
    _require_time_zone(event)
    try:
        return LAST_DAY_RULES[rule](local_day(event, calendar), args, calendar)
    except (OverflowError, ValueError):  # after the year 9999: a mistyped event must hold, not stop the job
        return None


def compute_erasable_from(last_day: date | None) -> date | None:
    """Return the first day on which the data may be erased: the day after the last one of the duty."""
    return last_day + _ONE_DAY if last_day is not None and last_day < date.max else None


class HasTimezone(Protocol):
    """What says in which zone a day is meant: the retention file for books, `[clocks]` of the merchant file for letters."""

    @property
    def timezone(self) -> str:
        """Return the IANA name of the zone."""


def local_day(moment: datetime, calendar: HasTimezone) -> date:
    """Return the calendar day of a moment in the zone of this calendar."""
    return moment.astimezone(ZoneInfo(calendar.timezone)).date()


def compute_day_start(day: date, retention: Retention) -> datetime:
    """Return the moment at which a day begins where the merchant keeps its books."""
    return datetime.combine(day, time.min, ZoneInfo(retention.calendar.timezone)).astimezone(UTC)


def compute_age_end(age: Mapping[str, Any], event: datetime, calendar: Calendar) -> date:
    """Return the first day on which a record is too old: the day after the last one of its greatest age.

    `age` is what a category says (`{"event": …, "months": 24}`), `event` the moment it counts from. A day beyond
    the calendar is `date.max`. Raises ValueError for an age without span and for a moment without time zone.
    """
    spans = {unit: span for unit in ("days", "months") if (span := age.get(unit))}
    if not spans:
        raise ValueError("an age must come with days or months")
    _require_time_zone(event)
    try:
        return _compute_event_last_day(local_day(event, calendar), spans, calendar) + _ONE_DAY
    except (OverflowError, ValueError):
        return date.max


def _require_time_zone(moment: datetime) -> None:
    if moment.tzinfo is None:
        raise ValueError("a moment must carry its time zone")
