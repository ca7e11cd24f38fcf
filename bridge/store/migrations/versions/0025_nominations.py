"""Add nominations, the persons that an incident concerns, approvals by two people, and warnings of deadlines."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this revision."""
    op.create_table(
        "nominations",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("shop", sa.String(100), nullable=False),
        sa.Column("subject", sa.String(80), nullable=False),
        sa.Column("request_id", sa.String(40), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=True),
        sa.Column("doc", sa.LargeBinary(), nullable=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("exercised_by", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_nominations"),
    )
    op.create_index("ix_nominations_shop_subject", "nominations", ["shop", "subject"])
    op.create_index("ix_nominations_ended_at", "nominations", ["ended_at"])
    op.create_table(
        "incident_persons",
        sa.Column("request_id", sa.String(40), nullable=False),
        sa.Column("shop", sa.String(100), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("doc", sa.LargeBinary(), nullable=False),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("request_id", name="pk_incident_persons"),
    )
    op.create_table(
        "two_person_approvals",
        sa.Column("request_id", sa.String(40), nullable=False),
        sa.Column("actor", sa.String(64), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("request_id", "actor", name="pk_two_person_approvals"),
    )
    op.create_table(
        "deadline_warnings",
        sa.Column("request_id", sa.String(40), nullable=False),
        sa.Column("clock", sa.String(32), nullable=False),
        sa.Column("percent", sa.Integer(), nullable=False),
        sa.Column("warned_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("request_id", "clock", "percent", name="pk_deadline_warnings"),
    )
    if op.get_bind().dialect.name == "postgresql":  # what is sealed does not get smaller
        for table in ("nominations", "incident_persons"):
            for column in ("wrapped", "doc"):
                op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} SET STORAGE EXTERNAL")


def downgrade() -> None:
    """Undo this revision. Nominations are lost, and which persons an incident concerns."""
    for table in ("deadline_warnings", "two_person_approvals", "incident_persons", "nominations"):
        op.drop_table(table)
