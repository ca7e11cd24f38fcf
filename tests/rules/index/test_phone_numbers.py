"""All spellings of a telephone number give one form, and no two numbers share one."""

from __future__ import annotations

import time

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.rules.index.identity import (
    MAX_IDENTIFIER_CHARS,
    is_readable_identifier,
    list_former_forms,
    list_normal_forms,
    normalise_identifier,
)
from tests.kit.suite.examples import count_examples

quick = settings(max_examples=count_examples(100), deadline=None, derandomize=True)
FARAH, BELA = "+919844444441", "+919855555555"
SPELLINGS = """
    9844444441 | 09844444441 | 009844444441 | 0 98444 44441 | +09844444441 | +009844444441 | 919844444441
    0919844444441 | +0919844444441 | 0091 98444 44441 | 0091 098444 44441 | 00 91 91 98444 44441 | 011 91 98444 44441
    +91 91 98444 44441 | +91 +91 98444 44441 | +91+919844444441 | +91 (0) 98444-44441 | +91 0091 98444 44441
    (+91) 98444 44441 | 98444 44441 (+91) | +(91) 98444 44441 | +9844444441 | 98444.44441 | 98444_44441 | (98444) (44441)
    +91 98444 44441 (Farah) | Farah: 98444 44441 | mobile no. 98444 44441. | call after 6 9844444441 | 1) 98444 44441
    98444 44441 ext 12 | 98444 44441 x12 | 98444 44441x12 | 98444 44441;ext=5 | 98444 44441 #5 | tel:+91-98444-44441
    tel:9844444441;phone-context=+91 | 9844444441.0 | +919844444441.0 | 9844444441.00 | 9.844444441E9 | 9.844444441e+09
    9,844444441E9 | 9.19844444441E11 | 9,844,444,441 | 9,844,444,441.00 | '9844444441 | ="9844444441" | 98444/44441
    +91\u00a098444\u202f44441 | \u200e+91\u200b98444\u201144441\u200f | 98444\u201344441 | 98444\u221244441 | 98444\u301c44441
"""

OTHER_DIGITS = (0x0966, 0xFF10, 0x0660, 0x09E6, 0x1D7CE)  # Devanagari, full-width, Arabic, Bengali, mathematical


@pytest.mark.parametrize(
    "spelling",
    [
        *(one.strip() for line in SPELLINGS.splitlines()[1:] for one in line.split(" | ") if one.strip()),
        *("".join(chr(zero + int(digit)) for digit in "9844444441") for zero in OTHER_DIGITS),
        "\uff0b91 98444 44441",
    ],
)
def test_every_spelling_of_one_number_gives_its_form(spelling):
    assert normalise_identifier("phone", spelling) == FARAH
    assert is_readable_identifier("phone", spelling)


@pytest.mark.parametrize(
    "value",
    [
        "9844444441 / 9855555555",
        "9844444441, 9855555555",
        "9844444441;9855555555",
        "9844444441|9855555555",
        "9844444441\n9855555555",
        "9844444441 or 9855555555",
        "9844444441 & 9855555555",
        "9844444441 9855555555",
        "98444 44441 98555 55555",
        "9844444441-9855555555",
        "98444444419855555555",
        "+91 98444 44441 +91 98555 55555",
        "0 98444 44441 / 0 98555 55555",
        "98444 44441 (Farah) 98555 55555 (Bela)",
        "1) 98444 44441 2) 98555 55555",
        "9,844,444,441 / 9855555555.0",
    ],
)
def test_two_numbers_in_one_field_both_count(value):
    assert list_normal_forms("phone", value) == (FARAH, BELA)
    assert is_readable_identifier("phone", value)


@pytest.mark.parametrize(
    ("value", "forms"),
    [
        ("+44 20 7946 0958", ["+442079460958"]),
        ("0044 20 7946 0958", ["+442079460958"]),
        ("+44 (0)20 7946 0958", ["+442079460958"]),
        ("+44 44 20 7946 0958", ["+442079460958"]),
        ("+44+442079460958", ["+442079460958"]),
        ("+044 20 7946 0958", ["+442079460958"]),
        ("+44 / 2079460958", ["+442079460958"]),
        ("447911123456", ["+447911123456"]),
        ("+39 06 698 12345", ["+390669812345"]),
        ("+65 9123 4567", ["+6591234567"]),
        # of Singapore after the prefix for abroad, or of India with two zeros
        ("0065 9123 4567", ["+916591234567", "+6591234567"]),
        ("080 2345 6789", ["+918023456789"]),
        ("080/23456789", ["+918023456789"]),
        ("+91 080 2345 6789", ["+918023456789"]),
        ("0091 91 80 23456789", ["+918023456789"]),
        ("1800 425 4444", ["+9118004254444"]),
        ("917-555-1234", ["+919175551234"]),
    ],
)
def test_numbers_of_other_countries_and_of_landlines(value, forms):
    assert list(list_normal_forms("phone", value)) == forms


