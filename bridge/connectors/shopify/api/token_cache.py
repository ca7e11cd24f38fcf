"""Defines how tokens are kept between jobs, with an implementation in memory.

An implementation that writes to disk or a database must seal the tokens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime


class TokenCache(Protocol):
    """The tokens of all shops. A refresh token can be used once, so its use needs the shop's refresh lock."""

    def get_access_token(self, shop: str) -> tuple[str, datetime] | None:
        """Return the shop's token and the time it expires, or None."""
        ...

    def save_token(self, shop: str, token: str, expires_at: datetime, refresh_token: str = "") -> None:
        """Save a token. Without a new refresh token the saved one stays."""
        ...

    def get_refresh_token(self, shop: str) -> str:
        """Return the shop's refresh token, or ''."""
        ...

    def acquire_refresh_lock(self, shop: str) -> bool:
        """Acquire the lock to refresh this shop's token; return False while another process has it."""
        ...

    def release_refresh_lock(self, shop: str) -> None:
        """Release the lock."""
        ...


class MemoryTokenCache:
    """The tokens of this process."""

    def __init__(self) -> None:
        """Start with none."""
        self._tokens: dict[str, tuple[str, datetime]] = {}
        self._refresh_tokens: dict[str, str] = {}

    def get_access_token(self, shop: str) -> tuple[str, datetime] | None:
        """Return the shop's token and the time it expires, or None."""
        return self._tokens.get(shop)

    def save_token(self, shop: str, token: str, expires_at: datetime, refresh_token: str = "") -> None:
        """Save a token. Without a new refresh token the saved one stays."""
        self._tokens[shop] = (token, expires_at)
        if refresh_token:
            self._refresh_tokens[shop] = refresh_token

    def get_refresh_token(self, shop: str) -> str:
        """Return the shop's refresh token, or ''."""
        return self._refresh_tokens.get(shop, "")

    def acquire_refresh_lock(self, shop: str) -> bool:  # noqa: ARG002 - no other process has this memory
        """Return True: no other process shares this memory."""
        return True

    def release_refresh_lock(self, shop: str) -> None:
        """Do nothing: `acquire_refresh_lock` took no lock."""
