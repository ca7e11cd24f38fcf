"""Which numbers a fulfilment lists: the same answer in whatever order its events come."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.model import ParcelListing
from bridge.rules.index.listings import (
    FulfillmentListing,
    build_listings,
    choose_listing,
    decide_listing,
    find_fulfillments,
    merge_listings,
)
from tests.factories import NOW

NUMBERS = st.sampled_from(["A", "B", "C"])


def event(*numbers, at=0, fulfillment="1", is_cancelled=False):
    moment = None if at is None else NOW + timedelta(minutes=at)
    return FulfillmentListing(id=fulfillment, numbers=numbers, updated_at=moment, is_cancelled=is_cancelled)


EVENTS = (
    st.builds(
        event, at=st.integers(0, 5) | st.none(), fulfillment=st.sampled_from(["1", "2"]), is_cancelled=st.booleans()
    )
    | st.builds(event, NUMBERS, at=st.integers(0, 5))
    | st.builds(event, NUMBERS, NUMBERS, at=st.integers(0, 5))
)


@given(events=st.lists(EVENTS, max_size=6), data=st.data())
def test_order_repetition_and_batches_change_nothing(events, data):
    shuffled = data.draw(st.permutations(events + events[:2]))
    cut = data.draw(st.integers(0, len(shuffled)))
    merged = merge_listings(build_listings(shuffled[:cut]), build_listings(shuffled[cut:]))
    assert merged == build_listings(events)


@pytest.mark.parametrize(
    ("events", "listing"),
    [
        ([], ParcelListing.LISTED),
        ([event("A")], ParcelListing.LISTED),
        ([event("a ")], ParcelListing.LISTED),
        ([event("A"), event("B", at=1)], ParcelListing.SUPERSEDED),
        ([event("A", "B"), event("B", at=1)], ParcelListing.SUPERSEDED),
        ([event("A"), event(at=1)], ParcelListing.SUPERSEDED),
        ([event("A"), event("B", at=1), event("A", at=2)], ParcelListing.LISTED),
        ([event("A"), event("B", at=1), event("A", fulfillment="2")], ParcelListing.LISTED),
        ([event("A"), event("A", at=1, is_cancelled=True)], ParcelListing.CANCELLED),
        ([event("A", is_cancelled=True), event("B", fulfillment="2", at=1)], ParcelListing.CANCELLED),
        ([event("A", is_cancelled=True), event("A", fulfillment="2")], ParcelListing.LISTED),
        ([event("A"), event("B")], ParcelListing.LISTED),  # at the same moment: neither is newer
    ],
)
def test_what_the_newest_event_of_each_fulfilment_says(events, listing):
    assert decide_listing(build_listings(events), "A") is listing


def test_the_fulfilments_of_a_number_and_the_better_of_two_listings():
    listings = build_listings([event("A"), event("B", at=1), event("A", fulfillment="2", at=None)])
    assert find_fulfillments(listings, "A") == (("1", NOW.isoformat()), ("2", ""))
    assert choose_listing(ParcelListing.SUPERSEDED, ParcelListing.CANCELLED) is ParcelListing.CANCELLED
