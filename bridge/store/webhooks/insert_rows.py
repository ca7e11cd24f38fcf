"""Inserts a batch of accepted webhooks with one statement.

Postgres: the values of each column are one array, so that the text is the same for every batch and is prepared once.
SQLite has no arrays of bytes: batches are cut into powers of two, so that there are nine texts. Values that every new row
has stand in the text.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, Dialect, select, update

from bridge.store.engine import StoreFault
from bridge.store.schema.tables import deliveries

ENQUEUE_GRACE_S = 5  # the job that is enqueued at once comes first; enqueue_due finds the rest
BATCH_ROWS = 256
# of each row; the times are text
GIVEN_COLUMNS = (
    *("id", "shop", "topic", "webhook_id", "event_id", "api_version", "triggered_at", "received_at", "secret_index"),
    *("once_key", "digest", "body", "body_bytes", "state", "reason", "wake_at"),
)
_TIME_COLUMNS = ("triggered_at", "received_at", "wake_at")
_SAME_FOR_ALL = {"attempts": "0", "last_error": "''", "fence": "0"}  # as SQL; further columns are NULL

DeliveryRow = dict[str, Any]


def insert_new_rows(connection: Connection, rows: Sequence[DeliveryRow], *, dedupe_after: datetime) -> set[str]:
    """Insert the rows that are new; return their ids. Each statement is atomic by itself on an autocommit connection.

    New means: neither this webhook id nor, since `dedupe_after`, these bytes under this topic and shop.
    """
    first: dict[str, DeliveryRow] = {}
    for row in rows:
        first.setdefault(row["digest"], row)
    wanted = list(first.values())
    fresh = _insert(connection, wanted)
    repeated = [row for row in wanted if row["id"] not in fresh]
    if repeated and _forget_old_digests(connection, [row["digest"] for row in repeated], dedupe_after):
        fresh |= _insert(connection, repeated)
    return fresh


def _forget_old_digests(connection: Connection, digests: Sequence[str], dedupe_after: datetime) -> bool:
    """Let bytes that were received before `dedupe_after` count as new. Return whether there were any."""
    is_old = (deliveries.c.digest.in_(digests), deliveries.c.received_at < dedupe_after)
    return connection.execute(update(deliveries).where(*is_old).values(digest=None)).rowcount > 0


def _insert(connection: Connection, rows: Sequence[DeliveryRow]) -> set[str]:
    dialect = connection.dialect
    inserted = 0
    for part in _cut(rows, dialect):
        statement, parameters = _prepare(part, dialect)
        inserted += connection.exec_driver_sql(statement, parameters).rowcount
    ids = [row["id"] for row in rows]
    if inserted == len(ids):
        return set(ids)
    # also where none was: a statement that is repeated because its answer was lost may have been carried out
    return set(connection.scalars(select(deliveries.c.id).where(deliveries.c.id.in_(ids))))


def _cut(rows: Sequence[DeliveryRow], dialect: Dialect) -> Iterable[Sequence[DeliveryRow]]:
    """Return the rows in parts that one statement takes."""
    if dialect.name != "sqlite":
        yield rows
        return
    begin = 0
    while left := len(rows) - begin:
        size = min(1 << (left.bit_length() - 1), BATCH_ROWS)
        yield rows[begin : begin + size]
        begin += size


def _prepare(rows: Sequence[DeliveryRow], dialect: Dialect) -> tuple[str, tuple[Any, ...]]:
    """Return the statement and its parameters."""
    columns = [[_convert(name, row[name], dialect.name) for row in rows] for name in GIVEN_COLUMNS]
    if dialect.name == "sqlite":
        return _sqlite_insert(len(rows)), tuple(value for row in zip(*columns, strict=True) for value in row)
    return _postgres_insert(), tuple(columns)


def _convert(name: str, value: Any, dialect: str) -> Any:
    """Return a value as the driver takes it. Raises StoreFault for a time without a zone."""
    if name in _TIME_COLUMNS and value is not None:
        if value.tzinfo is None:
            raise StoreFault("a moment without a zone")
        moment = value.astimezone(UTC)
        return f"{moment:%Y-%m-%d %H:%M:%S.%f}" if dialect == "sqlite" else moment.isoformat()
    if dialect != "sqlite" and name != "body":  # every array but that of the bodies is of text
        return "" if value is None else str(value)
    return value


@cache
def _sqlite_insert(rows: int) -> str:
    line = ", ".join([*("?" * len(GIVEN_COLUMNS)), *_SAME_FOR_ALL.values()])
    values = ", ".join([f"({line})"] * rows)
    return f"INSERT INTO deliveries ({_list_columns()}) VALUES {values} ON CONFLICT DO NOTHING"  # noqa: S608


@cache
def _postgres_insert() -> str:
    arrays = ", ".join("%b::bytea[]" if name == "body" else "%b::text[]" for name in GIVEN_COLUMNS)
    values = ", ".join([*(_postgres_value(name) for name in GIVEN_COLUMNS), *_SAME_FOR_ALL.values()])
    names = ", ".join(GIVEN_COLUMNS)
    return (
        f"INSERT INTO deliveries ({_list_columns()}) SELECT {values} FROM unnest({arrays}) AS given({names}) "  # noqa: S608
        "ON CONFLICT DO NOTHING"
    )


def _postgres_value(name: str) -> str:
    column = deliveries.c[name]
    value = f"nullif({name}, '')" if column.nullable and name != "body" else name
    if name in _TIME_COLUMNS:
        return f"{value}::timestamptz"
    return f"{value}::integer" if column.type.python_type is int else value


def _list_columns() -> str:
    return ", ".join([*GIVEN_COLUMNS, *_SAME_FOR_ALL])
