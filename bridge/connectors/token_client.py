"""A token that is asked for when it is needed, kept while it lives, and renewed once when it is refused.

Knows no system: how to log in and how to ask are given. Keeps the token in memory only.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING

from bridge.errors import CredentialRejected

if TYPE_CHECKING:
    from collections.abc import Callable

    from bridge.connectors.http import HttpResponse


def utc_now() -> datetime:
    """This moment."""
    return datetime.now(UTC)


class TokenClient:
    """One account's token."""

    def __init__(
        self,
        system: str,
        fetch_token: Callable[[], str],
        *,
        lifetime: timedelta,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        """`log_in` gives a new token; it is used for as long as `lives` says."""
        self._system, self._fetch_token, self._lifetime, self._now = system, fetch_token, lifetime, now
        self._token, self._expires_at = "", now()

    def call_with_token(self, send_request: Callable[[str], HttpResponse]) -> HttpResponse:
        """Ask with the token; once more with a new one where the answer is 401. Raises CredentialRejected then."""
        for _ in range(2):
            if not self._token or self._now() >= self._expires_at:
                asked_at = self._now()
                self._token, self._expires_at = self._fetch_token(), asked_at + self._lifetime
            answer = send_request(self._token)
            if answer.status != HTTPStatus.UNAUTHORIZED:
                return answer
            self._token = ""
        raise CredentialRejected(f"{self._system}: token refused")
