"""Provides Admin API tokens: a fixed one, one per day by client credentials, or one per hour by a refresh token.

Never puts a secret or a token into a message, a log or a `repr`.
https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/client-credentials-grant
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol, TypeGuard

from bridge.connectors.http import HttpClient
from bridge.errors import ConnectorRefused, ConnectorThrottled, ConnectorUnavailable, CredentialRejected

REFRESH_POLL_S, REFRESH_POLLS = 0.5, 60  # as long as one refresh may take with all its attempts
EXPIRY_MARGIN = timedelta(minutes=5)  # a token that would expire during a page is renewed before it
_SHOP_DOMAIN_PATTERN = re.compile(r"[a-z0-9][a-z0-9-]*\.myshopify\.com")


class TokenCache(Protocol):
    """The tokens of all shops between jobs; one on a disk or in a database must seal them.

    A refresh token can be used once, so its use needs the shop's refresh lock.
    """

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


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class TokenProvider:
    """The source of tokens for all shops. `access_token` is a fixed token; without it tokens are granted."""

    base_url: str
    client_id: str
    client_secret: str
    access_token: str
    cache: TokenCache
    http: HttpClient
    now: Callable[[], datetime]
    sleep: Callable[[float], None] = time.sleep
    _tokens_by_shop: dict[str, tuple[str, datetime]] = field(default_factory=dict, init=False)

    @property
    def is_renewable(self) -> bool:
        """Return False for a fixed token, which cannot be renewed."""
        return not self.access_token

    @property
    def has_credentials(self) -> bool:
        """Return whether a token can be had at all."""
        return bool(self.access_token or (self.client_id and self.client_secret))

    def get_token(self, shop: str, *, rejected_token: str = "") -> str:
        """Return a token; obtain one if none is cached, it expires soon, or it is `rejected_token`.

        Raises CredentialRejected, ConnectorUnavailable, ConnectorThrottled.
        """
        if self.access_token:
            return self.access_token
        if not self.has_credentials:
            raise CredentialRejected("shopify: no credentials")
        token = self._tokens_by_shop.get(shop)
        if not self._is_usable(token, rejected_token):
            token = self._tokens_by_shop[shop] = self._obtain_token(shop, rejected_token)
        return token[0]

    def _obtain_token(self, shop: str, rejected_token: str) -> tuple[str, datetime]:
        """Return the token from the shared cache, which another process may have renewed, or obtain a new one."""
        cached = self.cache.get_access_token(shop)
        if self._is_usable(cached, rejected_token):
            return cached
        if self.cache.get_refresh_token(shop):
            return self._refresh_token(shop, rejected_token)
        token, expires_at, _ = self._request_token(shop, {"grant_type": "client_credentials"})
        self.cache.save_token(shop, token, expires_at)
        return token, expires_at

    def _is_usable(
        self, cached_token: tuple[str, datetime] | None, rejected_token: str
    ) -> TypeGuard[tuple[str, datetime]]:
        if cached_token is None:
            return False
        token, expires_at = cached_token
        return token != rejected_token and expires_at - EXPIRY_MARGIN > self.now()

    def _refresh_token(self, shop: str, rejected_token: str) -> tuple[str, datetime]:
        """Refresh the token under the shop's lock, because a refresh token can be used once.

        Shopify accepts the previous refresh token until its replacement is used, so a lost answer (or a crash) costs
        another request with the same token and nothing else. Raises ConnectorThrottled while another process refreshes.
        """
        for _ in range(REFRESH_POLLS):
            if self.cache.acquire_refresh_lock(shop):
                try:
                    cached = self.cache.get_access_token(shop)
                    if self._is_usable(cached, rejected_token):  # another process has renewed it
                        return cached
                    form = {"grant_type": "refresh_token", "refresh_token": self.cache.get_refresh_token(shop)}
                    token, expires_at, refresh = self._request_token(shop, form)
                    self.cache.save_token(shop, token, expires_at, refresh)
                    return token, expires_at
                finally:
                    self.cache.release_refresh_lock(shop)
            self.sleep(REFRESH_POLL_S)
            cached = self.cache.get_access_token(shop)
            if self._is_usable(cached, rejected_token):
                return cached
        raise ConnectorThrottled(
            "shopify: another process refreshes the token", retry_after_s=REFRESH_POLLS * REFRESH_POLL_S
        )

    def _request_token(self, shop: str, grant: Mapping[str, str]) -> tuple[str, datetime, str]:
        form = {**grant, "client_id": self.client_id, "client_secret": self.client_secret}
        url = f"{build_base_url(self.base_url, shop)}/admin/oauth/access_token"
        try:
            answer = self.http.call("POST", url, operation="token", data=form, headers={"Accept": "application/json"})
        except (ConnectorRefused, CredentialRejected):
            # Shopify answers 400 for a wrong secret and for a shop of another organisation (shop_not_permitted)
            what = "refresh token refused, authorise the app again" if "refresh_token" in grant else "token refused"
            raise CredentialRejected(f"shopify: {what}") from None
        try:
            body = json.loads(answer.content)
            token, lifetime_s = body["access_token"], float(body.get("expires_in", 86_399))
            refresh = body.get("refresh_token") or ""
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise ConnectorUnavailable("shopify: no token in the answer") from None
        if not isinstance(token, str) or not token.isascii() or not token.isprintable() or not token:
            raise ConnectorUnavailable("shopify: no token in the answer")
        return token, self.now() + timedelta(seconds=lifetime_s), refresh if isinstance(refresh, str) else ""


def build_base_url(base_url: str, shop: str) -> str:
    """Return the base URL of the shop's API. Raises ConnectorRefused unless `shop` is a myshopify.com domain.

    A lenient check would send the shop's token to a foreign host.
    """
    if not _SHOP_DOMAIN_PATTERN.fullmatch(shop):
        raise ConnectorRefused("shopify: not a shop domain")
    return (base_url or "https://{shop}").replace("{shop}", shop).rstrip("/")
