"""Where tokens wait between jobs: the protocol, and one process's memory of it.

An implementation that rests on disk or in a database must seal what it keeps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime


class TokenCache(Protocol):
    """Tokens of all shops. A refresh token is good once: whoever uses it is alone with its shop meanwhile."""

    def get(self, shop: str) -> tuple[str, datetime] | None:
        """Give the shop's token and the moment it ends, or None."""
        ...

    def put(self, shop: str, token: str, expires_at: datetime, refresh: str = "") -> None:
        """Keep a token. Without a new refresh token the kept one stays."""
        ...

    def refresh(self, shop: str) -> str:
        """Give the shop's refresh token, or ''."""
        ...

    def alone(self, shop: str) -> bool:
        """Take the turn to refresh this shop's token; False while another process has it."""
        ...

    def done(self, shop: str) -> None:
        """Give the turn back."""
        ...


class MemoryTokens:
    """Tokens of this process."""

    def __init__(self) -> None:
        """Start with none."""
        self._kept: dict[str, tuple[str, datetime]] = {}
        self._refresh: dict[str, str] = {}

    def get(self, shop: str) -> tuple[str, datetime] | None:
        """See TokenCache."""
        return self._kept.get(shop)

    def put(self, shop: str, token: str, expires_at: datetime, refresh: str = "") -> None:
        """See TokenCache."""
        self._kept[shop] = (token, expires_at)
        if refresh:
            self._refresh[shop] = refresh

    def refresh(self, shop: str) -> str:
        """See TokenCache."""
        return self._refresh.get(shop, "")

    def alone(self, shop: str) -> bool:  # noqa: ARG002 - nobody else has this memory
        """See TokenCache."""
        return True

    def done(self, shop: str) -> None:
        """See TokenCache."""
