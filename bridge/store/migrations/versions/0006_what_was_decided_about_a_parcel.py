"""A review of a parcel ends with a decision: whether the parcel is the data subject's."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply. The default stays: the release before inserts reviews without this column."""
    op.add_column("reviews", sa.Column("decision", sa.String(16), nullable=False, server_default=""))


def downgrade() -> None:
    """Take back."""
    with op.batch_alter_table("reviews") as reviews:
        reviews.drop_column("decision")
