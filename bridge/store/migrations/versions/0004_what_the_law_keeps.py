"""Tables of sealed documents, legal holds, refund accounts, reviews, plans, policies, signed heads and shops that leave."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TABLES = (
    "vault_documents",
    "legal_claims",
    "refund_accounts",
    "reviews",
    "plans",
    "law_files",
    "evidence_heads",
    "shop_endings",
    "destructions",
)
SIGNED = "day, seq, hash, signed_at, signature, public_key"
INDEXES = (
    ("vault_documents", ("shop", "order_key")),
    ("vault_documents", ("erasable_from",)),
    ("vault_documents", ("request_id",)),
    ("vault_documents", ("law_sha256",)),
    ("legal_claims", ("shop", "subject")),
    ("legal_claims", ("shop", "order_key")),
    ("refund_accounts", ("shop", "order_key")),
    ("refund_accounts", ("state", "erase_at")),
    ("reviews", ("shop", "closed_at")),
)


def _text(name: str, length: int) -> sa.Column[str]:
    return sa.Column(name, sa.String(length), nullable=False)


def _moment(name: str, *, nullable: bool = True) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _bytes(name: str, *, nullable: bool = False) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary(), nullable=nullable)


def upgrade() -> None:
    """Apply this revision."""
    op.create_table(
        "vault_documents",
        _text("id", 40),
        _text("shop", 100),
        _text("kind", 24),
        _text("form", 24),
        _text("media_type", 64),
        sa.Column("names_buyer", sa.Boolean(), nullable=False),
        _text("country", 2),
        _text("order_key", 80),
        _text("source_key", 80),
        _text("digest", 80),
        _bytes("wrapped"),
        _bytes("doc"),
        _moment("issued_at", nullable=False),
        _moment("sealed_at", nullable=False),
        _text("request_id", 40),
        sa.Column("erasable_from", sa.Date(), nullable=True),
        sa.Column("grounds", sa.Text(), nullable=False),
        _text("law_sha256", 64),
        sa.PrimaryKeyConstraint("id", name="pk_vault_documents"),
        sa.UniqueConstraint("shop", "source_key", "digest", name="uq_vault_documents_shop_source_key_digest"),
    )
    op.create_table(
        "legal_claims",
        _text("id", 40),
        _text("shop", 100),
        _text("request_id", 40),
        _text("subject", 80),
        _text("order_key", 80),
        _text("reference", 64),
        _text("opened_by", 64),
        _moment("opened_at", nullable=False),
        _text("reviewed_by", 64),
        _moment("reviewed_at"),
        _moment("review_due_at", nullable=False),
        _text("approved_by", 64),
        _text("released_by", 64),
        _moment("released_at"),
        _text("kind", 24),
        _moment("disposed_at"),
        sa.PrimaryKeyConstraint("id", "order_key", name="pk_legal_claims"),
    )
    op.create_table(
        "refund_accounts",
        _text("id", 40),
        _text("shop", 100),
        _text("refund_id", 64),
        _text("order_key", 80),
        _text("subject", 80),
        _bytes("wrapped", nullable=True),
        _bytes("doc", nullable=True),
        _bytes("reference", nullable=True),
        _text("state", 16),
        _moment("opened_at", nullable=False),
        _moment("settled_at"),
        _moment("erase_at"),
        _moment("erased_at"),
        _text("request_id", 40),
        _moment("ledger_at"),
        sa.PrimaryKeyConstraint("id", name="pk_refund_accounts"),
        sa.UniqueConstraint("shop", "refund_id", name="uq_refund_accounts_shop_refund_id"),
    )
    op.create_table(
        "reviews",
        _text("id", 40),
        _text("shop", 100),
        _text("kind", 32),
        _text("what", 200),
        _text("order_key", 80),
        _text("request_id", 40),
        _text("once_key", 200),
        _moment("opened_at", nullable=False),
        _moment("closed_at"),
        _text("closed_by", 64),
        sa.PrimaryKeyConstraint("id", name="pk_reviews"),
        sa.UniqueConstraint("once_key", name="uq_reviews_once_key"),
    )
    op.create_table(
        "plans",
        _text("request_id", 40),
        _moment("made_at", nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("request_id", name="pk_plans"),
    )
    op.create_table(
        "law_files",
        _text("sha256", 64),
        _text("policy_id", 64),
        _moment("accepted_at", nullable=False),
        _text("accepted_by", 64),
        sa.Column("ages", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name="pk_law_files"),
    )
    op.create_table(
        "evidence_heads",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        _text("hash", 64),
        _moment("signed_at", nullable=False),
        _text("signature", 128),
        _text("public_key", 64),
        sa.Column("token", sa.Text(), nullable=False),
        _moment("anchored_at"),
        sa.Column("attempts", sa.Integer(), nullable=False),
        _text("last_error", 200),
        sa.PrimaryKeyConstraint("day", name="pk_evidence_heads"),
    )
    op.create_table(
        "shop_endings",
        _text("shop", 100),
        _text("request_id", 40),
        _text("decision", 24),
        _text("reference", 64),
        _text("digest", 64),
        _text("decided_by", 64),
        _moment("decided_at", nullable=False),
        sa.PrimaryKeyConstraint("shop", "request_id", "decision", name="pk_shop_endings"),
    )
    op.create_table(
        "destructions",
        _text("kind", 24),
        _text("ref", 64),
        _text("shop", 100),
        _moment("at", nullable=False),
        _moment("ledger_at"),
        sa.PrimaryKeyConstraint("kind", "ref", name="pk_destructions"),
    )
    for table, columns in INDEXES:
        op.create_index(f"ix_{table}_{'_'.join(columns)}", table, list(columns))
    op.add_column("suppressions", _moment("ledger_at"))
    op.add_column("evidence_head", _moment("at"))
    op.execute("UPDATE evidence_head SET at = (SELECT at FROM evidence WHERE evidence.seq = evidence_head.seq)")
    _signed_heads_stay()


def _signed_heads_stay() -> None:
    """Create the triggers that refuse changes of signed heads, except for their timestamps."""
    changing = f"UPDATE OF {SIGNED} ON evidence_heads"
    if op.get_bind().dialect.name == "sqlite":
        for name, deed in (("update", changing), ("delete", "DELETE ON evidence_heads")):
            op.execute(
                f"CREATE TRIGGER evidence_heads_no_{name} BEFORE {deed} "
                "BEGIN SELECT RAISE(ABORT, 'signed heads stay'); END"
            )
        return
    op.execute(
        f"CREATE TRIGGER evidence_heads_stay BEFORE DELETE OR TRUNCATE OR {changing} "
        "FOR EACH STATEMENT EXECUTE FUNCTION evidence_is_append_only()"
    )


def downgrade() -> None:
    """Undo this revision."""
    op.drop_column("evidence_head", "at")
    op.drop_column("suppressions", "ledger_at")
    for table in reversed(TABLES):
        op.drop_table(table)
