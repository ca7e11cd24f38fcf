"""A notification of failure identifies the letter; no other mail does."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.connectors.smtp import find_bounced_message_id

MAIL = Path(__file__).parents[1] / "fixtures" / "mail"


@pytest.mark.parametrize(
    ("name", "letter"),
    [
        ("postfix__user_unknown", "<ntc_01.1@example.com>"),
        ("postfix__envelope_id", "<ntc_01.1+b@example.com>"),
        ("exchange__not_found", "<ntc_02.1@example.com>"),
        ("postfix__delayed", ""),
        ("reply__of_a_person", ""),
        ("forwarded__bounce_of_another", ""),
        ("out_of_office", ""),
    ],
)
def test_each_kind_of_mail_is_recognised(name, letter):
    raw = (MAIL / f"{name}.eml").read_bytes()
    assert find_bounced_message_id(raw) == letter
    assert find_bounced_message_id(raw.replace(b"\n", b"\r\n")) == letter


def test_each_fixture_is_tested_and_names_invented_people_only():
    for path in MAIL.iterdir():
        text = path.read_text()
        assert {word.rpartition("@")[2].partition(">")[0] for word in text.split() if "@" in word}
        assert "gmail" not in text


def test_encoded_returned_headers_are_read():
    raw = (MAIL / "postfix__user_unknown.eml").read_bytes()
    start, mark, rest = raw.partition(b"Content-Type: text/rfc822-headers\n\n")
    headers, end = rest[: rest.rindex(b"\n--4C1")], rest[rest.rindex(b"\n--4C1") :]
    from base64 import encodebytes  # noqa: PLC0415

    packed = start + mark[:-1] + b"Content-Transfer-Encoding: base64\n\n" + encodebytes(headers) + end
    assert find_bounced_message_id(packed) == "<ntc_01.1@example.com>"


def test_a_bounce_without_returned_headers_names_no_letter():
    raw = (MAIL / "postfix__user_unknown.eml").read_bytes()
    assert find_bounced_message_id(raw.replace(b"Message-ID: <ntc_01.1@example.com>\n", b"")) == ""
    assert find_bounced_message_id(raw[: raw.index(b"Content-Description: Undelivered")]) == ""


@given(st.binary(max_size=400), st.integers(0, 2_500))
def test_no_mail_raises(junk, at):
    raw = (MAIL / "exchange__not_found.eml").read_bytes()
    for mail in (junk, raw[:at] + junk + raw[at:], raw[:at] + junk, b"Content-Type: multipart/report\n" + junk):
        assert isinstance(find_bounced_message_id(mail), str)