@pytest.mark.parametrize(
    "value",
    [
        "",
        "12",
        "call me",
        "98444 4444",
        "98444 444412",
        "+91 98444 444412",
        "9.84444E+09",
        "9.84444444E9",
        "9" * 300,
        "+",
        "0" * 12,
    ],
)
def test_what_is_no_number_is_not_read(value):
    assert (list_normal_forms("phone", value), is_readable_identifier("phone", value)) == ((), False)


def test_a_number_beside_something_unreadable_counts_but_is_not_all():
    assert list_normal_forms("phone", "9844444441 / 98555") == (FARAH,)
    assert not is_readable_identifier("phone", "9844444441 / 98555")


REGIONS = ("IN", "GB", "US", "DE", "IT", "AE", "SG", "FR", "AU", "LK", "NP", "BD")
indian_mobiles = st.from_regex(r"[6-9][0-9]{9}", fullmatch=True)


@st.composite
def valid_numbers(draw):
    """Return a valid number of a region, in E.164."""
    region = draw(st.sampled_from(REGIONS))
    example = str(phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.MOBILE).national_number)
    kept = draw(st.integers(1, 4))
    tail = draw(st.text("0123456789", min_size=len(example) - kept, max_size=len(example) - kept))
    number = phonenumbers.parse(f"+{phonenumbers.country_code_for_region(region)}{example[:kept]}{tail}")
    form = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return form if phonenumbers.is_valid_number(phonenumbers.parse(form)) else f"+91{draw(indian_mobiles)}"


@st.composite
def decorations(draw, form):
    """Return a spelling of a number that names its country, or of an Indian one that need not."""
    code = str(phonenumbers.parse(form).country_code)
    digits = form[1 + len(code) :]
    cuts = sorted(draw(st.lists(st.integers(1, len(digits) - 1), max_size=3, unique=True)))
    gap = draw(st.sampled_from((" ", "-", ".", "\u00a0", "\u2011", "\u200b", "")))
    digits = gap.join(digits[a:b] for a, b in zip([0, *cuts], [*cuts, len(digits)], strict=True))
    heads = [
        f"+{code}",
        f"+{code} ",
        f"+{code}-",
        f"(+{code})",
        f"+{code} +{code} ",
        f"+{code}+{code}",
        f"\u200e+{code} ",
    ]
    if code == "91":
        heads += ["", "0", "00", "+0", "91", "091", "0091", "+91 0", "+91 (0)", "91 91 ", "+0 91 "]
    text = draw(st.sampled_from(heads)) + digits
    offset = draw(st.sampled_from((ord("0"), 0x0966, 0xFF10, 0x0660)))
    text = "".join(chr(offset + int(one)) if one.isdigit() else one for one in text)
    around = draw(
        st.sampled_from(("{}", " {} ", "{} (Asha)", "Asha: {}", "\u200f{}", "{},", "<{}>", "[{}]", "{} ext 7"))
    )
    return around.format(text)


@quick
@given(st.data())
def test_a_decorated_number_keeps_its_form(data):
    form = data.draw(valid_numbers())
    spelling = data.draw(decorations(form))
    assert normalise_identifier("phone", spelling) == form
    assert is_readable_identifier("phone", spelling)


@quick
@given(st.data())
def test_two_different_numbers_never_share_a_form(data):
    first, second = data.draw(valid_numbers()), data.draw(valid_numbers())
    forms = [set(list_normal_forms("phone", data.draw(decorations(one)))) for one in (first, second)]
    assert (first == second) or forms[0].isdisjoint(forms[1])


@quick
@given(st.data())
def test_two_decorated_numbers_in_one_field_are_both_read(data):
    first, second = data.draw(valid_numbers()), data.draw(valid_numbers())
    separator = data.draw(st.sampled_from((" / ", ", ", "; ", "\n", " | ", " & ")))
    value = separator.join(data.draw(decorations(one)) for one in (first, second))
    assert set(list_normal_forms("phone", value)) == {first, second}


@quick
@given(st.text("0123456789+-()/ .,x\u0966\u200b", max_size=40))
def test_a_form_is_its_own_form(value):
    form = normalise_identifier("phone", value)
    assert normalise_identifier("phone", form) == form


@pytest.mark.parametrize(
    "unit",
    ["9", "+", "9 ", "98444 44441/", "(", "1e", "9,", "\u0660", "x1", "+91", "0", "9-", "a9", "1) ", "\u200b", "9.0"],
)
def test_hostile_texts_cost_no_time(unit):
    began = time.perf_counter()
    for length in (200, MAX_IDENTIFIER_CHARS, 10**6):
        value = (unit * (length // len(unit)))[:length]
        list_normal_forms("phone", value)
        list_former_forms("phone", value)
    assert time.perf_counter() - began < 2


@pytest.mark.parametrize(
    ("value", "former"),
    [
        (FARAH, ["+91919844444441", "+9198444444410"]),
        ("9844444441.0", ["+9198444444410", "+91919844444441"]),
        ("+44 20 7946 0958", []),
        ("23456789", []),
    ],
)
def test_former_forms_find_what_earlier_releases_stored(value, former):
    assert sorted(list_former_forms("phone", value)) == sorted(former)
