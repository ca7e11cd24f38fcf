"""What stops the asking: money she has with the shop. What is told and stops nothing, and what nobody can read."""

from dataclasses import replace

import pytest

from bridge.model import Action, Owed, TaskState
from bridge.rules.erasure.precheck import guards, stopped, stopping, why
from tests.factories import make_task
from tests.rules.erasure.test_residue import SHIPPED

MONEY = ("store_credit_balance", "gift_card_balance")


def owed(**counts):
    return [Owed(code=code, count=count) for code, count in counts.items()]


def found(*, released=(), **counts):
    told = guards(owed(**counts), retention=SHIPPED, released=released)
    return {guard.code: (guard.count, guard.stops, guard.reason) for guard in told}


@pytest.mark.parametrize("code", MONEY)
def test_money_stops_until_somebody_lets_it_pass(code):
    assert found(**{code: 2})[code] == (2, True, "she_would_lose_it")
    assert found(**{code: 2}, released=[code])[code] == (2, False, "operator_let_it_pass")
    assert found(**{code: 0})[code] == (0, False, "none_there")


def test_what_was_let_pass_lets_nothing_else_pass():
    told = guards(owed(store_credit_balance=1, gift_card_balance=1), retention=SHIPPED, released=MONEY[:1])
    assert stopping(told) == ["gift_card_balance"]


def test_an_open_order_is_told_and_stops_nothing():
    assert found(open_order=3)["open_order"] == (3, False, "platform_waits_for_it")


def test_denied_is_told_apart_from_nothing_and_from_what_nobody_here_can_read():
    told = found(store_credit_balance=0, gift_card_balance=None, open_order=0)
    assert told["store_credit_balance"] == (0, False, "none_there")
    assert told["gift_card_balance_unreadable"] == (None, False, "not_granted")
    assert told["loyalty_points_unreadable"] == (None, False, "nobody_here_can_read_it")


def test_only_what_the_file_names_is_looked_at():
    categories = {name: replace(one, precheck=()) for name, one in SHIPPED.categories.items()}
    silent = replace(SHIPPED, categories=categories)
    assert guards(owed(store_credit_balance=1), retention=silent) == []


def test_what_stopped_a_task_is_read_back_from_its_error():
    task = make_task("req_1", "shopify", Action.ASK, state=TaskState.FAILED, last_error=why(MONEY))
    assert stopped(task) == list(MONEY)
    assert stopped(replace(task, state=TaskState.PENDING)) == []
    assert stopped(replace(task, action=Action.REDACT)) == []
    assert stopped(replace(task, last_error="shopify: HTTP 503")) == []
