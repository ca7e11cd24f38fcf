"""Sealed documents by order: whose day has come, whose day is of another retention file. Never opens one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from sqlalchemy import or_, select, tuple_

from bridge.model import Document
from bridge.ports import OrderKey
from bridge.store.retention.documents import DocumentRows
from bridge.store.schema.retention_tables import vault_documents

if TYPE_CHECKING:
    from bridge.store.session import Session

ORDER = (vault_documents.c.shop, vault_documents.c.order_key)


class VaultOrderRows:
    """`ports.VaultOrders` in one transaction."""

    def __init__(self, session: Session) -> None:
        self._connection = session.connection
        self._documents = DocumentRows(session)

    def due(self, on: date, *, limit: int) -> Sequence[OrderKey]:
        """See ports.VaultOrders."""
        return self._orders(vault_documents.c.erasable_from <= on, limit=limit)

    def stale(self, law_sha256: str, *, limit: int) -> Sequence[OrderKey]:
        """See ports.VaultOrders. Two ranges, so that an index finds them among rows that are heavy to read."""
        law = vault_documents.c.law_sha256
        return self._orders(or_(law < law_sha256, law > law_sha256), limit=limit)

    def after(self, last: OrderKey | None, *, limit: int) -> Sequence[OrderKey]:
        """See ports.VaultOrders."""
        more = [tuple_(*ORDER) > tuple_(*last)] if last else []
        rows = select(*ORDER).where(*more).distinct().order_by(*ORDER).limit(limit)
        return self._pairs(rows)

    def documents(
        self, orders: Iterable[OrderKey], *, lock: bool = False
    ) -> Mapping[OrderKey, Sequence[Document]]:
        """See ports.VaultOrders."""
        keys: dict[str, list[str]] = {}
        for shop, order_key in orders:
            keys.setdefault(shop, []).append(order_key)
        found: dict[OrderKey, list[Document]] = {}
        for shop, theirs in sorted(keys.items()):
            if lock:
                hers = (vault_documents.c.shop == shop, vault_documents.c.order_key.in_(theirs))
                rows = select(vault_documents.c.id).where(*hers).order_by(vault_documents.c.id)
                self._connection.execute(rows.with_for_update()).all()
            for document in self._documents.linked(shop, theirs):
                found.setdefault((shop, document.order_key), []).append(document)
        return found

    def _orders(self, which: Any, *, limit: int) -> Sequence[OrderKey]:
        """The orders of at most `limit` documents."""
        return list(dict.fromkeys(self._pairs(select(*ORDER).where(which).limit(limit))))

    def _pairs(self, rows: Any) -> list[OrderKey]:
        return [(shop, order_key) for shop, order_key in self._connection.execute(rows)]
