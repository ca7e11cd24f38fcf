"""INSERT … ON CONFLICT for SQLite and Postgres."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from sqlalchemy import ARRAY, Connection, Insert, String, Table, Text, bindparam, cast, func, select

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql, sqlite

MIN_ARRAY_ROWS = 4  # fewer are as fast without arrays
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


def upsert_rows(
    connection: Connection,
    table: Table,
    rows: Sequence[Mapping[str, Any]],
    key: Iterable[str] = (),
    changes: Iterable[str] = (),
    *,
    where: Condition | None = None,
) -> int:
    """Insert many rows, of the same columns each, as `upsert` does with one; no two of them have the same key.

    Return how many were inserted or changed.

    On Postgres they are one statement whose text does not depend on their number: each column is an array.
    """
    if not rows:
        return 0
    given: Any
    if connection.dialect.name == "postgresql" and len(rows) >= MIN_ARRAY_ROWS:
        names = tuple(rows[0])
        statement = _build_array_upsert(table, names, tuple(key), tuple(changes), where)
        given = {name: [row[name] for row in rows] for name in names}
    else:
        statement, given = upsert(connection, table, key, changes, where=where), list(rows)
    return connection.execute(statement, given, execution_options={"preserve_rowcount": True}).rowcount


@cache
def _build_array_upsert(
    table: Table, names: tuple[str, ...], key: tuple[str, ...], changes: tuple[str, ...], where: Condition | None
) -> Insert:
    arrays = (cast(bindparam(name), ARRAY(_drop_length(table.c[name].type))) for name in names)
    given = func.unnest(*arrays).table_valued(*names).render_derived()
    insert = _build_upsert("postgresql", table, key, changes, where)
    return insert.from_select(names, select(*(given.c[name] for name in names)))


def _drop_length(kind: Any) -> Any:
    """Return the type without its length: a cast would cut a text that is too long, where an insert refuses it."""
    return Text() if isinstance(kind, String) else kind


@cache
def _build_upsert(
    dialect: str, table: Table, key: tuple[str, ...], changes: tuple[str, ...], where: Condition | None
) -> Insert:
    module = import_module(f"sqlalchemy.dialects.{dialect}")  # the engine has imported it: not the other one too
    insert: postgresql.Insert | sqlite.Insert = module.insert(table)
    if not key:
        return insert.on_conflict_do_nothing()
    given = insert.excluded
    return insert.on_conflict_do_update(
        index_elements=key, set_={name: given[name] for name in changes}, where=where(table.c, given) if where else None
    )
