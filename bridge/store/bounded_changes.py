"""Changes a bounded number of rows: SQLite has one writer, and each row that it changes holds up every webhook."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Table, delete, select, tuple_


def change_some(connection: Connection, change: Any, table: Table, where: Any, *, limit: int) -> int:
    """Run an UPDATE or DELETE for at most `limit` of the rows that need it. Return how many it changed."""
    key = list(table.primary_key)
    found = connection.execute(select(*key).where(where).limit(limit)).all()
    if not found:
        return 0
    named = tuple_(*key).in_([tuple(row) for row in found])
    return int(connection.execute(change.where(named)).rowcount)


def delete_some(connection: Connection, table: Table, where: Any, *, limit: int) -> int:
    """Delete at most `limit` of these rows. Return how many."""
    return change_some(connection, delete(table), table, where, limit=limit)
