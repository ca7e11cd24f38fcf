"""Add people who work with the bridge, tokens of the API, and who approved that bank details are read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this revision."""
    op.create_table(
        "users",
        sa.Column("name", sa.String(48), nullable=False),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("verifier", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("secret_set_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("name", name="pk_users"),
    )
    op.create_table(
        "user_tokens",
        sa.Column("token_hash", sa.String(80), nullable=False),
        sa.Column("user_name", sa.String(48), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name="pk_user_tokens"),
    )
    op.create_index("ix_user_tokens_user_name", "user_tokens", ["user_name"])
    op.create_table(
        "api_openings",
        sa.Column("key_hash", sa.String(80), nullable=False),
        sa.Column("body_hash", sa.String(80), nullable=False),
        sa.Column("request_id", sa.String(40), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key_hash", name="pk_api_openings"),
    )
    op.create_index("ix_api_openings_opened_at", "api_openings", ["opened_at"])
    op.add_column("refund_accounts", sa.Column("approved_by", sa.String(64), nullable=False, server_default=""))
    op.add_column("refund_accounts", sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True))
    if op.get_bind().dialect.name == "postgresql":  # what is sealed does not get smaller
        op.execute("ALTER TABLE users ALTER COLUMN verifier SET STORAGE EXTERNAL")


def downgrade() -> None:
    """Undo this revision. Who may do what is lost; commands ask for no secret then."""
    with op.batch_alter_table("refund_accounts") as changed:
        changed.drop_column("approved_at")
        changed.drop_column("approved_by")
    for table in ("api_openings", "user_tokens", "users"):
        op.drop_table(table)
