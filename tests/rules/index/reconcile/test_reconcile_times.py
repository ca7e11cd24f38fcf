"""When a shop's orders are compared, and from when on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from bridge.model import OrderSelection
from bridge.rules.index.reconcile import (
    FIRST_SPAN,
    NIGHT_BEGINS_H,
    NIGHT_MINUTES,
    OVERLAP,
    choose_since,
    estimate_duration,
    find_last_night_start,
)

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


def span(since, until):
    return OrderSelection(since=NOW + timedelta(hours=since), until=NOW + timedelta(hours=until))


@given(
    shop=st.text(min_size=1, max_size=30),
    hours=st.floats(0, 20_000),
    zone=st.sampled_from(["Asia/Kolkata", "UTC", "Europe/Berlin", "America/Los_Angeles", "Pacific/Auckland"]),
)
def test_the_last_night_is_at_most_a_day_ago_and_by_night(shop, hours, zone):
    now = NOW + timedelta(hours=hours)
    night = find_last_night_start(shop, now, zone)
    assert timedelta() <= now - night < timedelta(days=1, hours=2)
    local = night.astimezone(ZoneInfo(zone))
    # a clock that is put on or back moves it by an hour
    assert NIGHT_BEGINS_H * 60 - 60 <= local.hour * 60 + local.minute <= NIGHT_BEGINS_H * 60 + NIGHT_MINUTES + 60


def test_shops_are_spread_over_the_night():
    nights = {find_last_night_start(f"shop-{number}.myshopify.com", NOW, "UTC") for number in range(50)}
    assert len(nights) > 30


def test_it_goes_on_some_hours_before_the_end_of_the_last_comparison():
    assert choose_since([], NOW) == NOW - FIRST_SPAN
    assert choose_since([span(-48, -24)], NOW) == NOW - timedelta(hours=24) - OVERLAP
    assert choose_since([span(-48, -24), span(-30, -2)], NOW) == NOW - timedelta(hours=2) - OVERLAP


def test_a_comparison_that_leaves_a_gap_moves_nothing():
    assert choose_since([span(-48, -24), span(-5, 0)], NOW) == NOW - timedelta(hours=24) - OVERLAP
    assert choose_since([span(-48, -24), span(-5, 0), span(-30, -1)], NOW) == NOW - timedelta(hours=1) - OVERLAP


def test_a_file_is_the_faster_the_more_orders_there_are():
    assert estimate_duration(100_000, by_export=True) < estimate_duration(100_000, by_export=False)
    assert estimate_duration(100, by_export=True) > estimate_duration(100, by_export=False)
