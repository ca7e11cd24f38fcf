"""Tables about who asks: what waits on the public page for its code, and doubts about the person of a request."""

from __future__ import annotations

from sqlalchemy import Index, Integer, String, UniqueConstraint

from bridge.store.schema.columns import (
    key_column,
    lease_columns,
    plain_column,
    pseudonym_column,
    sealed_column,
    shop_column,
    table,
)
from bridge.store.schema.utc_datetime import UtcDateTime

page_submissions = table(
    "page_submissions",
    plain_column("id", String(40), primary_key=True),
    shop_column(),
    pseudonym_column("token_hash"),
    key_column(),
    sealed_column("doc"),
    pseudonym_column("code_hash"),
    plain_column("code_ends_at", UtcDateTime, nullable=True),
    plain_column("guesses", Integer),
    plain_column("created_at", UtcDateTime),
    *lease_columns(),
    UniqueConstraint("token_hash"),
    Index(None, "wake_at"),
    Index(None, "created_at"),
)

identity_checks = table(
    "identity_checks",
    plain_column("request_id", String(40), primary_key=True),
    shop_column(),
    plain_column("doubt", String(32)),
    plain_column("times_asked", Integer),
    plain_column("asked_at", UtcDateTime),
    plain_column("remind_at", UtcDateTime),
    plain_column("reminded_at", UtcDateTime, nullable=True),
    plain_column("failed_at", UtcDateTime, nullable=True),
    plain_column("method", String(32)),
    plain_column("decided_at", UtcDateTime, nullable=True),
    key_column(nullable=True),
    sealed_column("doc", nullable=True),
    Index(None, "decided_at"),
)
