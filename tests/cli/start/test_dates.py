"""Dates and times as operators write them: one type, one rule for the zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import click
import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from bridge.cli.shared.dates import MAX_YEAR, MIN_YEAR, WHEN, WHEN_AHEAD, format_time

INDIA, NEW_YORK = ZoneInfo("Asia/Kolkata"), ZoneInfo("America/New_York")
NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
FIRST, LAST = (datetime.fromisoformat(f"{year}-06-01") for year in (MIN_YEAR, MAX_YEAR))
MOMENTS = st.datetimes(FIRST, LAST)


def read(text, kind=WHEN):
    return kind.convert(text, None, None)


@pytest.mark.parametrize(
    ("text", "moment", "day"),
    [
        ("2026-11-30", "2026-11-29T18:30:00+00:00", "2026-11-30"),
        ("2026-11", "2026-10-31T18:30:00+00:00", "2026-11-01"),
        ("2026-11-30T02:00", "2026-11-29T20:30:00+00:00", "2026-11-30"),
        ("2026-11-30 02:00:30", "2026-11-29T20:30:30+00:00", "2026-11-30"),
        ("2026-11-29T20:30Z", "2026-11-29T20:30:00+00:00", "2026-11-30"),
        ("2026-11-29T15:30-05:00", "2026-11-29T20:30:00+00:00", "2026-11-30"),
        ("  2026-11-30 ", "2026-11-29T18:30:00+00:00", "2026-11-30"),
    ],
)
def test_what_names_no_zone_is_of_the_merchant_s(text, moment, day):
    when = read(text)
    assert when.resolve(INDIA) == datetime.fromisoformat(moment)
    assert when.resolve_day(INDIA) == date.fromisoformat(day)


@pytest.mark.parametrize(
    ("text", "ago"), [("30m", {"minutes": 30}), ("2h", {"hours": 2}), ("3d", {"days": 3}), ("0d", {})]
)
def test_a_duration_counts_back_or_ahead(text, ago):
    with time_machine.travel(NOW, tick=False):
        assert read(text).resolve(INDIA) == NOW - timedelta(**ago)
        assert read(text, WHEN_AHEAD).resolve(INDIA) == NOW + timedelta(**ago)


def test_a_day_stays_a_day_and_a_time_a_time():
    assert read("2026-11-30").resolve_day_or_time(INDIA) == date(2026, 11, 30)
    assert read("2026-11-30T00:00").resolve_day_or_time(INDIA) == datetime(2026, 11, 29, 18, 30, tzinfo=UTC)


@given(MOMENTS, st.sampled_from([INDIA, NEW_YORK, ZoneInfo("UTC")]))
def test_whatever_is_written_with_a_zone_is_that_moment_in_every_zone(moment, zone):
    aware = moment.replace(tzinfo=zone)
    assert read(aware.isoformat()).resolve(INDIA) == read(aware.isoformat()).resolve(NEW_YORK) == aware
    assert read(moment.isoformat()).resolve(zone) == aware.astimezone(UTC)


@given(st.dates(date(MIN_YEAR, 1, 1), date(MAX_YEAR, 12, 31)), st.sampled_from([INDIA, NEW_YORK]))
def test_every_day_of_the_calendar_begins_and_is_itself(day, zone):
    when = read(day.isoformat())
    assert when.resolve_day(zone) == day
    assert when.resolve(zone).astimezone(zone).date() == day


@given(st.text(max_size=30))
def test_any_text_is_a_date_or_wrong_usage(text):
    try:
        when = read(text)
    except click.BadParameter:
        return
    for zone in (INDIA, NEW_YORK):
        assert when.resolve(zone).tzinfo is UTC
        assert MIN_YEAR - 1 <= when.resolve_day(zone).year <= MAX_YEAR + 1


@given(MOMENTS)
def test_a_time_is_printed_in_one_form(moment):
    printed = format_time(moment.replace(tzinfo=INDIA))
    assert printed == f"{moment.replace(tzinfo=INDIA, microsecond=0).astimezone(UTC).replace(tzinfo=None)}Z"
    assert read(printed).resolve(NEW_YORK) == moment.replace(microsecond=0, tzinfo=INDIA)
