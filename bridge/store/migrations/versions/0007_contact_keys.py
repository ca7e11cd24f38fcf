"""A field that holds two phone numbers or e-mail addresses has a key for each: the first in its row, others here."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "contact_keys",
        sa.Column("shop", sa.String(100), nullable=False),
        sa.Column("row_key", sa.String(80), nullable=False),
        sa.Column("field", sa.String(16), nullable=False),
        sa.Column("key", sa.String(80), nullable=False),
        sa.PrimaryKeyConstraint("shop", "row_key", "field", "key", name="pk_contact_keys"),
    )
    op.create_index("ix_contact_keys_shop_field_key", "contact_keys", ["shop", "field", "key"])


def downgrade() -> None:
    """Take back."""
    op.drop_table("contact_keys")
