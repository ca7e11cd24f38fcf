"""Heartbeats of processes, open alerts, and when operators were last written to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

LOCKS = ("alerts", "digest")
LONG_AGO = "2000-01-01 00:00:00"


def upgrade() -> None:
    """Apply this revision. No process is known before its first heartbeat."""
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "heartbeats",
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("version", sa.String(32), nullable=False),
        sa.Column("started_at", moment, nullable=False),
        sa.Column("seen_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("kind", "name", name="pk_heartbeats"),
    )
    op.create_table(
        "alerts",
        sa.Column("condition", sa.String(32), nullable=False),
        sa.Column("reason", sa.String(32), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("raised_at", moment, nullable=False),
        sa.Column("cleared_at", moment, nullable=True),
        sa.Column("announced_at", moment, nullable=True),
        sa.PrimaryKeyConstraint("condition", "reason", name="pk_alerts"),
    )
    op.create_table(
        "operator_messages",
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("sent_at", moment, nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("wake_at", moment, nullable=False),
        sa.Column("last_error", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("channel", name="pk_operator_messages"),
    )
    locks = sa.table("locks", *map(sa.column, ("name", "holder", "held_until")))
    long_ago = sa.text(f"'{LONG_AGO}'")
    for name in LOCKS:
        op.execute(locks.insert().values(name=name, holder="", held_until=long_ago))


def downgrade() -> None:
    """Undo this revision. Alerts that are open are forgotten: a later upgrade raises them anew."""
    for name in LOCKS:
        op.execute(sa.text("DELETE FROM locks WHERE name = :name").bindparams(name=name))
    for table in ("operator_messages", "alerts", "heartbeats"):
        op.drop_table(table)
