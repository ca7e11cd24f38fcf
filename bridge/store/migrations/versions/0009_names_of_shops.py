"""A shop is its number at Shopify; its domains are names. Those that rows are stored under are listed without a number."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

TABLES_OF_SHOPS = ("customers", "orders", "suppressions", "requests", "vault_documents")


def upgrade() -> None:
    """Apply this revision."""
    op.create_table(
        "shop_names",
        sa.Column("domain", sa.String(100), nullable=False),
        sa.Column("number", sa.String(40), nullable=False),
        sa.Column("key", sa.String(100), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("domain", "number", name="pk_shop_names"),
    )
    known = sa.union(*(sa.select(sa.table(name, sa.column("shop")).c.shop) for name in TABLES_OF_SHOPS)).subquery()
    now, unknown = sa.func.current_timestamp(), sa.literal("")
    rows = sa.select(known.c.shop, unknown, known.c.shop, now, now).where(known.c.shop != "")
    names = sa.table("shop_names", *map(sa.column, ("domain", "number", "key", "first_seen_at", "last_seen_at")))
    op.execute(names.insert().from_select(list(names.c.keys()), rows))


def downgrade() -> None:
    """Undo this revision. Rows of a shop that had several names stay under the first one."""
    op.drop_table("shop_names")
