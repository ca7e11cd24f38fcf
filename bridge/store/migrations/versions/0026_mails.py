"""Add mails that reach the merchant, and how far the mailbox was read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this revision."""
    op.create_table(
        "mailboxes",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("shop", sa.String(100), nullable=False),
        sa.Column("uid_validity", sa.BigInteger(), nullable=False),
        sa.Column("last_uid", sa.BigInteger(), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.String(200), nullable=False),
        sa.Column("wake_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rung_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_mailboxes"),
    )
    op.create_table(
        "mails",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("shop", sa.String(100), nullable=False),
        sa.Column("once_key", sa.String(80), nullable=False),
        sa.Column("sender_key", sa.String(80), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("is_cut", sa.Boolean(), nullable=False),
        sa.Column("attachments", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.String(40), nullable=False),
        sa.Column("notice_id", sa.String(40), nullable=False),
        sa.Column("letter_id", sa.String(40), nullable=False),
        sa.Column("handled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("wrapped", sa.LargeBinary(), nullable=True),
        sa.Column("doc", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_mails"),
        sa.UniqueConstraint("once_key", name="uq_mails_once_key"),
    )
    if op.get_bind().dialect.name == "postgresql":  # what is sealed does not get smaller
        for column in ("wrapped", "doc"):
            op.execute(f"ALTER TABLE mails ALTER COLUMN {column} SET STORAGE EXTERNAL")
    op.create_index("ix_mails_request_id", "mails", ["request_id"])
    op.create_index("ix_mails_arrived_at_id", "mails", ["arrived_at", "id"])
    op.create_index("ix_mails_sender_key_arrived_at", "mails", ["sender_key", "arrived_at"])
    for name, columns, where in (
        ("ix_mails_open", ["arrived_at", "id"], "state = 'open'"),
        ("ix_mails_sealed_open", ["handled_at"], "doc IS NOT NULL"),
    ):
        condition = sa.text(where)
        op.create_index(name, "mails", columns, sqlite_where=condition, postgresql_where=condition)


def downgrade() -> None:
    """Undo this revision. The mailbox itself is as it was: the mails are still there."""
    op.drop_table("mails")
    op.drop_table("mailboxes")
