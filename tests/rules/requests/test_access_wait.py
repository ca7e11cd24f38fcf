"""How long an erasure waits for a package, and since when a request counts as answered."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import PayloadInvalid
from bridge.model import PendingPackage, RequestKind, RequestSource
from bridge.rules.requests.access_wait import LAST_MOMENT, MIN_WAIT, TIME_TO_ERASE, compute_wait_end, is_ending_soon
from bridge.rules.requests.answer_times import find_fulfilled_at, is_late, judge_lateness, resolve_delivery_time
from tests.factories import NOW, make_request
from tests.kit.durations import days

INDIA = ZoneInfo("Asia/Kolkata")
SPANS = st.timedeltas(min_value=days(-60), max_value=days(60))


def pending(ready_at, *, has_failed=False):
    return PendingPackage(request_id="req_1", due_at=NOW + days(30), ready_at=ready_at, has_failed=has_failed)


@given(until_due=SPANS)
def test_a_wait_never_passes_the_deadline_that_could_still_be_kept(until_due):
    end = compute_wait_end(pending(NOW), erasure_due_at=NOW + until_due)
    if until_due > timedelta(0):
        assert end <= NOW + until_due - LAST_MOMENT
    else:
        assert end == NOW + MIN_WAIT, "the deadline is missed anyway: the copy is not lost as well"
    if until_due >= MIN_WAIT + LAST_MOMENT:
        assert end >= NOW + MIN_WAIT


@given(until_due=SPANS, ready=SPANS)
def test_time_to_erase_remains_where_there_is_time(until_due, ready):
    end = compute_wait_end(pending(NOW + ready), erasure_due_at=NOW + until_due)
    if until_due - ready >= MIN_WAIT + TIME_TO_ERASE:
        assert end == NOW + until_due - TIME_TO_ERASE


def test_a_package_that_is_being_made_is_waited_for_and_one_that_failed_only_for_a_time():
    assert compute_wait_end(pending(None), erasure_due_at=NOW) is None
    assert compute_wait_end(pending(None, has_failed=True), erasure_due_at=NOW) == NOW - TIME_TO_ERASE


def test_the_last_three_days_are_the_end():
    assert [is_ending_soon(NOW + days(left), NOW) for left in (3.01, 3, 0, -1)] == [False, True, True, True]


@pytest.mark.parametrize(
    ("kind", "source", "fulfilled"),
    [
        (RequestKind.ACCESS, RequestSource.WEBHOOK, False),
        (RequestKind.ACCESS, RequestSource.OPERATOR, False),
        (RequestKind.ERASURE, RequestSource.OPERATOR, False),
        (RequestKind.ERASURE, RequestSource.WEBHOOK, True),
        (RequestKind.SHOP_ERASURE, RequestSource.WEBHOOK, True),
    ],
)
def test_who_asked_the_merchant_has_it_only_once_the_answer_arrived(kind, source, fulfilled):
    """Requirement P-18: a substantive answer within the term, and not a file that nobody sent."""
    request = make_request(kind=kind, source=source, closed_at=NOW)
    after = request.due_at + days(1)
    assert (find_fulfilled_at(request) is not None) == fulfilled
    assert judge_lateness(request, NOW) is (False if fulfilled else None)
    assert is_late(request, after) is not fulfilled
    assert is_late(replace(request, answered_at=NOW + days(1)), after) is False
    assert is_late(replace(request, answered_at=after), after) is True
    assert is_late(replace(request, closed_at=None), after) is True


EVENING = datetime(2026, 11, 30, 19, 0, tzinfo=UTC)  # half past midnight of 1 December in India
LATER = EVENING + days(4)


@pytest.mark.parametrize(
    ("value", "at"),
    [
        (None, LATER),
        (date(2026, 12, 1), EVENING),
        (date(2026, 12, 2), datetime(2026, 12, 1, 18, 30, tzinfo=UTC)),
        (datetime(2026, 12, 1, 9, 0), datetime(2026, 12, 1, 3, 30, tzinfo=UTC)),  # noqa: DTZ001 - as it is typed
        (datetime(2026, 12, 1, 9, 0, tzinfo=UTC), datetime(2026, 12, 1, 9, 0, tzinfo=UTC)),
    ],
)
def test_a_day_is_the_merchants_and_counts_from_its_beginning(value, at):
    assert resolve_delivery_time(value, ready_at=EVENING, zone=INDIA, now=LATER) == at


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (date(2026, 11, 30), "delivered_before_ready"),
        (datetime(2026, 11, 30, 18, 59, tzinfo=UTC), "delivered_before_ready"),
        (date(2026, 12, 6), "delivered_in_the_future"),
        (LATER + timedelta(seconds=1), "delivered_in_the_future"),
    ],
)
def test_what_cannot_be_is_refused(value, reason):
    with pytest.raises(PayloadInvalid, match=reason):
        resolve_delivery_time(value, ready_at=EVENING, zone=INDIA, now=LATER)
