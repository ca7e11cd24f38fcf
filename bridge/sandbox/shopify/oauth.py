"""The tokens of one app at one shop: by client credentials for a day, or by a code for an hour with a refresh token.

It holds no real secret. A refresh token works once; the former one stays valid until its replacement is used.
https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/offline-access-tokens
"""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from bridge.sandbox.shopify.access import SCOPES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

TOKEN_LIFETIME_S: Final = 86_399
OFFLINE_TOKEN_LIFETIME_S: Final = 3_600
REFRESH_TOKEN_LIFETIME_S: Final = 7_776_000  # ninety days
INACTIVE_REFRESH_ERROR: Final = {
    "error": "invalid_request",
    "error_description": "This request requires an active refresh_token",
}


@dataclass(slots=True)
class _RefreshToken:
    """One refresh token, and the one that it replaced."""

    expires_at_s: float
    replaced_token: str = ""


class TokenServer:
    """The tokens of one shop. It is thread-safe."""

    def __init__(self, *, client_id: str, client_secrets: tuple[str, ...], now_s: Callable[[], float]) -> None:
        """Prepare the server. `secrets_known` are the unrevoked client secrets; each of them is accepted."""
        self.client_id = client_id
        self.client_secrets = client_secrets
        self.token_lifetime_s: float = TOKEN_LIFETIME_S
        self.offline_lifetime_s: float = OFFLINE_TOKEN_LIFETIME_S
        self.refresh_lifetime_s: float = REFRESH_TOKEN_LIFETIME_S
        self.installed = True
        self.fixed_tokens: set[str] = set()
        self.authorization_codes: set[str] = set()
        self._now_s = now_s
        self._lock = threading.Lock()
        self._token_expiries: dict[str, float] = {}
        self._refresh_tokens: dict[str, _RefreshToken] = {}

    def grant_token(self, form: Mapping[str, str]) -> tuple[dict[str, Any], int]:
        """Return body and status of the answer to a token request."""
        if form.get("client_id") != self.client_id or form.get("client_secret") not in self.client_secrets:
            return _make_oauth_error("invalid_client")
        if not self.installed:
            return _make_oauth_error("app_not_installed")
        with self._lock:
            match form.get("grant_type", ""):
                case "client_credentials":
                    return self._issue_token(self.token_lifetime_s), 200
                case "refresh_token":
                    return self._refresh_pair(form.get("refresh_token", ""))
                case "":
                    return self._exchange_code(form)
        return _make_oauth_error("unsupported_grant_type")

    def issue_token_pair(self) -> dict[str, Any]:
        """Return a one-hour token with its refresh token, as at the end of an installation."""
        with self._lock:
            return self._issue_pair("")

    def is_valid_token(self, token: str) -> bool:
        """Return whether a token is valid for this shop now."""
        if not self.installed:
            return False
        with self._lock:
            return token in self.fixed_tokens or self._token_expiries.get(token, 0.0) > self._now_s()

    def expire_tokens(self) -> None:
        """Expire every granted access token; refresh tokens stay."""
        with self._lock:
            self._token_expiries.clear()

    def _issue_token(self, lifetime_s: float | None) -> dict[str, Any]:
        token = f"shpat_{secrets.token_hex(16)}"
        self._token_expiries[token] = self._now_s() + (float("inf") if lifetime_s is None else lifetime_s)
        answer: dict[str, Any] = {"access_token": token, "scope": ",".join(SCOPES)}
        return answer if lifetime_s is None else answer | {"expires_in": lifetime_s}

    def _issue_pair(self, replaced_token: str) -> dict[str, Any]:
        token = f"shprt_{secrets.token_hex(16)}"
        self._refresh_tokens[token] = _RefreshToken(
            expires_at_s=self._now_s() + self.refresh_lifetime_s, replaced_token=replaced_token
        )
        refresh_fields = {"refresh_token": token, "refresh_token_expires_in": self.refresh_lifetime_s}
        return self._issue_token(self.offline_lifetime_s) | refresh_fields

    def _refresh_pair(self, token: str) -> tuple[dict[str, Any], int]:
        found = self._refresh_tokens.get(token)
        if found is None or found.expires_at_s <= self._now_s():
            return dict(INACTIVE_REFRESH_ERROR), 401
        self._refresh_tokens.pop(found.replaced_token, None)  # its replacement is in use
        for other in [name for name, one in self._refresh_tokens.items() if one.replaced_token == token]:
            del self._refresh_tokens[other]  # requested again: the lost answer becomes invalid
        return self._issue_pair(token), 200

    def _exchange_code(self, form: Mapping[str, str]) -> tuple[dict[str, Any], int]:
        code = form.get("code", "")
        if code not in self.authorization_codes:
            return _make_oauth_error("invalid_request")
        self.authorization_codes.discard(code)
        return (self._issue_pair("") if form.get("expiring") == "1" else self._issue_token(None)), 200


def _make_oauth_error(error_code: str) -> tuple[dict[str, Any], int]:
    return {"error": error_code, "error_description": "The request was refused"}, 400
