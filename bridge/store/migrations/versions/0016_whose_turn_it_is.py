"""When a job last worked for each shop, and an index of the mandatory webhooks that wait: shops take turns."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

INDEX, WAITS = (
    "ix_deliveries_mandatory",
    "state = 'received' AND topic IN ('customers/data_request', 'customers/redact', 'shop/redact')",
)


def upgrade() -> None:
    """Apply this revision. Nobody has had a turn yet."""
    op.create_table(
        "shop_turns",
        sa.Column("shop", sa.String(100), nullable=False),
        sa.Column("job", sa.String(16), nullable=False),
        sa.Column("served_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("shop", "job", name="pk_shop_turns"),
    )
    op.create_index(
        INDEX,
        "deliveries",
        ["state", "shop", "received_at"],
        sqlite_where=sa.text(WAITS),
        postgresql_where=sa.text(WAITS),
    )


def downgrade() -> None:
    """Undo this revision."""
    op.drop_index(INDEX, "deliveries")
    op.drop_table("shop_turns")
