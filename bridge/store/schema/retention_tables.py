"""The tables of what the law keeps, of what ends by itself, and of what proves it from outside."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from bridge.store.schema.columns import metadata, plain, pseudonym, sealed, shop, wrapped
from bridge.store.schema.utc_datetime import Moment

vault_documents = Table(
    "vault_documents",
    metadata,
    plain("id", String(40), primary_key=True),
    shop(),
    plain("kind", String(24)),
    plain("form", String(24)),
    plain("media_type", String(64)),
    plain("names_buyer", Boolean),
    plain("country", String(2)),
    pseudonym("order_key"),
    pseudonym("source_key"),
    pseudonym("digest"),
    wrapped(),
    sealed("doc"),
    plain("issued_at", Moment),
    plain("sealed_at", Moment),
    plain("request_id", String(40)),
    plain("erasable_from", Date, nullable=True),
    plain("grounds", Text),
    plain("law_sha256", String(64)),
    UniqueConstraint("shop", "source_key", "digest"),
    Index(None, "shop", "order_key"),
    Index(None, "erasable_from"),
    Index(None, "request_id"),
    Index(None, "law_sha256"),
)

legal_claims = Table(
    "legal_claims",
    metadata,
    plain("id", String(40), primary_key=True),
    shop(),
    plain("request_id", String(40)),
    pseudonym("subject"),
    pseudonym("order_key", primary_key=True),
    plain("reference", String(64)),
    plain("opened_by", String(64)),
    plain("opened_at", Moment),
    plain("reviewed_by", String(64)),
    plain("reviewed_at", Moment, nullable=True),
    plain("review_due_at", Moment),
    plain("approved_by", String(64)),
    plain("released_by", String(64)),
    plain("released_at", Moment, nullable=True),
    plain("kind", String(24), default=""),
    plain("disposed_at", Moment, nullable=True),
    Index(None, "shop", "subject"),
    Index(None, "shop", "order_key"),
)

refund_accounts = Table(
    "refund_accounts",
    metadata,
    plain("id", String(40), primary_key=True),
    shop(),
    plain("refund_id", String(64)),
    pseudonym("order_key"),
    pseudonym("subject"),
    wrapped(nullable=True),
    sealed("doc", nullable=True),
    sealed("reference", nullable=True),
    plain("state", String(16)),
    plain("opened_at", Moment),
    plain("settled_at", Moment, nullable=True),
    plain("erase_at", Moment, nullable=True),
    plain("erased_at", Moment, nullable=True),
    plain("request_id", String(40)),
    plain("ledger_at", Moment, nullable=True),
    UniqueConstraint("shop", "refund_id"),
    Index(None, "shop", "order_key"),
    Index(None, "state", "erase_at"),
)

reviews = Table(
    "reviews",
    metadata,
    plain("id", String(40), primary_key=True),
    shop(),
    plain("kind", String(32)),
    plain("what", String(200)),
    pseudonym("order_key"),
    plain("request_id", String(40)),
    pseudonym("once_key", 200, unique=True),
    plain("opened_at", Moment),
    plain("closed_at", Moment, nullable=True),
    plain("closed_by", String(64)),
    Index(None, "shop", "closed_at"),
)

plans = Table(
    "plans",
    metadata,
    plain("request_id", String(40), primary_key=True),
    plain("made_at", Moment),
    Column("body", Text, nullable=False, info={"data": "pseudonym"}),
)

law_files = Table(
    "law_files",
    metadata,
    plain("sha256", String(64), primary_key=True),
    plain("policy_id", String(64)),
    plain("accepted_at", Moment),
    plain("accepted_by", String(64)),
    plain("ages", Text),
)

evidence_heads = Table(
    "evidence_heads",
    metadata,
    plain("day", Date, primary_key=True),
    plain("seq", BigInteger),
    plain("hash", String(64)),
    plain("signed_at", Moment),
    plain("signature", String(128)),
    plain("public_key", String(64)),
    plain("token", Text),
    plain("anchored_at", Moment, nullable=True),
    plain("attempts", Integer, default=0),
    plain("last_error", String(200), default=""),
)

shop_endings = Table(
    "shop_endings",
    metadata,
    shop(primary_key=True),
    plain("request_id", String(40), primary_key=True),
    plain("decision", String(24), primary_key=True),
    plain("reference", String(64)),
    plain("digest", String(64)),
    plain("decided_by", String(64)),
    plain("decided_at", Moment),
)

destructions = Table(
    "destructions",
    metadata,
    plain("kind", String(24), primary_key=True),
    plain("ref", String(64), primary_key=True),
    shop(),
    plain("at", Moment),
    plain("ledger_at", Moment, nullable=True),
)
