"""Normal forms: many spellings, one form; what cannot be read matches nobody."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.rules.index.identity import legacy_id, normalise_identifier


@pytest.mark.parametrize(
    ("field", "value", "form"),
    [
        ("email", " Asha@Example.COM ", "asha@example.com"),
        ("email", "\uff41\uff53\uff48\uff41\uff20example.com", "asha@example.com"),
        ("email", "STRASSE@example.com", "strasse@example.com"),
        ("email", "straße@example.com", "strasse@example.com"),
        ("email", "asha", ""),
        ("email", "@", ""),
        ("email", "@@asha@", ""),
        ("email", "", ""),
        ("phone", "98111 22233", "+919811122233"),
        ("phone", "+91-98111-22233", "+919811122233"),
        ("phone", "0 98111 22233", "+919811122233"),
        ("phone", "0091 98111 22233", "+919811122233"),
        ("phone", "+1 (555) 625-1199", "+15556251199"),
        ("phone", "12", ""),
        ("phone", "call me", ""),
        ("phone", "9" * 300, ""),
        ("phone", "", ""),
        ("waybill", " awb 70\t07 ", "AWB7007"),
        ("waybill", "", ""),
        ("customer", "gid://shopify/Customer/0012?x=1", "12"),
        ("order", "0", ""),
        ("order", "#1001", ""),
    ],
)
def test_a_value_has_one_normal_form(field, value, form):
    assert normalise_identifier(field, value) == form


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (7001, "7001"),
        ("7001", "7001"),
        (" 007 ", "7"),
        ("gid://shopify/Order/12", "12"),
        ("gid://shopify/Order/", ""),
        (0, ""),
        (-1, ""),
        (1.0, ""),
        (True, ""),
        (None, ""),
        ([7], ""),
        ("७००१", ""),
        ("²", ""),
        ("7e3", ""),
        ("gid://other/Order/12", ""),
    ],
)
def test_an_id_is_decimal_text_or_nothing(value, number):
    assert legacy_id(value) == number


@given(field=st.sampled_from(["email", "phone", "waybill", "customer", "order"]), value=st.text(max_size=40))
def test_any_text_has_a_form_without_blanks_around(field, value):
    form = normalise_identifier(field, value)
    assert form == form.strip() or field == "email"
    assert normalise_identifier(field, f" {value}\n") == form or field in ("phone", "email")
