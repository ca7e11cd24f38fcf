"""Tables of the inbox, requests, index and evidence. Every column says what data it holds.

`none` is nothing personal; a `pseudonym` is a keyed HMAC; `sealed` is AES-256-GCM; `secret` is a wrapped key. A test
names the column that says nothing.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, Table, Text, UniqueConstraint

from bridge.store.schema.columns import (
    lease_columns,
    metadata,
    plain_column,
    pseudonym_column,
    sealed_column,
    shop_column,
    wrapped_key_column,
)
from bridge.store.schema.notice_tables import notice_accounts, notice_items, notice_links, notices
from bridge.store.schema.retention_tables import (
    destructions,
    evidence_heads,
    legal_holds,
    plans,
    refund_accounts,
    retention_policies,
    reviews,
    shop_exit_decisions,
    vault_documents,
)
from bridge.store.schema.utc_datetime import UtcDateTime

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
    "legal_holds",
    "locks",
    "merges",
    "metadata",
    "notice_accounts",
    "notice_items",
    "notice_links",
    "notices",
    "orders",
    "packages",
    "parcels",
    "plans",
    "refund_accounts",
    "requests",
    "retention_policies",
    "reviews",
    "shop_exit_decisions",
    "suppressions",
    "tasks",
    "tokens",
    "vault_documents",
]

deliveries = Table(
    "deliveries",
    metadata,
    plain_column("id", String(40), primary_key=True),
    shop_column(),
    plain_column("topic", String(64)),
    plain_column("webhook_id", String(128)),
    plain_column("event_id", String(128)),
    plain_column("api_version", String(16)),
    plain_column("triggered_at", UtcDateTime, nullable=True),
    plain_column("received_at", UtcDateTime),
    plain_column("secret_index", Integer),
    plain_column("once_key", String(320), nullable=True, unique=True),
    pseudonym_column("digest", nullable=True, unique=True),
    sealed_column("body", nullable=True),
    plain_column("body_bytes", Integer),
    plain_column("state", String(16)),
    plain_column("reason", String(64)),
    plain_column("done_at", UtcDateTime, nullable=True),
    *lease_columns(),
    Index(None, "state", "wake_at"),
    Index(None, "shop", "topic", "received_at"),
)

requests = Table(
    "requests",
    metadata,
    plain_column("id", String(40), primary_key=True),
    shop_column(),
    plain_column("kind", String(32)),
    plain_column("source", String(16)),
    plain_column("state", String(16)),
    pseudonym_column("subject"),
    pseudonym_column("once_key", 200, unique=True),
    pseudonym_column("active_key", 200, nullable=True, unique=True),
    sealed_column("principal", nullable=True),
    plain_column("data_key_id", String(40)),
    plain_column("external_ref", String(64)),
    plain_column("received_at", UtcDateTime),
    plain_column("received_at_basis", String(32)),
    plain_column("webhook_received_at", UtcDateTime, nullable=True),
    plain_column("acknowledge_due_at", UtcDateTime),
    plain_column("due_at", UtcDateTime),
    plain_column("due_governed_by", String(32)),
    plain_column("clocks", Text),
    plain_column("policy_sha256", String(64)),
    plain_column("retention_sha256", String(64)),
    plain_column("complete", Boolean, nullable=True),
    plain_column("closed_at", UtcDateTime, nullable=True),
    *lease_columns(),
    Index(None, "state", "wake_at"),
    Index(None, "shop", "subject"),
)

tasks = Table(
    "tasks",
    metadata,
    plain_column("id", String(40), primary_key=True),
    plain_column("request_id", String(40)),
    plain_column("position", Integer),
    plain_column("system", String(32)),
    plain_column("action", String(16)),
    plain_column("state", String(16)),
    plain_column("attempts", Integer),
    plain_column("records", Integer),
    plain_column("outcome", String(16), nullable=True),
    plain_column("last_error", String(200)),
    # the release before leaves it out when it inserts a task
    plain_column("wait_reason", String(32), server_default=""),
    sealed_column("cursor", nullable=True),
    plain_column("gaps", Text),
    plain_column("detail", Text),
    plain_column("wake_at", UtcDateTime, nullable=True),
    plain_column("expected_by", UtcDateTime, nullable=True),
    plain_column("finished_at", UtcDateTime, nullable=True),
    UniqueConstraint("request_id", "system", "action"),
)

findings = Table(
    "findings",
    metadata,
    plain_column("request_id", String(40), primary_key=True),
    plain_column("seq", Integer, primary_key=True, autoincrement=False),
    plain_column("system", String(32)),
    plain_column("records", Integer),
    sealed_column("body"),
)

data_keys = Table(
    "data_keys",
    metadata,
    plain_column("id", String(40), primary_key=True),
    shop_column(),
    pseudonym_column("subject"),
    wrapped_key_column(),
    plain_column("created_at", UtcDateTime),
    UniqueConstraint("shop", "subject"),
)

customers = Table(
    "customers",
    metadata,
    shop_column(primary_key=True),
    pseudonym_column("customer_key", primary_key=True),
    pseudonym_column("email_key"),
    pseudonym_column("phone_key"),
    plain_column("source_updated_at", UtcDateTime, nullable=True),
    Index(None, "shop", "email_key"),
    Index(None, "shop", "phone_key"),
)

merges = Table(
    "merges",
    metadata,
    shop_column(primary_key=True),
    pseudonym_column("deleted_key", primary_key=True),
    pseudonym_column("kept_key"),
    plain_column("merged_at", UtcDateTime),
)

orders = Table(
    "orders",
    metadata,
    shop_column(primary_key=True),
    pseudonym_column("order_key", primary_key=True),
    pseudonym_column("customer_key"),
    pseudonym_column("email_key"),
    pseudonym_column("phone_key"),
    sealed_column("doc", nullable=True),
    plain_column("data_key_id", String(40)),
    plain_column("placed_at", UtcDateTime, nullable=True),
    plain_column("source_updated_at", UtcDateTime, nullable=True),
    Index(None, "shop", "customer_key"),
    Index(None, "shop", "email_key"),
    Index(None, "shop", "phone_key"),
)

parcels = Table(
    "parcels",
    metadata,
    shop_column(primary_key=True),
    pseudonym_column("parcel_key", primary_key=True),
    pseudonym_column("order_key", primary_key=True),
    plain_column("carrier", String(32)),
    plain_column("account_holder", String(32)),
    sealed_column("doc"),
    plain_column("data_key_id", String(40)),
    plain_column("shipped_at", UtcDateTime, nullable=True),
    plain_column("source_updated_at", UtcDateTime, nullable=True),
    Index(None, "shop", "order_key"),
)

suppressions = Table(
    "suppressions",
    metadata,
    shop_column(primary_key=True),
    plain_column("field", String(16), primary_key=True),
    pseudonym_column("key", primary_key=True),
    plain_column("erased_at", UtcDateTime),
    plain_column("request_id", String(40)),
    plain_column("ledger_at", UtcDateTime, nullable=True),
)

evidence = Table(
    "evidence",
    metadata,
    plain_column("seq", BigInteger, primary_key=True, autoincrement=False),
    plain_column("at", UtcDateTime),
    plain_column("actor", String(64)),
    plain_column("fact", String(48)),
    shop_column(),
    plain_column("request_id", String(40)),
    pseudonym_column("subject"),
    plain_column("detail", Text),
    plain_column("prev_hash", String(64)),
    plain_column("hash", String(64)),
    Index(None, "request_id"),
)

evidence_head = Table(
    "evidence_head",
    metadata,
    plain_column("id", Integer, primary_key=True, autoincrement=False),
    plain_column("seq", BigInteger),
    plain_column("hash", String(64)),
    plain_column("at", UtcDateTime, nullable=True),
)

packages = Table(
    "packages",
    metadata,
    plain_column("request_id", String(40), primary_key=True),
    plain_column("seq", Integer, primary_key=True, autoincrement=False),
    plain_column("made_at", UtcDateTime),
    sealed_column("body"),
)

certificates = Table(
    "certificates",
    metadata,
    plain_column("request_id", String(40), primary_key=True),
    plain_column("issued_at", UtcDateTime),
    Column("body", Text, nullable=False, info={"data": "pseudonym"}),
)

tokens = Table(
    "tokens",
    metadata,
    shop_column(primary_key=True),
    sealed_column("token"),
    plain_column("expires_at", UtcDateTime),
    sealed_column("refresh", nullable=True),
    plain_column("refreshing_until", UtcDateTime, nullable=True),
)

locks = Table(
    "locks",
    metadata,
    plain_column("name", String(32), primary_key=True),
    plain_column("holder", String(64)),
    plain_column("held_until", UtcDateTime),
)
