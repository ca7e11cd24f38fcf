"""A timestamp authority (RFC 3161 over HTTP, section 3.4): says when a digest existed. Only a digest goes there."""

from __future__ import annotations

import secrets

from bridge.connectors.http import HttpClient
from bridge.errors import ConnectorRefused, ConnectorUnavailable
from bridge.ports import SignedTimestamp
from bridge.rules.evidence import timestamp

AUTHORITY_NAME = "timestamp authority"
QUERY_MEDIA_TYPE, REPLY_MEDIA_TYPE = "application/timestamp-query", "application/timestamp-reply"
NONCE_BITS = 63


class Rfc3161Authority:
    """`ports.Stamper` of one address."""

    def __init__(self, url: str) -> None:
        """Ask there."""
        self._url, self._http = url, HttpClient(AUTHORITY_NAME)

    def request_timestamp(self, digest: bytes) -> SignedTimestamp:
        """See ports.Stamper. Asked once: the next turn of the clock asks again."""
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
            raise ConnectorUnavailable(f"{AUTHORITY_NAME}: no timestamp of what was asked") from None
        return SignedTimestamp(token=answer.content, at=at)
