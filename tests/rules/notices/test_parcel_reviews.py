"""What a notice item keeps of its parcel, and what is decided by it after the erasure."""

from __future__ import annotations

from datetime import timedelta

from bridge.model import ConsigneeClues, ParcelListing, Waybill
from bridge.rules.index.consignee.clues import build_tokens, dump_tokens
from bridge.rules.index.listings import FulfillmentListing
from bridge.rules.notices.parcel_reviews import (
    Doubt,
    build_item_clues,
    build_parcel_review_key,
    find_doubt,
    is_outdated,
    load_item_clues,
    select_superseded,
)
from tests.factories import NOW, make_entry

ASHAS = ConsigneeClues(names=("Asha Qwertzuiop",), phones=("9811122233",), pins=("560001",))
OTHERS = ConsigneeClues(references=("#1002",), names=("Bikram Other",), phones=("9822233344",))


def parcel(**given):
    fulfillments = (("80001", NOW.isoformat()),)
    usual = {
        "number": "AWB1",
        "carrier": "delhivery",
        "clues": dump_tokens(build_tokens(ASHAS)),
        "fulfillments": fulfillments,
    }
    return Waybill(**(usual | given))


def item(**given):
    return make_entry(reference="AWB1", order="#1001", order_id="1001", clues=build_item_clues(parcel(**given), str))


def listing(*numbers, minutes=1, number="80001"):
    return FulfillmentListing(id=number, numbers=numbers, updated_at=NOW + timedelta(minutes=minutes))


def test_clues_survive_storing_and_another_processor():
    clues = build_item_clues(parcel(listing=ParcelListing.CANCELLED, is_return=True), str)
    loaded = load_item_clues(clues)
    assert (loaded.consignee, loaded.is_return, loaded.is_cancelled) == (build_tokens(ASHAS), True, True)
    assert loaded.fulfillments == {"80001": NOW.isoformat()}
    assert build_item_clues(Waybill(number="AWB1", carrier="x", clues=clues), str) == clues
    assert build_item_clues(Waybill(number="AWB1", carrier="x"), str) == ""
    assert load_item_clues("").fulfillments == {}
    bare = build_item_clues(Waybill(number="AWB1", carrier="x"), str, phone="9811122233")
    assert load_item_clues(bare).consignee.phones == (("9811122233", "33"),)


def test_a_record_decides_whether_the_parcel_is_in_doubt():
    assert find_doubt(item(), ASHAS, str) is None
    assert find_doubt(item(), OTHERS, str) is Doubt.CONTRADICTED
    assert find_doubt(item(), None, str) is None
    assert find_doubt(item(listing=ParcelListing.CANCELLED), None, str) is Doubt.UNPROVEN
    assert find_doubt(item(is_return=True), ConsigneeClues(names=("Mini Miss",)), str) is None
    assert find_doubt(make_entry(order="#1001", order_id="1001"), OTHERS, str) is Doubt.CONTRADICTED, "by its order"


def test_a_newer_event_supersedes_and_an_older_or_another_one_does_not():
    one = item()
    assert select_superseded([one], [listing("AWB2")], str) == [one]
    assert select_superseded([one], [listing(" awb1", "AWB2")], str) == []
    assert select_superseded([one], [listing("AWB2", minutes=-1)], str) == []
    assert select_superseded([one], [listing("AWB2", number="80002")], str) == []
    assert select_superseded([make_entry()], [listing("AWB2")], str) == [], "its fulfilment is not known"
    both = item(fulfillments=(("80001", NOW.isoformat()), ("80002", NOW.isoformat())))
    assert select_superseded([both], [listing("AWB2")], str) == [], "another fulfilment still lists it"


def test_an_event_before_the_one_that_listed_an_item_is_outdated():
    assert is_outdated(listing("AWB2", minutes=-1), [item()], str)
    assert not is_outdated(listing("AWB2"), [item()], str)
    assert not is_outdated(listing("AWB2", minutes=-1, number="80002"), [item()], str)


def test_one_decision_holds_for_every_spelling_of_a_number():
    assert build_parcel_review_key("1001", "awb-1 ") == build_parcel_review_key("1001", "AWB1")
