"""Prechecks: money that the customer has with the shop blocks; an open order, and what nobody can read, does not."""

from dataclasses import replace

import pytest

from bridge.model import Balance, TaskAction, TaskState, WaitReason
from bridge.rules.erasure.precheck import (
    evaluate_prechecks,
    format_precheck_error,
    list_blocked_tasks,
    list_blocking_codes,
)
from bridge.rules.requests.wait_texts import derive_wait_reason
from tests.factories import make_task
from tests.rules.erasure.test_residue import SHIPPED

MONEY = ("store_credit_balance", "gift_card_balance")


def balances(**counts):
    return [Balance(code=code, count=count) for code, count in counts.items()]


def found(*, released=(), **counts):
    result = evaluate_prechecks(balances(**counts), retention=SHIPPED, released_codes=released)
    return {one_precheck.code: (one_precheck.count, one_precheck.stops, one_precheck.reason) for one_precheck in result}


@pytest.mark.parametrize("code", MONEY)
def test_money_stops_until_somebody_lets_it_pass(code):
    assert found(**{code: 2})[code] == (2, True, "she_would_lose_it")
    assert found(**{code: 2}, released=[code])[code] == (2, False, "operator_let_it_pass")
    assert found(**{code: 0})[code] == (0, False, "none_there")


def test_what_was_let_pass_lets_nothing_else_pass():
    result = evaluate_prechecks(
        balances(store_credit_balance=1, gift_card_balance=1), retention=SHIPPED, released_codes=MONEY[:1]
    )
    assert list_blocking_codes(result) == ["gift_card_balance"]


def test_an_open_order_is_told_and_stops_nothing():
    assert found(open_order=3)["open_order"] == (3, False, "platform_waits_for_it")


def test_denied_is_told_apart_from_nothing_and_from_what_nobody_here_can_read():
    result = found(store_credit_balance=0, gift_card_balance=None, open_order=0)
    assert result["store_credit_balance"] == (0, False, "none_there")
    assert result["gift_card_balance_unreadable"] == (None, False, "not_granted")
    assert result["loyalty_points_unreadable"] == (None, False, "nobody_here_can_read_it")


def test_only_what_the_file_names_is_looked_at():
    categories = {name: replace(one, precheck=()) for name, one in SHIPPED.categories.items()}
    silent = replace(SHIPPED, categories=categories)
    assert evaluate_prechecks(balances(store_credit_balance=1), retention=silent) == []


def test_the_task_that_prechecks_blocked_is_found():
    task = make_task(
        "req_1",
        "shopify",
        TaskAction.REQUEST_PLATFORM_ERASURE,
        state=TaskState.FAILED,
        wait_reason=WaitReason.PRECHECK_BLOCKED,
        last_error=format_precheck_error(MONEY),
    )
    assert list_blocked_tasks([make_task("req_1"), task]) == [task]
    assert derive_wait_reason(task.state, task.last_error) is WaitReason.PRECHECK_BLOCKED
    others = (
        replace(task, state=TaskState.PENDING),
        replace(task, action=TaskAction.REMOVE_PLATFORM_RESIDUE),
        replace(task, wait_reason=derive_wait_reason(task.state, "shopify: HTTP 503")),
    )
    assert [list_blocked_tasks([other]) for other in others] == [[], [], []]
