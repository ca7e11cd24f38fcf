"""A request says when its answer left the bridge and since when the data subject has it, not only when it was sealed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

COLUMNS = ("handed_over_at", "answered_at", "answer_basis")


def upgrade() -> None:
    """Apply. What was closed before keeps its moment, as assumed; a package that never left the bridge is unanswered."""
    for name in COLUMNS[:2]:
        op.add_column("requests", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    op.add_column("requests", sa.Column("answer_basis", sa.String(16), nullable=True))
    columns = ("id", "kind", "source", "closed_at", *COLUMNS)
    requests = sa.table("requests", *map(sa.column, columns))
    evidence = sa.table("evidence", *map(sa.column, ("request_id", "fact", "at")))
    packages = sa.table("packages", sa.column("request_id"))
    released = sa.select(sa.func.max(evidence.c.at)).where(
        evidence.c.request_id == requests.c.id, evidence.c.fact == "package.released"
    )
    op.execute(requests.update().values(handed_over_at=released.scalar_subquery()))
    has_package = sa.exists().where(packages.c.request_id == requests.c.id)
    is_answered = sa.or_(
        sa.and_(requests.c.kind == "access", sa.or_(requests.c.handed_over_at.is_not(None), ~has_package)),
        sa.and_(requests.c.kind == "erasure", requests.c.source == "operator"),
    )
    assumed = {"answered_at": requests.c.closed_at, "answer_basis": "assumed"}
    op.execute(requests.update().where(requests.c.closed_at.is_not(None), is_answered).values(assumed))


def downgrade() -> None:
    """Take back."""
    with op.batch_alter_table("requests") as requests:
        for name in COLUMNS:
            requests.drop_column(name)
