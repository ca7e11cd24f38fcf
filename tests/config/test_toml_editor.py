"""Single values of a TOML file are changed; its comments and all else stay."""

import tomllib
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.settings import MERCHANT_FILE, ROOT
from config.toml_editor import drop_tables, format_value, set_values

TEXT = """# top
name = "a" # said
[table]
name = { value = "", status = "unset" }
days = 1
# [other]
[[processor]]
role = "x"
id = "first"
contact = ""
[[processor]]
id = "second"
contact = ""
"""


def test_only_what_is_named_changes():
    changed = set_values(
        TEXT,
        {("", "name"): "b", ("table", "days"): 7, ("processor.first", "contact"): "a@example.com"},
    )  # fmt: skip
    assert changed == TEXT.replace('name = "a" # said', 'name = "b"').replace("days = 1", "days = 7").replace(
        'contact = ""', 'contact = "a@example.com"', 1
    )


@pytest.mark.parametrize("place", [("", "days"), ("table", "nothing"), ("processor.third", "contact"), ("other", "id")])
def test_what_is_not_there_is_named(place):
    with pytest.raises(KeyError) as caught:
        set_values(TEXT, {place: 1})
    assert caught.value.args[0] == place


def test_a_table_is_dropped_whole():
    assert drop_tables(TEXT, {"processor.first"}) == TEXT.replace(
        '[[processor]]\nrole = "x"\nid = "first"\ncontact = ""\n', ""
    )


VALUES = st.one_of(
    st.booleans(),
    st.integers(-(2**60), 2**60),
    st.floats(-1e6, 1e6),
    st.dates(date(1900, 1, 1)),
    st.text(st.characters(exclude_categories=("Cs",)), max_size=20),
)


@given(st.one_of(VALUES, st.lists(st.text(st.characters(exclude_categories=("Cs",))), max_size=3)))
def test_every_value_is_read_as_it_was_given(value):
    assert tomllib.loads(f"a = {format_value(value)}") == {"a": value}


def test_the_intermediaries_have_no_key_that_the_merchant_file_refuses():
    keys = [
        set(each)
        for each in tomllib.loads((ROOT / "config" / "merchant_file" / "intermediaries.toml").read_text())["processor"]
    ]
    known = set().union(*tomllib.loads(MERCHANT_FILE.read_text())["processor"])
    assert all(each - known <= {"carries", "transfer_safeguard"} for each in keys)
