"""The tables of the inbox, requests, index and evidence. Every column says what it is: `none`, `pseudonym`, `sealed` or `secret`.

`none` holds nothing personal; a `pseudonym` is a keyed HMAC; `sealed` is AES-256-GCM; `secret` is a wrapped
key. A test names the column that says nothing.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from bridge.store.schema.columns import metadata, plain, pseudonym, sealed, shop, work, wrapped
from bridge.store.schema.notice_tables import notice_accounts, notice_entries, notice_links, notices
from bridge.store.schema.retention_tables import (
    destructions,
    evidence_heads,
    law_files,
    legal_claims,
    plans,
    refund_accounts,
    reviews,
    shop_endings,
    vault_documents,
)
from bridge.store.schema.utc_datetime import Moment

__all__ = [
    "certificates",
    "customers",
    "data_keys",
    "deliveries",
    "destructions",
    "evidence",
    "evidence_head",
    "evidence_heads",
    "findings",
    "law_files",
    "legal_claims",
    "locks",
    "merges",
    "metadata",
    "notice_accounts",
    "notice_entries",
    "notice_links",
    "notices",
    "orders",
    "packages",
    "parcels",
    "plans",
    "refund_accounts",
    "requests",
    "reviews",
    "shop_endings",
    "suppressions",
    "tasks",
    "tokens",
    "vault_documents",
]

deliveries = Table(
    "deliveries",
    metadata,
    plain("id", String(40), primary_key=True),
    shop(),
    plain("topic", String(64)),
    plain("webhook_id", String(128)),
    plain("event_id", String(128)),
    plain("api_version", String(16)),
    plain("triggered_at", Moment, nullable=True),
    plain("received_at", Moment),
    plain("secret_index", Integer),
    plain("once_key", String(320), nullable=True, unique=True),
    pseudonym("digest", nullable=True, unique=True),
    sealed("body", nullable=True),
    plain("body_bytes", Integer),
    plain("state", String(16)),
    plain("reason", String(64)),
    plain("done_at", Moment, nullable=True),
    *work(),
    Index(None, "state", "wake_at"),
    Index(None, "shop", "topic", "received_at"),
)

requests = Table(
    "requests",
    metadata,
    plain("id", String(40), primary_key=True),
    shop(),
    plain("kind", String(32)),
    plain("source", String(16)),
    plain("state", String(16)),
    pseudonym("subject"),
    pseudonym("once_key", 200, unique=True),
    pseudonym("active_key", 200, nullable=True, unique=True),
    sealed("principal", nullable=True),
    plain("data_key_id", String(40)),
    plain("external_ref", String(64)),
    plain("received_at", Moment),
    plain("received_at_basis", String(32)),
    plain("webhook_received_at", Moment, nullable=True),
    plain("acknowledge_due_at", Moment),
    plain("due_at", Moment),
    plain("due_governed_by", String(32)),
    plain("clocks", Text),
    plain("policy_sha256", String(64)),
    plain("retention_sha256", String(64)),
    plain("complete", Boolean, nullable=True),
    plain("closed_at", Moment, nullable=True),
    *work(),
    Index(None, "state", "wake_at"),
    Index(None, "shop", "subject"),
)

tasks = Table(
    "tasks",
    metadata,
    plain("id", String(40), primary_key=True),
    plain("request_id", String(40)),
    plain("position", Integer),
    plain("system", String(32)),
    plain("action", String(16)),
    plain("state", String(16)),
    plain("attempts", Integer),
    plain("records", Integer),
    plain("outcome", String(16), nullable=True),
    plain("last_error", String(200)),
    sealed("cursor", nullable=True),
    plain("gaps", Text),
    plain("detail", Text),
    plain("wake_at", Moment, nullable=True),
    plain("expected_by", Moment, nullable=True),
    plain("finished_at", Moment, nullable=True),
    UniqueConstraint("request_id", "system", "action"),
)

findings = Table(
    "findings",
    metadata,
    plain("request_id", String(40), primary_key=True),
    plain("seq", Integer, primary_key=True, autoincrement=False),
    plain("system", String(32)),
    plain("records", Integer),
    sealed("body"),
)

data_keys = Table(
    "data_keys",
    metadata,
    plain("id", String(40), primary_key=True),
    shop(),
    pseudonym("subject"),
    wrapped(),
    plain("created_at", Moment),
    UniqueConstraint("shop", "subject"),
)

customers = Table(
    "customers",
    metadata,
    shop(primary_key=True),
    pseudonym("customer_key", primary_key=True),
    pseudonym("email_key"),
    pseudonym("phone_key"),
    plain("source_updated_at", Moment, nullable=True),
    Index(None, "shop", "email_key"),
    Index(None, "shop", "phone_key"),
)

merges = Table(
    "merges",
    metadata,
    shop(primary_key=True),
    pseudonym("deleted_key", primary_key=True),
    pseudonym("kept_key"),
    plain("merged_at", Moment),
)

orders = Table(
    "orders",
    metadata,
    shop(primary_key=True),
    pseudonym("order_key", primary_key=True),
    pseudonym("customer_key"),
    pseudonym("email_key"),
    pseudonym("phone_key"),
    sealed("doc", nullable=True),
    plain("data_key_id", String(40)),
    plain("placed_at", Moment, nullable=True),
    plain("source_updated_at", Moment, nullable=True),
    Index(None, "shop", "customer_key"),
    Index(None, "shop", "email_key"),
    Index(None, "shop", "phone_key"),
)

parcels = Table(
    "parcels",
    metadata,
    shop(primary_key=True),
    pseudonym("parcel_key", primary_key=True),
    pseudonym("order_key", primary_key=True),
    plain("carrier", String(32)),
    plain("account_holder", String(32)),
    sealed("doc"),
    plain("data_key_id", String(40)),
    plain("shipped_at", Moment, nullable=True),
    plain("source_updated_at", Moment, nullable=True),
    Index(None, "shop", "order_key"),
)

suppressions = Table(
    "suppressions",
    metadata,
    shop(primary_key=True),
    plain("field", String(16), primary_key=True),
    pseudonym("key", primary_key=True),
    plain("erased_at", Moment),
    plain("request_id", String(40)),
    plain("ledger_at", Moment, nullable=True),
)

evidence = Table(
    "evidence",
    metadata,
    plain("seq", BigInteger, primary_key=True, autoincrement=False),
    plain("at", Moment),
    plain("actor", String(64)),
    plain("fact", String(48)),
    shop(),
    plain("request_id", String(40)),
    pseudonym("subject"),
    plain("detail", Text),
    plain("prev_hash", String(64)),
    plain("hash", String(64)),
    Index(None, "request_id"),
)

evidence_head = Table(
    "evidence_head",
    metadata,
    plain("id", Integer, primary_key=True, autoincrement=False),
    plain("seq", BigInteger),
    plain("hash", String(64)),
    plain("at", Moment, nullable=True),
)

packages = Table(
    "packages",
    metadata,
    plain("request_id", String(40), primary_key=True),
    plain("seq", Integer, primary_key=True, autoincrement=False),
    plain("made_at", Moment),
    sealed("body"),
)

certificates = Table(
    "certificates",
    metadata,
    plain("request_id", String(40), primary_key=True),
    plain("issued_at", Moment),
    Column("body", Text, nullable=False, info={"data": "pseudonym"}),
)

tokens = Table(
    "tokens",
    metadata,
    shop(primary_key=True),
    sealed("token"),
    plain("expires_at", Moment),
    sealed("refresh", nullable=True),
    plain("refreshing_until", Moment, nullable=True),
)

locks = Table(
    "locks",
    metadata,
    plain("name", String(32), primary_key=True),
    plain("holder", String(64)),
    plain("held_until", Moment),
)
