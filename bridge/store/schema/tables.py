"""Tables of the inbox, requests and evidence, and the metadata of all tables. Every column says what data it holds.

`none` is nothing personal; a `pseudonym` is a keyed HMAC; `sealed` is AES-256-GCM; `secret` is a wrapped key. A test
names the column that says nothing.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, Text, UniqueConstraint

# imported so that the metadata knows their tables too
from bridge.store.schema import (  # noqa: F401
    columns,
    desk_tables,
    index_tables,
    notice_tables,
    operations_tables,
    operator_tables,
    retention_tables,
)
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

metadata = columns.metadata

# a partial index serves only the query that says the same
MANDATORY_WAITS = "state = 'received' AND topic IN ('customers/data_request', 'customers/redact', 'shop/redact')"

deliveries = table(
    "deliveries",
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
    partial_index("ix_deliveries_due_open", "wake_at", where="wake_at IS NOT NULL"),
    Index(None, "shop", "topic", "received_at"),
    partial_index("ix_deliveries_mandatory", "state", "shop", "received_at", where=MANDATORY_WAITS),
    Index(None, "received_at", "id"),
    Index(None, "topic", "received_at", "id"),
    partial_index("ix_deliveries_open", "shop", "received_at", "id", where="state = 'received'"),
    partial_index("ix_deliveries_ended_open", "received_at", "id", where="state IN ('failed', 'rejected')"),
)

shop_turns = table(
    "shop_turns",
    shop_column(primary_key=True),
    plain_column("job", String(16), primary_key=True),
    plain_column("served_at", UtcDateTime),
)

remembered_bodies = table(
    "remembered_bodies",
    pseudonym_column("digest", primary_key=True),
    shop_column(),
    plain_column("topic", String(64)),
    plain_column("first_received_at", UtcDateTime),
    plain_column("request_id", String(40)),
)

requests = table(
    "requests",
    plain_column("id", String(40), primary_key=True),
    shop_column(),
    plain_column("kind", String(32)),
    plain_column("source", String(16)),
    plain_column("state", String(32)),
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
    plain_column("handed_over_at", UtcDateTime, nullable=True),
    plain_column("answered_at", UtcDateTime, nullable=True),
    plain_column("answer_basis", String(16), nullable=True),
    plain_column("ending", String(16), nullable=True),
    *lease_columns(),
    partial_index("ix_requests_due_open", "wake_at", where="wake_at IS NOT NULL"),
    Index(None, "shop", "subject"),
    Index(None, "data_key_id"),
    Index(None, "received_at", "id"),
    Index(None, "state", "received_at", "id"),
    Index(None, "kind", "received_at", "id"),
    Index(None, "shop", "received_at", "id"),
    partial_index("ix_requests_done_open", "closed_at", where="state = 'done' AND substr(once_key, 1, 5) <> 'aged|'"),
)

tasks = table(
    "tasks",
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
    pseudonym_column("customer", server_default=""),
    UniqueConstraint("request_id", "system", "action", "customer"),
    Index(None, "customer"),
    partial_index("ix_tasks_waiting_open", "request_id", where="state = 'waiting'"),
    partial_index("ix_tasks_stops_open", "request_id", where="action = 'stop_marketing' AND state <> 'done'"),
)

findings = table(
    "findings",
    plain_column("request_id", String(40), primary_key=True),
    plain_column("seq", Integer, primary_key=True, autoincrement=False),
    plain_column("system", String(32)),
    plain_column("records", Integer),
    sealed_column("body"),
)

evidence = table(
    "evidence",
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

evidence_head = table(
    "evidence_head",
    plain_column("id", Integer, primary_key=True, autoincrement=False),
    plain_column("seq", BigInteger),
    plain_column("hash", String(64)),
    plain_column("at", UtcDateTime, nullable=True),
)

packages = table(
    "packages",
    plain_column("request_id", String(40), primary_key=True),
    plain_column("seq", Integer, primary_key=True, autoincrement=False),
    plain_column("made_at", UtcDateTime),
    sealed_column("body"),
    Index(None, "made_at"),
)

certificates = table(
    "certificates",
    plain_column("request_id", String(40), primary_key=True),
    plain_column("issued_at", UtcDateTime),
    Column("body", Text, nullable=False, info={"data": "pseudonym"}),
)

superseded_certificates = table(
    "superseded_certificates",
    plain_column("request_id", String(40), primary_key=True),
    plain_column("number", Integer, primary_key=True, autoincrement=False),
    plain_column("issued_at", UtcDateTime),
    Column("body", Text, nullable=False, info={"data": "pseudonym"}),
)

tokens = table(
    "tokens",
    shop_column(primary_key=True),
    sealed_column("token"),
    plain_column("expires_at", UtcDateTime),
    sealed_column("refresh", nullable=True),
    plain_column("refreshing_until", UtcDateTime, nullable=True),
)

locks = table(
    "locks",
    plain_column("name", String(32), primary_key=True),
    plain_column("holder", String(64)),
    plain_column("held_until", UtcDateTime),
)
