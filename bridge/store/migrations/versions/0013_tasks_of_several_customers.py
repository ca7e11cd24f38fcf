"""A task says which customer of a platform it is about: one data subject may be several."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

FORMER_NAME, NAME = "uq_tasks_request_id_system_action", "uq_tasks_request_id_system_action_customer"
FORMER_COLUMNS = ("request_id", "system", "action")


def upgrade() -> None:
    """Apply this revision. What is stored is about a data subject who is one customer."""
    with op.batch_alter_table("tasks") as tasks:
        tasks.add_column(sa.Column("customer", sa.String(80), nullable=False, server_default=""))
        tasks.drop_constraint(FORMER_NAME, type_="unique")
        tasks.create_unique_constraint(NAME, [*FORMER_COLUMNS, "customer"])
    op.create_index("ix_tasks_customer", "tasks", ["customer"])


def downgrade() -> None:
    """Undo this revision. Of several customers only the first keeps its tasks: the release before knows one."""
    tasks = sa.table("tasks", *map(sa.column, ("id", "customer", *FORMER_COLUMNS)))
    other = tasks.alias()
    same = [getattr(tasks.c, name) == getattr(other.c, name) for name in FORMER_COLUMNS]
    earlier = sa.select(sa.literal(1)).select_from(other).where(*same, other.c.id < tasks.c.id).correlate(tasks)
    later = sa.select(tasks.c.id).where(sa.exists(earlier))
    ids = [row.id for row in op.get_bind().execute(later)]
    if ids:
        op.execute(tasks.delete().where(tasks.c.id.in_(ids)))
    op.drop_index("ix_tasks_customer", "tasks")
    with op.batch_alter_table("tasks") as table:
        table.drop_constraint(NAME, type_="unique")
        table.create_unique_constraint(FORMER_NAME, list(FORMER_COLUMNS))
        table.drop_column("customer")
