"""Tables of notices: accounts, items, letters, links."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TASK, REQUEST = ("request_id", "action", "state", "wake_at"), ("id", "wake_at")
TABLES = ("notice_accounts", "notices", "notice_entries", "notice_links")


def _text(name: str, length: int) -> sa.Column[str]:
    return sa.Column(name, sa.String(length), nullable=False)


def _moment(name: str, *, nullable: bool = True) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=False)


def upgrade() -> None:
    """Apply this revision."""
    op.create_table(
        "notice_accounts",
        _text("id", 140),
        _text("shop", 100),
        _text("processor", 32),
        _number("attempts"),
        _text("last_error", 200),
        _moment("wake_at"),
        _moment("rung_at"),
        _moment("lease_until"),
        _number("fence"),
        sa.PrimaryKeyConstraint("id", name="pk_notice_accounts"),
    )
    op.create_index("ix_notice_accounts_wake_at", "notice_accounts", ["wake_at"])
    op.create_table(
        "notices",
        _text("id", 40),
        _text("shop", 100),
        _text("processor", 32),
        _text("via", 16),
        _text("state", 24),
        _moment("created_at", nullable=False),
        _moment("sent_at"),
        _moment("due_at"),
        _moment("next_at"),
        _number("reminders"),
        _number("attempts"),
        _text("message_id", 200),
        _text("body_sha256", 64),
        _text("reference", 64),
        _moment("answered_at"),
        _text("answered_via", 16),
        _text("last_error", 200),
        sa.PrimaryKeyConstraint("id", name="pk_notices"),
    )
    op.create_index("ix_notices_shop_processor_state", "notices", ["shop", "processor", "state"])
    op.create_table("notice_entries", *_entry())
    indexed = (["request_id"], ["notice_id"], ["shop", "processor", "state"], ["shop", "entry_key"])
    for columns in (*indexed, ["shop", "order_key"]):
        op.create_index(f"ix_notice_entries_{'_'.join(columns)}", "notice_entries", columns)
    op.create_table(
        "notice_links",
        _text("token_hash", 80),
        _text("notice_id", 40),
        _moment("expires_at", nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name="pk_notice_links"),
    )
    op.create_index("ix_notice_links_notice_id", "notice_links", ["notice_id"])
    # requests from before this table create their items when they are next processed
    now = sa.func.now()
    tasks, requests = sa.table("tasks", *map(sa.column, TASK)), sa.table("requests", *map(sa.column, REQUEST))
    noted = (tasks.c.action == "instruct", tasks.c.state == "waiting")
    ids = sa.select(tasks.c.request_id).where(*noted)
    op.execute(requests.update().where(requests.c.id.in_(ids)).values(wake_at=now))
    op.execute(tasks.update().where(*noted).values(wake_at=now))


def _entry() -> list[sa.schema.SchemaItem]:
    return [
        _text("id", 40),
        _text("shop", 100),
        _text("request_id", 40),
        _text("task_id", 40),
        _text("processor", 32),
        _text("names", 16),
        _text("entry_key", 80),
        _text("order_key", 80),
        sa.Column("doc", sa.LargeBinary(), nullable=True),
        _text("system", 32),
        _text("state", 24),
        _text("reason", 48),
        _moment("not_before"),
        _moment("look_at"),
        _number("looks"),
        _moment("shipped_at"),
        _text("status", 24),
        _moment("status_at"),
        sa.Column("cod", sa.Boolean(), nullable=True),
        sa.Column("remitted", sa.Boolean(), nullable=True),
        sa.Column("released", sa.Boolean(), nullable=False),
        _text("baseline", 80),
        _text("notice_id", 40),
        sa.Column("answer", sa.String(16), nullable=True),
        _moment("answered_at"),
        _text("law", 32),
        sa.Column("until", sa.Date(), nullable=True),
        _text("read_back", 16),
        _number("reopened"),
        _number("version"),
        sa.PrimaryKeyConstraint("id", name="pk_notice_entries"),
        sa.UniqueConstraint("task_id", "entry_key", name="uq_notice_entries_task_id_entry_key"),
    ]


def downgrade() -> None:
    """Undo this revision."""
    for name in reversed(TABLES):
        op.drop_table(name)
