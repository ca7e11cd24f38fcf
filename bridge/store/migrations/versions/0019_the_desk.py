"""Add what a request states beside identifiers, letters to the person with their links, and the purpose of notices."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this revision."""
    op.create_table(
        "request_details",
        sa.Column("request_id", sa.String(40), nullable=False),
        sa.Column("shop", sa.String(100), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=True),
        sa.Column("doc", sa.LargeBinary(), nullable=True),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("request_id", name="pk_request_details"),
    )
    op.create_table(
        "person_letters",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("shop", sa.String(100), nullable=False),
        sa.Column("request_id", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("values", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("message_id", sa.String(200), nullable=False),
        sa.Column("text_sha256", sa.String(64), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.String(200), nullable=False),
        sa.Column("wake_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rung_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_person_letters"),
        sa.UniqueConstraint("request_id", "kind", "number", name="uq_person_letters_request_id_kind_number"),
    )
    if op.get_bind().dialect.name == "postgresql":  # what is sealed does not get smaller
        for column in ("wrapped", "doc"):
            op.execute(f"ALTER TABLE request_details ALTER COLUMN {column} SET STORAGE EXTERNAL")
    stated = sa.text("doc IS NOT NULL")
    op.create_index(
        "ix_request_details_saved_at", "request_details", ["saved_at"], sqlite_where=stated, postgresql_where=stated
    )
    op.create_index("ix_person_letters_wake_at", "person_letters", ["wake_at"])
    op.create_index("ix_person_letters_state_created_at_id", "person_letters", ["state", "created_at", "id"])
    op.create_table(
        "person_links",
        sa.Column("token_hash", sa.String(80), nullable=False),
        sa.Column("request_id", sa.String(40), nullable=False),
        sa.Column("purpose", sa.String(16), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("token_hash", name="pk_person_links"),
    )
    op.create_index("ix_person_links_request_id", "person_links", ["request_id"])
    for table in ("notices", "notice_entries"):
        op.add_column(table, sa.Column("purpose", sa.String(16), nullable=False, server_default="erase"))


def downgrade() -> None:
    """Undo this revision. Letters that wait are lost, and what requests state beside identifiers."""
    for table in ("notices", "notice_entries"):
        # what is no erasure would be sent as one by the release before
        op.execute(f"DELETE FROM {table} WHERE purpose <> 'erase'")  # noqa: S608 - names of this file
        with op.batch_alter_table(table) as changed:
            changed.drop_column("purpose")
    op.drop_table("person_links")
    op.drop_table("person_letters")
    op.drop_table("request_details")
