"""Admin tokens, sealed and shared by all jobs and processes, and the lock on refreshing one.

Losing an access token costs one call, so a failure to store it is ignored. A refresh token can be used once: it is
replaced in one statement with the access token that came with it.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import or_, select, update

from bridge.errors import BridgeError
from bridge.store.schema.tables import tokens
from bridge.store.session import Session
from bridge.store.upsert import upsert

if TYPE_CHECKING:
    from bridge.store.sql import SqlStore

TOKEN_AAD = "tokens|{shop}|{column}"  # noqa: S105 - a name, no secret
REFRESH_LOCK_S = 90.0  # longer than a refresh with all its attempts: a process that holds it longer has died


class TokenRows:
    """The shops' tokens."""

    def __init__(self, session: Session) -> None:
        self._session, self._connection = session, session.connection

    def read_tokens(self, shop: str) -> tuple[str, datetime, str] | None:
        """Return access token, its end, and refresh token or ''; None where there are none."""
        row = self._connection.execute(select(tokens).where(tokens.c.shop == shop)).one_or_none()
        if row is None:
            return None
        refresh = self._open_token(shop, "refresh", row.refresh) if row.refresh is not None else ""
        return self._open_token(shop, "token", row.token), row.expires_at, refresh

    def save_tokens(self, shop: str, token: str, expires_at: datetime, refresh_token: str) -> None:
        """Store an access token, and a refresh token where a new one came."""
        values: dict[str, Any] = {"token": self._seal_token(shop, "token", token), "expires_at": expires_at}
        if refresh_token:
            values["refresh"] = self._seal_token(shop, "refresh", refresh_token)
        self._connection.execute(upsert(self._connection, tokens, ["shop"], values), {"shop": shop, **values})

    def acquire_refresh_lock(self, shop: str) -> bool:
        """Take the shop's refresh lock by a conditional update, so that one of all processes gets it."""
        now = self._session.now()
        free = or_(tokens.c.refreshing_until.is_(None), tokens.c.refreshing_until < now)
        until = now + timedelta(seconds=REFRESH_LOCK_S)
        locking = update(tokens).where(tokens.c.shop == shop, free).values(refreshing_until=until)
        return bool(self._connection.execute(locking).rowcount)

    def release_refresh_lock(self, shop: str) -> None:
        """Release the shop's refresh lock."""
        self._connection.execute(update(tokens).where(tokens.c.shop == shop).values(refreshing_until=None))

    def list_tokens(self) -> list[tuple[str, datetime, bool]]:
        """Return for each shop: name, end of its token, whether it can be refreshed."""
        rows = select(tokens.c.shop, tokens.c.expires_at, tokens.c.refresh.is_not(None)).order_by(tokens.c.shop)
        return [(shop, end, bool(refreshable)) for shop, end, refreshable in self._connection.execute(rows)]

    def delete_tokens(self, shop: str) -> bool:
        """Destroy a shop's tokens; False where there were none."""
        return bool(self._connection.execute(tokens.delete().where(tokens.c.shop == shop)).rowcount)

    def _seal_token(self, shop: str, column: str, value: str) -> bytes:
        return self._session.keyring.seal(value.encode(), TOKEN_AAD.format(shop=shop, column=column))

    def _open_token(self, shop: str, column: str, sealed: bytes) -> str:
        return self._session.open(sealed, TOKEN_AAD.format(shop=shop, column=column)).decode()


class StoredTokenCache:
    """The token cache that all workers of a database share."""

    def __init__(self, store: SqlStore) -> None:
        self._store = store

    def get_access_token(self, shop: str) -> tuple[str, datetime] | None:
        """Return the shop's access token and when it ends, if any."""
        tokens = self._read_tokens(shop)
        return tokens[:2] if tokens else None

    def get_refresh_token(self, shop: str) -> str:
        """Return the shop's refresh token, or ''."""
        tokens = self._read_tokens(shop)
        return tokens[2] if tokens else ""

    def _read_tokens(self, shop: str) -> tuple[str, datetime, str] | None:
        with suppress(BridgeError), self._store.transaction() as tx:
            return tx.tokens.read_tokens(shop)
        return None

    def save_token(self, shop: str, token: str, expires_at: datetime, refresh_token: str = "") -> None:
        """Store a token. Where a refresh token cannot be stored, Shopify must issue another."""
        with suppress(BridgeError), self._store.transaction() as tx:
            tx.tokens.save_tokens(shop, token, expires_at, refresh_token)

    def acquire_refresh_lock(self, shop: str) -> bool:
        """Take the refresh lock; False where another process has it or the database does not answer."""
        with suppress(BridgeError), self._store.transaction() as tx:
            return tx.tokens.acquire_refresh_lock(shop)
        return False

    def release_refresh_lock(self, shop: str) -> None:
        """Release the refresh lock."""
        with suppress(BridgeError), self._store.transaction() as tx:
            tx.tokens.release_refresh_lock(shop)
