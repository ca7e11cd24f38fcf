"""Requests timestamps of digests from a timestamp authority (RFC 3161 over HTTP, section 3.4). Sends only the digest."""

from __future__ import annotations

import secrets

from bridge.connectors.http import HttpClient
from bridge.errors import ConnectorRefused, ConnectorUnavailable
from bridge.model import SignedTimestamp
from bridge.rules.evidence import timestamp

AUTHORITY_NAME = "timestamp authority"
QUERY_MEDIA_TYPE, REPLY_MEDIA_TYPE = "application/timestamp-query", "application/timestamp-reply"
NONCE_BITS = 63
MAX_TOKEN_BYTES = 1_048_576  # a token with its certificates has some kilobytes


class Rfc3161Authority:
    """A `ports.TimestampAuthority` at one address."""

    def __init__(self, url: str) -> None:
        """Take the authority's address."""
        self._url, self._http = url, HttpClient(AUTHORITY_NAME, max_answer_bytes=MAX_TOKEN_BYTES)

    def request_timestamp(self, digest: bytes) -> SignedTimestamp:
        """Return a timestamp of the digest (`ports.TimestampAuthority`). Sent once: the next scheduled run tries again.

        Raises ConnectorRefused (not granted), ConnectorUnavailable (no valid timestamp of this digest).
        """
        nonce = secrets.randbits(NONCE_BITS)
        answer = self._http.call(
            "POST",
            self._url,
            idempotent=False,
            data=timestamp.build_timestamp_request(digest, nonce),
            headers={"Content-Type": QUERY_MEDIA_TYPE, "Accept": REPLY_MEDIA_TYPE},
        )
        try:
            if not timestamp.is_timestamp_granted(answer.content):
                raise ConnectorRefused(f"{AUTHORITY_NAME}: not granted")
            at = timestamp.read_timestamp(answer.content, digest=digest, nonce=nonce)
        except ValueError:
            raise ConnectorUnavailable(f"{AUTHORITY_NAME}: no timestamp of this digest") from None
        return SignedTimestamp(token=answer.content, at=at)
