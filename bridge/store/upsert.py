"""Builds INSERT … ON CONFLICT for SQLite and Postgres. It executes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

from sqlalchemy import Connection, Insert, Table
from sqlalchemy.dialects import postgresql, sqlite

Condition = Callable[[Any, Any], Any]  # of the stored columns and the given ones


def upsert(
    connection: Connection,
    table: Table,
    key: Iterable[str] = (),
    changes: Iterable[str] = (),
    *,
    where: Condition | None = None,
) -> Insert:
    """Return an INSERT that overwrites the columns `changes` of the row with the same `key`, if `where` allows it.

    Without a `key` it leaves every row that conflicts as it is. `where` is a function of the module, so that each
    statement is built once.
    """
    return _build_upsert(connection.dialect.name, table, tuple(key), tuple(changes), where)


@cache
def _build_upsert(
    dialect: str, table: Table, key: tuple[str, ...], changes: tuple[str, ...], where: Condition | None
) -> Insert:
    insert: postgresql.Insert | sqlite.Insert = (postgresql if dialect == "postgresql" else sqlite).insert(table)
    if not key:
        return insert.on_conflict_do_nothing()
    given = insert.excluded
    return insert.on_conflict_do_update(
        index_elements=key, set_={name: given[name] for name in changes}, where=where(table.c, given) if where else None
    )
