"""Tables and kinds of columns. Each column says what data it holds, and all tables belong to one metadata."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BindParameter, Column, Index, Integer, LargeBinary, MetaData, String, Table, bindparam

from bridge.store.schema.utc_datetime import UtcDateTime

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def table(name: str, *parts: Any) -> Table:
    """Return a table of the bridge's own metadata."""
    return Table(name, metadata, *parts)


def partial_index(name: str, *columns: str, where: str) -> Index:
    """Return an index of the rows that meet a condition: few, whatever the table's size.

    A statement uses it where it says the same with values in its text, see `inline`. Migrations make it; the condition is
    stated here for readers and a test, since an option of a dialect would import the dialects of both databases.
    """
    return Index(name, *columns, info={"where": where})


def inline(value: str) -> BindParameter[str]:
    """Return a constant that stands in a statement's text: SQLite finds a partial index by it, Postgres at any time."""
    return bindparam(None, value, type_=String, literal_execute=True)


def plain_column(name: str, kind: Any, **options: Any) -> Column[Any]:
    """Return a column that holds nothing personal."""
    return Column(name, kind, info={"data": "none"}, **{"nullable": False, **options})


def pseudonym_column(name: str, length: int = 80, **options: Any) -> Column[Any]:
    """Return a column for a keyed HMAC."""
    return Column(name, String(length), info={"data": "pseudonym"}, **{"nullable": False, **options})


def sealed_column(name: str, **options: Any) -> Column[Any]:
    """Return a column for values sealed with AES-256-GCM."""
    return Column(name, LargeBinary, info={"data": "sealed"}, **{"nullable": False, **options})


def key_column(**options: Any) -> Column[Any]:
    """Return the column for a row's own key, wrapped by the keyring: without it the row's content is unreadable."""
    return Column("wrapped", LargeBinary, info={"data": "secret"}, **{"nullable": False, **options})


def shop_column(**options: Any) -> Column[Any]:
    """Return the column for the shop that a row belongs to."""
    return plain_column("shop", String(100), **options)


def lease_columns() -> list[Column[Any]]:
    """Return the columns of rows that workers lease: lease, attempts, last error, and when to try again."""
    return [
        plain_column("attempts", Integer, default=0),
        plain_column("last_error", String(200), default=""),
        plain_column("wake_at", UtcDateTime, nullable=True),
        plain_column("rung_at", UtcDateTime, nullable=True),
        plain_column("lease_until", UtcDateTime, nullable=True),
        plain_column("fence", Integer, default=0),
    ]
