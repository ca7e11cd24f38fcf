"""Remember who is not to be written to with offers, on which channel."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this revision."""
    op.create_table(
        "marketing_stops",
        sa.Column("shop", sa.String(100), nullable=False),
        sa.Column("field", sa.String(16), nullable=False),
        sa.Column("key", sa.String(80), nullable=False),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("request_id", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("shop", "field", "key", "channel", name="pk_marketing_stops"),
    )
    op.create_index("ix_marketing_stops_since", "marketing_stops", ["since"])
    is_open = sa.text("action = 'stop_marketing' AND state <> 'done'")
    op.create_index("ix_tasks_stops_open", "tasks", ["request_id"], sqlite_where=is_open, postgresql_where=is_open)


def downgrade() -> None:
    """Undo this revision. Nobody remembers any more who took a consent back."""
    op.drop_index("ix_tasks_stops_open", "tasks")
    op.drop_table("marketing_stops")
