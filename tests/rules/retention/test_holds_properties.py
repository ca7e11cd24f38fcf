"""What must be true of every day the laws compute, whatever the moment, the zone and the machine."""

import os
import time
from calendar import isleap
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bridge.rules.retention.holds import RetentionHoldState, evaluate_retention_hold, find_retention_holds
from bridge.rules.retention.statutory_last_days import (
    compute_age_end,
    compute_erasable_from,
    compute_financial_year_end,
    compute_last_day,
    local_day,
)
from config.retention_file.retention import Calendar, Law, load_retention
from config.retention_file.retention_model import RetentionRule
from tests.kit.suite.examples import count_examples

SHIPPED = load_retention(Path(__file__).parents[3] / "config" / "retention.toml")
REVIEWED = replace(
    SHIPPED,
    reviewed_on=date(2026, 12, 1),
    merchant={**SHIPPED.merchant, "legal_entity_type": "proprietorship", "warranty_days": 180, "return_window_days": 7},
)
INDIA, IST = Calendar(), ZoneInfo("Asia/Kolkata")
RULES = {
    "gst_annual_return_due_plus_months": {"months": 72},
    "fy_end_plus_years": {"years": 7},
    "event_plus_days": {"days": 180},
    "event_plus_months": {"months": 12},
    "event_plus_years": {"years": 5},
    "contract_discharged": {"return_window_days": 7, "warranty_days": 180},
}
MOMENTS = st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone
DAYS = st.dates(min_value=date(2000, 1, 2), max_value=date(2200, 1, 1))
CATEGORIES = st.sampled_from(sorted(SHIPPED.categories))
EVENTS = st.dictionaries(
    st.sampled_from(["document_issued_at", "delivered_at", "last_processing_at", "case_closed_at", "transaction_at"]),
    MOMENTS,
    min_size=1,
)
quick = settings(max_examples=count_examples(60), deadline=None)


def last(rule, moment, calendar=INDIA):
    return compute_last_day(rule, RULES[rule], moment, calendar=calendar)


def held(category, events, today, retention=REVIEWED, **more):
    found = find_retention_holds(SHIPPED.categories[category], events=events, today=today, retention=retention, **more)
    return {hold.ground: hold for hold in found}


def end(holds):
    """The day that governs: the beginning of time where nothing holds, its end where nobody can say."""
    return max((hold.last_day or date.max for hold in holds.values()), default=date.min)


@contextmanager
def machine_in(zone):
    before = os.environ.get("TZ")
    os.environ["TZ"] = zone
    time.tzset()
    try:
        yield
    finally:
        os.environ.pop("TZ") if before is None else os.environ.update(TZ=before)
        time.tzset()


@pytest.mark.parametrize("rule", RULES)
@quick
@given(MOMENTS, MOMENTS)
def test_a_later_document_never_releases_earlier(rule, one, other):
    early, latest = sorted((one, other))

    assert last(rule, early) <= last(rule, latest)


@quick
@given(CATEGORIES, EVENTS, st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=3_000)), DAYS)
def test_a_later_event_never_releases_earlier(category, events, delay, today):
    for name in events:
        later = events | {name: events[name] + delay}
        assert end(held(category, events, today)) <= end(held(category, later, today))


@pytest.mark.parametrize("rule", RULES)
@quick
@given(MOMENTS)
@example(datetime(2028, 2, 28, 20, tzinfo=UTC))
def test_release_is_the_day_after_the_last_day_and_never_before_the_event(rule, moment):
    day = last(rule, moment)

    assert compute_erasable_from(day) - day == timedelta(days=1)
    assert day > local_day(moment, INDIA)


@quick
@given(CATEGORIES, EVENTS, DAYS)
def test_nothing_holds_on_its_day_of_release_and_everything_on_the_day_before(category, events, today):
    for hold in held(category, events, today).values():
        law = REVIEWED.laws[hold.law]
        free = hold.erasable_from
        if free is None or not (law.is_in_force(free) and law.is_in_force(free - timedelta(days=1))):
            continue
        assert hold.ground in held(category, events, free - timedelta(days=1))
        assert hold.ground not in held(category, events, free)


