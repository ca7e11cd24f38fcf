"""Columns for expiring offline tokens: the refresh token, and the lock on using it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this revision."""
    op.add_column("tokens", sa.Column("refresh", sa.LargeBinary(), nullable=True))
    op.add_column("tokens", sa.Column("refreshing_until", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """Undo this revision."""
    with op.batch_alter_table("tokens") as tokens:
        tokens.drop_column("refreshing_until")
        tokens.drop_column("refresh")
