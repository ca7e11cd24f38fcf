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

    from bridge.connectors.http import Answer


def utc_now() -> datetime:
    """This moment."""
    return datetime.now(UTC)


class Login:
    """One account's token."""

    def __init__(
        self,
        system: str,
        log_in: Callable[[], str],
        *,
        lives: timedelta,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        """`log_in` gives a new token; it is used for as long as `lives` says."""
        self._system, self._log_in, self._lives, self._now = system, log_in, lives, now
        self._token, self._until = "", now()

    def call(self, ask: Callable[[str], Answer]) -> Answer:
        """Ask with the token; once more with a new one where the answer is 401. Raises CredentialRejected then."""
        for _ in range(2):
            if not self._token or self._now() >= self._until:
                asked_at = self._now()
                self._token, self._until = self._log_in(), asked_at + self._lives
            answer = ask(self._token)
            if answer.status != HTTPStatus.UNAUTHORIZED:
                return answer
            self._token = ""
        raise CredentialRejected(f"{self._system}: token refused")
