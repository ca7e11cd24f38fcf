"""Sends requests with a token that is fetched when needed and renewed once if it is refused.

Knows no system: its caller supplies the login and the request. Keeps the token in memory only.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

from bridge.connectors.http import HttpClient, HttpResponse
from bridge.connectors.parsing import dict_or_empty, parse_json
from bridge.errors import ConnectorUnavailable, CredentialRejected


def utc_now() -> datetime:
    """Return the current time in UTC."""
    return datetime.now(UTC)


def read_token(system: str, content: bytes, key: str) -> str:
    """Return the token under `key` of a login's JSON answer. Raises ConnectorUnavailable if there is none."""
    token = dict_or_empty(parse_json(content)).get(key)
    if not isinstance(token, str) or not token:
        raise ConnectorUnavailable(f"{system}: unreadable answer")
    return token


class TokenClient:
    """An HTTP client of one account, with its token; `build_headers` returns the headers that carry a token."""

    def __init__(
        self,
        http: HttpClient,
        fetch_token: Callable[[], str],
        build_headers: Callable[[str], dict[str, str]],
        *,
        lifetime: timedelta,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        """Take the function that fetches a new token, and how long a token is used."""
        self._http, self._fetch_token, self._build_headers = http, fetch_token, build_headers
        self._lifetime, self._now = lifetime, now
        self._token, self._expires_at = "", now()

    def call(self, method: str, url: str, **request: Any) -> HttpResponse:
        """Send the request as `HttpClient.call`; repeat it once with a new token after a 401, which must be readable.

        Raises CredentialRejected after the second 401.
        """
        for _ in range(2):
            if not self._token or self._now() >= self._expires_at:
                asked_at = self._now()
                self._token, self._expires_at = self._fetch_token(), asked_at + self._lifetime
            answer = self._http.call(method, url, headers=self._build_headers(self._token), **request)
            if answer.status != HTTPStatus.UNAUTHORIZED:
                return answer
            self._token = ""
        raise CredentialRejected(f"{self._http.system}: token refused")
