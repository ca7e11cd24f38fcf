"""Which law keeps which data, until which day, and from which day on it may be erased.

Reads no clock and no table: today, the events and the retention file are given. Never evaluates an
expression from a file: rules for the last day are functions with names. Never releases in doubt: a rule that
cannot be read, an event that is missing and a fact that nobody decided all hold.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from bridge.rules.deadlines import MONTHS_A_YEAR, shift_months
from config.rulebook import LAST_DAY_ARGS

if TYPE_CHECKING:
    from config.rulebook import Calendar, Category, HoldRule, Law, Retention

ALWAYS = "always"
UNREADABLE = "the rule in the retention file could not be read: it holds until it is mended"
LEGAL_FORM, REVIEWED_ON = "merchant.legal_entity_type", "reviewed_on"
_ONE_DAY = timedelta(days=1)
_LENGTHS = ("return_window_days", "warranty_days")


@dataclass(frozen=True, kw_only=True, slots=True)
class Hold:
    """One ground to keep data: the rule's id, its law, what to quote, and the days.

    `last_day` None means nobody can say yet. `release_needs` names what must be decided before anything
    goes, even after the last day.
    """

    ground: str
    law: str
    citation: str
    last_day: date | None
    erasable_from: date | None
    release_needs: tuple[str, ...] = ()


def fy_end(day: date, calendar: Calendar) -> date:
    """The last day of the financial year in which the day lies: 31 March in India."""
    month, first = calendar.fy_start
    start = date(day.year, month, first)
    return (start if day < start else date(day.year + 1, month, first)) - _ONE_DAY


def gst_return_due(day: date, calendar: Calendar) -> date:
    """When the annual return of the day's financial year is due: 31 December after it, unless moved.

    CGST Act s.44 with CGST Rules r.80; a year that was extended stands in the calendar's overrides.
    """
    end = fy_end(day, calendar)
    start = date(end.year - 1, *calendar.fy_start)
    moved = calendar.gst_annual_return_due_overrides.get(f"{start.year}-{(start.year + 1) % 100:02d}")
    due = date(end.year, *calendar.gst_annual_return_due)
    return moved or (due if due > end else date(end.year + 1, *calendar.gst_annual_return_due))


def _gst(day: date, args: Mapping[str, int], calendar: Calendar) -> date:
    """CGST Act s.36: 72 months from the due date of the annual return."""
    return shift_months(gst_return_due(day, calendar), args["months"])


def _fy_end_plus(day: date, args: Mapping[str, int], calendar: Calendar) -> date:
    """Income-tax Rules 2026 r.46(9): 7 tax years; Companies Act s.128(5): 8 financial years."""
    return shift_months(fy_end(day, calendar), args["years"] * MONTHS_A_YEAR)


def _event_plus(day: date, args: Mapping[str, int], _: Calendar) -> date:
    """DPDP Rules r.8(3), CERT-In direction (iv), BIS reg.5, PMLA s.12: a span from the event itself."""
    months = args.get("months", 0) + args.get("years", 0) * MONTHS_A_YEAR
    return shift_months(day, months) + timedelta(days=args.get("days", 0))


def _contract(day: date, args: Mapping[str, int], _: Calendar) -> date | None:
    """Policy s.6: until return window and warranty are over. A length nobody decided never ends."""
    if not all(length in args for length in _LENGTHS):
        return None
    return day + timedelta(days=max(args[length] for length in _LENGTHS))


def _by_hand(_day: date, _args: Mapping[str, int], _calendar: Calendar) -> None:
    """A live claim ends when a person says so: the caller then no longer names its event."""


LastDay = Callable[["date", Mapping[str, int], "Calendar"], "date | None"]
LAST_DAY_RULES: Mapping[str, LastDay] = {
    "gst_annual_return_due_plus_months": _gst,
    "fy_end_plus_years": _fy_end_plus,
    "event_plus_days": _event_plus,
    "event_plus_months": _event_plus,
    "event_plus_years": _event_plus,
    "contract_discharged": _contract,
    "until_released_by_ops": _by_hand,
}


def last_day(
    rule: str, args: Mapping[str, int], event: datetime | None, *, calendar: Calendar
) -> date | None:
    """The last day on which the duty binds, in the calendar's time zone. None: the end is open.

    Open are: an event that has not happened, a rule of no known name, missing arguments, a day beyond the
    calendar. `contract_discharged` takes `return_window_days` and `warranty_days` as arguments. Raises
    ValueError for an event without time zone.
    """
    if event is None or rule not in LAST_DAY_RULES or not LAST_DAY_ARGS[rule] <= args.keys():
        return None
    if event.tzinfo is None:
        raise ValueError("a moment must carry its time zone")
    try:
        return LAST_DAY_RULES[rule](local_day(event, calendar), args, calendar)
    except (OverflowError, ValueError):  # after the year 9999: a mistyped event must hold, not crash a sweep
        return None


def erasable_from(last: date | None) -> date | None:
    """The first day on which the data may go: the day after the last one of the duty."""
    return last + _ONE_DAY if last is not None and last < date.max else None


def local_day(moment: datetime, calendar: Calendar) -> date:
    """The calendar day of a moment where the merchant keeps its books."""
    return moment.astimezone(ZoneInfo(calendar.timezone)).date()


def holds_on(
    category: Category, *, events: Mapping[str, datetime], today: date, retention: Retention
) -> list[Hold]:
    """Every ground that keeps this category on that day, the longest first; an empty list lets it go.

    `events` maps event names of the file (`document_issued_at`, `delivered_at`, …) to the latest moment over
    all linked documents: a credit note of the next year keeps its invoice too. A law counts between its days
    in force and for the merchants it applies to; an undecided legal form counts as the longest. Statutory
    holds outlive their last day until the legal form is known and the file was reviewed.
    """
    found = [
        hold
        for ground in category.holds
        if (hold := _hold(ground, events=events, today=today, retention=retention)) is not None
        and not _over(hold, today)
    ]
    return sorted(found, key=lambda hold: hold.last_day or date.max, reverse=True)


def applies(law: Law, merchant: Mapping[str, object]) -> bool:
    """True where the law binds this merchant. A fact the file does not tell counts as if it did."""
    return all(
        (fact := path.removeprefix("merchant.")) not in merchant or merchant[fact] in allowed
        for path, allowed in law.applies_if.items()
    )


def _over(hold: Hold, today: date) -> bool:
    free = hold.erasable_from
    return free is not None and today >= free and not hold.release_needs


def _hold(ground: str, *, events: Mapping[str, datetime], today: date, retention: Retention) -> Hold | None:
    rule = retention.holds.get(ground)
    law = retention.laws.get(rule.law) if rule else None
    if rule is None or law is None:
        return Hold(ground=ground, law="", citation=UNREADABLE, last_day=None, erasable_from=None)
    if not law.in_force(today) or not applies(law, retention.merchant) or not _begun(rule, events):
        return None
    last = _last(rule, events, retention)
    return Hold(
        ground=ground,
        law=law.id,
        citation=law.title,
        last_day=last,
        erasable_from=erasable_from(last),
        release_needs=_needs(retention) if rule.statutory else (),
    )


def _begun(rule: HoldRule, events: Mapping[str, datetime]) -> bool:
    """No invoice, no claim: no hold. An order without delivery or a refund without end: an open one."""
    return rule.from_event in events or rule.opened_by == ALWAYS or rule.opened_by in events


def _last(rule: HoldRule, events: Mapping[str, datetime], retention: Retention) -> date | None:
    if rule.extend_if and rule.extend_if in events:
        return None
    args = dict(rule.args)
    if rule.last_day_rule == "contract_discharged":
        args |= {length: days for length in _LENGTHS if (days := retention.merchant.get(length)) is not None}
    last = last_day(rule.last_day_rule, args, events.get(rule.from_event), calendar=retention.calendar)
    also = events.get(rule.extend_until.event) if rule.extend_until else None
    if last is None or rule.extend_until is None or also is None:
        return last
    longer = last_day(
        "event_plus_months", {"months": rule.extend_until.months}, also, calendar=retention.calendar
    )
    return None if longer is None else max(last, longer)


def _needs(retention: Retention) -> tuple[str, ...]:
    undecided = retention.merchant.get("legal_entity_type", "unknown") == "unknown"
    return ((LEGAL_FORM,) if undecided else ()) + (() if retention.reviewed_on else (REVIEWED_ON,))
