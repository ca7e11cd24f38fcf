"""The names of all shops, kept between transactions: with a thousand shops each transaction would read a thousand rows."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, func, literal_column, select

from bridge.model import ShopName
from bridge.rules.shops.shop_names import ShopDirectory
from bridge.store.schema.index_tables import shop_names

# of the transactions that wrote the rows: an insert or an update adds a number above all earlier ones
_WRITERS: ColumnElement[int] = literal_column("xmin::text::bigint")
_STAMP = select(func.count(), func.max(_WRITERS), func.sum(_WRITERS)).select_from(shop_names)


class ShopDirectoryCache:
    """The directory that a process read last, with the stamp of the rows. Threads may share it.

    Postgres tells by one row whether the names are still the same. SQLite tells nothing of the kind and reads them each time:
    it serves development.
    """

    def __init__(self) -> None:
        self._kept: tuple[Any, ShopDirectory] | None = None

    def read_directory(self, connection: Connection) -> ShopDirectory:
        """Return the directory as this transaction sees it. Not for one that has changed a name itself."""
        if connection.dialect.name != "postgresql":
            return read_shop_directory(connection)
        stamp = connection.execute(_STAMP).one()
        kept = self._kept
        if kept is None or kept[0] != stamp:
            kept = self._kept = stamp, read_shop_directory(connection)
        return kept[1]


def read_shop_directory(connection: Connection) -> ShopDirectory:
    """Return the directory of the rows that the transaction sees."""
    return ShopDirectory(ShopName(**row) for row in connection.execute(select(shop_names)).mappings())
