"""The timestamp authority: a real one answers, and an invalid answer is refused."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rfc3161_client import decode_timestamp_response

from bridge.connectors.timestamp_authority import MAX_TOKEN_BYTES, Rfc3161Authority, TimestampVerifier
from bridge.errors import ConnectorRefused, ConnectorUnavailable, CredentialRejected, SettingsInvalid
from bridge.model import SignedHead
from bridge.rules.evidence.chain_heads import encode_head_statement
from tests.authority import Authority, needs_openssl
from tests.kit.threads import wait_until

pytestmark = needs_openssl
HEAD = SignedHead(day=datetime(2026, 11, 22, tzinfo=UTC).date(), seq=5, hash="0" * 64, signed_at=datetime.now(UTC))
CONTENT = encode_head_statement(HEAD)
DIGEST = hashlib.sha256(CONTENT).digest()
NO_TIMESTAMP, NOT_SIGNED = "no timestamp of this digest", "not signed by an authority of BRIDGE_TSA_ROOT_FILE"
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    """An authority of the same name with another root."""
    with Authority(tmp_path_factory.mktemp("other")) as other:
        yield other


@pytest.fixture
def client(authority):
    return Rfc3161Authority(authority.url, authority.ca.read_text())


@pytest.fixture(scope="module")
def stamp(authority):
    return Rfc3161Authority(authority.url, authority.ca.read_text()).request_timestamp(CONTENT)


def read_nonce(stamp):
    return decode_timestamp_response(stamp.token).tst_info.nonce


def timestamp_of(stamp):
    return replace(HEAD, token=b64encode(stamp.token).decode(), anchored_at=stamp.at)


def test_a_timestamp_is_current_and_verified_and_openssl_accepts_it(authority, client):
    stamp = client.request_timestamp(CONTENT)
    assert abs(stamp.at - datetime.now(UTC)) < timedelta(minutes=1)
    assert stamp.verified
    assert authority.accepts(CONTENT, stamp.token)
    assert not authority.accepts(CONTENT + b".", stamp.token)


def test_without_a_root_a_timestamp_is_never_called_verified(authority):
    stamp = Rfc3161Authority(authority.url, "").request_timestamp(CONTENT)
    assert not stamp.verified
    assert authority.accepts(CONTENT, stamp.token)
    assert TimestampVerifier("").find_unverified_heads([timestamp_of(stamp)]) == [timestamp_of(stamp)]


def test_only_the_digest_is_sent_and_no_two_requests_are_equal(authority, client):
    for _ in range(2):
        client.request_timestamp(CONTENT)
    first, second = authority.asked[-2:]
    assert DIGEST in first
    assert DIGEST in second
    assert first != second
    assert len(first) < 80


@pytest.mark.parametrize("has_root", [True, False])
@pytest.mark.parametrize(
    ("mood", "fault", "words"),
    [
        ("reject", ConnectorRefused, "not granted"),
        ("modified", ConnectorRefused, "not granted"),
        ("digest", ConnectorUnavailable, NO_TIMESTAMP),
        ("sha1 digest", ConnectorUnavailable, NO_TIMESTAMP),
        ("no nonce", ConnectorUnavailable, NO_TIMESTAMP),
        (b"<html>come back later</html>", ConnectorUnavailable, NO_TIMESTAMP),
        (b"", ConnectorUnavailable, NO_TIMESTAMP),
        (b"\x30\x80\x00\x00", ConnectorUnavailable, NO_TIMESTAMP),
        (b"\x30\x03\x02\x01\x00", ConnectorUnavailable, NO_TIMESTAMP),
        (b"\x30\x05\x30\x03\x02\x01\x00", ConnectorUnavailable, NO_TIMESTAMP),
        (b"\x30" * (MAX_TOKEN_BYTES + 1), ConnectorUnavailable, "the answer is too long"),
        (503, ConnectorUnavailable, "HTTP 503"),
        (403, CredentialRejected, "HTTP 403"),
        (404, ConnectorRefused, "HTTP 404"),
        (302, ConnectorRefused, "HTTP 302"),
    ],
    ids=lambda value: value[:9].hex() if isinstance(value, bytes) else None,
)
def test_an_invalid_answer_is_reported_and_requested_once(authority, mood, fault, words, has_root):
    authority.moods, before = [mood], len(authority.asked)
    with pytest.raises(fault, match=words):
        Rfc3161Authority(authority.url, authority.ca.read_text() * has_root).request_timestamp(CONTENT)
    assert len(authority.asked) == before + 1


@pytest.mark.parametrize("mood", ["forged", "purpose", "sha1 signature", "no certificate"])
def test_an_answer_that_is_not_signed_as_it_must_be_is_refused_where_there_is_a_root(authority, client, mood):
    """Without a root it is taken for what it is, and the root finds it when it is set."""
    authority.moods = [mood, mood]
    with pytest.raises(ConnectorUnavailable, match=NOT_SIGNED):
        client.request_timestamp(CONTENT)
    stamp = Rfc3161Authority(authority.url, "").request_timestamp(CONTENT)
    assert not stamp.verified
    assert TimestampVerifier(authority.ca.read_text()).find_unverified_heads([timestamp_of(stamp)])


def test_an_answer_of_another_authority_is_refused(authority, other, client):
    stamp = Rfc3161Authority(other.url, other.ca.read_text()).request_timestamp(CONTENT)
    assert stamp.verified
    for roots in (authority.ca.read_text(), (authority.folder / "tsa.pem").read_text()):
        with pytest.raises(ConnectorUnavailable, match=NOT_SIGNED):
            Rfc3161Authority(other.url, roots).request_timestamp(CONTENT)
        assert TimestampVerifier(roots).find_unverified_heads([timestamp_of(stamp)])


def test_the_timestamps_of_two_roots_verify_where_both_are_in_the_file(authority, other):
    """The authority changed its root: the earlier one stays in the file."""
    both = TimestampVerifier(authority.ca.read_text() + other.ca.read_text())
    stamps = [Rfc3161Authority(each.url, "").request_timestamp(CONTENT) for each in (authority, other)]
    assert both.find_unverified_heads(map(timestamp_of, stamps)) == []


@pytest.mark.parametrize(("begin", "end"), [(-9 * DAY, -2 * DAY), (2 * DAY, 9 * DAY)], ids=["expired", "not yet valid"])
def test_a_certificate_that_is_not_valid_at_the_time_of_stamping_is_refused(tmp_path, begin, end):
    now = datetime.now(UTC)
    with Authority(tmp_path) as authority:
        client = Rfc3161Authority(authority.url, authority.ca.read_text())
        authority.renew(now - DAY, now + DAY)
        assert client.request_timestamp(CONTENT).verified
        authority.renew(now + begin, now + end)
        with pytest.raises(ConnectorUnavailable, match=NOT_SIGNED):
            client.request_timestamp(CONTENT)


def test_a_stored_timestamp_is_verified_with_its_head_and_its_time(authority, stamp):
    verifier, stamped = TimestampVerifier(authority.ca.read_text()), timestamp_of(stamp)
    unstamped = replace(stamped, token="", anchored_at=None)
    assert verifier.find_unverified_heads([stamped, unstamped]) == []
    bad = [
        replace(stamped, anchored_at=stamped.anchored_at - DAY),
        replace(stamped, seq=4),
        replace(stamped, token=stamped.token[:-40]),
        replace(stamped, token="token"),
        replace(stamped, token=""),
    ]
    assert verifier.find_unverified_heads([*bad, stamped]) == bad


def test_a_timestamp_outlives_the_certificate_that_signed_it(tmp_path):
    now = datetime.now(UTC)
    with Authority(tmp_path) as authority:
        authority.renew(now - DAY, end := now + timedelta(seconds=4))
        client = Rfc3161Authority(authority.url, authority.ca.read_text())
        stamp = client.request_timestamp(CONTENT)
        wait_until(lambda: datetime.now(UTC) > end + timedelta(seconds=1))
        assert not authority.accepts(CONTENT, stamp.token), "openssl verifies as of now unless it is given the time"
        assert TimestampVerifier(authority.ca.read_text()).find_unverified_heads([timestamp_of(stamp)]) == []
        with pytest.raises(ConnectorUnavailable, match=NOT_SIGNED):
            client.request_timestamp(CONTENT)


@pytest.mark.parametrize("sent", [["int.pem"], ["int.pem", "ca.pem"], ["ca.pem", "int.pem"]], ids=" then ".join)
def test_certificates_are_accepted_in_any_order(tmp_path, sent):
    """Whatever the order of DER is: openssl sends the certificate of the signer first."""
    with Authority(tmp_path) as authority:
        authority.put_intermediate()
        authority.send_certificates(*sent)
        stamp = Rfc3161Authority(authority.url, authority.ca.read_text()).request_timestamp(CONTENT)
        assert stamp.verified
        assert authority.accepts(CONTENT, stamp.token)
        assert TimestampVerifier(authority.ca.read_text()).find_unverified_heads([timestamp_of(stamp)]) == []


def test_a_damaged_certificate_in_an_answer_is_no_timestamp_and_no_crash(tmp_path):
    """Its version is none, for which cryptography raises no ValueError: the signer's, and one beside it."""
    with Authority(tmp_path) as authority:
        authority.put_intermediate()
        authority.send_certificates("int.pem", "ca.pem")  # not the order of DER
        stamp = Rfc3161Authority(authority.url, authority.ca.read_text()).request_timestamp(CONTENT)
    verifier, version = TimestampVerifier(authority.ca.read_text()), b"\xa0\x03\x02\x01\x02"
    places = [at for at in range(len(stamp.token)) if stamp.token.startswith(version, at)]
    assert len(places) == 2
    for at in places:
        damaged = timestamp_of(replace(stamp, token=stamp.token[: at + 4] + b"\x59" + stamp.token[at + 5 :]))
        assert verifier.find_unverified_heads([timestamp_of(stamp), damaged]) == [damaged]


