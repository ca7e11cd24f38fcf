"""Add disclosures of personal data to authorities, and the persons and orders that each is about."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this revision."""
    op.create_table(
        "disclosures",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("shop", sa.String(100), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("doc", sa.LargeBinary(), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("disclosable_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_disclosures"),
    )
    op.create_index("ix_disclosures_disclosable_at", "disclosures", ["disclosable_at"])
    op.create_index("ix_disclosures_recorded_at_id", "disclosures", ["recorded_at", "id"])
    op.create_table(
        "disclosure_keys",
        sa.Column("shop", sa.String(100), nullable=False),
        sa.Column("key", sa.String(80), nullable=False),
        sa.Column("disclosure_id", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("shop", "key", "disclosure_id", name="pk_disclosure_keys"),
    )
    op.create_index("ix_disclosure_keys_disclosure_id", "disclosure_keys", ["disclosure_id"])
    if op.get_bind().dialect.name == "postgresql":  # what is sealed does not get smaller
        for column in ("wrapped", "doc"):
            op.execute(f"ALTER TABLE disclosures ALTER COLUMN {column} SET STORAGE EXTERNAL")


def downgrade() -> None:
    """Undo this revision. Disclosures are lost."""
    for table in ("disclosure_keys", "disclosures"):
        op.drop_table(table)
