"""How a column is written down: each says what kind of data it holds, and all belong to one metadata."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Integer, LargeBinary, MetaData, String

from bridge.store.schema.utc_datetime import UtcDateTime

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def plain_column(name: str, kind: Any, **options: Any) -> Column[Any]:
    """A column that holds nothing personal."""
    return Column(name, kind, info={"data": "none"}, **{"nullable": False, **options})


def pseudonym_column(name: str, length: int = 80, **options: Any) -> Column[Any]:
    """A keyed HMAC."""
    return Column(name, String(length), info={"data": "pseudonym"}, **{"nullable": False, **options})


def sealed_column(name: str, **options: Any) -> Column[Any]:
    """AES-256-GCM."""
    return Column(name, LargeBinary, info={"data": "sealed"}, **{"nullable": False, **options})


def wrapped_key_column(**options: Any) -> Column[Any]:
    """A key of the row's own, wrapped by the ring: without it the row's content can no longer be read."""
    return Column("wrapped", LargeBinary, info={"data": "secret"}, **{"nullable": False, **options})


def shop_column(**options: Any) -> Column[Any]:
    """The shop a row belongs to."""
    return plain_column("shop", String(100), **options)


def lease_columns() -> list[Column[Any]]:
    """What makes a row a piece of work: who owns it until when, how often it was tried, when to try again."""
    return [
        plain_column("attempts", Integer, default=0),
        plain_column("last_error", String(200), default=""),
        plain_column("wake_at", UtcDateTime, nullable=True),
        plain_column("rung_at", UtcDateTime, nullable=True),
        plain_column("lease_until", UtcDateTime, nullable=True),
        plain_column("fence", Integer, default=0),
    ]
