"""Tables of sealed documents, legal holds, refund accounts, reviews, policies, signed heads and shops that leave."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Date, Index, Integer, String, Text, UniqueConstraint

from bridge.store.schema.columns import (
    key_column,
    partial_index,
    plain_column,
    pseudonym_column,
    sealed_column,
    shop_column,
    table,
)
from bridge.store.schema.utc_datetime import UtcDateTime

vault_documents = table(
    "vault_documents",
    plain_column("id", String(40), primary_key=True),
    shop_column(),
    plain_column("kind", String(24)),
    plain_column("form", String(24)),
    plain_column("media_type", String(64)),
    plain_column("names_buyer", Boolean),
    plain_column("country", String(2)),
    pseudonym_column("order_key"),
    pseudonym_column("source_key"),
    pseudonym_column("digest"),
    key_column(),
    sealed_column("doc"),
    plain_column("issued_at", UtcDateTime),
    plain_column("sealed_at", UtcDateTime),
    plain_column("request_id", String(40)),
    plain_column("erasable_from", Date, nullable=True),
    plain_column("grounds", Text),
    plain_column("law_sha256", String(64)),
    UniqueConstraint("shop", "source_key", "digest"),
    Index(None, "shop", "order_key"),
    Index(None, "erasable_from"),
    Index(None, "request_id"),
    Index(None, "law_sha256"),
    Index(None, "issued_at", "id"),
    Index(None, "shop", "issued_at", "id"),
)

legal_holds = table(
    "legal_claims",
    plain_column("id", String(40), primary_key=True),
    shop_column(),
    plain_column("request_id", String(40)),
    pseudonym_column("subject"),
    pseudonym_column("order_key", primary_key=True),
    plain_column("reference", String(64)),
    plain_column("opened_by", String(64)),
    plain_column("opened_at", UtcDateTime),
    plain_column("reviewed_by", String(64)),
    plain_column("reviewed_at", UtcDateTime, nullable=True),
    plain_column("review_due_at", UtcDateTime),
    plain_column("approved_by", String(64)),
    plain_column("released_by", String(64)),
    plain_column("released_at", UtcDateTime, nullable=True),
    plain_column("kind", String(24), default=""),
    plain_column("disposed_at", UtcDateTime, nullable=True),
    Index(None, "shop", "subject"),
    Index(None, "shop", "order_key"),
    Index(None, "request_id"),
    Index(None, "released_at"),
    partial_index("ix_legal_claims_open", "shop", "order_key", "request_id", where="released_at IS NULL"),
)

refund_accounts = table(
    "refund_accounts",
    plain_column("id", String(40), primary_key=True),
    shop_column(),
    plain_column("refund_id", String(64)),
    pseudonym_column("order_key"),
    pseudonym_column("subject"),
    key_column(nullable=True),
    sealed_column("doc", nullable=True),
    sealed_column("reference", nullable=True),
    plain_column("state", String(16)),
    plain_column("opened_at", UtcDateTime),
    plain_column("settled_at", UtcDateTime, nullable=True),
    plain_column("erase_at", UtcDateTime, nullable=True),
    plain_column("erased_at", UtcDateTime, nullable=True),
    plain_column("request_id", String(40)),
    plain_column("ledger_at", UtcDateTime, nullable=True),
    plain_column("approved_by", String(64), server_default=""),
    plain_column("approved_at", UtcDateTime, nullable=True),
    UniqueConstraint("shop", "refund_id"),
    Index(None, "shop", "order_key"),
    Index(None, "state", "erase_at"),
)

reviews = table(
    "reviews",
    plain_column("id", String(40), primary_key=True),
    shop_column(),
    plain_column("kind", String(32)),
    plain_column("what", String(200)),
    pseudonym_column("order_key"),
    plain_column("request_id", String(40)),
    pseudonym_column("once_key", 200, unique=True),
    plain_column("opened_at", UtcDateTime),
    plain_column("closed_at", UtcDateTime, nullable=True),
    plain_column("closed_by", String(64)),
    plain_column("decision", String(16), server_default=""),
    Index(None, "shop", "closed_at"),
    Index(None, "request_id"),
    partial_index("ix_reviews_open", "opened_at", "id", where="closed_at IS NULL"),
)

plans = table(
    "plans",
    plain_column("request_id", String(40), primary_key=True),
    plain_column("made_at", UtcDateTime),
    Column("body", Text, nullable=False, info={"data": "pseudonym"}),
)

retention_policies = table(
    "law_files",
    plain_column("sha256", String(64), primary_key=True),
    plain_column("policy_id", String(64)),
    plain_column("accepted_at", UtcDateTime),
    plain_column("accepted_by", String(64)),
    plain_column("ages", Text),
)

evidence_heads = table(
    "evidence_heads",
    plain_column("day", Date, primary_key=True),
    plain_column("seq", BigInteger),
    plain_column("hash", String(64)),
    plain_column("signed_at", UtcDateTime),
    plain_column("signature", String(128)),
    plain_column("public_key", String(64)),
    plain_column("token", Text),
    plain_column("anchored_at", UtcDateTime, nullable=True),
    plain_column("attempts", Integer, default=0),
    plain_column("last_error", String(200), default=""),
)

shop_exit_decisions = table(
    "shop_endings",
    shop_column(primary_key=True),
    plain_column("request_id", String(40), primary_key=True),
    plain_column("decision", String(24), primary_key=True),
    plain_column("reference", String(64)),
    plain_column("digest", String(64)),
    plain_column("decided_by", String(64)),
    plain_column("decided_at", UtcDateTime),
)

destructions = table(
    "destructions",
    plain_column("kind", String(24), primary_key=True),
    plain_column("ref", String(64), primary_key=True),
    shop_column(),
    plain_column("at", UtcDateTime),
    plain_column("ledger_at", UtcDateTime, nullable=True),
)
