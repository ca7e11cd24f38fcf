"""Requests timestamps from a timestamp authority (RFC 3161 over HTTP), and verifies them. Sends only a digest.

`rfc3161_client` builds the question, reads the answer and checks its signature. It takes any digest algorithm of the
signature and does not look at that of the digest, so both are compared here.
"""

from __future__ import annotations

import hashlib
import warnings
from base64 import b64decode
from collections.abc import Iterable

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs7 import load_der_pkcs7_certificates
from cryptography.x509 import DuplicateExtension, InvalidVersion, UnsupportedGeneralNameType, load_pem_x509_certificates
from rfc3161_client import (
    HashAlgorithm,
    PKIStatus,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from bridge.connectors.http import HttpClient
from bridge.errors import ConnectorRefused, ConnectorUnavailable, SettingsInvalid
from bridge.model import SignedHead, SignedTimestamp
from bridge.rules.evidence.chain_heads import encode_head_statement

AUTHORITY_NAME = "timestamp authority"
QUERY_MEDIA_TYPE, REPLY_MEDIA_TYPE = "application/timestamp-query", "application/timestamp-reply"
MAX_TOKEN_BYTES = 1_048_576  # a token with its certificates has some kilobytes
SIGNED_DATA_OID = bytes.fromhex("06092a864886f70d010702")  # 1.2.840.113549.1.7.2
SHA256_OID = "2.16.840.1.101.3.4.2.1"
SIGNATURE_DIGEST_OIDS = {SHA256_OID, "2.16.840.1.101.3.4.2.2", "2.16.840.1.101.3.4.2.3"}  # and SHA-384, SHA-512
# What the two libraries raise for bytes that they cannot read; the last four are of damaged certificates.
UNREADABLE = (ValueError, UnsupportedAlgorithm, InvalidVersion, DuplicateExtension, UnsupportedGeneralNameType)


class TimestampVerifier:
    """Verifies timestamps against the root certificates of their authorities."""

    def __init__(self, roots: str) -> None:
        """Take the certificates (PEM, one after the other); '' for none. Raises SettingsInvalid."""
        try:
            self._roots = load_pem_x509_certificates(roots.encode()) if roots else []
        except UNREADABLE:
            raise SettingsInvalid(["BRIDGE_TSA_ROOT_FILE holds a certificate that cannot be read"]) from None

    @property
    def has_roots(self) -> bool:
        """Return True where a signature can be verified."""
        return bool(self._roots)

    def find_unverified_heads(self, heads: Iterable[SignedHead]) -> list[SignedHead]:
        """Return the heads whose stored timestamp is not of this head and its time, or of no authority of the roots.

        The certificates of the authority must have been valid at the time that it attests, not today.
        """
        return [head for head in heads if head.anchored_at and not self._is_timestamped(head)]

    def read_timestamp(self, token: bytes, content: bytes, *, nonce: int | None) -> SignedTimestamp:
        """Return the answer to the question with this nonce about this content; without roots it is not verified.

        Raises ConnectorRefused (not granted), ConnectorUnavailable (no timestamp of this content, the answer to another
        question, or not signed by an authority of the roots).
        """
        try:
            response = _decode_answer(token, content, nonce)
            verified = self.has_roots and self._is_signed(response, content)
            at = response.tst_info.gen_time
        except UNREADABLE:
            raise ConnectorUnavailable(f"{AUTHORITY_NAME}: no timestamp of this digest") from None
        if self.has_roots and not verified:
            raise ConnectorUnavailable(f"{AUTHORITY_NAME}: not signed by an authority of BRIDGE_TSA_ROOT_FILE")
        return SignedTimestamp(token=token, at=at, verified=verified)

    def _is_timestamped(self, head: SignedHead) -> bool:
        statement = encode_head_statement(head)
        try:
            response = _decode_response(b64decode(head.token))
            is_of_head = _is_about(response, statement) and response.tst_info.gen_time == head.anchored_at
            return is_of_head and self._is_signed(response, statement)
        except UNREADABLE:
            return False

    def _is_signed(self, response: TimeStampResponse, content: bytes) -> bool:
        if not {oid.dotted_string for oid in response.signed_data.digest_algorithms} <= SIGNATURE_DIGEST_OIDS:
            return False
        try:
            return VerifierBuilder(roots=self._roots).build().verify_message(response, content)
        except VerificationError:
            return False


class Rfc3161Authority:
    """A `ports.TimestampAuthority` at one address."""

    def __init__(self, url: str, roots: str) -> None:
        """Take the authority's address and its root certificates (PEM); '' for none. Raises SettingsInvalid."""
        self._url, self._http = url, HttpClient(AUTHORITY_NAME, max_answer_bytes=MAX_TOKEN_BYTES)
        self._verifier = TimestampVerifier(roots)

    def request_timestamp(self, content: bytes) -> SignedTimestamp:
        """Return a timestamp of the content (`ports.TimestampAuthority`). Sent once: the next scheduled run tries again.

        Raises as `TimestampVerifier.read_timestamp`.
        """
        question = TimestampRequestBuilder(content, HashAlgorithm.SHA256).build()
        answer = self._http.call(
            "POST",
            self._url,
            operation="timestamp",
            idempotent=False,
            data=question.as_bytes(),
            headers={"Content-Type": QUERY_MEDIA_TYPE, "Accept": REPLY_MEDIA_TYPE},
        )
        return self._verifier.read_timestamp(answer.content, content, nonce=question.nonce)


def _decode_answer(token: bytes, content: bytes, nonce: int | None) -> TimeStampResponse:
    """Return a granted answer about this content and with this nonce. Raises ConnectorRefused, UNREADABLE."""
    response = _decode_response(token)
    if response.status != PKIStatus.GRANTED:
        raise ConnectorRefused(f"{AUTHORITY_NAME}: not granted")
    if not _is_about(response, content) or response.tst_info.nonce != nonce:
        raise ValueError("timestamp: the answer to another question")
    return response


def _decode_response(token: bytes) -> TimeStampResponse:
    """Return the response. Raises UNREADABLE.

    The library refuses certificates that do not stand in the order of DER. Authorities send them in their own order,
    which openssl takes and no signature covers: they are sorted where the library refuses.
    """
    try:
        return decode_timestamp_response(token)
    except UNREADABLE:
        return decode_timestamp_response(_sort_certificates(token))


def _sort_certificates(token: bytes) -> bytes:
    """Return the response with its certificates in the order of DER. Raises UNREADABLE where it has none."""
    start = token.index(SIGNED_DATA_OID) - len(b"\x30\x82\x00\x00")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it is not DER is known
        certificates = load_der_pkcs7_certificates(token[max(start, 0) :])
    encoded = [certificate.public_bytes(Encoding.DER) for certificate in certificates]
    return token.replace(b"".join(encoded), b"".join(sorted(encoded)), 1)


def _is_about(response: TimeStampResponse, content: bytes) -> bool:
    """Return True where it is about the SHA-256 of the content. Raises UNREADABLE where it holds no timestamp."""
    imprint = response.tst_info.message_imprint
    return (imprint.hash_algorithm.dotted_string, imprint.message) == (SHA256_OID, hashlib.sha256(content).digest())
