"""Search what grows by an index: no statement of the daily work reads a whole table.

Indexes with a condition hold the few rows that still need something, whatever the size of their table.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

INDEXES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("customers", ("source_updated_at",)),
    ("deliveries", ("received_at", "id")),
    ("deliveries", ("topic", "received_at", "id")),
    ("legal_claims", ("released_at",)),
    ("legal_claims", ("request_id",)),
    ("merges", ("merged_at",)),
    ("notices", ("created_at", "id")),
    ("notices", ("processor", "created_at", "id")),
    ("notices", ("state", "created_at", "id")),
    ("orders", ("data_key_id",)),
    ("orders", ("source_updated_at", "placed_at")),
    ("packages", ("made_at",)),
    ("parcels", ("data_key_id",)),
    ("requests", ("data_key_id",)),
    ("requests", ("kind", "received_at", "id")),
    ("requests", ("received_at", "id")),
    ("requests", ("shop", "received_at", "id")),
    ("requests", ("state", "received_at", "id")),
    ("reviews", ("request_id",)),
    ("suppressions", ("erased_at",)),
    ("suppressions", ("request_id",)),
    ("vault_documents", ("issued_at", "id")),
    ("vault_documents", ("shop", "issued_at", "id")),
)
PARTIAL_INDEXES = (
    ("ix_deliveries_due_open", "deliveries", ("wake_at",), "wake_at IS NOT NULL"),
    ("ix_deliveries_ended_open", "deliveries", ("received_at", "id"), "state IN ('failed', 'rejected')"),
    ("ix_deliveries_open", "deliveries", ("shop", "received_at", "id"), "state = 'received'"),
    ("ix_legal_claims_open", "legal_claims", ("shop", "order_key", "request_id"), "released_at IS NULL"),
    ("ix_notice_entries_refused_open", "notice_entries", ("shop", "processor", "reason"), "answer = 'refused'"),
    ("ix_notice_entries_sealed_open", "notice_entries", ("answered_at",), "doc IS NOT NULL"),
    ("ix_requests_done_open", "requests", ("closed_at",), "state = 'done' AND substr(once_key, 1, 5) <> 'aged|'"),
    ("ix_requests_due_open", "requests", ("wake_at",), "wake_at IS NOT NULL"),
    ("ix_reviews_open", "reviews", ("opened_at", "id"), "closed_at IS NULL"),
    ("ix_suppressions_unsynced_open", "suppressions", ("erased_at",), "ledger_at IS NULL"),
    ("ix_tasks_waiting_open", "tasks", ("request_id",), "state = 'waiting'"),
)
# a row that is not due needs no place in an index of what is
FORMER_INDEXES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("deliveries", ("state", "wake_at")),
    ("requests", ("state", "wake_at")),
)


def upgrade() -> None:
    """Apply this revision."""
    for table, columns in FORMER_INDEXES:
        op.drop_index("_".join(("ix", table, *columns)), table)
    for table, columns in INDEXES:
        op.create_index("_".join(("ix", table, *columns)), table, list(columns))
    for name, table, columns, condition in PARTIAL_INDEXES:
        where = sa.text(condition)
        op.create_index(name, table, list(columns), sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    """Undo this revision."""
    for name, table, _, _ in PARTIAL_INDEXES:
        op.drop_index(name, table)
    for table, columns in INDEXES:
        op.drop_index("_".join(("ix", table, *columns)), table)
    for table, columns in FORMER_INDEXES:
        op.create_index("_".join(("ix", table, *columns)), table, list(columns))
