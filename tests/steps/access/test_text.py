"""Text of a package: safe CSV cells and masked numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Environment

from bridge.steps.access.package.records.mask import mask_to_last_digits
from bridge.steps.access.package.text import MAX_CELL_CHARS, escape_csv_cell, format_csv_line, wrap_text

_TEXTS = st.text(st.sampled_from("ab0 1.,;:'\"=+-@#\t\n\u00a0\u00e9\ufeff\uff1d\x07") | st.characters(codec="utf-8"))


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


@given(st.lists(_TEXTS | st.from_regex(r"[+-][0-9]{1,18}(\.[0-9]+)?", fullmatch=True), min_size=1))
def test_a_line_has_each_cell_made_safe(values):
    """However many of its cells need no change: most lines are written without looking at each."""
    cells = ['"' + escape_csv_cell(value).replace('"', '""') + '"' for value in values]
    assert format_csv_line(values) == ",".join(cells) + "\r\n"


def test_a_cell_that_is_too_long_is_cut_in_any_line():
    """Requirement S-04: a spreadsheet would stop within it."""
    assert format_csv_line(["a", "b" * (MAX_CELL_CHARS + 1)]).count("b") == MAX_CELL_CHARS


@given(st.lists(_TEXTS | st.sampled_from(["word", "well-known", "a" * 30, "\n", "  "])), st.integers(5, 40))
def test_texts_are_wrapped_as_by_the_filter_of_the_templates(words, width):
    """With blank lines, double blanks, hyphens and words that are longer than a line."""
    text = " ".join(words)
    wrapped = Environment(autoescape=True).filters["wordwrap"](
        Environment(autoescape=True), text, width, wrapstring="\n  "
    )
    assert wrap_text(text, width, wrapstring="\n  ") == wrapped
