"""The scanner: what a person must look at, what stays silent, and what a copy hides."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.rules.scanner import KINDS, mask, scan

AADHAAR = "234567890124"  # passes Verhoeff; invented


def found(text, kinds=KINDS):
    return [(hit.kind, text[hit.start : hit.end]) for hit in scan(text, kinds)]


@pytest.mark.parametrize(
    ("text", "hits"),
    [
        ("IFSC HDFC0001234", [("ifsc", "HDFC0001234")]),
        ("ifsc hdfc0cagsbk.", [("ifsc", "hdfc0cagsbk")]),
        ("my upi is asha@okbank.", [("upi_vpa", "asha@okbank")]),
        ("9811122233@ybl", [("upi_vpa", "9811122233@ybl")]),
        ("a/c 123456789", [("bank_account", "123456789")]),
        ("A/C123456789012", [("bank_account", "123456789012")]),
        ("Acc. No.: 5010-0012-3456-78", [("bank_account", "5010-0012-3456-78")]),
        ("Bank account: SBI, 12345678901", [("bank_account", "12345678901")]),
        ("Account no 9811122233", [("bank_account", "9811122233")]),
        ("खाता संख्या 12345678901", [("bank_account", "12345678901")]),
        ("12345678901\nHDFC0001234", [("bank_account", "12345678901"), ("ifsc", "HDFC0001234")]),
        (
            "a/c 12345678901234 9811122233 123456789012345",
            [("bank_account", "12345678901234"), ("bank_account", "123456789012345")],
        ),
        ("PAN ABCPE1234F", [("pan", "ABCPE1234F")]),
        ("abcte1234f", [("pan", "abcte1234f")]),
        ("2345 6789 0124", [("aadhaar", "2345 6789 0124")]),
        (f"uid:{AADHAAR}", [("aadhaar", AADHAAR)]),
        ("4111 1111 1111 1111", [("card_pan", "4111 1111 1111 1111")]),
        ("3782-822463-10005", [("card_pan", "3782-822463-10005")]),
        ("card 6521111111111110 exp 12/28", [("card_pan", "6521111111111110")]),
        ("HDFC0001234@okbank", [("upi_vpa", "HDFC0001234@okbank")]),
        ("HDFC0001234 123456789012", [("ifsc", "HDFC0001234"), ("bank_account", "123456789012")]),
    ],
)
def test_what_a_person_must_look_at(text, hits):
    assert found(text) == hits


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Engrave: For Asha",
        "asha@qwertzuiop.example",
        "asha@gmail",
        "ASHA@EXAMPLE.IN, please",
        "asha@my-shop.in",
        "ring @home, 2 @500",
        "call 9811122233 about my bank account",
        "+919811122233 is on my bank's list",
        "919811122233",
        "order 5678901234567, paid from my bank",
        "AWB 12345678901, bank holiday",
        "123456789012 is the number",  # nothing speaks of a bank
        "UTR 412345678901 from the bank",
        "_variant_id: 44567890123456",
        "variant id 4111111111111111",
        "2026-11-22 10-30-15 2026-11-23",
        "22ABCPE1234F1Z5",  # a GSTIN: a business's own number, which belongs on an invoice
        "ABCXE1234F",  # no kind of holder
        "HDFC1001234",
        "4111 1111 1111 1112",
        "2345 6789 0125",
        "1345 6789 0124",
        "size 12, 13, 14",
    ],
)
def test_what_stays_silent(text):
    assert found(text) == []


def test_only_the_kinds_that_are_asked_for():
    text = "HDFC0001234 asha@okbank ABCPE1234F"
    assert found(text, ["pan"]) == [("pan", "ABCPE1234F")]
    assert found(text, []) == []
    assert mask(text, ["upi_vpa"]) == "HDFC0001234 **** ABCPE1234F"


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("a/c 123456789012, IFSC HDFC0001234", "a/c ****9012, IFSC ****"),
        ("4111 1111 1111 1111 and 2345 6789 0124", "****1111 and ****"),
        ("PAN ABCPE1234F or asha@okbank", "PAN **** or ****"),
        ("call 9811122233 about my bank account", "call ****2233 about my bank account"),
        ("call 9811122233 tomorrow", "call 9811122233 tomorrow"),
        ("nothing", "nothing"),
    ],
)
def test_a_copy_hides_more_and_keeps_four_digits_at_most(text, hidden):
    assert mask(text) == hidden


def test_what_a_text_answers_says_what_its_number_is():
    assert mask("123456789012", label="Bank account") == "****9012"
    assert mask("123456789012", label="Ring code") == "123456789012"
    assert mask("none", label="IFSC HDFC0001234") == "none", "the label itself is not the text's"


def test_a_hit_shows_no_value():
    assert repr(scan("a/c 123456789012")) == "[Hit(kind='bank_account', start=4, end=16)]"


@given(st.text("0123456789 -/@acbnkHDFCASBI.\n", max_size=80))
def test_no_text_breaks_it_and_hits_stand_in_order_beside_each_other(text):
    hits = scan(text)
    assert all(0 <= hit.start < hit.end <= len(text) for hit in hits)
    assert all(one.end <= other.start for one, other in pairwise(hits))
    assert {hit.kind for hit in hits} <= set(KINDS)


@given(st.text(max_size=60), st.integers(10**11, 10**18 - 1))
def test_a_masked_copy_never_shows_an_account(before, number):
    text = f"{before} bank account {number}"
    assert not re.search(r"\d{9}", mask(text).rpartition("bank account")[2])


def test_a_megabyte_of_one_digit_groups_is_read_in_no_time():
    assert scan("1 " * 250_000 + "a" * 500_000 + "@") == []
