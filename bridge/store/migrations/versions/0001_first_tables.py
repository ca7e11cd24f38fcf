"""Tables of the inbox, requests, index, evidence, packages."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = [
    "certificates",
    "customers",
    "data_keys",
    "deliveries",
    "evidence",
    "evidence_head",
    "findings",
    "locks",
    "merges",
    "orders",
    "packages",
    "parcels",
    "requests",
    "suppressions",
    "tasks",
    "tokens",
]


def upgrade() -> None:
    """Apply this revision."""
    op.create_table(
        "certificates",
        sa.Column("request_id", sa.String(length=40), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("request_id", name=op.f("pk_certificates")),
    )
    op.create_table(
        "customers",
        sa.Column("shop", sa.String(length=100), nullable=False),
        sa.Column("customer_key", sa.String(length=80), nullable=False),
        sa.Column("email_key", sa.String(length=80), nullable=False),
        sa.Column("phone_key", sa.String(length=80), nullable=False),
        sa.Column("source_updated_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("shop", "customer_key", name=op.f("pk_customers")),
    )
    op.create_index(op.f("ix_customers_shop_email_key"), "customers", ["shop", "email_key"], unique=False)
    op.create_index(op.f("ix_customers_shop_phone_key"), "customers", ["shop", "phone_key"], unique=False)
    op.create_table(
        "data_keys",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("shop", sa.String(length=100), nullable=False),
        sa.Column("subject", sa.String(length=80), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_data_keys")),
        sa.UniqueConstraint("shop", "subject", name=op.f("uq_data_keys_shop_subject")),
    )
    op.create_table(
        "deliveries",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("shop", sa.String(length=100), nullable=False),
        sa.Column("topic", sa.String(length=64), nullable=False),
        sa.Column("webhook_id", sa.String(length=128), nullable=False),
        sa.Column("event_id", sa.String(length=128), nullable=False),
        sa.Column("api_version", sa.String(length=16), nullable=False),
        sa.Column("triggered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("secret_index", sa.Integer(), nullable=False),
        sa.Column("once_key", sa.String(length=320), nullable=True),
        sa.Column("digest", sa.String(length=80), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("body_bytes", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.String(length=200), nullable=False),
        sa.Column("wake_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rung_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
        sa.UniqueConstraint("digest", name=op.f("uq_deliveries_digest")),
        sa.UniqueConstraint("once_key", name=op.f("uq_deliveries_once_key")),
    )
    op.create_index(
        op.f("ix_deliveries_shop_topic_received_at"), "deliveries", ["shop", "topic", "received_at"], unique=False
    )
    op.create_index(op.f("ix_deliveries_state_wake_at"), "deliveries", ["state", "wake_at"], unique=False)
    op.create_table(
        "evidence",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("fact", sa.String(length=48), nullable=False),
        sa.Column("shop", sa.String(length=100), nullable=False),
        sa.Column("request_id", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=80), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("prev_hash", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_evidence")),
    )
    op.create_index(op.f("ix_evidence_request_id"), "evidence", ["request_id"], unique=False)
    op.create_table(
        "evidence_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evidence_head")),
    )
    op.create_table(
        "findings",
        sa.Column("request_id", sa.String(length=40), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("system", sa.String(length=32), nullable=False),
        sa.Column("records", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("request_id", "seq", name=op.f("pk_findings")),
    )
    op.create_table(
        "locks",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("holder", sa.String(length=64), nullable=False),
        sa.Column("held_until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_locks")),
    )
    op.create_table(
        "merges",
        sa.Column("shop", sa.String(length=100), nullable=False),
        sa.Column("deleted_key", sa.String(length=80), nullable=False),
        sa.Column("kept_key", sa.String(length=80), nullable=False),
        sa.Column("merged_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("shop", "deleted_key", name=op.f("pk_merges")),
    )
    op.create_table(
        "orders",
        sa.Column("shop", sa.String(length=100), nullable=False),
        sa.Column("order_key", sa.String(length=80), nullable=False),
        sa.Column("customer_key", sa.String(length=80), nullable=False),
        sa.Column("email_key", sa.String(length=80), nullable=False),
        sa.Column("phone_key", sa.String(length=80), nullable=False),
        sa.Column("doc", sa.LargeBinary(), nullable=True),
        sa.Column("data_key_id", sa.String(length=40), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("source_updated_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("shop", "order_key", name=op.f("pk_orders")),
    )
    op.create_index(op.f("ix_orders_shop_customer_key"), "orders", ["shop", "customer_key"], unique=False)
    op.create_index(op.f("ix_orders_shop_email_key"), "orders", ["shop", "email_key"], unique=False)
    op.create_index(op.f("ix_orders_shop_phone_key"), "orders", ["shop", "phone_key"], unique=False)
    op.create_table(
        "packages",
        sa.Column("request_id", sa.String(length=40), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("request_id", "seq", name=op.f("pk_packages")),
    )
    op.create_table(
        "parcels",
        sa.Column("shop", sa.String(length=100), nullable=False),
        sa.Column("parcel_key", sa.String(length=80), nullable=False),
        sa.Column("order_key", sa.String(length=80), nullable=False),
        sa.Column("carrier", sa.String(length=32), nullable=False),
        sa.Column("account_holder", sa.String(length=32), nullable=False),
        sa.Column("doc", sa.LargeBinary(), nullable=False),
        sa.Column("data_key_id", sa.String(length=40), nullable=False),
        sa.Column("shipped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("source_updated_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("shop", "parcel_key", "order_key", name=op.f("pk_parcels")),
    )
    op.create_index(op.f("ix_parcels_shop_order_key"), "parcels", ["shop", "order_key"], unique=False)
    op.create_table(
        "requests",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("shop", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("subject", sa.String(length=80), nullable=False),
        sa.Column("once_key", sa.String(length=200), nullable=False),
        sa.Column("active_key", sa.String(length=200), nullable=True),
        sa.Column("principal", sa.LargeBinary(), nullable=True),
        sa.Column("data_key_id", sa.String(length=40), nullable=False),
        sa.Column("external_ref", sa.String(length=64), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at_basis", sa.String(length=32), nullable=False),
        sa.Column("webhook_received_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledge_due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_governed_by", sa.String(length=32), nullable=False),
        sa.Column("clocks", sa.Text(), nullable=False),
        sa.Column("policy_sha256", sa.String(length=64), nullable=False),
        sa.Column("retention_sha256", sa.String(length=64), nullable=False),
        sa.Column("complete", sa.Boolean(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.String(length=200), nullable=False),
        sa.Column("wake_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rung_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_requests")),
        sa.UniqueConstraint("active_key", name=op.f("uq_requests_active_key")),
        sa.UniqueConstraint("once_key", name=op.f("uq_requests_once_key")),
    )
    op.create_index(op.f("ix_requests_shop_subject"), "requests", ["shop", "subject"], unique=False)
    op.create_index(op.f("ix_requests_state_wake_at"), "requests", ["state", "wake_at"], unique=False)
    op.create_table(
        "suppressions",
        sa.Column("shop", sa.String(length=100), nullable=False),
        sa.Column("field", sa.String(length=16), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("request_id", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("shop", "field", "key", name=op.f("pk_suppressions")),
    )
    op.create_table(
        "tasks",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("request_id", sa.String(length=40), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("system", sa.String(length=32), nullable=False),
        sa.Column("action", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("records", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=True),
        sa.Column("last_error", sa.String(length=200), nullable=False),
        sa.Column("cursor", sa.LargeBinary(), nullable=True),
        sa.Column("gaps", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("wake_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expected_by", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tasks")),
        sa.UniqueConstraint("request_id", "system", "action", name=op.f("uq_tasks_request_id_system_action")),
    )
    op.create_table(
        "tokens",
        sa.Column("shop", sa.String(length=100), nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("shop", name=op.f("pk_tokens")),
    )
    op.execute("INSERT INTO evidence_head (id, seq, hash) VALUES (1, 0, '" + "0" * 64 + "')")
    op.execute("INSERT INTO locks (name, holder, held_until) VALUES ('clock', '', '2000-01-01 00:00:00')")
    _make_evidence_append_only()


def _make_evidence_append_only() -> None:
    """Create the triggers that refuse changes of the evidence, which the chain would only reveal."""
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER evidence_no_{verb.lower()} BEFORE {verb} ON evidence "
                "BEGIN SELECT RAISE(ABORT, 'evidence is append-only'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION evidence_is_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'evidence is append-only'; END $$"
    )
    op.execute(
        "CREATE TRIGGER evidence_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON evidence "
        "FOR EACH STATEMENT EXECUTE FUNCTION evidence_is_append_only()"
    )
    for table in ("deliveries", "findings", "packages"):  # sealed bytes do not compress
        column = "body"
        op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} SET STORAGE EXTERNAL")


def downgrade() -> None:
    """Undo this revision."""
    for name in reversed(TABLES):
        op.drop_table(name)
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP FUNCTION evidence_is_append_only()")
