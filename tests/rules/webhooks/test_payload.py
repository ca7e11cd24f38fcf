"""Hostile bodies: each gives an object or one constant reason, quickly, and never anything else."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import PayloadInvalid
from bridge.rules.webhooks.payload import parse_json_object
from tests.factories import WEBHOOKS


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b"{}", {}),
        (b'\xef\xbb\xbf{"id": 1}', {"id": 1}),
        (b' {"id": -12345678901234567890}\n', {"id": -12345678901234567890}),
        ('{"name": "शा"}'.encode(), {"name": "शा"}),
        (b'{"a": {"id": 1}, "b": {"id": 1}}', {"a": {"id": 1}, "b": {"id": 1}}),
        (b'{"price": 19.99}', {"price": 19.99}),
    ],
)
def test_an_object_is_read(raw, value):
    assert parse_json_object(raw) == value


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "not_json"),
        (b"{", "not_json"),
        (b"{} {}", "not_json"),
        (b'{"a": "\x01"}', "not_json"),
        (b"id=1&email=x", "not_json"),
        (b"[]", "not_an_object"),
        (b"null", "not_an_object"),
        (b'"text"', "not_an_object"),
        (b"1", "not_an_object"),
        (b'{"a": NaN}', "not_a_number"),
        (b'{"a": -Infinity}', "not_a_number"),
        (b'{"a": 1, "a": 2}', "duplicate_key"),
        (b'{"a": {"b": 1, "b": 1}}', "duplicate_key"),
        (b'{"a": ' + b"1" * 41 + b"}", "number_too_long"),
        (b'{"a": ' + b"1" * 1_000_000 + b"}", "number_too_long"),
        (b'{"a": ' + b"[" * 100_000, "too_deep"),
        (b'{"a":' * 100_000, "too_deep"),
        (b'{"a": "\xff"}', "not_utf8"),
        ('{"a": 1}'.encode("utf-16"), "not_utf8"),
        ('{"a": 1}'.encode("utf-16-le"), "not_json"),
        (b"\x1f\x8b\x08\x00", "not_utf8"),
    ],
    ids=lambda value: repr(value)[:24],
)
def test_what_is_no_object_has_a_constant_reason(raw, reason):
    with pytest.raises(PayloadInvalid) as caught:
        parse_json_object(raw)
    assert caught.value.reason == str(caught.value) == reason
    assert caught.value.__cause__ is None


@given(st.binary(max_size=200) | st.text(max_size=100).map(lambda text: text.encode("utf-8", "replace")))
def test_garbage_raises_one_error(raw):
    try:
        assert isinstance(parse_json_object(raw), dict)
    except PayloadInvalid as fault:
        assert fault.reason.replace("_", "").isalnum()  # noqa: PT017 - either end is right


@pytest.mark.parametrize("path", sorted(WEBHOOKS.glob("*_*.json")), ids=lambda path: path.stem)
def test_every_recorded_body_is_read(path):
    if path.stem != "hmac_vectors":
        assert parse_json_object(path.read_bytes()) == json.loads(path.read_text())
