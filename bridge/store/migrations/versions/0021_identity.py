"""Add what waits on the public page for its code, and doubts about who asks, with how each was ended."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this revision."""
    op.create_table(
        "page_submissions",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("shop", sa.String(100), nullable=False),
        sa.Column("token_hash", sa.String(80), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("doc", sa.LargeBinary(), nullable=False),
        sa.Column("code_hash", sa.String(80), nullable=False),
        sa.Column("code_ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("guesses", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.String(200), nullable=False),
        sa.Column("wake_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rung_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_page_submissions"),
        sa.UniqueConstraint("token_hash", name="uq_page_submissions_token_hash"),
    )
    op.create_index("ix_page_submissions_wake_at", "page_submissions", ["wake_at"])
    op.create_index("ix_page_submissions_created_at", "page_submissions", ["created_at"])
    op.create_table(
        "identity_checks",
        sa.Column("request_id", sa.String(40), nullable=False),
        sa.Column("shop", sa.String(100), nullable=False),
        sa.Column("doubt", sa.String(32), nullable=False),
        sa.Column("times_asked", sa.Integer(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("remind_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("method", sa.String(32), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("wrapped", sa.LargeBinary(), nullable=True),
        sa.Column("doc", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("request_id", name="pk_identity_checks"),
    )
    op.create_index("ix_identity_checks_decided_at", "identity_checks", ["decided_at"])
    if op.get_bind().dialect.name == "postgresql":  # what is sealed does not get smaller
        for table in ("page_submissions", "identity_checks"):
            for column in ("wrapped", "doc"):
                op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} SET STORAGE EXTERNAL")


def downgrade() -> None:
    """Undo this revision. What waits for a code is lost; a request whose doubt is open goes on."""
    op.drop_table("identity_checks")
    op.drop_table("page_submissions")
