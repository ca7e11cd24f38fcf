"""A timestamp authority (RFC 3161 over HTTP, section 3.4): says when a digest existed. Only a digest goes there."""

from __future__ import annotations

import secrets

from bridge.connectors.http import Http
from bridge.errors import ConnectorRefused, ConnectorUnavailable
from bridge.ports import Stamp
from bridge.rules.evidence import timestamp

SYSTEM = "timestamp authority"
ASKS, ANSWERS = "application/timestamp-query", "application/timestamp-reply"
NONCE_BITS = 63


class TimestampAuthority:
    """`ports.Stamper` of one address."""

    def __init__(self, url: str) -> None:
        """Ask there."""
        self._url, self._http = url, Http(SYSTEM)

    def stamp(self, digest: bytes) -> Stamp:
        """See ports.Stamper. Asked once: the next turn of the clock asks again."""
        nonce = secrets.randbits(NONCE_BITS)
        answer = self._http.call(
            "POST",
            self._url,
            idempotent=False,
            data=timestamp.question(digest, nonce),
            headers={"Content-Type": ASKS, "Accept": ANSWERS},
        )
        try:
            if not timestamp.granted(answer.content):
                raise ConnectorRefused(f"{SYSTEM}: not granted")
            at = timestamp.told_at(answer.content, digest=digest, nonce=nonce)
        except ValueError:
            raise ConnectorUnavailable(f"{SYSTEM}: no timestamp of what was asked") from None
        return Stamp(token=answer.content, at=at)
