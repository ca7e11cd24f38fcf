"""Changes a bounded number of rows: SQLite has one writer, and each row that it changes holds up every webhook."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, and_, delete, false, or_, select


def match_keys(columns: Sequence[ColumnElement[Any]], rows: Iterable[Sequence[Any]]) -> ColumnElement[bool]:
    """Return the condition that the columns have the first values of one of these rows: (shop, key), for example.

    SQLite finds no row by an index for several columns in a list of tuples; it does for one that is in a list.
    """
    *leading, last = columns
    values: dict[tuple[Any, ...], list[Any]] = {}
    for row in rows:
        values.setdefault(tuple(row[: len(leading)]), []).append(row[len(leading)])
    return or_(
        false(),
        *(
            and_(*(column == value for column, value in zip(leading, group, strict=True)), last.in_(found))
            for group, found in values.items()
        ),
    )


def change_some(connection: Connection, change: Any, table: Table, where: Any, *, limit: int) -> int:
    """Run an UPDATE or DELETE for at most `limit` of the rows that need it. Return how many it changed."""
    key = list(table.primary_key)
    found = connection.execute(select(*key).where(where).limit(limit)).all()
    if not found:
        return 0
    return int(connection.execute(change.where(match_keys(key, found))).rowcount)


def delete_some(connection: Connection, table: Table, where: Any, *, limit: int) -> int:
    """Delete at most `limit` of these rows. Return how many."""
    return change_some(connection, delete(table), table, where, limit=limit)
