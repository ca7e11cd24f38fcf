"""Admin tokens between jobs and processes, sealed; and whose turn it is to refresh one.

Losing an access token costs a call, so a fault there is no fault. A refresh token is good once: it is replaced
in one statement with the access token that came with it.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import or_, select, update

from bridge.errors import BridgeError
from bridge.store.schema.tables import tokens
from bridge.store.upsert import upsert

if TYPE_CHECKING:
    from bridge.store.session import Session
    from bridge.store.sql import SqlStore

TOKEN_AAD = "tokens|{shop}|{column}"  # noqa: S105 - a name, no secret
REFRESH_LOCK_S = 90.0  # longer than a refresh with all its attempts; then whoever took the turn is dead


class TokenRows:
    """The shop's tokens in one transaction."""

    def __init__(self, session: Session) -> None:
        self._session, self._connection = session, session.connection

    def read_tokens(self, shop: str) -> tuple[str, datetime, str] | None:
        """Token, its end, refresh token or ''."""
        row = self._connection.execute(select(tokens).where(tokens.c.shop == shop)).one_or_none()
        if row is None:
            return None
        refresh = self._open_token(shop, "refresh", row.refresh) if row.refresh is not None else ""
        return self._open_token(shop, "token", row.token), row.expires_at, refresh

    def save_tokens(self, shop: str, token: str, expires_at: datetime, refresh_token: str) -> None:
        """Keep a token, and a refresh token where a new one came."""
        values: dict[str, Any] = {"token": self._seal_token(shop, "token", token), "expires_at": expires_at}
        if refresh_token:
            values["refresh"] = self._seal_token(shop, "refresh", refresh_token)
        self._connection.execute(upsert(self._connection, tokens, ["shop"], values), {"shop": shop, **values})

    def acquire_refresh_lock(self, shop: str) -> bool:
        """See `TokenCache.alone`: a conditional update, so that one process of all wins."""
        now = self._session.now()
        free = or_(tokens.c.refreshing_until.is_(None), tokens.c.refreshing_until < now)
        until = now + timedelta(seconds=REFRESH_LOCK_S)
        mine = update(tokens).where(tokens.c.shop == shop, free).values(refreshing_until=until)
        return bool(self._connection.execute(mine).rowcount)

    def release_refresh_lock(self, shop: str) -> None:
        """See `TokenCache.done`."""
        self._connection.execute(update(tokens).where(tokens.c.shop == shop).values(refreshing_until=None))

    def list_tokens(self) -> list[tuple[str, datetime, bool]]:
        """Shop, end of its token, whether it can be refreshed."""
        rows = select(tokens.c.shop, tokens.c.expires_at, tokens.c.refresh.is_not(None)).order_by(
            tokens.c.shop
        )
        return [(shop, ends, bool(can)) for shop, ends, can in self._connection.execute(rows)]

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
        """The shop's token and the moment it ends, or None."""
        kept = self._read_tokens(shop)
        return kept[:2] if kept else None

    def get_refresh_token(self, shop: str) -> str:
        """The shop's refresh token, or ''."""
        kept = self._read_tokens(shop)
        return kept[2] if kept else ""

    def _read_tokens(self, shop: str) -> tuple[str, datetime, str] | None:
        with suppress(BridgeError), self._store.transaction() as tx:
            return tx.tokens.read_tokens(shop)
        return None

    def save_token(self, shop: str, token: str, expires_at: datetime, refresh_token: str = "") -> None:
        """Keep a token. A refresh token that cannot be kept is the sender's to give again."""
        with suppress(BridgeError), self._store.transaction() as tx:
            tx.tokens.save_tokens(shop, token, expires_at, refresh_token)

    def acquire_refresh_lock(self, shop: str) -> bool:
        """Take the turn to refresh."""
        with suppress(BridgeError), self._store.transaction() as tx:
            return tx.tokens.acquire_refresh_lock(shop)
        return False

    def release_refresh_lock(self, shop: str) -> None:
        """Give the turn back."""
        with suppress(BridgeError), self._store.transaction() as tx:
            tx.tokens.release_refresh_lock(shop)
