"""Add what keeps a request from acting until its plan is approved, who approved it, and how a request ended."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this revision. A request that is stored has no gate: it was opened by a release that ran it at once."""
    op.create_table(
        "approval_gates",
        sa.Column("request_id", sa.String(40), nullable=False),
        sa.Column("door", sa.String(16), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("free_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("shown_digest", sa.String(64), nullable=False),
        sa.Column("shown_parts", sa.Text(), nullable=False),
        sa.Column("shown_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("request_id", name="pk_approval_gates"),
    )
    op.create_table(
        "approvals",
        sa.Column("request_id", sa.String(40), nullable=False),
        sa.Column("actor", sa.String(64), nullable=False),
        sa.Column("plan_digest", sa.String(64), nullable=False),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("request_id", "actor", "plan_digest", name="pk_approvals"),
    )
    with op.batch_alter_table("requests") as requests:
        requests.add_column(sa.Column("ending", sa.String(16), nullable=True))
        # `awaiting_approval` has 17 letters
        requests.alter_column("state", existing_type=sa.String(16), type_=sa.String(32), existing_nullable=False)


def downgrade() -> None:
    """Undo this revision. What still waits for an approval ends as failed: the release before would run it at once."""
    op.execute(
        "UPDATE requests SET state = 'failed', last_error = 'approval_lost', wake_at = NULL"
        " WHERE id IN (SELECT request_id FROM approval_gates WHERE begun_at IS NULL) AND state <> 'done'"
    )
    with op.batch_alter_table("requests") as requests:
        requests.drop_column("ending")
        requests.alter_column("state", existing_type=sa.String(32), type_=sa.String(16), existing_nullable=False)
    op.drop_table("approvals")
    op.drop_table("approval_gates")
