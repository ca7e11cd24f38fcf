"""Add restrictions of processing: whose data may be stored and used for nothing else, since when and until when."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this revision."""
    op.create_table(
        "restrictions",
        sa.Column("request_id", sa.String(40), nullable=False),
        sa.Column("purpose", sa.String(16), nullable=False),
        sa.Column("record_key", sa.String(80), nullable=False),
        sa.Column("shop", sa.String(100), nullable=False),
        sa.Column("field", sa.String(16), nullable=False),
        sa.Column("ground", sa.String(16), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("request_id", "purpose", "record_key", name="pk_restrictions"),
    )
    in_force = sa.text("lifted_at IS NULL")
    op.create_index(
        "ix_restrictions_in_force_open",
        "restrictions",
        ["shop", "record_key"],
        sqlite_where=in_force,
        postgresql_where=in_force,
    )


def downgrade() -> None:
    """Undo this revision. Restrictions are forgotten: the release before knows none."""
    # the release before cannot read these tasks
    op.execute("DELETE FROM tasks WHERE action IN ('correct', 'restrict', 'stop_marketing', 'weigh')")
    op.execute("UPDATE notice_entries SET purpose = 'restrict' WHERE purpose = 'lift'")
    op.execute("UPDATE notices SET purpose = 'restrict' WHERE purpose = 'lift'")
    op.drop_table("restrictions")
