"""The numbers in one field: several, with labels, as links; nothing is cut off."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.rules.index.attribution import attribute_parcel, normalise_waybill
from bridge.rules.index.minimise import extract_sighting
from bridge.rules.index.shipping import read_platform_parcels
from bridge.rules.index.waybill_text import read_link_waybills, split_waybills
from config.merchant_file.processors import AttributionRule

A, B, C = "14908123456716", "14908123456723", "14908123456730"
NUMBERS = st.integers(10_000_000_000_000, 99_999_999_999_999).map(str)
LABELS = [
    "AWB",
    "AWB#",
    "AWB No:",
    "awb no.",
    "Tracking Number:",
    "Docket No-",
    "LR No",
    "Delhivery",
    "DELHIVERY AWB",
    "Blue Dart",
]
SEPARATORS = ["-", " - ", "&", ",", ", ", ";", " / ", "/", "\n", "\r\n", "|", " and ", " AND ", " & ", "\t", "   "]


def numbers(text):
    return [one.number for one in split_waybills(text)]


@given(found=st.lists(NUMBERS, min_size=1, max_size=6, unique=True), separator=st.sampled_from(SEPARATORS))
def test_a_field_with_n_numbers_gives_n(found, separator):
    assert numbers(separator.join(found)) == found


@given(number=NUMBERS, label=st.sampled_from(LABELS), between=st.sampled_from([" ", ": ", "# ", " - ", ""]))
def test_a_label_is_peeled_off(number, label, between):
    [typed] = split_waybills(label + between + number)
    assert typed.number == number
    assert typed.label


@pytest.mark.parametrize(
    "url",
    [
        "https://www.delhivery.com/track/package/{}",
        "https://www.delhivery.com/track/package/{}/",
        "www.delhivery.com/track/package/{}",
        "delhivery.com/track/package/{}",
        "https://example.com/t?x=1&awb={}",
        "https://example.com/en#nums={}",
        "Track here: https://example.com/t?trackingNumber={}&lang=en.",
        "https://example.com/t?awb={0} ({0})",
    ],
)
def test_a_pasted_link_gives_its_number(url):
    [typed] = split_waybills(url.format(A))
    assert typed.number == A
    assert typed.url.lower().startswith(("http", "www", "delhivery"))


def test_a_link_with_several_numbers_and_a_link_with_none():
    assert read_link_waybills(f"https://example.com/?awb={A},{B}&ref=20261110123456") == [A, B]
    assert read_link_waybills("https://example.com/track") == []
    assert read_link_waybills("http://[broken") == []
    assert numbers("https://example.com/track") == ["https://example.com/track"]


@pytest.mark.parametrize(
    "text", ["{} (2 pcs)", "{} [Delhivery]", "{}.0", "'{}", '="{}"', "({})", "{}.", "AWB {} (Blue Dart, 1 of 2)"]
)
def test_remarks_and_traces_of_spreadsheets_are_no_part_of_the_number(text):
    assert numbers(text.format(A)) == [A]


@pytest.mark.parametrize(
    "text",
    [
        "A1", "AWB1", "EE123456785IN", "EE 123456785 IN", "1Z 999 AA1 01 2345 6784", "1490 8123 4567 16", "AGR 1234567",
        "98765 43210", "Ramesh Kumar, 98765 43210", "by hand", "12/11/2026", "SFX1234567890", "Order #1001", "A" * 2_000,
    ],
)  # fmt: skip
def test_what_is_no_list_and_has_no_label_stays_as_it_was_typed(text):
    assert numbers(text) == [text]


@given(st.text(max_size=80))
def test_any_text_is_read_and_nothing_with_digits_is_lost(text):
    found = split_waybills(text)
    assert all(one.number for one in found)
    assert len({normalise_waybill(one.number) for one in found}) == len(found)
    if any(char.isdigit() for char in text):
        assert found


def shipment(**fields):
    return {"id": 1, "order_id": 7, "tracking_company": "", **fields}


def seen(body):
    return [(one.number, one.carrier) for one in extract_sighting("fulfillments/update", body).parcels]


BLUEDART, DELHIVERY = "https://www.bluedart.com/x", "https://www.delhivery.com/x"


@pytest.mark.parametrize(
    ("typed", "urls", "expected"),
    [
        ([A, "99900012343"], [DELHIVERY, BLUEDART], [(A, "delhivery"), ("99900012343", "bluedart")]),
        ([None, A, "99900012343"], [BLUEDART, DELHIVERY, BLUEDART], [(A, "delhivery"), ("99900012343", "bluedart")]),
        ([A, "", "99900012343"], [DELHIVERY, DELHIVERY, BLUEDART], [(A, "delhivery"), ("99900012343", "bluedart")]),
        ([A, "99900012343"], [None, BLUEDART], [(A, "unknown"), ("99900012343", "bluedart")]),
        ([A, B], [DELHIVERY], [(A, "delhivery"), (B, "delhivery")]),
        ([A], [DELHIVERY, BLUEDART], [(A, "delhivery")]),
        (
            [f"{A}, {B}", "99900012343"],
            [DELHIVERY, BLUEDART],
            [(A, "delhivery"), (B, "delhivery"), ("99900012343", "bluedart")],
        ),
        ([], [f"https://www.delhivery.com/track/package/{A}"], [(A, "delhivery")]),
        ([], [f"https://example.com/track/{A}"], []),
    ],
)
def test_a_number_belongs_to_the_link_of_its_index(typed, urls, expected):
    assert seen(shipment(tracking_numbers=typed, tracking_urls=urls)) == expected


def test_the_admin_apis_fields_are_read_alike():
    tracking = [{"company": "Delhivery", "number": f"AWB {A}; {B}", "url": None}]
    order = {"legacyResourceId": "1", "fulfillments": [{"id": "gid://shopify/Fulfillment/5", "trackingInfo": tracking}]}
    assert [one.number for one in read_platform_parcels(order, ())] == [A, B]


@pytest.mark.parametrize("number", ["9876543210", "+91 98765 43210", "Ramesh Kumar", "रमेश"])
def test_the_merchants_rule_wins_also_for_what_looks_like_a_person(number):
    rule = AttributionRule(company="City Couriers", carrier="citycouriers")
    by = attribute_parcel(company="City  couriers", url="", number=number, rules=[rule])
    assert (by.carrier, by.decided_by) == ("citycouriers", "merchant")


@pytest.mark.parametrize(
    ("company", "number", "carrier"),
    [
        ("Bluedart", "9876543210", "bluedart"),  # its form allows ten characters
        ("Delhivery", "9876543210", "unknown"),
        ("Shadowfax", "9876543210", "unknown"),  # its form is not known
        ("", "9876543210", "unknown"),
    ],
)
def test_what_looks_like_a_phone_is_the_named_carriers_where_its_form_allows_it(company, number, carrier):
    by = attribute_parcel(company=company, url="", number=number)
    assert (by.carrier, by.account_holder) == (carrier, "merchant")


@given(
    text=st.from_regex(r"[A-Za-z0-9]{1,24}", fullmatch=True)
    | st.from_regex(r"(awb|AWBno|Delhivery|sfx|ups|docket)[0-9]{1,16}(awb|IN|pcs)?", fullmatch=True)
)
def test_a_field_of_one_plain_word_reads_as_it_does_with_blanks_around_it(text):
    assert split_waybills(text) == split_waybills(f" {text} ")
