"""Expiring offline tokens: the refresh token beside the token, and whose turn it is to use it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("tokens", sa.Column("refresh", sa.LargeBinary(), nullable=True))
    op.add_column("tokens", sa.Column("refreshing_until", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """Take back."""
    with op.batch_alter_table("tokens") as tokens:
        tokens.drop_column("refreshing_until")
        tokens.drop_column("refresh")
