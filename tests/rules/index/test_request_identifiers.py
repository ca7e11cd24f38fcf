"""Identifiers that a person wrote down: several of each kind, as JSON or as lines."""

from __future__ import annotations

import json

import pytest

from bridge.errors import PayloadInvalid
from bridge.model import Principal
from bridge.rules.index.identity import list_normal_forms
from bridge.rules.index.request_identifiers import MAX_TEXT_CHARS, build_principal, parse_identifiers

EMAILS, PHONES = ["asha@example.com", "Asha Rao <ASHA@example.in>"], ["+919845012345", "098450 54321"]


def test_every_address_and_number_stays_in_the_principal():
    principal = build_principal({"email": EMAILS, "phone": PHONES, "order_id": ["1001", "1001", "1002"]})
    assert list_normal_forms("email", principal.email) == ("asha@example.com", "asha@example.in")
    assert list_normal_forms("phone", principal.phone) == ("+919845012345", "+919845054321")
    assert principal.order_ids == ("1001", "1002")
    assert build_principal({"email": EMAILS[:1]}) == Principal(email=EMAILS[0])


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"email": ["asha@example.com", "asha"]}, "email_unreadable"),
        ({"phone": ["98450", "12345"]}, "phone_unreadable"),
        ({"email": [""]}, "email_unreadable"),
        ({"customer_id": ["1", "2"]}, "customer_repeated"),
    ],
)
def test_what_cannot_be_read_is_refused_and_not_dropped(given, reason):
    with pytest.raises(PayloadInvalid, match=reason):
        build_principal(given)


def test_json_and_lines_say_the_same():
    wanted = {"customer_id": ["7001"], "email": EMAILS, "order_id": ["1001", "1002"]}
    document = {"customer_id": 7001, "email": EMAILS, "order_id": [1001, "1002"]}
    lines = "Customer-ID: 7001\n\nemail: asha@example.com\nemail:Asha Rao <ASHA@example.in>\norder_id: 1001\norder-id: 1002\n"
    assert parse_identifiers(json.dumps(document)) == parse_identifiers(lines) == wanted


@pytest.mark.parametrize(
    "text",
    ["{", '{"email": null}', '{"email": {"a": 1}}', '{"email": true}', '{"name": "Asha"}', "asha@example.com", "name: Asha",
     "email:", "x" * (MAX_TEXT_CHARS + 1)],
)  # fmt: skip
def test_another_text_is_refused_without_repeating_it(text):
    with pytest.raises((ValueError, TypeError)) as caught:
        parse_identifiers(text)
    assert "asha" not in str(caught.value).lower()