def test_an_intermediate_stands_beside_the_root_where_the_answers_do_not_bring_it(tmp_path):
    with Authority(tmp_path) as authority:
        authority.put_intermediate()
        root, intermediate = authority.ca.read_text(), (tmp_path / "int.pem").read_text()
        assert Rfc3161Authority(authority.url, root + intermediate).request_timestamp(CONTENT).verified
        for roots in (root, intermediate):
            with pytest.raises(ConnectorUnavailable, match=NOT_SIGNED):
                Rfc3161Authority(authority.url, roots).request_timestamp(CONTENT)


def test_a_fraction_of_a_second_is_no_fault(authority, client):
    authority.moods = ["fraction"]
    stamp = client.request_timestamp(CONTENT)
    assert stamp.at.microsecond == 0
    assert TimestampVerifier(authority.ca.read_text()).find_unverified_heads([timestamp_of(stamp)]) == []


def test_an_answer_to_an_earlier_request_is_refused(authority, client):
    """A replayed answer has another nonce."""
    old = client.request_timestamp(CONTENT).token
    authority.moods = [old]
    with pytest.raises(ConnectorUnavailable, match=NO_TIMESTAMP):
        client.request_timestamp(CONTENT)


def test_an_answer_that_is_cut_anywhere_is_refused(authority, stamp):
    verifier, nonce = TimestampVerifier(authority.ca.read_text()), read_nonce(stamp)
    assert verifier.read_timestamp(stamp.token, CONTENT, nonce=nonce) == stamp
    for length in range(len(stamp.token)):
        with pytest.raises(ConnectorUnavailable):
            verifier.read_timestamp(stamp.token[:length], CONTENT, nonce=nonce)


