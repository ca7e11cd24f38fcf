"""Tables of notices: accounts, letters, items, and the links that answer them."""

from __future__ import annotations

from sqlalchemy import Boolean, Date, Index, Integer, String, UniqueConstraint

from bridge.store.schema.columns import (
    lease_columns,
    partial_index,
    plain_column,
    pseudonym_column,
    sealed_column,
    shop_column,
    table,
)
from bridge.store.schema.utc_datetime import UtcDateTime

notice_accounts = table(
    "notice_accounts",
    plain_column("id", String(140), primary_key=True),
    shop_column(),
    plain_column("processor", String(32)),
    *lease_columns(),
    Index(None, "wake_at"),
)

notices = table(
    "notices",
    plain_column("id", String(40), primary_key=True),
    shop_column(),
    plain_column("processor", String(32)),
    plain_column("via", String(16)),
    plain_column("state", String(24)),
    plain_column("created_at", UtcDateTime),
    plain_column("sent_at", UtcDateTime, nullable=True),
    plain_column("due_at", UtcDateTime, nullable=True),
    plain_column("next_at", UtcDateTime, nullable=True),
    plain_column("reminders", Integer),
    plain_column("attempts", Integer),
    plain_column("message_id", String(200)),
    plain_column("body_sha256", String(64)),
    plain_column("reference", String(64)),
    plain_column("answered_at", UtcDateTime, nullable=True),
    plain_column("answered_via", String(16)),
    plain_column("last_error", String(200)),
    plain_column("purpose", String(16), server_default="erase"),
    Index(None, "shop", "processor", "state"),
    Index(None, "created_at", "id"),
    Index(None, "state", "created_at", "id"),
    Index(None, "processor", "created_at", "id"),
)

notice_items = table(
    "notice_entries",
    plain_column("id", String(40), primary_key=True),
    shop_column(),
    plain_column("request_id", String(40)),
    plain_column("task_id", String(40)),
    plain_column("processor", String(32)),
    plain_column("names", String(16)),
    pseudonym_column("entry_key"),
    pseudonym_column("order_key"),
    sealed_column("doc", nullable=True),
    plain_column("system", String(32)),
    plain_column("state", String(24)),
    plain_column("reason", String(48)),
    plain_column("not_before", UtcDateTime, nullable=True),
    plain_column("look_at", UtcDateTime, nullable=True),
    plain_column("looks", Integer),
    plain_column("shipped_at", UtcDateTime, nullable=True),
    plain_column("status", String(24)),
    plain_column("status_at", UtcDateTime, nullable=True),
    plain_column("cod", Boolean, nullable=True),
    plain_column("remitted", Boolean, nullable=True),
    plain_column("released", Boolean),
    pseudonym_column("baseline"),
    pseudonym_column("clues", 8_000, server_default=""),
    plain_column("notice_id", String(40)),
    plain_column("answer", String(16), nullable=True),
    plain_column("answered_at", UtcDateTime, nullable=True),
    plain_column("law", String(32)),
    plain_column("until", Date, nullable=True),
    plain_column("read_back", String(16)),
    plain_column("reopened", Integer),
    plain_column("version", Integer),
    # the release before leaves it out
    plain_column("purpose", String(16), server_default="erase"),
    UniqueConstraint("task_id", "entry_key"),
    Index(None, "request_id"),
    Index(None, "notice_id"),
    Index(None, "shop", "processor", "state"),
    Index(None, "shop", "entry_key"),
    Index(None, "shop", "order_key"),
    partial_index("ix_notice_entries_sealed_open", "answered_at", where="doc IS NOT NULL"),
    partial_index("ix_notice_entries_refused_open", "shop", "processor", "reason", where="answer = 'refused'"),
)

notice_links = table(
    "notice_links",
    pseudonym_column("token_hash", primary_key=True),
    plain_column("notice_id", String(40)),
    plain_column("expires_at", UtcDateTime),
    Index(None, "notice_id"),
)
