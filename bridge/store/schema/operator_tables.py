"""Tables of the people who work with the bridge: users, their API tokens, and which call of the API opened which request."""

from __future__ import annotations

from sqlalchemy import Index, Integer, String

from bridge.store.schema.columns import plain_column, pseudonym_column, sealed_column, table
from bridge.store.schema.utc_datetime import UtcDateTime

users = table(
    "users",
    plain_column("name", String(48), primary_key=True),
    plain_column("role", String(32)),
    sealed_column("verifier"),
    plain_column("created_at", UtcDateTime),
    plain_column("secret_set_at", UtcDateTime),
    plain_column("disabled_at", UtcDateTime, nullable=True),
    plain_column("failures", Integer, default=0),
    plain_column("locked_until", UtcDateTime, nullable=True),
)

user_tokens = table(
    "user_tokens",
    pseudonym_column("token_hash", primary_key=True),
    plain_column("user_name", String(48)),
    plain_column("created_at", UtcDateTime),
    plain_column("expires_at", UtcDateTime),
    Index(None, "user_name"),
)

api_openings = table(
    "api_openings",
    pseudonym_column("key_hash", primary_key=True),
    pseudonym_column("body_hash"),
    plain_column("request_id", String(40)),
    plain_column("opened_at", UtcDateTime),
    Index(None, "opened_at"),
)
