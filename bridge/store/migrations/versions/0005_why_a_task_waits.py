"""Why a task waits gets a column of its own; until now it was read from the text that is shown for it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

REASONS = ("copy_missing", "access_in_flight", "plan_changed", "installed_again", "vault_not_returned")
WAITING_STATES = ("retry", "waiting", "failed")


def upgrade() -> None:
    """Apply. The default stays: the release before inserts tasks without this column."""
    op.add_column("tasks", sa.Column("wait_reason", sa.String(32), nullable=False, server_default=""))
    tasks = sa.table("tasks", *(sa.column(name) for name in ("state", "last_error", "wait_reason")))
    waits = tasks.c.state.in_(WAITING_STATES)
    op.execute(tasks.update().where(waits, tasks.c.last_error.in_(REASONS)).values(wait_reason=tasks.c.last_error))
    blocked = tasks.c.last_error.startswith("guard_", autoescape=True)
    op.execute(tasks.update().where(waits, blocked).values(wait_reason="guard"))


def downgrade() -> None:
    """Take back."""
    with op.batch_alter_table("tasks") as tasks:
        tasks.drop_column("wait_reason")
