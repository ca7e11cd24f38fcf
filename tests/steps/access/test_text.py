"""Text of a package: safe CSV cells and masked numbers."""

from __future__ import annotations

import pytest

from bridge.steps.access.package.records.mask import mask_to_last_digits
from bridge.steps.access.package.text import escape_csv_cell


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ('=HYPERLINK("x")', '\'=HYPERLINK("x")'),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("-2+3", "'-2+3"),
        ("@SUM(1)", "'@SUM(1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("\n=1", "'\n=1"),
        ("   =1", "'   =1"),
        ("\ufeff=1", "'\ufeff=1"),
        ("\u00a0\u200b@x", "'\u00a0\u200b@x"),
        ("\uff1d1", "'\uff1d1"),
        ("\uff0b1", "'\uff0b1"),
        ("\uff0d1", "'\uff0d1"),
        ("\uff20x", "'\uff20x"),
        ("+919000000001", "+919000000001"),
        ("+91900000000\u0661", "'+91900000000\u0661"),
        ("-\u0661", "'-\u0661"),
        ("+12345", "'+12345"),
        ("+919000000001+1", "'+919000000001+1"),
        ("+919000000001\n", "'+919000000001\n"),
        ("-", "'-"),
        ("--1", "'--1"),
        ("-1e9", "'-1e9"),
        ("-1200.50", "-1200.50"),
        ("-5", "-5"),
        ("1200.50", "1200.50"),
        ("Asha = ring", "Asha = ring"),
        ("", ""),
        ("  plain", "  plain"),
    ],
)
def test_t28_no_cell_starts_a_formula(value, written):
    """Requirement S-04: spreadsheets run cells that begin so; negative numbers and phones stay what they are."""
    assert escape_csv_cell(value) == written


@pytest.mark.parametrize(
    ("number", "shown"),
    [("4111111111111111", "****1111"), ("•••• •••• •••• 4242", "****4242"), ("12", "****12"), ("", "****")],
)
def test_numbers_show_their_last_four(number, shown):
    """With any characters between the digits."""
    assert mask_to_last_digits(number) == shown
