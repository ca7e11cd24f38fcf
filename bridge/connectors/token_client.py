"""Sends requests with a token that is fetched when needed and renewed once if it is refused.

Knows no system: its caller supplies the login and the request. Keeps the token in memory only.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http import HTTPStatus

from bridge.connectors.http import HttpResponse
from bridge.connectors.parsing import parse_json
from bridge.errors import ConnectorUnavailable, CredentialRejected


def utc_now() -> datetime:
    """Return the current time in UTC."""
    return datetime.now(UTC)


def read_token(system: str, content: bytes, key: str) -> str:
    """Return the token under `key` of a login's JSON answer. Raises ConnectorUnavailable if there is none."""
    response = parse_json(content)
    token = response.get(key) if isinstance(response, dict) else None
    if not isinstance(token, str) or not token:
        raise ConnectorUnavailable(f"{system}: unreadable answer")
    return token


class TokenClient:
    """The token of one account."""

    def __init__(
        self, system: str, fetch_token: Callable[[], str], *, lifetime: timedelta, now: Callable[[], datetime] = utc_now
    ) -> None:
        """Take the function that fetches a new token, and how long a token is used."""
        self._system, self._fetch_token, self._lifetime, self._now = system, fetch_token, lifetime, now
        self._token, self._expires_at = "", now()

    def call_with_token(self, send_request: Callable[[str], HttpResponse]) -> HttpResponse:
        """Send the request; repeat it once with a new token after a 401. Raises CredentialRejected after the second 401."""
        for _ in range(2):
            if not self._token or self._now() >= self._expires_at:
                asked_at = self._now()
                self._token, self._expires_at = self._fetch_token(), asked_at + self._lifetime
            answer = send_request(self._token)
            if answer.status != HTTPStatus.UNAUTHORIZED:
                return answer
            self._token = ""
        raise CredentialRejected(f"{self._system}: token refused")
