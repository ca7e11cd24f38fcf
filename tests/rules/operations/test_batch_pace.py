"""A series of transactions gets smaller batches on a slow machine, and larger ones on a fast one, within bounds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.rules.operations.batch_pace import LONG_HOLD_S, SHORT_HOLD_S, BatchPace


def list_sizes(most, *holds):
    pace = BatchPace(most)
    sizes = [pace.size]
    for held_s in holds:
        pace.record_hold(held_s)
        sizes.append(pace.size)
    return sizes


def test_the_first_batch_is_the_least_and_a_fast_machine_gets_the_most():
    assert list_sizes(200, *[0.001] * 6) == [12, 24, 48, 96, 192, 200, 200]


def test_a_batch_that_took_long_is_halved_and_one_of_the_right_length_stays():
    assert list_sizes(64, 0.01, 0.01, 0.06, 0.09, 0.06, 0.5, 0.5) == [4, 8, 16, 16, 8, 8, 4, 4]


def test_a_series_whose_transactions_cost_much_by_themselves_says_its_least():
    pace = BatchPace(60, 12)
    pace.record_hold(9.0)
    assert pace.size == 12
    assert BatchPace(10, 12).size == 10


@pytest.mark.parametrize("most", [1, 2, 15])
def test_there_is_always_one_row(most):
    assert list_sizes(most, 9.0)[-1] == 1


@given(st.integers(1, 1000), st.lists(st.floats(0, 2)))
def test_the_size_stays_within_its_bounds(most, holds):
    assert all(1 <= size <= most for size in list_sizes(most, *holds))


@given(st.floats(0.00002, 0.004))
def test_on_a_steady_machine_no_batch_is_long_for_ever(per_row_s):
    pace = BatchPace(200)
    holds = []
    for _ in range(20):
        holds.append(pace.size * per_row_s)
        pace.record_hold(holds[-1])
    assert holds[-1] <= LONG_HOLD_S
    assert max(holds) <= 2 * SHORT_HOLD_S
