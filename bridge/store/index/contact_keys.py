"""Further keys of rows whose e-mail or phone field holds several values: the row itself has a column for the first only.

They live and die with their row of `orders` or `customers`, whose key they carry.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Select, and_, delete, exists, or_, select

from bridge.store.schema.index_tables import contact_keys, customers, orders
from bridge.store.upsert import upsert_rows
from bridge.store.value_lists import bind_values, match_shop_values

ROW_KEY_COLUMNS = {orders: orders.c.order_key, customers: customers.c.customer_key}


def list_contact_parts(shop: str, table: Any, field: str, keys: Collection[str]) -> list[Any]:
    """Return what `match_contact` matches as the parts of a union, each of which uses an index: nothing is asked first."""
    return [table.c[f"{field}_key"].in_(keys), ROW_KEY_COLUMNS[table].in_(_select_row_keys(shop, field, keys))]


def match_contact(connection: Connection, shop: str, table: Any, field: str, keys: Collection[str]) -> Any:
    """Return the condition for rows of `orders` or `customers` with one of these keys of a `field` (email, phone)."""
    # asked first, because few rows have further keys: an OR with a subquery would use no index
    row_keys = connection.scalars(_select_row_keys(shop, field, keys).distinct()).all()
    in_column = table.c[f"{field}_key"].in_(keys)
    return or_(in_column, ROW_KEY_COLUMNS[table].in_(row_keys)) if row_keys else in_column


def _select_row_keys(shop: str, field: str, keys: Collection[str]) -> Select[tuple[str]]:
    return select(contact_keys.c.row_key).where(
        contact_keys.c.shop == shop, contact_keys.c.field == field, contact_keys.c.key.in_(keys)
    )


def replace_contact_keys(
    connection: Connection, shop: str, keys_by_row: Mapping[tuple[str, str], Sequence[str]]
) -> None:
    """Store the further keys of rows, by (row key, field), in place of those that they had."""
    if not keys_by_row:
        return
    row_keys = {row_key for row_key, _ in keys_by_row}
    given = {"at": shop, "those": bind_values(connection, row_keys)}
    for row in connection.execute(_select_keys_of_rows(connection.dialect.name), given).all():
        if row.key not in keys_by_row.get((row.row_key, row.field), (row.key,)):
            columns = ("shop", "row_key", "field", "key")
            connection.execute(
                delete(contact_keys).where(*(contact_keys.c[one] == getattr(row, one) for one in columns))
            )
    rows = [
        {"shop": shop, "row_key": row_key, "field": field, "key": key}
        for (row_key, field), keys in keys_by_row.items()
        for key in keys
    ]
    upsert_rows(connection, contact_keys, rows)


@cache
def _select_keys_of_rows(dialect: str) -> Select[Any]:
    return select(contact_keys).where(match_shop_values(dialect, contact_keys, "row_key"))


def delete_orphaned_contact_keys(connection: Connection, shop: str, row_keys: Collection[str]) -> None:
    """Delete the keys of those of these orders and customers whose row is gone."""
    if not row_keys:
        return
    rows = [
        exists().where(and_(table.c.shop == contact_keys.c.shop, column == contact_keys.c.row_key))
        for table, column in ROW_KEY_COLUMNS.items()
    ]
    named = (contact_keys.c.shop == shop, contact_keys.c.row_key.in_(row_keys))
    connection.execute(delete(contact_keys).where(*named, *(~row for row in rows)))
