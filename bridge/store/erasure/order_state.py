"""Tells whether orders of a data subject are as they were when an erasure was planned. Opens no seal.

An erasure is planned from a reading that holds up no writer, and carried out by several short transactions later.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from sqlalchemy import select

from bridge.model import ShopOrderKey
from bridge.store.schema.index_tables import orders, parcels
from bridge.store.schema.retention_tables import legal_holds, refund_accounts, vault_documents
from bridge.store.session import Session

ORDERS_PER_READING = 500  # of one statement
# what decides about an order: each sealing has bytes of its own, so that they show every change
_DECIDING_COLUMNS = (
    (orders.c.order_key, orders.c.customer_key, orders.c.email_key, orders.c.doc),
    (parcels.c.order_key, parcels.c.parcel_key, parcels.c.doc),
    (legal_holds.c.order_key, legal_holds.c.id, legal_holds.c.released_at, legal_holds.c.disposed_at),
    (refund_accounts.c.order_key, refund_accounts.c.id, refund_accounts.c.state, refund_accounts.c.erase_at),
    (vault_documents.c.order_key, vault_documents.c.id, vault_documents.c.issued_at),
)


class OrderStateRows:
    """What is stored about orders, as a digest of each."""

    def __init__(self, session: Session) -> None:
        self._connection = session.connection

    def digest_orders(self, order_keys: Iterable[ShopOrderKey]) -> dict[ShopOrderKey, str]:
        """Return for each of these orders a digest of what is stored about it: another one where any of it changed."""
        keys_by_shop: dict[str, list[str]] = {}
        for shop, order_key in order_keys:
            keys_by_shop.setdefault(shop, []).append(order_key)
        return {
            (shop, key): hashlib.sha256(repr(sorted(texts)).encode()).hexdigest()
            for shop, keys in keys_by_shop.items()
            for first in range(0, len(keys), ORDERS_PER_READING)
            for key, texts in self._read_states(shop, keys[first : first + ORDERS_PER_READING]).items()
        }

    def _read_states(self, shop: str, order_keys: Sequence[str]) -> dict[str, list[str]]:
        """Return every row of these orders as text."""
        found: dict[str, list[str]] = {key: [] for key in order_keys}
        for columns in _DECIDING_COLUMNS:
            table = columns[0].table
            of_orders = (table.c.shop == shop, columns[0].in_(order_keys))
            for row in self._connection.execute(select(*columns).where(*of_orders)):
                found[row.order_key].append(f"{table.name}{row!r}")
        return found
