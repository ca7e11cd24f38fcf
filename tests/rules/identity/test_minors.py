"""Requirement P-52: who is under 18 on a day, by a birth date in any written form; what is not sure says nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bridge.rules.identity.minors import (
    CHILDREN_LAW,
    compute_majority_day,
    find_majority_day,
    find_marketing_stop_day,
    list_birth_dates,
    list_birth_texts,
)
from config.retention_file.retention import load_retention

SHIPPED = load_retention(Path(__file__).parents[3] / "config" / "retention.toml")
TODAY, INDIA = date(2026, 11, 30), ZoneInfo("Asia/Kolkata")
BINDS = date(2027, 5, 13)


@pytest.mark.parametrize(
    ("born", "majority"),
    [
        (date(2008, 11, 30), date(2026, 11, 30)),
        (date(2008, 2, 29), date(2026, 3, 1)),
        (date(2010, 2, 29 - 1), date(2028, 2, 28)),
        (date(2006, 2, 28), date(2024, 2, 28)),
    ],
)
def test_p52_majority_begins_with_the_eighteenth_anniversary(born, majority):
    assert compute_majority_day(born) == majority


@pytest.mark.parametrize(
    ("today", "is_minor"), [(date(2026, 11, 29), True), (date(2026, 11, 30), False), (date(2026, 12, 1), False)]
)
def test_p52_the_day_before_the_eighteenth_birthday_is_the_last_of_a_child(today, is_minor):
    assert (find_majority_day(["2008-11-30"], today, INDIA) is not None) is is_minor


@pytest.mark.parametrize(
    ("today", "is_minor"), [(date(2026, 2, 28), True), (date(2026, 3, 1), False), (date(2028, 2, 29), False)]
)
def test_p52_who_was_born_on_29_february_is_of_age_on_the_first_of_march(today, is_minor):
    assert (find_majority_day(["2008-02-29"], today, INDIA) is not None) is is_minor


@pytest.mark.parametrize(
    "text",
    [
        "2012-05-03",
        " 2012-5-3 ",
        "2012/05/03",
        "2012.05.03",
        "2012-05-03T00:00:00Z",
        "2012-05-03T00:00:00+05:30",
        "2012-05-03 00:00",
        "03/05/2012",
        "3-5-2012",
        "03.05.2012",
        "3 May 2012",
        "3rd May, 2012",
        "03-MAY-2012",
        "May 3, 2012",
        "Sept. 3 2012",
    ],
)
def test_p52_a_date_is_read_in_each_form_that_says_one_thing(text):
    assert find_majority_day([text], TODAY, INDIA) is not None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "unknown",
        "05-03",
        "3 May",
        "03/05/12",
        "2012",
        "31/02/2012",
        "2012-02-30",
        "2012-13-01",
        "00/00/0000",
        "0000-00-00",
        "3 Floréal 2012",
        "1336003200",
        '["2012-05-03"]',
        "2012-05-03 to 2012-05-04",
        "2012-05-03T99:00:00Z",
        "२०१२-०५-०३",
    ],
)
def test_p52_what_cannot_be_read_says_nothing(text):
    assert list_birth_dates(text, TODAY, INDIA) == []
    assert find_majority_day([text], TODAY, INDIA) is None


@pytest.mark.parametrize("text", ["2026-12-01", "2030-01-01", "1899-05-03", "1900-01-01"])
def test_p52_a_day_on_which_nobody_alive_was_born_says_nothing(text):
    assert list_birth_dates(text, TODAY, INDIA) == []


def test_p52_a_date_that_can_be_read_in_two_ways_counts_where_both_say_the_same():
    assert list_birth_dates("03/05/2012", TODAY, INDIA) == [date(2012, 5, 3), date(2012, 3, 5)]
    on_the_edge = "10/12/2008"  # 10 December: under 18; 12 October: of age
    assert find_majority_day([on_the_edge], TODAY, INDIA) is None
    assert find_majority_day(["10/12/2009"], TODAY, INDIA) == date(2027, 12, 10)


def test_p52_a_moment_counts_by_either_day_that_it_may_mean():
    """20:00 in UTC is the next day in India: on the day between nobody can say."""
    moment = "2008-11-29T20:00:00Z"
    assert list_birth_dates(moment, TODAY, INDIA) == [date(2008, 11, 29), date(2008, 11, 30)]
    assert find_majority_day([moment], date(2026, 11, 28), INDIA) is not None
    assert find_majority_day([moment], date(2026, 11, 29), INDIA) is None


def test_p52_one_of_several_birth_dates_is_enough_and_the_later_majority_counts():
    assert find_majority_day(["1990-01-01", "2012-05-03", "2011-01-01"], TODAY, INDIA) == date(2030, 5, 3)
    assert find_majority_day(["1990-01-01", "nonsense"], TODAY, INDIA) is None


def test_p52_only_the_customers_own_birth_date_is_read():
    metafields = [
        {"namespace": "facts", "key": "birth_date", "value": "2012-05-03"},
        {"namespace": "loyalty", "key": "Birthday", "value": "2012-05-04"},
        {"namespace": "custom", "key": "child_birthday", "value": "2020-01-01"},
        {"namespace": "custom", "key": "anniversary", "value": "2020-01-01"},
        {"namespace": "facts", "key": "dob", "value": None},
        None,
    ]
    assert list_birth_texts({"metafields": metafields}) == ["2012-05-03", "2012-05-04", ""]
    assert list_birth_texts({}) == list_birth_texts({"metafields": None}) == []


@pytest.mark.parametrize(
    ("majority", "today", "day"),
    [
        (date(2030, 1, 1), TODAY, BINDS),
        (date(2027, 5, 14), TODAY, BINDS),
        (BINDS, TODAY, None),
        (date(2027, 1, 1), TODAY, None),
        (None, TODAY, BINDS),
        (date(2030, 1, 1), date(2028, 1, 2), date(2028, 1, 2)),
    ],
)
def test_p52_marketing_stops_when_the_law_binds_for_who_is_a_child_then(majority, today, day):
    assert find_marketing_stop_day(majority, today, SHIPPED) == day


def test_p52_without_the_law_nothing_stops():
    laws = {name: law for name, law in SHIPPED.laws.items() if name != CHILDREN_LAW}
    assert find_marketing_stop_day(None, TODAY, replace(SHIPPED, laws=laws)) is None
    ended = SHIPPED.laws | {CHILDREN_LAW: replace(SHIPPED.laws[CHILDREN_LAW], in_force_to=date(2027, 6, 1))}
    assert find_marketing_stop_day(None, date(2027, 7, 1), replace(SHIPPED, laws=ended)) is None