@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")  # of a damaged certificate
@given(changes=st.lists(st.tuples(st.integers(0, 1), st.integers(0), st.binary(max_size=4)), min_size=1, max_size=4))
def test_a_damaged_answer_never_becomes_another_timestamp(authority, stamp, changes):
    """Whatever is changed: refused with an error of ours, or still the time that was signed (not all of it is signed)."""
    verifier, raw = TimestampVerifier(authority.ca.read_text()), bytearray(stamp.token)
    for cut, position, put in changes:
        at = position % (len(raw) + 1)
        raw[at : at + cut * len(put)] = put
    try:
        damaged = verifier.read_timestamp(bytes(raw), CONTENT, nonce=read_nonce(stamp))
    except (ConnectorUnavailable, ConnectorRefused):
        damaged = None
    assert damaged is None or damaged == replace(stamp, token=bytes(raw))
    assert verifier.find_unverified_heads([timestamp_of(replace(stamp, token=bytes(raw)))]) == (
        [] if damaged else [timestamp_of(replace(stamp, token=bytes(raw)))]
    )


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_with_an_error_of_ours(noise):
    with pytest.raises((ConnectorUnavailable, ConnectorRefused)):
        TimestampVerifier("").read_timestamp(noise, CONTENT, nonce=None)


def test_a_root_that_cannot_be_read_is_a_fault_of_the_setting():
    with pytest.raises(SettingsInvalid, match="BRIDGE_TSA_ROOT_FILE"):
        TimestampVerifier("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")


def test_an_unreachable_authority_is_unavailable():
    with pytest.raises(ConnectorUnavailable):
        Rfc3161Authority("http://127.0.0.1:1/tsr", "").request_timestamp(CONTENT)
