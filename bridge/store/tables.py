"""The tables. Every column says what it is: `none`, `pseudonym`, `sealed` or `secret`.

`none` holds nothing personal; a `pseudonym` is a keyed HMAC; `sealed` is AES-256-GCM; `secret` is a wrapped
key. A test names the column that says nothing.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from bridge.store.moment import Moment

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _plain(name: str, kind: Any, **options: Any) -> Column[Any]:
    return Column(name, kind, info={"data": "none"}, **{"nullable": False, **options})


def _pseudonym(name: str, length: int = 80, **options: Any) -> Column[Any]:
    return Column(name, String(length), info={"data": "pseudonym"}, **{"nullable": False, **options})


def _sealed(name: str, **options: Any) -> Column[Any]:
    return Column(name, LargeBinary, info={"data": "sealed"}, **{"nullable": False, **options})


def _shop(**options: Any) -> Column[Any]:
    return _plain("shop", String(100), **options)


def _work() -> list[Column[Any]]:
    """What makes a row a piece of work: who owns it until when, how often it was tried, when to try again."""
    return [
        _plain("attempts", Integer, default=0),
        _plain("last_error", String(200), default=""),
        _plain("wake_at", Moment, nullable=True),
        _plain("rung_at", Moment, nullable=True),
        _plain("lease_until", Moment, nullable=True),
        _plain("fence", Integer, default=0),
    ]


deliveries = Table(
    "deliveries",
    metadata,
    _plain("id", String(40), primary_key=True),
    _shop(),
    _plain("topic", String(64)),
    _plain("webhook_id", String(128)),
    _plain("event_id", String(128)),
    _plain("api_version", String(16)),
    _plain("triggered_at", Moment, nullable=True),
    _plain("received_at", Moment),
    _plain("secret_index", Integer),
    _plain("once_key", String(320), nullable=True, unique=True),
    _pseudonym("digest", nullable=True, unique=True),
    _sealed("body", nullable=True),
    _plain("body_bytes", Integer),
    _plain("state", String(16)),
    _plain("reason", String(64)),
    _plain("done_at", Moment, nullable=True),
    *_work(),
    Index(None, "state", "wake_at"),
    Index(None, "shop", "topic", "received_at"),
)

requests = Table(
    "requests",
    metadata,
    _plain("id", String(40), primary_key=True),
    _shop(),
    _plain("kind", String(32)),
    _plain("source", String(16)),
    _plain("state", String(16)),
    _pseudonym("subject"),
    _pseudonym("once_key", 200, unique=True),
    _pseudonym("active_key", 200, nullable=True, unique=True),
    _sealed("principal", nullable=True),
    _plain("data_key_id", String(40)),
    _plain("external_ref", String(64)),
    _plain("received_at", Moment),
    _plain("received_at_basis", String(32)),
    _plain("webhook_received_at", Moment, nullable=True),
    _plain("acknowledge_due_at", Moment),
    _plain("due_at", Moment),
    _plain("due_governed_by", String(32)),
    _plain("clocks", Text),
    _plain("policy_sha256", String(64)),
    _plain("retention_sha256", String(64)),
    _plain("complete", Boolean, nullable=True),
    _plain("closed_at", Moment, nullable=True),
    *_work(),
    Index(None, "state", "wake_at"),
    Index(None, "shop", "subject"),
)

tasks = Table(
    "tasks",
    metadata,
    _plain("id", String(40), primary_key=True),
    _plain("request_id", String(40)),
    _plain("position", Integer),
    _plain("system", String(32)),
    _plain("action", String(16)),
    _plain("state", String(16)),
    _plain("attempts", Integer),
    _plain("records", Integer),
    _plain("outcome", String(16), nullable=True),
    _plain("last_error", String(200)),
    _sealed("cursor", nullable=True),
    _plain("gaps", Text),
    _plain("detail", Text),
    _plain("wake_at", Moment, nullable=True),
    _plain("expected_by", Moment, nullable=True),
    _plain("finished_at", Moment, nullable=True),
    UniqueConstraint("request_id", "system", "action"),
)

findings = Table(
    "findings",
    metadata,
    _plain("request_id", String(40), primary_key=True),
    _plain("seq", Integer, primary_key=True, autoincrement=False),
    _plain("system", String(32)),
    _plain("records", Integer),
    _sealed("body"),
)

data_keys = Table(
    "data_keys",
    metadata,
    _plain("id", String(40), primary_key=True),
    _shop(),
    _pseudonym("subject"),
    Column("wrapped", LargeBinary, nullable=False, info={"data": "secret"}),
    _plain("created_at", Moment),
    UniqueConstraint("shop", "subject"),
)

customers = Table(
    "customers",
    metadata,
    _shop(primary_key=True),
    _pseudonym("customer_key", primary_key=True),
    _pseudonym("email_key"),
    _pseudonym("phone_key"),
    _plain("source_updated_at", Moment, nullable=True),
    Index(None, "shop", "email_key"),
    Index(None, "shop", "phone_key"),
)

merges = Table(
    "merges",
    metadata,
    _shop(primary_key=True),
    _pseudonym("deleted_key", primary_key=True),
    _pseudonym("kept_key"),
    _plain("merged_at", Moment),
)

orders = Table(
    "orders",
    metadata,
    _shop(primary_key=True),
    _pseudonym("order_key", primary_key=True),
    _pseudonym("customer_key"),
    _pseudonym("email_key"),
    _pseudonym("phone_key"),
    _sealed("doc", nullable=True),
    _plain("data_key_id", String(40)),
    _plain("placed_at", Moment, nullable=True),
    _plain("source_updated_at", Moment, nullable=True),
    Index(None, "shop", "customer_key"),
    Index(None, "shop", "email_key"),
    Index(None, "shop", "phone_key"),
)

parcels = Table(
    "parcels",
    metadata,
    _shop(primary_key=True),
    _pseudonym("parcel_key", primary_key=True),
    _pseudonym("order_key", primary_key=True),
    _plain("carrier", String(32)),
    _plain("account_holder", String(32)),
    _sealed("doc"),
    _plain("data_key_id", String(40)),
    _plain("shipped_at", Moment, nullable=True),
    _plain("source_updated_at", Moment, nullable=True),
    Index(None, "shop", "order_key"),
)

suppressions = Table(
    "suppressions",
    metadata,
    _shop(primary_key=True),
    _plain("field", String(16), primary_key=True),
    _pseudonym("key", primary_key=True),
    _plain("erased_at", Moment),
    _plain("request_id", String(40)),
)

evidence = Table(
    "evidence",
    metadata,
    _plain("seq", BigInteger, primary_key=True, autoincrement=False),
    _plain("at", Moment),
    _plain("actor", String(64)),
    _plain("fact", String(48)),
    _shop(),
    _plain("request_id", String(40)),
    _pseudonym("subject"),
    _plain("detail", Text),
    _plain("prev_hash", String(64)),
    _plain("hash", String(64)),
    Index(None, "request_id"),
)

evidence_head = Table(
    "evidence_head",
    metadata,
    _plain("id", Integer, primary_key=True, autoincrement=False),
    _plain("seq", BigInteger),
    _plain("hash", String(64)),
)

packages = Table(
    "packages",
    metadata,
    _plain("request_id", String(40), primary_key=True),
    _plain("seq", Integer, primary_key=True, autoincrement=False),
    _plain("made_at", Moment),
    _sealed("body"),
)

certificates = Table(
    "certificates",
    metadata,
    _plain("request_id", String(40), primary_key=True),
    _plain("issued_at", Moment),
    Column("body", Text, nullable=False, info={"data": "pseudonym"}),
)

tokens = Table(
    "tokens",
    metadata,
    _shop(primary_key=True),
    _sealed("token"),
    _plain("expires_at", Moment),
    _sealed("refresh", nullable=True),
    _plain("refreshing_until", Moment, nullable=True),
)

locks = Table(
    "locks",
    metadata,
    _plain("name", String(32), primary_key=True),
    _plain("holder", String(64)),
    _plain("held_until", Moment),
)
