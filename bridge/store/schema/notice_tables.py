"""The tables of notices: accounts that are worked on, letters, what they list, and the links that answer them."""

from __future__ import annotations

from sqlalchemy import Boolean, Date, Index, Integer, String, Table, UniqueConstraint

from bridge.store.schema.columns import metadata, plain, pseudonym, sealed, shop, work
from bridge.store.schema.utc_datetime import Moment

notice_accounts = Table(
    "notice_accounts",
    metadata,
    plain("id", String(140), primary_key=True),
    shop(),
    plain("processor", String(32)),
    *work(),
    Index(None, "wake_at"),
)

notices = Table(
    "notices",
    metadata,
    plain("id", String(40), primary_key=True),
    shop(),
    plain("processor", String(32)),
    plain("via", String(16)),
    plain("state", String(24)),
    plain("created_at", Moment),
    plain("sent_at", Moment, nullable=True),
    plain("due_at", Moment, nullable=True),
    plain("next_at", Moment, nullable=True),
    plain("reminders", Integer),
    plain("attempts", Integer),
    plain("message_id", String(200)),
    plain("body_sha256", String(64)),
    plain("reference", String(64)),
    plain("answered_at", Moment, nullable=True),
    plain("answered_via", String(16)),
    plain("last_error", String(200)),
    Index(None, "shop", "processor", "state"),
)

notice_entries = Table(
    "notice_entries",
    metadata,
    plain("id", String(40), primary_key=True),
    shop(),
    plain("request_id", String(40)),
    plain("task_id", String(40)),
    plain("processor", String(32)),
    plain("names", String(16)),
    pseudonym("entry_key"),
    pseudonym("order_key"),
    sealed("doc", nullable=True),
    plain("system", String(32)),
    plain("state", String(24)),
    plain("reason", String(48)),
    plain("not_before", Moment, nullable=True),
    plain("look_at", Moment, nullable=True),
    plain("looks", Integer),
    plain("shipped_at", Moment, nullable=True),
    plain("status", String(24)),
    plain("status_at", Moment, nullable=True),
    plain("cod", Boolean, nullable=True),
    plain("remitted", Boolean, nullable=True),
    plain("released", Boolean),
    pseudonym("baseline"),
    plain("notice_id", String(40)),
    plain("answer", String(16), nullable=True),
    plain("answered_at", Moment, nullable=True),
    plain("law", String(32)),
    plain("until", Date, nullable=True),
    plain("read_back", String(16)),
    plain("reopened", Integer),
    plain("version", Integer),
    UniqueConstraint("task_id", "entry_key"),
    Index(None, "request_id"),
    Index(None, "notice_id"),
    Index(None, "shop", "processor", "state"),
    Index(None, "shop", "entry_key"),
    Index(None, "shop", "order_key"),
)

notice_links = Table(
    "notice_links",
    metadata,
    pseudonym("token_hash", primary_key=True),
    plain("notice_id", String(40)),
    plain("expires_at", Moment),
    Index(None, "notice_id"),
)
