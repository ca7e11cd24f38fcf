"""Which values are the same, what is an address, and what of an order is the person's own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.rules.requests.rights.corrections import (
    ADDRESS_PARTS,
    NEEDED_PARTS,
    format_address_text,
    is_same_value,
    list_open_values,
    parse_address_text,
    select_allowed_fields,
    select_own_changes,
)

HOME = "address1: 7 Nowhere Lane\ncity: Agra\nzip: 282001"
PART = st.text(alphabet="abc 7/,-", min_size=1, max_size=20).map(lambda text: " ".join(text.split())).filter(bool)


@given(
    st.fixed_dictionaries(
        dict.fromkeys(NEEDED_PARTS, PART), optional={name: PART for name in ADDRESS_PARTS if name not in NEEDED_PARTS}
    )
)
def test_an_address_is_read_as_it_was_written(parts):
    assert parse_address_text(format_address_text(parts)) == parts


@pytest.mark.parametrize(
    "text",
    [
        "",
        "7 Nowhere Lane, Agra 282001",
        "address1: 7 Nowhere Lane\ncity: Agra",
        HOME + "\nplanet: Earth",
        '{"address1": "7 Nowhere Lane", "city": 5, "zip": "282001"}',
        '{"address1": ',
        "[1]",
        HOME + "\naddress2: " + "x" * 256,
    ],
)
def test_what_does_not_say_street_town_and_postal_code_is_no_address(text):
    assert parse_address_text(text) is None


def test_an_address_may_be_a_json_object():
    text = '{"address1": "7  Nowhere Lane", "city": "Agra", "zip": "282001"}'
    assert is_same_value("address", text, HOME)


@pytest.mark.parametrize(
    ("field", "one", "other", "same"),
    [
        ("phone", "+91 98111 22233", "9811122233", True),
        ("email", "Asha@Example.com", "asha@example.com", True),
        ("email", "", "", False),
        ("email", "no address", "no address", False),
        ("first_name", " asha ", "Asha", True),
        ("last_name", "", "", False),
        ("address", HOME, HOME.replace("7 N", "8 N"), False),
        ("address", "free text", "free text", False),
    ],
)
def test_values_are_compared_by_what_they_say(field, one, other, same):
    assert is_same_value(field, one, other) is same


def test_of_an_order_only_the_persons_former_values_change():
    wanted = {"phone": "+919811122299", "address": HOME.replace("7 N", "8 N"), "first_name": "Aasha"}
    former = {"phone": "+919811122233", "address": HOME, "first_name": "Asha"}
    gift = {"phone": "09811122233", "address": "address1: 1 Gift Road\ncity: Pune\nzip: 411001", "first_name": "Bina"}
    assert select_own_changes(wanted, former, gift) == {"phone": wanted["phone"]}
    assert select_own_changes(wanted, former, former) == wanted
    assert select_own_changes(wanted, {}, former) == {}


def test_what_a_record_has_already_is_not_written_again():
    assert list_open_values({"phone": "9811122233", "email": "a@example.com"}, {"phone": "+919811122233"}) == {
        "email": "a@example.com"
    }


def test_a_processor_gets_only_the_values_that_the_file_says():
    fields = ("first_name", "email", "phone", "address")
    assert select_allowed_fields(fields, ("name", "delivery_address", "order_invoice_value")) == (
        "first_name",
        "address",
    )
    assert select_allowed_fields(fields, ()) == ()
