"""Sealed documents by order: those due for deletion, and those computed under another retention file. It opens none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import and_, or_, select, tuple_

from bridge.model import Document, ShopOrderKey
from bridge.store.requests.restrictions import is_restricted
from bridge.store.retention.documents import DocumentRows
from bridge.store.schema.retention_tables import vault_documents
from bridge.store.session import Session

ORDER_KEY_COLUMNS = (vault_documents.c.shop, vault_documents.c.order_key)


class VaultOrderRows:
    """Orders with sealed documents, for the steps that decide when documents are deleted."""

    def __init__(self, session: Session) -> None:
        self._connection = session.connection
        self._documents = DocumentRows(session)

    def list_orders_with_due_documents(self, due_on: date, *, limit: int) -> Sequence[ShopOrderKey]:
        """Return orders with a document whose stored day has come, without those that may only be stored."""
        is_kept = is_restricted(vault_documents.c.shop, vault_documents.c.order_key)
        return self._list_orders(and_(vault_documents.c.erasable_from <= due_on, ~is_kept), limit=limit)

    def list_orders_with_outdated_policy(self, law_sha256: str, *, limit: int) -> Sequence[ShopOrderKey]:
        """Return orders with a document whose day was not computed under this retention file.

        The condition is two ranges, so that an index finds the rows, which are large to read.
        """
        law = vault_documents.c.law_sha256
        return self._list_orders(or_(law < law_sha256, law > law_sha256), limit=limit)

    def list_orders_after(self, previous: ShopOrderKey | None, *, limit: int) -> Sequence[ShopOrderKey]:
        """Return all orders in a fixed order, those after `previous`."""
        conditions = [tuple_(*ORDER_KEY_COLUMNS) > tuple_(*previous)] if previous else []
        rows = select(*ORDER_KEY_COLUMNS).where(*conditions).distinct().order_by(*ORDER_KEY_COLUMNS).limit(limit)
        return self._read_order_keys(rows)

    def group_documents_by_order(
        self, orders: Iterable[ShopOrderKey], *, lock: bool = False
    ) -> Mapping[ShopOrderKey, Sequence[Document]]:
        """Return the documents of each order. With `lock` no other worker changes them until the transaction ends."""
        keys: dict[str, list[str]] = {}
        for shop, order_key in orders:
            keys.setdefault(shop, []).append(order_key)
        found: dict[ShopOrderKey, list[Document]] = {}
        for shop, shop_keys in sorted(keys.items()):
            if lock:
                of_orders = (vault_documents.c.shop == shop, vault_documents.c.order_key.in_(shop_keys))
                rows = select(vault_documents.c.id).where(*of_orders).order_by(vault_documents.c.id)
                self._connection.execute(rows.with_for_update()).all()
            for document in self._documents.list_documents_of_order_keys(shop, shop_keys):
                found.setdefault((shop, document.order_key), []).append(document)
        return found

    def _list_orders(self, condition: Any, *, limit: int) -> Sequence[ShopOrderKey]:
        """Return the orders of at most `limit` documents."""
        return list(dict.fromkeys(self._read_order_keys(select(*ORDER_KEY_COLUMNS).where(condition).limit(limit))))

    def _read_order_keys(self, query: Any) -> list[ShopOrderKey]:
        return [(shop, order_key) for shop, order_key in self._connection.execute(query)]
