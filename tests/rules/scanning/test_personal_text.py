"""What an operator's text must not hold, in spellings made up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.rules.scanning.personal_text import describe_personal_text, has_value_of_person, says_too_little

SEPARATORS = st.sampled_from(["", " ", "-", ".", " - ", "\u2013", "\u00a0", "(", ")"])


@given(st.sampled_from("6789"), st.lists(st.tuples(st.sampled_from("0123456789"), SEPARATORS), min_size=9, max_size=9))
def test_a_mobile_number_is_found_however_it_is_parted(first, rest):
    number = first + "".join(separator + digit for digit, separator in rest)
    assert describe_personal_text(f"spoke on {number} today")


@given(
    st.from_regex(r"[a-z0-9_]{1,12}@[a-z0-9]{1,10}(\.[a-z]{2,4}){0,2}", fullmatch=True),
    st.sampled_from(["", " ", "\u200b"]),
)
def test_an_address_is_found_however_it_is_parted(address, blank):
    assert (
        describe_personal_text(f"wrote from {address.replace('@', f'{blank}@{blank}')}") == "an e-mail or UPI address"
    )


@given(st.dates())
def test_days_are_no_telephones(day):
    for form in (f"{day:%d %b %Y}", day.isoformat() if day.year > 1900 else "", f"{day:%d.%m}."):
        assert describe_personal_text(f"letter of {form}") == ""


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("customer 7001 agreed", "7001"),
        ("gid://shopify/Customer/7001", "7001"),
        ("Asha.Rao agreed", "asha.rao@example.com"),
        ("their number ends 98450 12345", "+919845012345"),
        ("order \u0968\u0967\u0966\u0966\u0967", "21001"),
    ],
)
def test_a_value_of_the_person_is_found(text, value):
    assert has_value_of_person(text, [value])


@pytest.mark.parametrize(
    ("text", "value"),
    [("letter of 12 Nov", "70011"), ("ticket 47001", "7001"), ("ashas", "asha@example.com"), ("a", "")],
)
def test_other_values_are_not_found(text, value):
    assert not has_value_of_person(text, [value])


def test_what_says_nothing():
    assert all(map(says_too_little, ["", " ", "x", "ok", "....", "aaa", "\u200b \u200b"]))
    assert not says_too_little("paid")
