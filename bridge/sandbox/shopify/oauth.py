"""The tokens of one app at one shop: by client credentials for a day, or by a code for an hour with a refresh token.

Holds no real secret. A refresh token is used once; the one before stays good until its replacement is used.
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

TOKEN_LASTS_S: Final = 86_399
HOUR_S: Final = 3_600
REFRESH_LASTS_S: Final = 7_776_000  # ninety days
INACTIVE: Final = {
    "error": "invalid_request",
    "error_description": "This request requires an active refresh_token",
}


@dataclass(slots=True)
class _Refresh:
    """One refresh token, and the one that it replaced."""

    ends_s: float
    before: str = ""


class Door:
    """Gives tokens and knows which are good. Thread-safe."""

    def __init__(self, *, client_id: str, secrets_known: tuple[str, ...], now_s: Callable[[], float]) -> None:
        """`secrets_known` are the unrevoked client secrets; any of them opens."""
        self.client_id = client_id
        self.secrets = secrets_known
        self.lasts_s: float = TOKEN_LASTS_S
        self.hour_s: float = HOUR_S
        self.refresh_lasts_s: float = REFRESH_LASTS_S
        self.installed = True
        self.fixed: set[str] = set()
        self.codes: set[str] = set()
        self._now_s = now_s
        self._lock = threading.Lock()
        self._ends: dict[str, float] = {}
        self._refresh: dict[str, _Refresh] = {}

    def grant(self, form: Mapping[str, str]) -> tuple[dict[str, Any], int]:
        """Answer a request for a token: body and status."""
        if form.get("client_id") != self.client_id or form.get("client_secret") not in self.secrets:
            return _refused("invalid_client")
        if not self.installed:
            return _refused("app_not_installed")
        with self._lock:
            match form.get("grant_type", ""):
                case "client_credentials":
                    return self._token(self.lasts_s), 200
                case "refresh_token":
                    return self._refreshed(form.get("refresh_token", ""))
                case "":
                    return self._by_code(form)
        return _refused("unsupported_grant_type")

    def pair(self) -> dict[str, Any]:
        """Give an hour's token and its refresh token, as at the end of an installation."""
        with self._lock:
            return self._pair("")

    def admits(self, token: str) -> bool:
        """Whether a token opens this shop now."""
        if not self.installed:
            return False
        with self._lock:
            return token in self.fixed or self._ends.get(token, 0.0) > self._now_s()

    def expire(self) -> None:
        """End every access token that was granted; refresh tokens stay."""
        with self._lock:
            self._ends.clear()

    def _token(self, lasts_s: float | None) -> dict[str, Any]:
        token = f"shpat_{secrets.token_hex(16)}"
        self._ends[token] = self._now_s() + (float("inf") if lasts_s is None else lasts_s)
        answer: dict[str, Any] = {"access_token": token, "scope": ",".join(SCOPES)}
        return answer if lasts_s is None else answer | {"expires_in": lasts_s}

    def _pair(self, before: str) -> dict[str, Any]:
        token = f"shprt_{secrets.token_hex(16)}"
        self._refresh[token] = _Refresh(ends_s=self._now_s() + self.refresh_lasts_s, before=before)
        lasts = {"refresh_token": token, "refresh_token_expires_in": self.refresh_lasts_s}
        return self._token(self.hour_s) | lasts

    def _refreshed(self, token: str) -> tuple[dict[str, Any], int]:
        found = self._refresh.get(token)
        if found is None or found.ends_s <= self._now_s():
            return dict(INACTIVE), 401
        self._refresh.pop(found.before, None)  # its replacement is in use
        for other in [name for name, one in self._refresh.items() if one.before == token]:
            del self._refresh[other]  # asked again: the answer that went astray is void
        return self._pair(token), 200

    def _by_code(self, form: Mapping[str, str]) -> tuple[dict[str, Any], int]:
        code = form.get("code", "")
        if code not in self.codes:
            return _refused("invalid_request")
        self.codes.discard(code)
        return (self._pair("") if form.get("expiring") == "1" else self._token(None)), 200


def _refused(word: str) -> tuple[dict[str, Any], int]:
    return {"error": word, "error_description": "The request was refused"}, 400
