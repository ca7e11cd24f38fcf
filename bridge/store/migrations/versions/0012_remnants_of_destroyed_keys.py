"""Remember which transactions destroyed keys, until the database's files hold no byte of them.

Whoever destroyed keys before this revision left remnants too: one row stands for all of them.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from bridge.store.schema.ulid import new_id

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this revision."""
    table = op.create_table(
        "remnants",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("request_id", sa.String(40), nullable=False),
        sa.Column("destroyed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("transaction_id", sa.BigInteger(), nullable=True),
        sa.Column("overwritten", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_remnants"),
    )
    connection = op.get_bind()
    has_facts = connection.execute(sa.text("SELECT 1 FROM evidence LIMIT 1")).first() is not None
    if has_facts:
        transaction_id = sa.func.txid_current() if connection.dialect.name == "postgresql" else None
        earlier = {"id": new_id("rmn"), "request_id": "", "overwritten": "", "transaction_id": transaction_id}
        op.execute(table.insert().values(**earlier, destroyed_at=sa.func.current_timestamp()))


def downgrade() -> None:
    """Undo this revision. What waits to be overwritten is no longer known."""
    op.drop_table("remnants")
