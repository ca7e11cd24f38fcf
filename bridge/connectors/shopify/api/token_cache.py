"""Where tokens wait between jobs: the protocol, and one process's memory of it.

An implementation that rests on disk or in a database must seal what it keeps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime


class TokenCache(Protocol):
    """Tokens of all shops. A refresh token is good once: whoever uses it is alone with its shop meanwhile."""

    def get_access_token(self, shop: str) -> tuple[str, datetime] | None:
        """Give the shop's token and the moment it ends, or None."""
        ...

    def save_token(self, shop: str, token: str, expires_at: datetime, refresh_token: str = "") -> None:
        """Keep a token. Without a new refresh token the kept one stays."""
        ...

    def get_refresh_token(self, shop: str) -> str:
        """Give the shop's refresh token, or ''."""
        ...

    def acquire_refresh_lock(self, shop: str) -> bool:
        """Take the turn to refresh this shop's token; False while another process has it."""
        ...

    def release_refresh_lock(self, shop: str) -> None:
        """Give the turn back."""
        ...


class MemoryTokenCache:
    """Tokens of this process."""

    def __init__(self) -> None:
        """Start with none."""
        self._tokens: dict[str, tuple[str, datetime]] = {}
        self._refresh_tokens: dict[str, str] = {}

    def get_access_token(self, shop: str) -> tuple[str, datetime] | None:
        """See TokenCache."""
        return self._tokens.get(shop)

    def save_token(self, shop: str, token: str, expires_at: datetime, refresh_token: str = "") -> None:
        """See TokenCache."""
        self._tokens[shop] = (token, expires_at)
        if refresh_token:
            self._refresh_tokens[shop] = refresh_token

    def get_refresh_token(self, shop: str) -> str:
        """See TokenCache."""
        return self._refresh_tokens.get(shop, "")

    def acquire_refresh_lock(self, shop: str) -> bool:  # noqa: ARG002 - nobody else has this memory
        """See TokenCache."""
        return True

    def release_refresh_lock(self, shop: str) -> None:
        """See TokenCache."""
