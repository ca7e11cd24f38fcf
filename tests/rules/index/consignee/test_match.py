"""Whose a carrier's record is: the table of what each field says, in the clear and as digests."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.model import ConsigneeClues, ParcelListing
from bridge.rules.index.consignee.clues import (
    build_digester,
    build_tokens,
    dump_tokens,
    load_tokens,
    merge_tokens,
    read_order_clues,
    read_record_clues,
)
from bridge.rules.index.consignee.match import Evidence, compare_consignee, is_believed, is_contradicted, merge_evidence

FOR, AGAINST, NOTHING = Evidence.FOR, Evidence.AGAINST, Evidence.NOTHING
KNOWN = ConsigneeClues(names=("Asha Rani Sharma",), phones=("+91 98765 43221",), pins=("560001",))
DIGESTER = build_digester(lambda name, content: hashlib.sha256(name.encode() + content).hexdigest(), "shop")
ENCODERS = [str, DIGESTER]


def compare(field, value, encode=str, known=KNOWN, orders=("#1001", "5678901234567"), **more):
    tokens = load_tokens(dump_tokens(build_tokens(known, encode)))
    record = ConsigneeClues(**{{"order_reference": "references"}.get(field, f"{field}s"): (value,)})
    return compare_consignee(record, tokens, orders, encode=encode, **more)[field]


@pytest.mark.parametrize("encode", ENCODERS, ids=["clear", "digest"])
@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("name", "Asha Rani Sharma", FOR),
        ("name", "SHARMA ASHA RANI", FOR),
        ("name", "Mrs. Asha Sharma", FOR),
        ("name", "Áshà Sharma", FOR),
        ("name", "Asha Rani Sharm", FOR),  # cut at thirty characters
        ("name", "A. Sharma", NOTHING),
        ("name", "A. R. S.", NOTHING),
        ("name", "Asha", NOTHING),
        ("name", "Ravi Sharma", NOTHING),  # a family, or one of many Sharmas
        ("name", "Ravi Rani Sharma", NOTHING),
        ("name", "Bikram Other", AGAINST),
        ("name", "B. Other", AGAINST),
        ("name", "आशा शर्मा", NOTHING),  # another script
        ("name", "A*** S*****", NOTHING),
        ("name", "xxxxx", NOTHING),
        ("name", "Customer", NOTHING),
        ("name", "", NOTHING),
        ("name", "-", NOTHING),
        ("phone", "9876543221", FOR),
        ("phone", "098765-43221", FOR),
        ("phone", "+919876543221", FOR),
        ("phone", "9876543222", AGAINST),
        ("phone", "98******21", NOTHING),
        ("phone", "98******99", AGAINST),
        ("phone", "XXXXXXXXXX", NOTHING),
        ("phone", "9999999999", NOTHING),
        ("phone", "", NOTHING),
        ("pin", "560001", FOR),
        ("pin", "560 001", FOR),
        ("pin", "560002", AGAINST),
        ("pin", "560***", NOTHING),
        ("pin", "000000", NOTHING),
        ("pin", "", NOTHING),
        ("order_reference", "1001", FOR),
        ("order_reference", "#1001", FOR),
        ("order_reference", "MM-1001", FOR),
        ("order_reference", "MINIMISS/1001/2", FOR),
        ("order_reference", "1001-R1", FOR),
        ("order_reference", "5678901234567", FOR),
        ("order_reference", "#1002", AGAINST),
        ("order_reference", "11001", AGAINST),
        ("order_reference", "SR-777", AGAINST),
        ("order_reference", "", NOTHING),
        ("order_reference", "****", NOTHING),
    ],
)
def test_what_one_field_says(field, value, says, encode):
    assert compare(field, value, encode) is says


@pytest.mark.parametrize(
    ("text", "says"), [("MM-2026-1001", FOR), ("2026/1001", FOR), ("MM-2026-1002", NOTHING), ("1002", AGAINST)]
)
def test_a_part_of_an_orders_name_says_nothing(text, says):
    assert compare("order_reference", text, orders=("MM-2026-1001",)) is says


def test_a_reference_that_is_the_waybill_says_nothing():
    assert compare("order_reference", "074 - 99900012343", waybill="999-0001 2343") is NOTHING


@pytest.mark.parametrize(("text", "says"), [("RMA-77", NOTHING), ("#1002", AGAINST), ("#1001-R1", FOR)])
def test_of_a_parcel_that_goes_back_only_the_reference_counts(text, says):
    assert compare("order_reference", text, is_return=True) is says


def test_nothing_is_said_where_nothing_is_known():
    for field, value in (
        ("name", "Asha Sharma"),
        ("phone", "9876543221"),
        ("pin", "560001"),
        ("order_reference", "1001"),
    ):
        assert compare(field, value, known=ConsigneeClues(), orders=("",)) is NOTHING


@pytest.mark.parametrize(
    ("says", "contradicted", "listed", "cancelled"),
    [
        ([NOTHING, NOTHING], False, True, False),
        ([FOR, AGAINST], False, True, True),
        ([AGAINST, NOTHING], True, False, False),
        ([AGAINST, AGAINST], True, False, False),
        ([FOR, NOTHING], False, True, True),
    ],
)
def test_one_that_agrees_is_enough_and_all_that_disagree_are_too(says, contradicted, listed, cancelled):
    evidence = dict(zip(("name", "pin"), says, strict=True))
    assert is_contradicted(evidence) is contradicted
    assert is_believed(evidence, ParcelListing.LISTED) is listed
    assert is_believed(evidence, ParcelListing.CANCELLED) is cancelled


def test_several_comparisons_of_a_record_count_together():
    assert merge_evidence({"name": AGAINST, "pin": NOTHING}, {"name": FOR}) == {"name": FOR, "pin": NOTHING}


def test_an_order_gives_the_customer_and_both_addresses():
    order = {
        "name": "#1001",
        "id": 5678901234567,
        "phone": "9000000001",
        "customer": {"first_name": "Asha", "last_name": "Sharma", "default_address": {"zip": "560001"}},
        "shipping_address": {"name": "Gita Gift", "phone": "9000000002", "zip": "700091"},
        "billingAddress": {"firstName": "Asha", "lastName": "Sharma", "zip": 560002},
    }
    clues = read_order_clues(order)
    assert set(clues.names) == {"Asha Sharma", "Gita Gift"}
    assert set(clues.phones) == {"9000000001", "9000000002"}
    assert set(clues.pins) == {"560001", "560002", "700091"}
    assert set(clues.references) == {"#1001", "5678901234567"}
    assert "Asha" not in repr(clues)


def test_a_record_gives_every_person_in_it_and_a_packing_slip_of_its_own():
    record = {
        "order_reference": "1001",
        "consignee": {"name": "Asha", "phones": ["1", "2"], "pin": 560001},
        "customers": [{"name": "Gita", "phones": ["3"]}],
        "billing": None,
    }
    clues = read_record_clues(record, None, {"name": "Slip", "phones": ["4"], "pin": "7"})
    assert (clues.names, clues.phones, clues.pins) == (("Asha", "Gita", "Slip"), ("1", "2", "3", "4"), ("560001", "7"))


TEXTS = st.text(max_size=20) | st.sampled_from(["Asha Sharma", "98******21", "560001", "#1001"])
CLUES = st.builds(
    ConsigneeClues,
    *[],
    references=st.tuples(TEXTS),
    names=st.tuples(TEXTS),
    phones=st.tuples(TEXTS),
    pins=st.tuples(TEXTS),
)


@given(record=CLUES, known=CLUES, encode=st.sampled_from(ENCODERS))
def test_any_texts_are_compared_and_digests_say_what_the_clear_says(record, known, encode):
    clear = compare_consignee(record, build_tokens(known), known.references)
    tokens = load_tokens(dump_tokens(merge_tokens(build_tokens(known, encode))))
    assert compare_consignee(record, tokens, known.references, encode=encode) == clear


@given(clues=CLUES)
def test_a_record_of_the_same_person_is_never_contradicted(clues):
    assert not is_contradicted(compare_consignee(clues, build_tokens(clues), clues.references))
