"""Admin tokens: fixed, or asked for with the client-credentials grant and kept until shortly before they end.

Holds secrets and hands out tokens; never puts either into a message, a log or a `repr`.
https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/client-credentials-grant
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from bridge.errors import ConnectorRefused, ConnectorUnavailable, CredentialRejected

if TYPE_CHECKING:
    from collections.abc import Callable

    from bridge.connectors.http import Http

SPARE = timedelta(minutes=5)  # a token that ends in the middle of a page is asked for again before it
_SHOP = re.compile(r"[a-z0-9][a-z0-9-]*\.myshopify\.com")


class TokenCache(Protocol):
    """Where tokens wait between jobs. An implementation that rests on disk or in Redis must seal them."""

    def get(self, shop: str) -> tuple[str, datetime] | None:
        """Give the shop's token and the moment it ends, or None."""
        ...

    def put(self, shop: str, token: str, expires_at: datetime) -> None:
        """Keep a token."""
        ...


class MemoryTokens:
    """Tokens of this process."""

    def __init__(self) -> None:
        """Start with none."""
        self._kept: dict[str, tuple[str, datetime]] = {}

    def get(self, shop: str) -> tuple[str, datetime] | None:
        """Give the shop's token and the moment it ends, or None."""
        return self._kept.get(shop)

    def put(self, shop: str, token: str, expires_at: datetime) -> None:
        """Keep a token."""
        self._kept[shop] = (token, expires_at)


class Tokens:
    """Gives a token for a shop."""

    def __init__(
        self,
        *,
        base_url: str,
        client_id: str,
        client_secret: str,
        access_token: str,
        cache: TokenCache,
        http: Http,
        now: Callable[[], datetime],
    ) -> None:
        """Take the settings. `access_token` is the fixed one; without it the grant is used."""
        self._base_url = base_url
        self._client_id = client_id
        self._client_secret = client_secret
        self._access_token = access_token
        self._cache = cache
        self._http = http
        self._now = now

    @property
    def renewable(self) -> bool:
        """False for a fixed token: asking again would give the same one."""
        return not self._access_token

    def token(self, shop: str, *, refused: str = "") -> str:
        """Give a token; ask for one where none is kept, it ends soon, or it is the one just refused.

        Raises CredentialRejected, ConnectorUnavailable, ConnectorThrottled.
        """
        if self._access_token:
            return self._access_token
        if not (self._client_id and self._client_secret):
            raise CredentialRejected("shopify: no credentials")
        kept = self._cache.get(shop)
        if kept and kept[0] != refused and kept[1] - SPARE > self._now():
            return kept[0]
        token, expires_at = self._ask(shop)
        self._cache.put(shop, token, expires_at)
        return token

    def _ask(self, shop: str) -> tuple[str, datetime]:
        form = {
            "grant_type": "client_credentials",
            "client_id": self._client_id,
            "client_secret": self._client_secret,
        }
        url = f"{base(self._base_url, shop)}/admin/oauth/access_token"
        try:
            answer = self._http.call("POST", url, data=form, headers={"Accept": "application/json"})
        except ConnectorRefused:
            # Shopify says 400 for a wrong secret and for a shop of another organisation (shop_not_permitted)
            raise CredentialRejected("shopify: token refused") from None
        try:
            body = json.loads(answer.content)
            token, lasts_s = body["access_token"], float(body.get("expires_in", 86_399))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise ConnectorUnavailable("shopify: no token in the answer") from None
        if not isinstance(token, str) or not token.isascii() or not token.isprintable() or not token:
            raise ConnectorUnavailable("shopify: no token in the answer")
        return token, self._now() + timedelta(seconds=lasts_s)


def base(base_url: str, shop: str) -> str:
    """Say where the shop's API stands. Raises ConnectorRefused for anything that is not a shop's own domain.

    A lenient check would send the shop's token to a stranger's host.
    """
    if not _SHOP.fullmatch(shop):
        raise ConnectorRefused("shopify: not a shop domain")
    return (base_url or "https://{shop}").replace("{shop}", shop).rstrip("/")


def utc_now() -> datetime:
    """Read the clock, aware."""
    return datetime.now(UTC)
