"""C-01, C-06, C-10: replays, further rules and restarts never make a day later, and what is over of a term never shrinks."""

from datetime import UTC, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.rules.desk.deadline_warnings import (
    RunningClock,
    compute_hours_left,
    describe_hours_left,
    list_running_clocks,
)
from bridge.rules.requests.deadlines import compute_clocks
from config.merchant_file.merchant import ClockRules
from tests.factories import NOW, make_request

MOMENTS = st.datetimes(NOW.replace(tzinfo=None), NOW.replace(tzinfo=None, year=2036), timezones=st.just(UTC))
RULES = st.builds(
    ClockRules,
    ack_hours_policy=st.integers(1, 200),
    ack_hours_law=st.integers(1, 200),
    resolve_days_policy=st.integers(1, 90),
    resolve_months_law=st.integers(1, 3),
    resolve_days_shopify=st.integers(1, 90),
    timezone=st.sampled_from(["Asia/Kolkata", "Europe/Berlin", "UTC"]),
)


@given(received_at=MOMENTS, webhook_at=MOMENTS, rules=RULES)
def test_c01_a_further_clock_and_a_replay_never_make_a_day_later(received_at, webhook_at, rules):
    alone = compute_clocks(received_at=received_at, webhook_received_at=None, rules=rules)
    with_webhook = compute_clocks(received_at=received_at, webhook_received_at=webhook_at, rules=rules)
    assert with_webhook.due_at <= alone.due_at
    assert with_webhook.acknowledge_due_at == alone.acknowledge_due_at
    assert alone.due_by_rule.items() <= with_webhook.due_by_rule.items()
    assert with_webhook.due_at == min(with_webhook.due_by_rule.values())
    # a replay, or a process that was started anew, has nothing but what is stored
    assert compute_clocks(received_at=received_at, webhook_received_at=webhook_at, rules=rules) == with_webhook


@given(begins_at=MOMENTS, term_s=st.integers(1, 10**7), first_s=st.integers(0, 2 * 10**7), more_s=st.integers(0, 10**7))
def test_c10_what_is_over_of_a_term_only_grows_and_depends_on_nothing_but_stored_moments(
    begins_at, term_s, first_s, more_s
):
    clock = RunningClock(
        request_id="req_1", clock="answer", begins_at=begins_at, ends_at=begins_at + timedelta(seconds=term_s)
    )
    earlier = clock.list_reached(begins_at + timedelta(seconds=first_s))
    later = clock.list_reached(begins_at + timedelta(seconds=first_s + more_s))
    assert later[: len(earlier)] == earlier
    assert (100 in earlier) is (first_s >= term_s)
    assert set(earlier) == {percent for percent in (50, 75, 90, 100) if first_s * 100 >= term_s * percent}


def test_an_answered_request_has_no_clock():
    answered = make_request(closed_at=NOW, answered_at=NOW)
    assert list(list_running_clocks(answered)) == []
    [running] = list_running_clocks(make_request(closed_at=NOW))  # sealed, and not with the person yet
    assert running.clock == "answer"


@pytest.mark.parametrize(
    ("hours", "words"),
    [
        (None, ""),
        (0.5, "30 min left"),
        (5.9, "6 h left"),
        (719.7, "30 days left"),
        (-3, "late by 3 h"),
        (-96, "late by 4 days"),
    ],
)
def test_hours_left_in_words(hours, words):
    assert describe_hours_left(hours) == words
    assert compute_hours_left(NOW - timedelta(hours=2, minutes=6), NOW) == -2.1
