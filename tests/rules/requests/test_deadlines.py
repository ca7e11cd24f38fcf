"""Clocks: the vectors counsel agreed on, and what must hold for every moment and zone."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.rules.requests.deadlines import (
    LAW_CLOCK,
    POLICY_CLOCK,
    SHOPIFY_CLOCK,
    add_months_to_date,
    add_months_to_datetime,
    compute_clocks,
)
from config.merchant_file.merchant import ClockRules

VECTORS = json.loads((Path(__file__).parents[2] / "fixtures" / "policy" / "clock_and_release_vectors.json").read_text())
GOVERNED_BY = {"30d": POLICY_CLOCK, "1month": LAW_CLOCK}
INDIA, NEW_YORK = ZoneInfo("Asia/Kolkata"), ZoneInfo("America/New_York")
ZONES = st.sampled_from(
    ["Asia/Kolkata", "UTC", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Pacific/Apia"]
)
MOMENTS = st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone


def rules(timezone="Asia/Kolkata", **changes):
    given = {
        "ack_hours_policy": 72,
        "ack_hours_law": 48,
        "resolve_days_policy": 30,
        "resolve_months_law": 1,
        "resolve_days_shopify": 30,
        "timezone": timezone,
    }
    return ClockRules(**(given | changes))


def moment(text):
    return datetime.fromisoformat(text)


@pytest.mark.parametrize("vector", VECTORS["due"], ids=lambda vector: vector["received_at"])
def test_the_answer_is_due_when_the_vectors_say(vector):
    found = compute_clocks(received_at=moment(vector["received_at"]), webhook_received_at=None, rules=rules())

    assert found.due_at == moment(vector["due_at"])
    assert found.due_governed_by == GOVERNED_BY[vector["governed_by"]]
    assert SHOPIFY_CLOCK not in found.due_by_rule


@pytest.mark.parametrize("vector", VECTORS["ack"], ids=lambda vector: vector["received_at"])
def test_the_shorter_of_law_and_promise_says_when_to_acknowledge(vector):
    """Requirement P-17."""
    received = moment(vector["received_at"])

    both = compute_clocks(received_at=received, webhook_received_at=None, rules=rules())
    promise_alone = compute_clocks(received_at=received, webhook_received_at=None, rules=rules(ack_hours_law=96))

    assert both.acknowledge_due_at == moment(vector["ack_due_48h"])
    assert promise_alone.acknowledge_due_at == moment(vector["ack_due_72h"])


def test_t01_a_mail_before_the_webhook_starts_the_clock():
    """Requirement C-02."""
    found = compute_clocks(
        received_at=moment("2027-01-31T10:00Z"), webhook_received_at=moment("2027-02-10T08:00Z"), rules=rules()
    )

    assert (found.due_at, found.due_governed_by) == (moment("2027-02-28T10:00Z"), LAW_CLOCK)
    assert found.acknowledge_due_at == moment("2027-02-02T10:00Z")
    assert found.due_by_rule[SHOPIFY_CLOCK] == moment("2027-03-12T08:00Z")


def test_of_equal_clocks_the_promise_governs_and_then_the_law():
    received = moment("2027-03-31T10:00Z")

    found = compute_clocks(received_at=received, webhook_received_at=received, rules=rules())
    without_promise = compute_clocks(
        received_at=received, webhook_received_at=received, rules=rules(resolve_days_policy=31)
    )

    assert set(found.due_by_rule.values()) == {moment("2027-04-30T10:00Z")}
    assert found.due_governed_by == POLICY_CLOCK
    assert without_promise.due_governed_by == LAW_CLOCK


def test_an_older_webhook_governs():
    found = compute_clocks(
        received_at=moment("2026-11-22T10:00Z"), webhook_received_at=moment("2026-11-20T10:00Z"), rules=rules()
    )

    assert (found.due_at, found.due_governed_by) == (moment("2026-12-20T10:00Z"), SHOPIFY_CLOCK)


def test_the_month_is_counted_where_the_merchant_is():
    # 20:00 UTC on the 30th is already the 31st in India; both months end on 28 February
    assert add_months_to_datetime(moment("2027-01-30T20:00Z"), 1, INDIA) == moment("2027-02-27T20:00Z")
    assert add_months_to_datetime(moment("2027-01-30T20:00Z"), 1, UTC) == moment("2027-02-28T20:00Z")


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2027-02-14T17:00Z", "2027-03-14T16:00Z"),  # noon stays noon though the offset changed that night
        ("2027-02-14T07:30Z", "2027-03-14T07:30Z"),  # 02:30 is skipped: an hour into the new time
        ("2027-10-07T05:30Z", "2027-11-07T05:30Z"),  # 01:30 comes twice: the first
    ],
)
def test_the_time_of_day_stays_when_clocks_change(start, end):
    assert add_months_to_datetime(moment(start), 1, NEW_YORK) == moment(end)


@pytest.mark.parametrize(
    ("day", "months", "end"),
    [
        (date(2028, 1, 31), 1, date(2028, 2, 29)),
        (date(2027, 1, 31), 1, date(2027, 2, 28)),
        (date(2100, 1, 31), 1, date(2100, 2, 28)),
        (date(2028, 2, 29), 12, date(2029, 2, 28)),
        (date(2026, 12, 31), 72, date(2032, 12, 31)),
        (date(2026, 11, 15), 2, date(2027, 1, 15)),
        (date(2026, 12, 15), 0, date(2026, 12, 15)),
    ],
)
def test_a_day_that_a_month_lacks_becomes_its_last(day, months, end):
    assert add_months_to_date(day, months) == end


@pytest.mark.parametrize("name", ["received_at", "webhook_received_at"])
def test_a_moment_without_zone_is_refused(name):
    given = {"received_at": moment("2026-11-22T10:00Z"), "webhook_received_at": None}
    given[name] = datetime(2026, 11, 22, 10)  # noqa: DTZ001 - that is the point

    with pytest.raises(ValueError, match="must carry its time zone"):
        compute_clocks(**given, rules=rules())


@given(MOMENTS, st.none() | MOMENTS, ZONES)
def test_the_answer_is_never_due_after_any_clock(received, webhook, timezone):
    found = compute_clocks(received_at=received, webhook_received_at=webhook, rules=rules(timezone))

    assert found.due_at == min(found.due_by_rule.values()) == found.due_by_rule[found.due_governed_by]
    assert found.acknowledge_due_at == received + timedelta(hours=48)
    assert all(due.tzinfo is UTC for due in found.due_by_rule.values())


@given(MOMENTS, MOMENTS, ZONES)
def test_one_more_clock_only_shortens(received, webhook, timezone):
    """Requirement C-01."""
    alone = compute_clocks(received_at=received, webhook_received_at=None, rules=rules(timezone))
    both = compute_clocks(received_at=received, webhook_received_at=webhook, rules=rules(timezone))

    assert both.due_at <= alone.due_at
    assert alone.due_by_rule.items() <= both.due_by_rule.items()


@given(MOMENTS, MOMENTS, st.none() | MOMENTS, ZONES)
def test_an_earlier_receipt_never_brings_a_later_day(one, other, webhook, timezone):
    earlier, later = (
        compute_clocks(received_at=received, webhook_received_at=webhook, rules=rules(timezone))
        for received in sorted((one, other))
    )

    # two moments of the same last days of a month end on one day, each at its own time of day
    assert earlier.due_at - later.due_at < timedelta(days=1)
    assert earlier.acknowledge_due_at <= later.acknowledge_due_at


@given(MOMENTS, st.none() | MOMENTS, ZONES)
def test_a_replay_computes_the_same(received, webhook, timezone):
    """Requirement C-10."""
    once, again = (
        compute_clocks(received_at=given, webhook_received_at=webhook, rules=rules(timezone))
        for given in (received, received.astimezone(NEW_YORK))
    )

    assert once == again


@given(MOMENTS, st.integers(1, 120))
def test_without_clock_changes_the_wall_clock_and_the_month_are_kept(start, months):
    before, after = start.astimezone(INDIA), add_months_to_datetime(start, months, INDIA).astimezone(INDIA)

    assert after.timetz() == before.timetz()
    assert (after.year * 12 + after.month) - (before.year * 12 + before.month) == months
    assert after.day == before.day or (after.day < before.day and (after + timedelta(days=1)).day == 1)


@given(MOMENTS, ZONES)
def test_a_month_has_28_to_31_days_in_every_zone(start, timezone):
    span = add_months_to_datetime(start, 1, ZoneInfo(timezone)) - start

    # a zone's clock moves by at most a day (Samoa crossed the date line in 2011)
    assert timedelta(days=27) <= span <= timedelta(days=32)
