"""Every combination of what a platform can show of a customer, how long ago it was asked, and what is still open."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.model import ErasureState, Outcome, PollProgress, TaskAction, TaskState, WaitReason
from bridge.rules.erasure.platform_erasure import (
    NOT_CONFIRMED_STATEMENT,
    NOTHING_LEFT,
    RECORDED_BY_OPERATOR,
    compute_poll_end,
    describe_platform_erasure,
    evaluate_erasure_state,
    find_asked_at,
    list_unconfirmed_polls,
)
from tests.factories import NOW, make_request, make_task

FINAL = (Outcome.ERASED, Outcome.ABSENT)
ANSWERS = st.builds(
    ErasureState,
    outcome=st.just(Outcome.UNCONFIRMED),
    reason=st.sampled_from(["readable", "denied", "nothing_to_ask_by", "not_configured", NOTHING_LEFT]),
    open_orders=st.none() | st.integers(min_value=0, max_value=3),
) | st.sampled_from(
    [
        ErasureState(outcome=Outcome.ERASED, reason="redacted"),
        ErasureState(outcome=Outcome.ABSENT, reason="unknown_to_shopify"),
    ]
)
DAYS = st.integers(min_value=0, max_value=400)


@given(answer=ANSWERS, days=DAYS)
def test_what_the_platform_says_is_final_and_nothing_left_counts_where_it_is_plausible(answer, days):
    found = evaluate_erasure_state(answer, asked_at=NOW, now=NOW + timedelta(days=days))
    is_empty = answer.reason == NOTHING_LEFT
    is_plausible = is_empty and (answer.open_orders == 0 or days >= 180)
    assert (found.outcome in FINAL) is (answer.outcome in FINAL or is_plausible)
    assert found.reason == answer.reason
    assert found.outcome is not Outcome.ERASED or answer.reason in ("redacted", NOTHING_LEFT)


@given(answer=ANSWERS, days=DAYS, more=DAYS)
def test_what_counts_as_erased_on_a_day_counts_on_every_later_day(answer, days, more):
    early, late = (
        evaluate_erasure_state(answer, asked_at=NOW, now=NOW + timedelta(days=day)) for day in (days, days + more)
    )
    assert early.outcome not in FINAL or early == late


@given(
    days=st.integers(min_value=1, max_value=3_660), wait_until=st.none() | st.datetimes(timezones=st.just(NOW.tzinfo))
)
def test_polling_always_ends(days, wait_until):
    task = make_task("req_1", "shopify", TaskAction.POLL_PLATFORM_ERASURE, progress=PollProgress(wait_until=wait_until))
    assert compute_poll_end(task, asked_at=NOW, days=days) == (wait_until or NOW + timedelta(days=days))


def test_the_time_counts_from_the_day_that_the_platform_was_asked():
    request = make_request()
    ask = make_task(request.id, "shopify", TaskAction.REQUEST_PLATFORM_ERASURE, state=TaskState.DONE)
    asked = replace(ask, finished_at=NOW + timedelta(days=30))
    blocked = replace(asked, state=TaskState.FAILED)
    assert (
        find_asked_at(request, [])
        == find_asked_at(request, [ask])
        == find_asked_at(request, [blocked])
        == request.received_at
    )
    assert find_asked_at(request, [blocked, asked]) == NOW + timedelta(days=30)


@pytest.mark.parametrize("state", TaskState)
@pytest.mark.parametrize("wait_reason", [None, *WaitReason])
def test_only_a_task_that_ended_unconfirmed_waits_for_a_decision(state, wait_reason):
    task = make_task("req_1", "shopify", TaskAction.POLL_PLATFORM_ERASURE, state=state, wait_reason=wait_reason)
    waits = state is TaskState.FAILED and wait_reason is WaitReason.PLATFORM_UNCONFIRMED
    assert list_unconfirmed_polls([task]) == ([task] if waits else [])


@pytest.mark.parametrize(
    ("outcome", "reason", "words"),
    [
        (Outcome.ERASED, "redacted", "has confirmed that it erased"),
        (Outcome.ERASED, NOTHING_LEFT, "holds no name, e-mail address, phone number or postal address"),
        (Outcome.ERASED, RECORDED_BY_OPERATOR, "has not confirmed the erasure. A person examined"),
        (Outcome.ABSENT, "unknown_to_shopify", "does not know the customer any more"),
        (Outcome.RETAINED, "cancelled", "was cancelled"),
        (Outcome.UNCONFIRMED, RECORDED_BY_OPERATOR, NOT_CONFIRMED_STATEMENT),
        (None, None, NOT_CONFIRMED_STATEMENT),
    ],
)
def test_the_sentence_says_confirmed_only_where_the_platform_said_so(outcome, reason, words):
    task = make_task(
        "req_1",
        "shopify",
        TaskAction.POLL_PLATFORM_ERASURE,
        state=TaskState.DONE,
        outcome=outcome,
        progress=PollProgress(reason=reason),
    )
    assert words in describe_platform_erasure(task)
    assert describe_platform_erasure(replace(task, state=TaskState.WAITING)) == NOT_CONFIRMED_STATEMENT
    assert ("has confirmed" in describe_platform_erasure(task)) is (reason == "redacted")
