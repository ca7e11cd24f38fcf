"""Provides Admin API tokens: a fixed one, one per day by client credentials, or one per hour by a refresh token.

Never puts a secret or a token into a message, a log or a `repr`.
https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/client-credentials-grant
"""

from __future__ import annotations

import json
import re
import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeGuard

from bridge.errors import ConnectorRefused, ConnectorThrottled, ConnectorUnavailable, CredentialRejected

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bridge.connectors.http import HttpClient
    from bridge.connectors.shopify.api.token_cache import TokenCache

REFRESH_POLL_S, REFRESH_POLLS = 0.5, 60  # as long as one refresh may take with all its attempts
EXPIRY_MARGIN = timedelta(minutes=5)  # a token that would expire during a page is renewed before it
_SHOP_DOMAIN_PATTERN = re.compile(r"[a-z0-9][a-z0-9-]*\.myshopify\.com")


class TokenProvider:
    """The source of tokens for all shops."""

    def __init__(
        self,
        *,
        base_url: str,
        client_id: str,
        client_secret: str,
        access_token: str,
        cache: TokenCache,
        http: HttpClient,
        now: Callable[[], datetime],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Take the settings. `access_token` is a fixed token; without it tokens are granted."""
        self._base_url = base_url
        self._client_id = client_id
        self._client_secret = client_secret
        self._access_token = access_token
        self._cache = cache
        self._http = http
        self._now = now
        self._sleep = sleep
        self._tokens_by_shop: dict[str, tuple[str, datetime]] = {}

    @property
    def is_renewable(self) -> bool:
        """Return False for a fixed token, which cannot be renewed."""
        return not self._access_token

    def get_token(self, shop: str, *, rejected_token: str = "") -> str:
        """Return a token; obtain one if none is cached, it expires soon, or it is `rejected_token`.

        Raises CredentialRejected, ConnectorUnavailable, ConnectorThrottled.
        """
        if self._access_token:
            return self._access_token
        if not (self._client_id and self._client_secret):
            raise CredentialRejected("shopify: no credentials")
        token = self._tokens_by_shop.get(shop)
        if not self._is_usable(token, rejected_token):
            token = self._tokens_by_shop[shop] = self._obtain_token(shop, rejected_token)
        return token[0]

    def _obtain_token(self, shop: str, rejected_token: str) -> tuple[str, datetime]:
        """Return the token from the shared cache, which another process may have renewed, or obtain a new one."""
        cached = self._cache.get_access_token(shop)
        if self._is_usable(cached, rejected_token):
            return cached
        if self._cache.get_refresh_token(shop):
            return self._refresh_token(shop, rejected_token)
        token, expires_at, _ = self._request_token(shop, {"grant_type": "client_credentials"})
        self._cache.save_token(shop, token, expires_at)
        return token, expires_at

    def _is_usable(
        self, cached_token: tuple[str, datetime] | None, rejected_token: str
    ) -> TypeGuard[tuple[str, datetime]]:
        return (
            cached_token is not None
            and cached_token[0] != rejected_token
            and cached_token[1] - EXPIRY_MARGIN > self._now()
        )

    def _refresh_token(self, shop: str, rejected_token: str) -> tuple[str, datetime]:
        """Refresh the token under the shop's lock, because a refresh token can be used once.

        Shopify accepts the previous refresh token until its replacement is used, so a lost answer (or a crash) costs
        another request with the same token and nothing else. Raises ConnectorThrottled while another process refreshes.
        """
        for _ in range(REFRESH_POLLS):
            if self._cache.acquire_refresh_lock(shop):
                try:
                    cached = self._cache.get_access_token(shop)
                    if self._is_usable(cached, rejected_token):  # another process has renewed it
                        return cached
                    form = {"grant_type": "refresh_token", "refresh_token": self._cache.get_refresh_token(shop)}
                    token, expires_at, refresh = self._request_token(shop, form)
                    self._cache.save_token(shop, token, expires_at, refresh)
                    return token, expires_at
                finally:
                    self._cache.release_refresh_lock(shop)
            self._sleep(REFRESH_POLL_S)
            cached = self._cache.get_access_token(shop)
            if self._is_usable(cached, rejected_token):
                return cached
        raise ConnectorThrottled(
            "shopify: another process refreshes the token", retry_after_s=REFRESH_POLLS * REFRESH_POLL_S
        )

    def _request_token(self, shop: str, grant: Mapping[str, str]) -> tuple[str, datetime, str]:
        form = {**grant, "client_id": self._client_id, "client_secret": self._client_secret}
        url = f"{build_base_url(self._base_url, shop)}/admin/oauth/access_token"
        try:
            answer = self._http.call("POST", url, data=form, headers={"Accept": "application/json"})
        except (ConnectorRefused, CredentialRejected):
            if "refresh_token" in grant:
                raise CredentialRejected("shopify: refresh token refused, authorise the app again") from None
            # Shopify answers 400 for a wrong secret and for a shop of another organisation (shop_not_permitted)
            raise CredentialRejected("shopify: token refused") from None
        try:
            body = json.loads(answer.content)
            token, lifetime_s = body["access_token"], float(body.get("expires_in", 86_399))
            refresh = body.get("refresh_token") or ""
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise ConnectorUnavailable("shopify: no token in the answer") from None
        if not isinstance(token, str) or not token.isascii() or not token.isprintable() or not token:
            raise ConnectorUnavailable("shopify: no token in the answer")
        return token, self._now() + timedelta(seconds=lifetime_s), refresh if isinstance(refresh, str) else ""


def build_base_url(base_url: str, shop: str) -> str:
    """Return the base URL of the shop's API. Raises ConnectorRefused unless `shop` is a myshopify.com domain.

    A lenient check would send the shop's token to a foreign host.
    """
    if not _SHOP_DOMAIN_PATTERN.fullmatch(shop):
        raise ConnectorRefused("shopify: not a shop domain")
    return (base_url or "https://{shop}").replace("{shop}", shop).rstrip("/")
