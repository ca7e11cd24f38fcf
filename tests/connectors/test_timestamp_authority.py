"""The timestamp authority: a real one answers, and what is no answer is not taken for one."""

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


def test_a_stamp_is_of_now_and_openssl_accepts_it(authority):
    stamp = Rfc3161Authority(authority.url).request_timestamp(DIGEST)
    assert abs(stamp.at - datetime.now(UTC)) < timedelta(minutes=1)
    assert authority.accepts(CONTENT, stamp.token)
    assert not authority.accepts(CONTENT + b".", stamp.token)


def test_only_a_digest_goes_there_and_no_two_questions_are_alike(authority):
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
        ("digest", ConnectorUnavailable, "no timestamp of what was asked"),
        (b"<html>come back later</html>", ConnectorUnavailable, "no timestamp of what was asked"),
        (b"", ConnectorUnavailable, "no timestamp of what was asked"),
        (503, ConnectorUnavailable, "HTTP 503"),
        (403, CredentialRejected, "HTTP 403"),
        (404, ConnectorRefused, "HTTP 404"),
        (302, ConnectorRefused, "HTTP 302"),
    ],
)
def test_what_is_no_answer_is_named_and_asked_once(authority, mood, fault, words):
    authority.moods, before = [mood], len(authority.asked)
    with pytest.raises(fault, match=words):
        Rfc3161Authority(authority.url).request_timestamp(DIGEST)
    assert len(authority.asked) == before + 1


def test_an_answer_to_the_question_before_is_not_taken(authority):
    """Its nonce is another: somebody plays an old answer again."""
    old = Rfc3161Authority(authority.url).request_timestamp(DIGEST).token
    authority.moods = [old]
    with pytest.raises(ConnectorUnavailable):
        Rfc3161Authority(authority.url).request_timestamp(DIGEST)


def test_an_authority_that_is_away_is_unavailable():
    with pytest.raises(ConnectorUnavailable):
        Rfc3161Authority("http://127.0.0.1:1/tsr").request_timestamp(DIGEST)
