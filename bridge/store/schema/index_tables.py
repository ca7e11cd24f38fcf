"""Tables of the index: reconciliations, data keys that seal it, remnants of destroyed ones, suppression keys, and the names of shops."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Index, String, Text, UniqueConstraint

from bridge.store.schema.columns import (
    key_column,
    lease_columns,
    partial_index,
    plain_column,
    pseudonym_column,
    sealed_column,
    shop_column,
    table,
)
from bridge.store.schema.utc_datetime import UtcDateTime

data_keys = table(
    "data_keys",
    plain_column("id", String(40), primary_key=True),
    shop_column(),
    pseudonym_column("subject"),
    key_column(),
    plain_column("created_at", UtcDateTime),
    UniqueConstraint("shop", "subject"),
)

# A transaction that destroyed keys or sealed values, until no file of the database holds their bytes any more.
remnants = table(
    "remnants",
    plain_column("id", String(40), primary_key=True),
    plain_column("request_id", String(40)),
    plain_column("destroyed_at", UtcDateTime),
    plain_column("transaction_id", BigInteger, nullable=True),
    plain_column("overwritten", Text),
)

customers = table(
    "customers",
    shop_column(primary_key=True),
    pseudonym_column("customer_key", primary_key=True),
    pseudonym_column("email_key"),
    pseudonym_column("phone_key"),
    plain_column("source_updated_at", UtcDateTime, nullable=True),
    Index(None, "shop", "email_key"),
    Index(None, "shop", "phone_key"),
    Index(None, "source_updated_at"),
)

merges = table(
    "merges",
    shop_column(primary_key=True),
    pseudonym_column("deleted_key", primary_key=True),
    pseudonym_column("kept_key"),
    plain_column("merged_at", UtcDateTime),
    Index(None, "merged_at"),
)

orders = table(
    "orders",
    shop_column(primary_key=True),
    pseudonym_column("order_key", primary_key=True),
    pseudonym_column("customer_key"),
    pseudonym_column("email_key"),
    pseudonym_column("phone_key"),
    sealed_column("doc", nullable=True),
    plain_column("data_key_id", String(40)),
    plain_column("placed_at", UtcDateTime, nullable=True),
    plain_column("source_updated_at", UtcDateTime, nullable=True),
    Index(None, "data_key_id"),
    Index(None, "source_updated_at", "placed_at"),
    Index(None, "shop", "customer_key"),
    Index(None, "shop", "email_key"),
    Index(None, "shop", "phone_key"),
)

contact_keys = table(
    "contact_keys",
    shop_column(primary_key=True),
    pseudonym_column("row_key", primary_key=True),
    plain_column("field", String(16), primary_key=True),
    pseudonym_column("key", primary_key=True),
    Index(None, "shop", "field", "key"),
)

parcels = table(
    "parcels",
    shop_column(primary_key=True),
    pseudonym_column("parcel_key", primary_key=True),
    pseudonym_column("order_key", primary_key=True),
    plain_column("carrier", String(32)),
    plain_column("account_holder", String(32)),
    sealed_column("doc"),
    plain_column("data_key_id", String(40)),
    plain_column("shipped_at", UtcDateTime, nullable=True),
    plain_column("source_updated_at", UtcDateTime, nullable=True),
    Index(None, "data_key_id"),
    Index(None, "shop", "order_key"),
)

suppressions = table(
    "suppressions",
    shop_column(primary_key=True),
    plain_column("field", String(16), primary_key=True),
    pseudonym_column("key", primary_key=True),
    plain_column("erased_at", UtcDateTime),
    plain_column("request_id", String(40)),
    plain_column("ledger_at", UtcDateTime, nullable=True),
    Index(None, "request_id"),
    Index(None, "erased_at"),
    partial_index("ix_suppressions_unsynced_open", "erased_at", where="ledger_at IS NULL"),
)

shop_names = table(
    "shop_names",
    plain_column("domain", String(100), primary_key=True),
    plain_column("number", String(40), primary_key=True),
    plain_column("key", String(100)),
    plain_column("first_seen_at", UtcDateTime),
    plain_column("last_seen_at", UtcDateTime),
    plain_column("asked_at", UtcDateTime, nullable=True),
)

# A comparison of the platform's orders with the index. `active_key` is the shop while it runs.
reconciliations = table(
    "reconciliations",
    plain_column("id", String(40), primary_key=True),
    shop_column(),
    plain_column("kind", String(16)),
    plain_column("active_key", String(100), nullable=True, unique=True),
    plain_column("since", UtcDateTime),
    plain_column("until", UtcDateTime),
    plain_column("by_creation", Boolean),
    plain_column("state", String(16)),
    plain_column("actor", String(64)),
    sealed_column("progress"),
    plain_column("counts", Text),
    plain_column("started_at", UtcDateTime),
    plain_column("finished_at", UtcDateTime, nullable=True),
    *lease_columns(),
    Index(None, "shop", "started_at"),
)
