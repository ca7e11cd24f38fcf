"""Statutory invoice copies, each sealed under a key of its own, which the keyring wraps.

They are found by the pseudonym of the order. A sealed copy is read back and compared before it counts. Deleting a row
destroys its key.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import delete, func, select, update

from bridge.errors import KeyMissing, NeedsOperator, SealBroken
from bridge.model import Destruction, Document, DocumentForm, DocumentKind, InvoiceCopy
from bridge.store.retention.deletions import DELETION_KIND_DOCUMENT, record_deletions
from bridge.store.schema.retention_tables import vault_documents
from bridge.store.schema.ulid import new_id
from bridge.store.session import Session
from bridge.store.upsert import upsert

DOCUMENT_AAD = "vault_documents|{id}|doc|{shop}"
DOCUMENT_KEY_AAD = "vault_documents|{id}|wrapped|{shop}"
DOCUMENT_COLUMNS = [column for column in vault_documents.c if column.name not in {"doc", "wrapped", "source_key"}]


class DocumentRows:
    """Sealed invoice copies. Only `open_document` opens one."""

    def __init__(self, session: Session) -> None:
        self._session, self._connection = session, session.connection

    def seal_document(self, shop: str, invoice_copy: InvoiceCopy) -> Document | None:
        """Seal a copy and read it back. None where the same content is sealed already.

        Raises NeedsOperator where what was read back is not what was sealed.
        """
        keyring, document_id, key = self._session.keyring, new_id("doc"), secrets.token_bytes(32)
        aad = DOCUMENT_AAD.format(id=document_id, shop=shop)
        document = Document(
            id=document_id,
            shop=shop,
            kind=invoice_copy.kind,
            form=invoice_copy.form,
            media_type=invoice_copy.media_type,
            order_key=self._compute_order_key(shop, invoice_copy.order_id),
            digest=self._compute_content_digest(shop, invoice_copy.content),
            issued_at=invoice_copy.issued_at,
            sealed_at=self._session.now(),
            names_buyer=invoice_copy.names_buyer,
            country=invoice_copy.country[:2],
        )
        row = {name: getattr(document, name) for name in Document.__slots__ if name != "grounds"} | {
            "grounds": "[]",
            "source_key": self._compute_source_key(shop, invoice_copy.kind, invoice_copy.form, invoice_copy.source_id),
            "wrapped": keyring.seal(key, DOCUMENT_KEY_AAD.format(id=document_id, shop=shop)),
            "doc": keyring.seal(invoice_copy.content, aad, key_id=document_id, key=key),
        }
        insert = upsert(self._connection, vault_documents)
        if self._connection.scalar(insert.returning(vault_documents.c.id), row) is None:
            self._keep_later_issue_date(row)
            return None
        if self.open_document(document_id) != invoice_copy.content:
            raise NeedsOperator(f"{document_id} does not read back as it was sealed")
        return document

    def _compute_source_key(self, shop: str, kind: str, form: str, source_id: str) -> str:
        return self._session.keyring.digest(f"document|{shop}|{kind}|{form}", source_id.encode())[:32]

    def find_sealed_sources(self, shop: str, kind: DocumentKind, source_ids: Iterable[str]) -> set[str]:
        """Return those of these orders or refunds of which a document of this kind is sealed, in whatever form."""
        keys = {
            self._compute_source_key(key, kind, form, source_id): source_id
            for source_id in source_ids
            for key in self._session.shops.list_keys(shop)
            for form in DocumentForm
        }
        of_sources = (self._is_of_shop(shop), vault_documents.c.source_key.in_(list(keys)))
        found = select(vault_documents.c.source_key).where(*of_sources) if keys else None
        return set() if found is None else {keys[key] for key in self._connection.scalars(found)}

    def _keep_later_issue_date(self, row: Mapping[str, Any]) -> None:
        """Keep the later of two days of issue: a later event can prove the same copy, as goods sent after the payment."""
        same_content = [vault_documents.c[name] == row[name] for name in ("shop", "source_key", "digest")]
        values = {"issued_at": row["issued_at"], "erasable_from": None, "law_sha256": ""}
        is_earlier = vault_documents.c.issued_at < row["issued_at"]
        self._connection.execute(update(vault_documents).where(*same_content, is_earlier).values(values))

    def find_documents_by_order_id(self, shop: str, order_ids: Iterable[str]) -> Mapping[str, Sequence[Document]]:
        """Return the documents of these orders, by order id; orders without one are left out."""
        ids = {
            self._compute_order_key(key, order_id): order_id
            for order_id in order_ids
            for key in self._session.shops.list_keys(shop)
        }
        found: dict[str, list[Document]] = {}
        for document in self.list_documents_of_order_keys(shop, ids):
            found.setdefault(ids[document.order_key], []).append(document)
        return found

    def list_documents_of_order_keys(self, shop: str, order_keys: Iterable[str]) -> Sequence[Document]:
        """Return the documents of these orders, by the pseudonyms of their ids."""
        keys = [key for key in order_keys if key]
        if not keys:
            return []
        of_orders = (self._is_of_shop(shop), vault_documents.c.order_key.in_(keys))
        return self._read_documents(select(*DOCUMENT_COLUMNS).where(*of_orders))

    def list_documents_of_request(self, request_id: str) -> Sequence[Document]:
        """Return the documents that an erasure left."""
        return self._read_documents(select(*DOCUMENT_COLUMNS).where(vault_documents.c.request_id == request_id))

    def list_documents(self, *, shop: str = "", due_on: date | None = None, limit: int = 0) -> Sequence[Document]:
        """Return all documents, or those erasable by `due_on`, oldest first. `limit` 0: all."""
        rows = select(*DOCUMENT_COLUMNS)
        if shop:
            rows = rows.where(self._is_of_shop(shop))
        if due_on:
            rows = rows.where(vault_documents.c.erasable_from <= due_on)
        return self._read_documents(rows.limit(limit or None))

    def find_document(self, document_id: str) -> Document | None:
        """Return one document as it is listed, if there is one with this id."""
        found = self._read_documents(select(*DOCUMENT_COLUMNS).where(vault_documents.c.id == document_id))
        return found[0] if found else None

    def check_random_documents(self, limit: int) -> tuple[int, Sequence[str]]:
        """Open some documents, picked at random. Return how many, and the ids of those that are not as they were sealed."""
        picked = select(vault_documents.c.id, vault_documents.c.shop, vault_documents.c.digest)
        rows = self._connection.execute(picked.order_by(func.random()).limit(limit)).all()
        return len(rows), sorted(row.id for row in rows if not self._is_intact(row))

    def _is_intact(self, row: Any) -> bool:
        try:
            content = self.open_document(row.id)
        except (SealBroken, KeyMissing):
            return False
        return content is not None and self._compute_content_digest(row.shop, content) == row.digest

    def _read_documents(self, query: Any) -> list[Document]:
        ordered = query.order_by(vault_documents.c.issued_at, vault_documents.c.id)
        return [_document_from_row(dict(row)) for row in self._connection.execute(ordered).mappings()]

    def open_document(self, document_id: str) -> bytes | None:
        """Return the content in the clear. The caller has checked who asks, and records it.

        The key comes from the row itself, never from a cache.
        """
        row = self._connection.execute(select(vault_documents).where(vault_documents.c.id == document_id)).one_or_none()
        if row is None:
            return None
        keyring = self._session.keyring
        key = keyring.open(row.wrapped, DOCUMENT_KEY_AAD.format(id=row.id, shop=row.shop))
        return keyring.open(row.doc, DOCUMENT_AAD.format(id=row.id, shop=row.shop), find_data_key=lambda _: key)

    def mark_documents_remaining(self, shop: str, order_ids: Iterable[str], request_id: str) -> int:
        """Record that an erasure left these documents as all that is kept. Return how many."""
        ids, shop_keys = list(order_ids), self._session.shops.list_keys(shop)
        keys = [self._compute_order_key(key, order_id) for order_id in ids for key in shop_keys]
        of_orders = (self._is_of_shop(shop), vault_documents.c.order_key.in_(keys))
        marking = update(vault_documents).where(*of_orders).values(request_id=request_id)
        return self._connection.execute(marking).rowcount

    def record_erasable_from(
        self, document_ids: Sequence[str], *, erasable_from: date | None, grounds: Sequence[str], law_sha256: str
    ) -> None:
        """Store the day that was computed, with its grounds and the retention file that it comes from."""
        values = {"erasable_from": erasable_from, "grounds": json.dumps(list(grounds)), "law_sha256": law_sha256}
        self._connection.execute(update(vault_documents).where(vault_documents.c.id.in_(document_ids)).values(values))

    def delete_documents(self, document_ids: Sequence[str]) -> int:
        """Destroy documents with their keys and read again. Raises NeedsOperator where one is still there."""
        named = vault_documents.c.id.in_(list(document_ids))
        deleted = delete(vault_documents).where(named).returning(vault_documents.c.id, vault_documents.c.shop)
        rows, now = self._connection.execute(deleted).all(), self._session.now()
        deletions = [Destruction(kind=DELETION_KIND_DOCUMENT, ref=row.id, shop=row.shop, at=now) for row in rows]
        record_deletions(self._connection, deletions)
        if rows:
            self._session.mark_remnants()
        remaining = self._connection.scalar(select(func.count()).select_from(vault_documents).where(named))
        if remaining:
            raise NeedsOperator(f"{remaining} documents that were destroyed are still there")
        return len(rows)

    def _is_of_shop(self, shop: str) -> Any:
        return vault_documents.c.shop.in_(self._session.shops.list_keys(shop))

    def _compute_order_key(self, shop: str, order_id: str) -> str:
        return self._session.keyring.pseudonym(shop, "order", order_id)

    def _compute_content_digest(self, shop: str, content: bytes) -> str:
        return self._session.keyring.digest(f"document|{shop}", content)


def _document_from_row(row: Mapping[str, Any]) -> Document:
    values = {**row} | {"grounds": tuple(json.loads(row["grounds"]))}
    return Document(**values | {"kind": DocumentKind(values["kind"]), "form": DocumentForm(values["form"])})
