"""Every category of the retention file is registered, and nothing is over before the file says so."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.rules.requests.deadlines import add_months_to_date
from bridge.rules.retention.retention_registry import (
    CATEGORY_REGISTRY,
    StoredCategory,
    UnstoredCategory,
    compute_day_end,
    compute_expiry_cutoff,
)
from bridge.store.retention.expire import EXPIRED_SELECTS
from config.retention_file.retention import load_retention
from config.settings import RETENTION_FILE

SHIPPED = load_retention(RETENTION_FILE)
STEPS = {"age", "purge", "release", "refund"}
PAGE = (Path(__file__).parents[3] / "docs" / "holds.md").read_text()


def until(category, today, retention=SHIPPED, **changed):
    rules = replace(retention.categories[category], **changed)
    stored = CATEGORY_REGISTRY[category]
    return compute_expiry_cutoff(rules, stored, today=today, retention=retention)


def test_every_category_of_the_file_is_registered_as_stored_or_not_stored():
    assert SHIPPED.categories.keys() - CATEGORY_REGISTRY.keys() == set()
    assert all(isinstance(each, UnstoredCategory) or each.deleted_by in STEPS for each in CATEGORY_REGISTRY.values())
    assert all(each.reason for each in CATEGORY_REGISTRY.values() if isinstance(each, UnstoredCategory))


def test_every_category_that_expires_has_its_job_and_its_line_in_the_docs():
    registered = {
        name
        for name, each in CATEGORY_REGISTRY.items()
        if isinstance(each, StoredCategory) and each.deleted_by == "age"
    }
    assert registered == EXPIRED_SELECTS.keys()
    assert [name for name in CATEGORY_REGISTRY if f"`{name}`" not in PAGE] == []


@pytest.mark.parametrize(
    ("category", "today", "day"),
    [
        ("suppression", date(2033, 11, 23), date(2026, 11, 22)),
        ("security_log", date(2027, 12, 23), date(2026, 11, 22)),
        ("request_evidence", date(2029, 11, 23), date(2026, 11, 22)),
    ],
)
def test_a_record_is_over_when_it_reached_its_age_and_nothing_holds_it(category, today, day):
    assert until(category, today) == day


def test_a_hold_that_outlasts_the_age_moves_the_day():
    short = {"event": "log_written_at", "months": 1}
    assert until("security_log", date(2026, 11, 22), max_age=short) == date(2026, 5, 25), "180 days of CERT-In"
    assert until("security_log", date(2028, 6, 1), max_age=short) == date(2027, 5, 31), "and a year from 2027 on"


def test_a_category_without_age_and_holds_never_expires():
    assert until("suppression", date(2060, 1, 1), max_age={}) is None
    broken = replace(SHIPPED, holds={})
    assert until("request_evidence", date(2060, 1, 1), broken) is None
    assert until("suppression", date(2026, 11, 22), max_age={"event": "created_at", "months": 90_000}) is None


@given(st.dates(date(2026, 1, 1), date(2100, 1, 1)), st.integers(1, 200))
def test_nothing_is_over_before_its_last_day_has_passed(today, months):
    day = until("suppression", today, max_age={"event": "created_at", "months": months})
    assert add_months_to_date(day, months) < today


def test_the_day_ends_in_the_time_zone_of_the_books():
    assert compute_day_end(date(2026, 11, 22), SHIPPED) == datetime(2026, 11, 22, 18, 30, tzinfo=UTC)
