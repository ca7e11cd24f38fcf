"""A review of a parcel ends with a decision; a notice item keeps digests by which its parcel is recognised."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply. The defaults stay: the release before inserts rows without these columns."""
    op.add_column("reviews", sa.Column("decision", sa.String(16), nullable=False, server_default=""))
    op.add_column("notice_entries", sa.Column("clues", sa.String(8_000), nullable=False, server_default=""))


def downgrade() -> None:
    """Take back."""
    with op.batch_alter_table("notice_entries") as items:
        items.drop_column("clues")
    with op.batch_alter_table("reviews") as reviews:
        reviews.drop_column("decision")
