"""The timestamp authority: a real one answers, and an invalid answer is refused."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from bridge.connectors.timestamp_authority import Rfc3161Authority
from bridge.errors import ConnectorRefused, ConnectorUnavailable, CredentialRejected
from tests.authority import Authority, needs_openssl

pytestmark = needs_openssl
CONTENT = b"the head of a day"
DIGEST = hashlib.sha256(CONTENT).digest()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    with Authority(tmp_path_factory.mktemp("authority")) as authority:
        yield authority


def test_a_timestamp_is_current_and_openssl_accepts_it(authority):
    stamp = Rfc3161Authority(authority.url).request_timestamp(DIGEST)
    assert abs(stamp.at - datetime.now(UTC)) < timedelta(minutes=1)
    assert authority.accepts(CONTENT, stamp.token)
    assert not authority.accepts(CONTENT + b".", stamp.token)


def test_only_the_digest_is_sent_and_no_two_requests_are_equal(authority):
    for _ in range(2):
        Rfc3161Authority(authority.url).request_timestamp(DIGEST)
    first, second = authority.asked[-2:]
    assert DIGEST in first
    assert DIGEST in second
    assert first != second
    assert len(first) < 80


@pytest.mark.parametrize(
    ("mood", "fault", "words"),
    [
        ("reject", ConnectorRefused, "not granted"),
        ("digest", ConnectorUnavailable, "no timestamp of this digest"),
        (b"<html>come back later</html>", ConnectorUnavailable, "no timestamp of this digest"),
        (b"", ConnectorUnavailable, "no timestamp of this digest"),
        (503, ConnectorUnavailable, "HTTP 503"),
        (403, CredentialRejected, "HTTP 403"),
        (404, ConnectorRefused, "HTTP 404"),
        (302, ConnectorRefused, "HTTP 302"),
    ],
)
def test_an_invalid_answer_is_reported_and_requested_once(authority, mood, fault, words):
    authority.moods, before = [mood], len(authority.asked)
    with pytest.raises(fault, match=words):
        Rfc3161Authority(authority.url).request_timestamp(DIGEST)
    assert len(authority.asked) == before + 1


def test_an_answer_to_an_earlier_request_is_refused(authority):
    """A replayed answer has another nonce."""
    old = Rfc3161Authority(authority.url).request_timestamp(DIGEST).token
    authority.moods = [old]
    with pytest.raises(ConnectorUnavailable):
        Rfc3161Authority(authority.url).request_timestamp(DIGEST)


def test_an_unreachable_authority_is_unavailable():
    with pytest.raises(ConnectorUnavailable):
        Rfc3161Authority("http://127.0.0.1:1/tsr").request_timestamp(DIGEST)
