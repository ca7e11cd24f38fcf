"""Timestamps: the request as openssl reads it, and invalid responses. Real responses: tests/connectors."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.rules.evidence import der
from bridge.rules.evidence.timestamp import (
    SHA256_OID,
    SIGNED_DATA_OID,
    TST_INFO_OID,
    build_timestamp_request,
    is_timestamp_granted,
    read_timestamp,
)

DIGEST = hashlib.sha256(b"what is stamped").digest()
NONCE = 2**62 + 5


def sequence(*parts):
    return der.encode_der_value(der.SEQUENCE, *parts)


def info(digest=DIGEST, nonce=NONCE, moment=b"20261122101500.25Z", oid=TST_INFO_OID):
    """Make the answer of an authority that signs nothing: enough for what is looked at here."""
    imprint = sequence(
        sequence(SHA256_OID, der.encode_der_value(der.NULL)), der.encode_der_value(der.OCTET_STRING, digest)
    )
    fields = [
        der.encode_der_integer(1),
        der.encode_der_value(der.OID, b"\x2a\x03"),
        imprint,
        der.encode_der_integer(77),
    ]
    fields += [
        der.encode_der_value(der.GENERALIZED_TIME, moment),
        sequence(der.encode_der_integer(1)),
        der.encode_der_integer(nonce),
    ]
    inner = der.encode_der_value(der.EXPLICIT_TAG_0, der.encode_der_value(der.OCTET_STRING, sequence(*fields)))
    signed = sequence(
        der.encode_der_integer(3),
        der.encode_der_value(0x31),
        sequence(der.encode_der_value(der.OID, oid), inner),
        der.encode_der_value(0x31),
    )
    return sequence(der.encode_der_value(der.OID, SIGNED_DATA_OID), der.encode_der_value(der.EXPLICIT_TAG_0, signed))


def answer(status=0, token=None):
    return sequence(sequence(der.encode_der_integer(status)), info() if token is None else token)


def test_a_response_gives_the_moment_for_its_request():
    assert is_timestamp_granted(answer())
    assert is_timestamp_granted(answer(1))
    assert read_timestamp(answer(), digest=DIGEST, nonce=NONCE) == datetime(2026, 11, 22, 10, 15, tzinfo=UTC)


def test_a_refusal_is_no_grant():
    assert not is_timestamp_granted(sequence(sequence(der.encode_der_integer(2))))


@pytest.mark.parametrize(
    ("given_answer", "why"),
    [
        (answer(token=info(digest=hashlib.sha256(b"else").digest())), "about something else"),
        (answer(token=info(nonce=NONCE + 1)), "another question"),
        (answer(token=info(oid=SIGNED_DATA_OID)), "not of its form"),
        (answer(token=info(moment=b"soon")), "does not match"),
        (answer(token=sequence()), "values to unpack"),
        (sequence(sequence(der.encode_der_integer(0))), "values to unpack"),
        (b"<html>busy</html>", "der"),
        (b"", "not 0x30"),
        (answer()[:-9], "cut short"),
    ],
)
def test_a_response_to_another_request_is_no_timestamp(given_answer, why):
    with pytest.raises(ValueError, match=why):
        read_timestamp(given_answer, digest=DIGEST, nonce=NONCE)


@given(st.binary(max_size=200))
def test_any_bytes_raise_value_error_only(noise):
    with pytest.raises(ValueError):  # noqa: PT011 - any text will do
        read_timestamp(noise, digest=DIGEST, nonce=NONCE)
    try:
        granted = is_timestamp_granted(noise)
    except ValueError:
        return
    assert granted in (True, False)


@given(st.integers(0, 2**64), st.binary(max_size=400))
def test_encoded_values_are_read_again(number, content):
    written = der.encode_der_integer(number) + der.encode_der_value(der.OCTET_STRING, content)
    (_, first), (tag, second) = der.read_der_values(written)
    assert (int.from_bytes(first, signed=True), tag, second) == (number, der.OCTET_STRING, content)


@pytest.mark.parametrize("raw", [b"\x30", b"\x30\x80\x00\x00", b"\x1f\x01\x00", b"\x30\x05\x00", b"\x30\x82\x01"])
def test_a_cut_value_or_an_indefinite_length_is_refused(raw):
    with pytest.raises(ValueError, match="der"):
        list(der.read_der_values(raw))


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not on this machine")
def test_openssl_reads_the_request(tmp_path):
    (tmp_path / "q").write_bytes(build_timestamp_request(DIGEST, NONCE))
    printed = subprocess.run(
        ["openssl", "ts", "-query", "-in", tmp_path / "q", "-text"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout
    assert "Hash Algorithm: sha256" in printed
    assert f"Nonce: 0x{NONCE:016X}" in printed
    assert "Certificate required: yes" in printed
    dump = "".join(line[11:60].replace("-", " ") for line in printed.splitlines() if line.startswith("    00"))
    assert bytes.fromhex(dump) == DIGEST
