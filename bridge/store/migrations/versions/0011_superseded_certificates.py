"""A certificate that is made anew supersedes the one before, which is kept."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "superseded_certificates",
        sa.Column("request_id", sa.String(40), nullable=False),
        sa.Column("number", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("request_id", "number", name="pk_superseded_certificates"),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table("superseded_certificates")