@quick
@given(st.integers(2000, 2199), st.integers(1, 12))
def test_months_and_years_after_the_last_day_of_a_month_are_never_in_the_next(year, month):
    first_of_next = date(year + month // 12, month % 12 + 1, 1)
    moment = datetime.combine(first_of_next - timedelta(days=1), datetime.min.time(), IST)

    for rule in ("event_plus_months", "event_plus_years"):
        assert last(rule, moment).month == month
        assert last(rule, moment).day <= (first_of_next - timedelta(days=1)).day


@pytest.mark.parametrize("years", range(1, 9))
def test_a_leap_day_comes_back_only_in_a_leap_year(years):
    moment = datetime(2028, 2, 29, 12, tzinfo=IST)

    day = compute_last_day("event_plus_years", {"years": years}, moment, calendar=INDIA)

    assert (day.month, day.day) == (2, 29 if isleap(2028 + years) else 28)


@pytest.mark.parametrize("rule", RULES)
@quick
@given(DAYS)
@example(date(2027, 4, 1))
@example(date(2027, 1, 1))
@example(date(2028, 2, 29))
def test_a_second_before_midnight_in_india_is_the_day_before(rule, day):
    midnight = datetime.combine(day, datetime.min.time(), IST).astimezone(UTC)
    before = midnight - timedelta(seconds=1)

    assert local_day(midnight, INDIA) == day
    assert local_day(before, INDIA) == day - timedelta(days=1)
    assert last(rule, midnight) == last(rule, midnight + timedelta(hours=23, minutes=59))
    assert last(rule, before) <= last(rule, midnight)
    assert compute_age_end({"days": 30}, midnight, INDIA) - compute_age_end({"days": 30}, before, INDIA) == timedelta(
        days=1
    )


@quick
@given(st.integers(2000, 2199))
def test_a_year_of_the_books_ends_between_two_seconds(year):
    new_year = datetime(year, 4, 1, tzinfo=IST)

    for rule, span in (("fy_end_plus_years", 7), ("gst_annual_return_due_plus_months", 6)):
        old, new = last(rule, new_year - timedelta(seconds=1)), last(rule, new_year)
        assert (old.year, new.year) == (year + span, year + span + 1)
        assert (old.month, old.day) == (new.month, new.day)
    # the turn of the calendar year turns nothing
    january = datetime(year, 1, 1, tzinfo=IST)
    assert compute_financial_year_end(local_day(january, INDIA), INDIA) == compute_financial_year_end(
        local_day(january - timedelta(seconds=1), INDIA), INDIA
    )


@quick
@given(CATEGORIES, EVENTS, DAYS, st.sampled_from(sorted(SHIPPED.holds)))
def test_one_more_hold_never_shortens(category, events, today, ground):
    more = replace(SHIPPED.categories[category], holds=tuple({*SHIPPED.categories[category].holds, ground}))

    before = held(category, events, today)
    after = find_retention_holds(more, events=events, today=today, retention=REVIEWED)

    assert before.keys() <= {hold.ground for hold in after}
    assert end(before) <= end({hold.ground: hold for hold in after})


@quick
@given(
    CATEGORIES,
    EVENTS,
    DAYS,
    st.sets(st.sampled_from(["EU", "UK"])),
    st.sampled_from(["restrict_and_disclose", "erase"]),
)
def test_one_more_regime_never_keeps_anything_longer(category, events, today, abroad, conflict):
    rules = {name: replace(rule, eu_conflict=conflict) for name, rule in REVIEWED.holds.items()}
    decided = replace(REVIEWED, holds=rules)

    at_home = held(category, events, today, decided)
    holds_abroad = held(category, events, today, decided, regimes=("IN", *abroad))

    assert holds_abroad.keys() <= at_home.keys()
    assert all(holds_abroad[ground].last_day == at_home[ground].last_day for ground in holds_abroad)


@quick
@given(CATEGORIES, EVENTS, DAYS, st.sampled_from(["Pacific/Kiritimati", "America/Los_Angeles", "Asia/Kolkata"]))
def test_the_time_zone_of_the_machine_changes_no_day(category, events, today, zone):
    with machine_in("UTC"):
        at_home = held(category, events, today)
    with machine_in(zone):
        assert held(category, events, today) == at_home
        local_events = {name: at.astimezone(ZoneInfo(zone)) for name, at in events.items()}
        assert held(category, local_events, today) == at_home


@quick
@given(CATEGORIES, EVENTS, DAYS, st.booleans())
def test_a_law_that_is_not_in_force_changes_nothing(category, events, today, ended):
    law = Law(
        id="another",
        title="A law of another day",
        jurisdiction="IN",
        in_force_from=date(1990, 1, 1) if ended else today + timedelta(days=1),
        in_force_to=today - timedelta(days=1) if ended else None,
        applies_if={},
    )
    rule = RetentionRule(
        id="another",
        law="another",
        last_day_rule="event_plus_years",
        args={"years": 100},
        from_event="document_issued_at",
        opened_by="always",
    )
    more = replace(REVIEWED, laws={**REVIEWED.laws, "another": law}, holds={**REVIEWED.holds, "another": rule})
    changed = replace(SHIPPED.categories[category], holds=(*SHIPPED.categories[category].holds, "another"))

    after = find_retention_holds(changed, events=events, today=today, retention=more)

    assert {hold.ground: hold for hold in after} == held(category, events, today)
    assert (
        evaluate_retention_hold("another", events=events, today=today, retention=more)[0]
        is RetentionHoldState.NOT_IN_FORCE
    )


@quick
@given(
    EVENTS,
    st.dates(min_value=SHIPPED.laws["companies"].in_force_from, max_value=date(2200, 1, 1)),
    st.sampled_from(["proprietorship", "partnership", "llp", "company"]),
)
@example({"document_issued_at": datetime(2007, 1, 1, tzinfo=UTC)}, SHIPPED.laws["companies"].in_force_from, "llp")
def test_an_unknown_legal_form_keeps_as_long_as_any(events, today, form):
    """An unknown form counts as a company, whose books are kept longest since that law is in force."""

    def books(kind):
        changed = replace(REVIEWED, merchant={**REVIEWED.merchant, "legal_entity_type": kind})
        return end(held("invoice_document", events, today, changed))

    assert books("unknown") >= books(form)
