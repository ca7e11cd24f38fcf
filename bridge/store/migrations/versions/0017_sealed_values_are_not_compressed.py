"""Let Postgres store sealed values as they are: ciphertext cannot be compressed, and each attempt costs time.

Rows that are stored stay as they are; SQLite compresses nothing.
"""

from __future__ import annotations

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

SEALED_COLUMNS = (
    ("data_keys", "wrapped"),
    ("deliveries", "body"),
    ("findings", "body"),
    ("notice_entries", "doc"),
    ("orders", "doc"),
    ("packages", "body"),
    ("parcels", "doc"),
    ("reconciliations", "progress"),
    ("refund_accounts", "doc"),
    ("refund_accounts", "reference"),
    ("refund_accounts", "wrapped"),
    ("requests", "principal"),
    ("tasks", "cursor"),
    ("tokens", "refresh"),
    ("tokens", "token"),
    ("vault_documents", "doc"),
    ("vault_documents", "wrapped"),
)


def upgrade() -> None:
    """Apply this revision."""
    _set_storage("EXTERNAL")


def downgrade() -> None:
    """Undo this revision."""
    _set_storage("EXTENDED")


def _set_storage(storage: str) -> None:
    if op.get_bind().dialect.name == "postgresql":
        for table, column in SEALED_COLUMNS:
            op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} SET STORAGE {storage}")
