"""Whose turn it is: shops alternate, the nearest deadline goes first, the least that was read before the most."""

from collections import Counter
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bridge.rules.requests.turns import URGENT_BEFORE, WaitingRow, choose_next_row

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
LATER = NOW + URGENT_BEFORE + timedelta(days=20)
ROWS = st.builds(
    WaitingRow,
    id=st.uuids().map(str),
    shop=st.sampled_from(["a", "b", "c", "d"]),
    due_at=st.integers(-3, 40).map(lambda days: NOW + timedelta(days=days)),
    records=st.sampled_from([0, 0, 200, 5_000]),
)


def make_row(name, shop, *, due_at=LATER, records=0):
    return WaitingRow(id=name, shop=shop, due_at=due_at, records=records)


def take_all(rows, *, plain=False):
    """The order in which one worker takes rows that each end with their turn."""
    waiting, served_at, order = list(rows), {}, []
    while chosen := choose_next_row(waiting, served_at, NOW, is_plain_turn=plain):
        waiting.remove(chosen)
        served_at[chosen.shop] = NOW + timedelta(seconds=len(order))
        order.append(chosen)
    return order


def test_a_thousand_requests_of_one_shop_are_before_none_of_another():
    many = [make_row(f"a{number:04}", "a", due_at=LATER + timedelta(seconds=number)) for number in range(1_000)]
    order = take_all([*many, make_row("b", "b", due_at=LATER + timedelta(days=1))])
    assert [one.id for one in order[:3]] == ["a0000", "b", "a0001"]


def test_of_one_shop_the_earliest_deadline_goes_first():
    rows = [make_row(str(day), "a", due_at=LATER + timedelta(days=day)) for day in (5, 1, 3)]
    assert [one.id for one in take_all(rows)] == ["1", "3", "5"]


def test_what_is_near_its_deadline_goes_before_everything_else():
    rows = [make_row("new", "a"), make_row("huge", "b", due_at=NOW + timedelta(days=2), records=5_000)]
    assert [one.id for one in take_all(rows)] == ["huge", "new"]
    assert take_all(rows, plain=True)[0].id == "new"


def test_of_those_that_gave_way_the_one_goes_on_of_which_least_was_read():
    rows = [
        make_row("huge", "a", records=5_000),
        make_row("large", "b", records=300),
        make_row("new", "a"),
        make_row("other", "c"),
    ]
    assert [one.id for one in take_all(rows)] == ["new", "other", "large", "huge"]


@given(st.lists(ROWS, max_size=40, unique_by=lambda one: one.id), st.booleans())
def test_every_row_has_its_turn_once(rows, plain):
    assert Counter(take_all(rows, plain=plain)) == Counter(rows)


@given(st.lists(ROWS, min_size=1, max_size=40, unique_by=lambda one: one.id))
def test_in_plain_turns_no_shop_is_served_twice_while_another_waits(rows):
    order = [one.shop for one in take_all(rows, plain=True)]
    for place, shop in enumerate(order):
        before = order[:place]
        assert all(before.count(shop) <= before.count(other) for other in order[place:])
