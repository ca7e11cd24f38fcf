"""Tokens of the API, stored as hashes and each for one user, and which call opened which request."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, func, insert, select, update

from bridge.model import User
from bridge.store.crypto.token_hash import hash_token
from bridge.store.operators.users import UserRows
from bridge.store.schema.operator_tables import api_openings, user_tokens
from bridge.store.session import Session
from bridge.store.upsert import upsert

TOKEN_PREFIX = "bridge_"  # noqa: S105 - by it a scanner of leaked secrets knows what it found
OPENINGS_KEPT = timedelta(days=30)


class ApiAccessRows:
    """What the API is asked with."""

    def __init__(self, session: Session) -> None:
        self._session, self._connection = session, session.connection

    def create_token(self, user_name: str, *, expires_at: datetime) -> str:
        """Store a token of a user and return it; it cannot be read again."""
        now, token = self._session.now(), TOKEN_PREFIX + secrets.token_urlsafe(32)
        row = {"token_hash": hash_token(token), "user_name": user_name, "created_at": now, "expires_at": expires_at}
        self._connection.execute(insert(user_tokens), row)
        return token

    def delete_tokens(self, user_name: str) -> int:
        """Delete every token of a user. Return how many there were."""
        return self._connection.execute(delete(user_tokens).where(user_tokens.c.user_name == user_name)).rowcount

    def delete_expired(self) -> int:
        """Delete tokens whose day has come, and what is known of calls that are too long ago. Return how many there were."""
        now = self._session.now()
        of_tokens = delete(user_tokens).where(user_tokens.c.expires_at <= now)
        of_calls = delete(api_openings).where(api_openings.c.opened_at < now - OPENINGS_KEPT)
        return sum(self._connection.execute(deletion).rowcount for deletion in (of_tokens, of_calls))

    def count_tokens(self) -> dict[str, int]:
        """Return how many tokens are valid, by the name of their user."""
        valid = select(user_tokens.c.user_name, func.count().label("valid")).where(
            user_tokens.c.expires_at > self._session.now()
        )
        rows = self._connection.execute(valid.group_by(user_tokens.c.user_name))
        return {row.user_name: row.valid for row in rows}

    def find_token_user(self, token: str) -> User | None:
        """Return whose token this is; None where it is unknown or expired, or the user is disabled."""
        is_it = (user_tokens.c.token_hash == hash_token(token), user_tokens.c.expires_at > self._session.now())
        name = self._connection.scalar(select(user_tokens.c.user_name).where(*is_it))
        user = UserRows(self._session).find_user(name) if name else None
        return user if user and user.disabled_at is None else None

    def begin_opening(self, key_hash: str, body_hash: str) -> tuple[str, str] | None:
        """Store that a call with this key opens a request. None where it is the first.

        Otherwise return the request and the body's hash of the first one, which this call waits for.
        """
        row = {"key_hash": key_hash, "body_hash": body_hash, "request_id": "", "opened_at": self._session.now()}
        storing = upsert(self._connection, api_openings).returning(api_openings.c.key_hash)
        if self._connection.scalar(storing, row) is not None:
            return None
        columns = (api_openings.c.request_id, api_openings.c.body_hash)
        first = self._connection.execute(select(*columns).where(api_openings.c.key_hash == key_hash)).one()
        return first.request_id, first.body_hash

    def finish_opening(self, key_hash: str, request_id: str) -> None:
        """Store which request a call opened."""
        done = update(api_openings).where(api_openings.c.key_hash == key_hash).values(request_id=request_id)
        self._connection.execute(done)
