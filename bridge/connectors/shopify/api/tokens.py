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

    from bridge.connectors.http import Http
    from bridge.connectors.shopify.api.token_cache import TokenCache

TURN_S, TURNS = 0.5, 60  # as long as one refresh may take with all its attempts
SPARE = timedelta(minutes=5)  # a token that ends in the middle of a page is asked for again before it
_SHOP = re.compile(r"[a-z0-9][a-z0-9-]*\.myshopify\.com")


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
        self._held: dict[str, tuple[str, datetime]] = {}

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
        held = self._held.get(shop)
        if not self._good(held, refused):
            held = self._held[shop] = self._newest(shop, refused)
        return held[0]

    def _newest(self, shop: str, refused: str) -> tuple[str, datetime]:
        """Look where all processes keep it: another may have replaced the one that was refused here."""
        kept = self._cache.get(shop)
        if self._good(kept, refused):
            return kept
        if self._cache.refresh(shop):
            return self._refreshed(shop, refused)
        token, expires_at, _ = self._ask(shop, {"grant_type": "client_credentials"})
        self._cache.put(shop, token, expires_at)
        return token, expires_at

    def _good(self, kept: tuple[str, datetime] | None, refused: str) -> TypeGuard[tuple[str, datetime]]:
        return kept is not None and kept[0] != refused and kept[1] - SPARE > self._now()

    def _refreshed(self, shop: str, refused: str) -> tuple[str, datetime]:
        """Refresh in turn: a refresh token is good once, and a second process would spend it again.

        Shopify keeps the token before until its replacement was used, so an answer that is lost on the way
        (or that we die with) costs another question with the same token and nothing else.
        """
        for _ in range(TURNS):
            if self._cache.alone(shop):
                try:
                    kept = self._cache.get(shop)
                    if self._good(kept, refused):  # another process was first
                        return kept
                    form = {"grant_type": "refresh_token", "refresh_token": self._cache.refresh(shop)}
                    token, expires_at, refresh = self._ask(shop, form)
                    self._cache.put(shop, token, expires_at, refresh)
                    return token, expires_at
                finally:
                    self._cache.done(shop)
            self._sleep(TURN_S)
            kept = self._cache.get(shop)
            if self._good(kept, refused):
                return kept
        raise ConnectorThrottled("shopify: another process refreshes the token", retry_after_s=TURNS * TURN_S)

    def _ask(self, shop: str, grant: Mapping[str, str]) -> tuple[str, datetime, str]:
        form = {**grant, "client_id": self._client_id, "client_secret": self._client_secret}
        url = f"{base(self._base_url, shop)}/admin/oauth/access_token"
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
