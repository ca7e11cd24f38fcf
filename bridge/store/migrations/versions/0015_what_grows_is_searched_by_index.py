"""Search what grows by an index: no statement of the daily work reads a whole table."""

from __future__ import annotations

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

INDEXES = (
    ("orders", ("data_key_id",)),
    ("parcels", ("data_key_id",)),
    ("requests", ("data_key_id",)),
    ("suppressions", ("request_id",)),
)


def upgrade() -> None:
    """Apply this revision."""
    for table, columns in INDEXES:
        op.create_index("_".join(("ix", table, *columns)), table, list(columns))


def downgrade() -> None:
    """Undo this revision."""
    for table, columns in INDEXES:
        op.drop_index("_".join(("ix", table, *columns)), table)
