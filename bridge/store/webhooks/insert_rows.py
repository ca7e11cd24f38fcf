"""Inserts a batch of accepted webhooks with one statement.

Postgres: the bodies are one array and everything else one JSON document, so that the text is the same for every batch and is
prepared once, and the driver converts two values whatever the number of rows.
SQLite has no arrays of bytes: batches are cut into powers of two, so that there are nine texts. Values that every new row
has stand in the text.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import cache, lru_cache
from itertools import chain
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Dialect, select, update
from sqlalchemy.exc import DBAPIError

from bridge.errors import StoreFault
from bridge.store.schema.tables import deliveries

ENQUEUE_GRACE_S = 5  # the job that is enqueued at once comes first; enqueue_due finds the rest
BATCH_ROWS = 256
# of each row
GIVEN_COLUMNS = (
    *("id", "shop", "topic", "webhook_id", "event_id", "api_version", "triggered_at", "received_at", "secret_index"),
    *("once_key", "digest", "body", "body_bytes", "state", "reason", "wake_at"),
)
_READ_GIVEN = itemgetter(*GIVEN_COLUMNS)
_SAME_FOR_ALL = {"attempts": "0", "last_error": "''", "fence": "0"}  # as SQL; further columns are NULL

DeliveryRow = dict[str, Any]


def insert_new_rows(
    connection: Connection, rows: Sequence[DeliveryRow], *, dedupe_after: datetime, is_again: bool = False
) -> set[str]:
    """Insert the rows that are new; return their ids. Each statement is atomic by itself on an autocommit connection.

    New means: neither this webhook id nor, since `dedupe_after`, these bytes under this topic and shop. `is_again`: the
    answer to a first try was lost, and what it may have inserted is new, too.
    """
    first: dict[str, DeliveryRow] = {}
    for row in rows:
        first.setdefault(row["digest"], row)
    wanted = list(first.values())
    fresh = _insert(connection, wanted)
    if is_again and len(fresh) < len(wanted):
        fresh |= set(
            connection.scalars(select(deliveries.c.id).where(deliveries.c.id.in_([row["id"] for row in wanted])))
        )
    repeated = [row for row in wanted if row["id"] not in fresh]
    if repeated and _forget_old_digests(connection, [row["digest"] for row in repeated], dedupe_after):
        fresh |= _insert(connection, repeated)
    return fresh


def _forget_old_digests(connection: Connection, digests: Sequence[str], dedupe_after: datetime) -> bool:
    """Let bytes that were received before `dedupe_after` count as new. Return whether there were any."""
    is_old = (deliveries.c.digest.in_(digests), deliveries.c.received_at < dedupe_after)
    return connection.execute(update(deliveries).where(*is_old).values(digest=None)).rowcount > 0


def _insert(connection: Connection, rows: Sequence[DeliveryRow]) -> set[str]:
    """Insert what conflicts with nothing; return the ids."""
    dialect, inserted = connection.dialect, set[str]()
    for part in _cut(rows, dialect):
        inserted |= _execute(connection, *_prepare(part, dialect))
    return inserted


def _execute(connection: Connection, statement: str, parameters: tuple[Any, ...]) -> set[str]:
    """Run a statement by the driver itself, which costs two thirds of SQLAlchemy's way. Return the ids that it inserted."""
    dialect, driver = connection.dialect, connection.connection.driver_connection
    assert dialect.loaded_dbapi is not None and driver is not None  # noqa: PT018, S101 - of a connection that is open
    try:
        return {row_id for (row_id,) in driver.execute(statement, parameters).fetchall()}
    except dialect.loaded_dbapi.Error as fault:
        is_lost = dialect.is_disconnect(fault, driver, None)
        if is_lost:
            connection.invalidate(fault)
        raise DBAPIError.instance(
            None, None, fault, dialect.loaded_dbapi.Error, connection_invalidated=is_lost, dialect=dialect
        ) from fault


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
    """Return the statement and its parameters. Raises StoreFault for a time without a zone."""
    if dialect.name == "sqlite":
        values = chain.from_iterable(map(_READ_GIVEN, rows))
        return _sqlite_insert(len(rows)), tuple(
            _format_sqlite_time(value) if type(value) is datetime else value for value in values
        )
    document = json.dumps(rows, default=_describe_value, check_circular=False)
    return _postgres_insert(dialect), (document, [row["body"] for row in rows])


def _describe_value(value: datetime | bytes) -> str | None:
    """Return what JSON has no type for: a time as text, a body as nothing, since it travels beside the document."""
    return None if isinstance(value, bytes) else _check_zone(value).isoformat()


def _check_zone(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise StoreFault("a moment without a zone")
    return moment


def _format_sqlite_time(moment: datetime) -> str:
    return _check_zone(moment).astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


@cache
def _sqlite_insert(rows: int) -> str:
    line = ", ".join([*("?" * len(GIVEN_COLUMNS)), *_SAME_FOR_ALL.values()])
    values = ", ".join([f"({line})"] * rows)
    return f"INSERT INTO deliveries ({_list_columns()}) VALUES {values} ON CONFLICT DO NOTHING RETURNING id"  # noqa: S608


@lru_cache(maxsize=1)  # a process has one
def _postgres_insert(dialect: Dialect) -> str:
    in_document = [name for name in GIVEN_COLUMNS if name != "body"]
    types = ", ".join(f"{name} {deliveries.c[name].type.compile(dialect)}" for name in in_document)
    values = ", ".join([*GIVEN_COLUMNS, *_SAME_FOR_ALL.values()])
    return (
        f"INSERT INTO deliveries ({_list_columns()}) SELECT {values} "  # noqa: S608
        f"FROM ROWS FROM (json_to_recordset(%s::json) AS ({types}), unnest(%b::bytea[])) "
        f"AS given({', '.join([*in_document, 'body'])}) ON CONFLICT DO NOTHING RETURNING id"
    )


def _list_columns() -> str:
    return ", ".join([*GIVEN_COLUMNS, *_SAME_FOR_ALL])
