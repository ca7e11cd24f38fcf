"""A worker waits but shortly for a shop's points, unless it would lose calls that it has paid for."""

import pytest

from bridge.connectors.shopify.api.answers import QueryThrottled
from bridge.connectors.shopify.api.call_payment import SHORT_WAIT_S, THROTTLE_BUDGET_S, CallPayment
from bridge.connectors.shopify.api.pricing import ShopBudget
from bridge.errors import ConnectorThrottled, SystemBusy
from tests.fakes import FakeCallLimits

SHOP = "a.myshopify.com"
COST = {
    "requestedQueryCost": 40,
    "actualQueryCost": 30,
    "throttleStatus": {"maximumAvailable": 2000, "currentlyAvailable": 1970, "restoreRate": 100},
}


@pytest.fixture
def limits():
    return FakeCallLimits()


@pytest.fixture
def budget():
    return ShopBudget(now_s=lambda: 0.0)


@pytest.fixture
def payment(limits, budget, waits):
    return CallPayment(shop=SHOP, budget=budget, limits=limits, sleep=waits.append)


def test_points_that_are_there_soon_are_waited_for(payment, limits, waits):
    limits.waits = [0.5, 1.0, 0.0]
    payment.take_points(40, is_paid=False)
    assert waits == [0.5, 1.0]
    assert limits.taken == [(SHOP, 40, False)] * 3


def test_points_that_are_there_later_are_left_to_the_database(payment, limits, waits):
    limits.waits = [SHORT_WAIT_S + 1]
    with pytest.raises(SystemBusy) as caught:
        payment.take_points(40, is_paid=False)
    assert caught.value.retry_after_s == SHORT_WAIT_S + 1
    assert waits == []


def test_a_step_that_has_paid_for_calls_waits_for_longer(payment, budget, limits, waits):
    budget.has_begun = True
    limits.waits = [THROTTLE_BUDGET_S - 1, 0.0]
    payment.take_points(40, is_paid=False)
    assert waits == [THROTTLE_BUDGET_S - 1]
    assert {begun for _, _, begun in limits.taken} == {True}


@pytest.mark.parametrize("wait_s", [0.0001, 0.0])
def test_waiting_comes_to_an_end_whatever_is_answered(payment, limits, waits, wait_s):
    limits.waits = [wait_s] * 10_000
    if wait_s:
        with pytest.raises(SystemBusy):
            payment.take_points(40, is_paid=False)
    else:
        payment.take_points(40, is_paid=False)
    assert sum(waits) <= SHORT_WAIT_S


def test_where_nobody_knows_the_points_the_process_counts_by_itself(payment, budget, limits, waits):
    budget.note_cost("d", 40, {**COST, "throttleStatus": {**COST["throttleStatus"], "currentlyAvailable": 0}})
    limits.waits = [None]
    payment.take_points(40, is_paid=False)
    assert waits == [pytest.approx(0.404)]


def test_what_shopify_reports_is_told_to_all_workers(payment, limits):
    payment.report_cost(40, COST)
    [(shop, taken, report)] = limits.reports
    assert (shop, taken) == (SHOP, 40)
    assert (report.charged, report.available, report.maximum, report.restore_rate) == (30, 1970, 2000, 100)
    payment.report_cost(40, {})
    assert len(limits.reports) == 1


@pytest.mark.parametrize(
    ("fault", "is_busy"), [(QueryThrottled(9.0, COST), True), (ConnectorThrottled("429", retry_after_s=9), False)]
)
def test_a_refusal_for_want_of_points_is_no_failure_and_one_for_other_reasons_is(payment, fault, is_busy):
    with pytest.raises(ConnectorThrottled) as caught:
        payment.wait_after_refusal(fault)
    assert isinstance(caught.value, SystemBusy) is is_busy
