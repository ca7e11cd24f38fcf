"""Tables by which operators see whether the bridge works: heartbeats of processes, open alerts, messages to operators."""

from __future__ import annotations

from sqlalchemy import Integer, String

from bridge.store.schema.columns import plain_column, table
from bridge.store.schema.utc_datetime import UtcDateTime

heartbeats = table(
    "heartbeats",
    plain_column("kind", String(16), primary_key=True),
    plain_column("name", String(64), primary_key=True),
    plain_column("version", String(32)),
    plain_column("started_at", UtcDateTime),
    plain_column("seen_at", UtcDateTime),
)

alerts = table(
    "alerts",
    plain_column("condition", String(32), primary_key=True),
    plain_column("reason", String(32), primary_key=True),
    plain_column("count", Integer),
    plain_column("raised_at", UtcDateTime),
    plain_column("cleared_at", UtcDateTime, nullable=True),
    plain_column("announced_at", UtcDateTime, nullable=True),
)

operator_messages = table(
    "operator_messages",
    plain_column("channel", String(16), primary_key=True),
    plain_column("sent_at", UtcDateTime, nullable=True),
    plain_column("attempts", Integer, default=0),
    plain_column("wake_at", UtcDateTime),
    plain_column("last_error", String(200), default=""),
)
