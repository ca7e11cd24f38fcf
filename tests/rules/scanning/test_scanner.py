"""The scanner: what is reported, what is not, and what a copy hides."""

from __future__ import annotations

import re
import sys
import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.rules.scanning.scanner import SCAN_KINDS, mask_text, scan_text

AADHAAR = "234567890124"  # passes Verhoeff; invented


def found(text, kinds=SCAN_KINDS):
    return [(hit.kind, text[hit.start : hit.end]) for hit in scan_text(text, kinds)]


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
        ("HDFC0001234@okicici", [("upi_vpa", "HDFC0001234@okicici")]),
        ("IFSC: HDFC 000 1234", [("ifsc", "HDFC 000 1234")]),
        ("HDFC-0001234, 50100123456789", [("ifsc", "HDFC-0001234"), ("card_pan", "50100123456789")]),
        ("HDFC 000 1234 123456789012", [("ifsc", "HDFC 000 1234"), ("bank_account", "123456789012")]),
        ("ifsc code is zzcb 000 1234", [("ifsc", "zzcb 000 1234")]),
        ("bank: ZZCB0001234", [("ifsc", "ZZCB0001234")]),
        ("asha @ ybl", [("upi_vpa", "asha @ ybl")]),
        ("gpay asha @ sbi", [("upi_vpa", "asha @ sbi")]),
        ("asha@ybl.Please call", [("upi_vpa", "asha@ybl")]),
        ("asha@SBI", [("upi_vpa", "asha@SBI")]),
        ("asha@newbank by UPI", [("upi_vpa", "asha@newbank")]),
        ("phone pe: asha@newbank", [("upi_vpa", "asha@newbank")]),
        ("4111.1111.1111.1111", [("card_pan", "4111.1111.1111.1111")]),
        ("ABCPD 1234 E", [("pan", "ABCPD 1234 E")]),
        ("my pan is abctd-1234-e", [("pan", "abctd-1234-e")]),
        (f"my id {AADHAAR}", [("aadhaar", AADHAAR)]),
        (f"id proof no: {AADHAAR}", [("aadhaar", AADHAAR)]),
        ("a/c 50100123456789", [("bank_account", "50100123456789")]),
        (f"account no. {AADHAAR}", [("bank_account", AADHAAR)]),
        ("a/c 50100123456789 9811122233", [("bank_account", "50100123456789")]),
        ("HDFC0001234 123456789012", [("ifsc", "HDFC0001234"), ("bank_account", "123456789012")]),
    ],
)
def test_a_number_with_context_is_reported(text, hits):
    assert found(text) == hits


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Engrave: For Asha",
        "asha@qwertzuiop.example",
        "asha@gmail",
        "gift for mom@home",
        "asha@instagram",
        "by UPI, my page is asha@instagram",
        "asha@icici.bank.in",
        "asha@sbi.co.in",
        "meet me @ sbi",
        "asha @ newbank",
        "GIFT0000001",
        "ring 0001234",
        "HDFC 022 2345 6789",
        "shape 1234 b",
        f"order id {AADHAAR}",
        f"_product_id: {AADHAAR}",
        f"awb no: {AADHAAR}",
        f"customer id {AADHAAR}",
        '"id":"50100123456789"',
        "gid://shopify/ProductVariant/50100123456789",
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
def test_a_number_without_context_is_not_reported(text):
    assert found(text) == []


def test_only_the_kinds_that_are_asked_for():
    text = "HDFC0001234 asha@okbank ABCPE1234F"
    assert found(text, ["pan"]) == [("pan", "ABCPE1234F")]
    assert found(text, []) == []
    assert mask_text(text, ["upi_vpa"]) == "HDFC0001234 **** ABCPE1234F"


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("a/c 123456789012, IFSC HDFC0001234", "a/c ****9012, IFSC ****"),
        ("4111 1111 1111 1111 and 2345 6789 0124", "****1111 and ****"),
        ("PAN ABCPE1234F or asha@okbank", "PAN **** or ****"),
        ("call 9811122233 about my bank account", "call ****2233 about my bank account"),
        ("call 9811122233 tomorrow", "call 9811122233 tomorrow"),
        ("gift for mom@home, GIFT0000001", "gift for ****, ****"),
        ("a/c 5010 0123 4567 89", "a/c ****6789"),
        ("nothing", "nothing"),
    ],
)
def test_a_copy_hides_more_and_keeps_four_digits_at_most(text, hidden):
    """Requirement P-41."""
    assert mask_text(text) == hidden


def test_the_label_of_a_text_says_what_its_number_is():
    assert mask_text("123456789012", label="Bank account") == "****9012"
    assert mask_text("123456789012", label="Ring code") == "123456789012"
    assert mask_text("none", label="IFSC HDFC0001234") == "none", "the label itself is not the text's"


def test_a_hit_shows_no_value():
    assert repr(scan_text("a/c 123456789012")) == "[ScanHit(kind='bank_account', start=4, end=16)]"


@given(st.text("0123456789 -/@acbnkHDFCASBI.\n", max_size=80))
def test_any_text_is_scanned_and_hits_are_in_order_without_overlap(text):
    hits = scan_text(text)
    assert all(0 <= hit.start < hit.end <= len(text) for hit in hits)
    assert all(one.end <= other.start for one, other in pairwise(hits))
    assert {hit.kind for hit in hits} <= set(SCAN_KINDS)


@given(st.text(max_size=60), st.integers(10**11, 10**18 - 1))
def test_a_masked_copy_never_shows_an_account(before, number):
    text = f"{before} bank account {number}"
    assert not re.search(r"\d{9}", mask_text(text).rpartition("bank account")[2])


HOSTILE = [
    "HDFC0123456 123456789012 x ",
    "bank HDFC 012 3456 x ",
    "aa@ybl ",
    "aa@okx upi ",
    "a.",
    "@a",
    "1 ",
    "bank 1 ",
    "1234 ",
    "1234.",
    "4111111111111111 ",
    "a/c 123456789 x ",
    "ABCPD 1234 E ",
    "2345 6789 0124 no no ",
]


@pytest.mark.parametrize("read", [scan_text, mask_text])
@pytest.mark.parametrize("piece", HOSTILE)
def test_twice_the_text_is_twice_the_work(piece, read):
    def calls(length):
        made = 0

        def count(_frame, event, _what):
            nonlocal made
            made += event in ("call", "c_call")

        text = piece * (length // len(piece))
        sys.setprofile(count)
        try:
            read(text)
        finally:
            sys.setprofile(None)
        return made

    assert calls(20_000) <= 2.2 * calls(10_000) + 100


@pytest.mark.parametrize("read", [scan_text, mask_text])
@pytest.mark.parametrize("piece", HOSTILE[:4])
def test_a_megabyte_of_hits_are_scanned_quickly(piece, read):
    """A bound on time, and a wide one: what copies the text for each hit would take minutes."""
    began = time.monotonic()
    read(piece * (1_000_000 // len(piece)))
    assert time.monotonic() - began < 15


def test_a_megabyte_of_one_digit_groups_is_scanned_quickly():
    assert scan_text("1 " * 250_000 + "a" * 500_000 + "@") == []
