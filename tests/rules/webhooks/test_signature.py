"""Signatures: recorded vectors, rotation, and garbage that must fail as `SignatureInvalid` and nothing else.

The vectors' headers were made with `openssl dgst -sha256 -hmac SECRET -binary | base64`, not with our code.
"""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import SignatureInvalid
from bridge.rules.webhooks.signature import find_signing_secret, sign_webhook
from tests.factories import fixture

VECTORS = fixture("hmac_vectors.json")
RAW, SECRET = b'{"id": 1}', b"shpss_fixed"
# printf '{"id": 1}' | openssl dgst -sha256 -hmac shpss_fixed -binary | base64
HEADER = "hOP/Un2xSl8okovT9h42AyielgIjLDo8vnMS/E34Pmc="


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_the_vectors_hold(vector):
    raw, secrets = base64.b64decode(vector["body_b64"]), [vector["secret"].encode()]
    if vector["valid"]:
        assert find_signing_secret(raw, vector["header"], secrets) == 0
        return
    with pytest.raises(SignatureInvalid):
        find_signing_secret(raw, vector["header"], secrets)


def test_sign_gives_the_header_that_openssl_gives():
    assert sign_webhook(RAW, SECRET) == HEADER


@pytest.mark.parametrize(
    ("secrets", "index"), [([SECRET], 0), ([b"new", SECRET], 1), ([b"new", b"", SECRET, SECRET], 2)]
)
def test_every_secret_verifies_and_the_index_says_which(secrets, index):
    assert find_signing_secret(RAW, HEADER, secrets) == index


@pytest.mark.parametrize("header", [None, ""])
def test_no_header_is_missing(header):
    with pytest.raises(SignatureInvalid) as caught:
        find_signing_secret(RAW, header, [SECRET])
    assert caught.value.reason == "missing"


@pytest.mark.parametrize(
    "header",
    [
        "é",
        ",",
        "\ud800",
        "A" * 4096,
        f" {HEADER}",
        f"{HEADER}\n",
        HEADER.rstrip("="),
        HEADER.lower(),
        f"{HEADER},{HEADER}",
        base64.b64decode(HEADER).hex(),
    ],
)
def test_any_other_spelling_is_a_mismatch(header):
    with pytest.raises(SignatureInvalid) as caught:
        find_signing_secret(RAW, header, [SECRET])
    assert caught.value.reason == str(caught.value) == "mismatch"


@pytest.mark.parametrize("secrets", [[], [b""], [b"", b""]])
def test_without_a_secret_nothing_verifies(secrets):
    with pytest.raises(SignatureInvalid):
        find_signing_secret(RAW, sign_webhook(RAW, b""), secrets)


@given(
    raw=st.binary(max_size=64),
    header=st.none() | st.text(max_size=60),
    secrets=st.lists(st.binary(max_size=8), max_size=3),
)
def test_garbage_raises_one_error(raw, header, secrets):
    with pytest.raises(SignatureInvalid):
        find_signing_secret(raw, header, secrets)


@given(raw=st.binary(max_size=64), secret=st.binary(min_size=1, max_size=8), place=st.integers(0, 63))
def test_what_was_signed_verifies_and_one_other_bit_does_not(raw, secret, place):
    header = sign_webhook(raw, secret)
    assert find_signing_secret(raw, header, [secret]) == 0
    altered = bytearray(raw or b"\0")
    altered[place % len(altered)] ^= 1
    with pytest.raises(SignatureInvalid):
        find_signing_secret(bytes(altered), header, [secret])
