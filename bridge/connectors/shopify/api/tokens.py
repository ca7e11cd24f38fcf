"""Admin tokens: fixed, granted for a day by client credentials, or for an hour by a refresh token.

Holds secrets and hands out tokens; never puts either into a message, a log or a `repr`.
https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/client-credentials-grant
"""

from __future__ import annotations

import json
import re
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeGuard

from bridge.errors import ConnectorRefused, ConnectorThrottled, ConnectorUnavailable, CredentialRejected

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bridge.connectors.http import HttpClient
    from bridge.connectors.shopify.api.token_cache import TokenCache

REFRESH_POLL_S, REFRESH_POLLS = 0.5, 60  # as long as one refresh may take with all its attempts
EXPIRY_MARGIN = timedelta(minutes=5)  # a token that ends in the middle of a page is asked for again before it
_SHOP_DOMAIN_PATTERN = re.compile(r"[a-z0-9][a-z0-9-]*\.myshopify\.com")


class TokenProvider:
    """Gives a token for a shop."""

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
        """Take the settings. `access_token` is the fixed one; without it the grant is used."""
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
        """False for a fixed token: asking again would give the same one."""
        return not self._access_token

    def get_token(self, shop: str, *, rejected_token: str = "") -> str:
        """Give a token; ask for one where none is kept, it ends soon, or it is the one just refused.

        Raises CredentialRejected, ConnectorUnavailable, ConnectorThrottled.
        """
        if self._access_token:
            return self._access_token
        if not (self._client_id and self._client_secret):
            raise CredentialRejected("shopify: no credentials")
        held = self._tokens_by_shop.get(shop)
        if not self._is_usable(held, rejected_token):
            held = self._tokens_by_shop[shop] = self._obtain_token(shop, rejected_token)
        return held[0]

    def _obtain_token(self, shop: str, rejected_token: str) -> tuple[str, datetime]:
        """Look where all processes keep it: another may have replaced the one that was refused here."""
        kept = self._cache.get_access_token(shop)
        if self._is_usable(kept, rejected_token):
            return kept
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
        """Refresh in turn: a refresh token is good once, and a second process would spend it again.

        Shopify keeps the token before until its replacement was used, so an answer that is lost on the way
        (or that we die with) costs another question with the same token and nothing else.
        """
        for _ in range(REFRESH_POLLS):
            if self._cache.acquire_refresh_lock(shop):
                try:
                    kept = self._cache.get_access_token(shop)
                    if self._is_usable(kept, rejected_token):  # another process was first
                        return kept
                    form = {
                        "grant_type": "refresh_token",
                        "refresh_token": self._cache.get_refresh_token(shop),
                    }
                    token, expires_at, refresh = self._request_token(shop, form)
                    self._cache.save_token(shop, token, expires_at, refresh)
                    return token, expires_at
                finally:
                    self._cache.release_refresh_lock(shop)
            self._sleep(REFRESH_POLL_S)
            kept = self._cache.get_access_token(shop)
            if self._is_usable(kept, rejected_token):
                return kept
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
            # Shopify says 400 for a wrong secret and for a shop of another organisation (shop_not_permitted)
            raise CredentialRejected("shopify: token refused") from None
        try:
            body = json.loads(answer.content)
            token, lasts_s = body["access_token"], float(body.get("expires_in", 86_399))
            refresh = body.get("refresh_token") or ""
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise ConnectorUnavailable("shopify: no token in the answer") from None
        if not isinstance(token, str) or not token.isascii() or not token.isprintable() or not token:
            raise ConnectorUnavailable("shopify: no token in the answer")
        return token, self._now() + timedelta(seconds=lasts_s), refresh if isinstance(refresh, str) else ""


def build_base_url(base_url: str, shop: str) -> str:
    """Say where the shop's API stands. Raises ConnectorRefused for anything that is not a shop's own domain.

    A lenient check would send the shop's token to a stranger's host.
    """
    if not _SHOP_DOMAIN_PATTERN.fullmatch(shop):
        raise ConnectorRefused("shopify: not a shop domain")
    return (base_url or "https://{shop}").replace("{shop}", shop).rstrip("/")


def utc_now() -> datetime:
    """Read the clock, aware."""
    return datetime.now(UTC)
