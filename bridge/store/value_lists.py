"""Conditions on lists of values, in statements whose text does not depend on how many there are.

SQLAlchemy writes an IN anew for each execution, value by value. Postgres takes an array instead, SQLite a text in JSON.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from sqlalchemy import (
    ARRAY,
    Column,
    ColumnElement,
    Connection,
    Table,
    Text,
    and_,
    bindparam,
    cast,
    func,
    select,
    tuple_,
)


def match_values(dialect: str, column: Column[Any]) -> ColumnElement[bool]:
    """Return the condition that a column of text has one of the values of the parameter `those`, from `bind_values`."""
    if dialect == "postgresql":
        return column == func.any(_array())
    return column.in_(_select_json_values())


def match_shop_values(dialect: str, table: Table, column: str) -> ColumnElement[bool]:
    """Return the same condition for the rows of a shop, which is the parameter `at`. An index of both columns finds them."""
    if dialect == "postgresql":
        # not `= ANY`: while a table has no statistics, that may compare every row of the shop with every value
        return tuple_(table.c.shop, table.c[column]).in_(select(cast(bindparam("at"), Text()), func.unnest(_array())))
    return and_(table.c.shop == bindparam("at"), table.c[column].in_(_select_json_values()))


def bind_values(connection: Connection, values: Collection[str]) -> list[str] | str:
    """Return values as the database takes them in one parameter."""
    return list(values) if connection.dialect.name == "postgresql" else json.dumps(list(values))


def _array() -> ColumnElement[Any]:
    return cast(bindparam("those"), ARRAY(Text()))


def _select_json_values() -> Any:
    return select(func.json_each(bindparam("those", type_=Text())).table_valued("value").c.value)
