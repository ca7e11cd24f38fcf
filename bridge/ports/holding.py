"""What the steps need of what outlives an erasure: sealed documents, plans, reviews."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Protocol

from bridge.model import Document, InvoiceCopy, Review


class Documents(Protocol):
    """Statutory copies, each sealed under a key of its own. No operational read path: only `open` opens."""

    def seal_document(self, shop: str, invoice_copy: InvoiceCopy) -> Document | None:
        """Seal a copy and read it back. None where the same content stands already.

        Raises NeedsOperator where what was read back is not what was sealed.
        """
        ...

    def find_documents_by_order_id(
        self, shop: str, order_ids: Iterable[str]
    ) -> Mapping[str, Sequence[Document]]:
        """The documents of these orders, by order id; orders without one are left out."""
        ...

    def list_documents_of_order_keys(self, shop: str, order_keys: Iterable[str]) -> Sequence[Document]:
        """The documents of these orders, by the pseudonyms of their ids."""
        ...

    def list_documents_of_request(self, request_id: str) -> Sequence[Document]:
        """The documents that an erasure left."""
        ...

    def open_document(self, document_id: str) -> bytes | None:
        """The content in the clear: the caller has checked who asks, and records it."""
        ...

    def mark_documents_remaining(self, shop: str, order_ids: Iterable[str], request_id: str) -> int:
        """Note that an erasure left these documents as all that is kept. Returns how many."""
        ...

    def record_erasable_from(
        self,
        document_ids: Sequence[str],
        *,
        erasable_from: date | None,
        grounds: Sequence[str],
        law_sha256: str,
    ) -> None:
        """Keep the day that was computed, with its grounds and the retention file it comes from."""
        ...

    def list_documents(
        self, *, shop: str = "", due_on: date | None = None, limit: int = 0
    ) -> Sequence[Document]:
        """All of them, or those whose day has come, oldest first."""
        ...

    def delete_documents(self, document_ids: Sequence[str]) -> int:
        """Destroy documents with their keys; looks again. Raises NeedsOperator where one is still there."""
        ...


class Reviews(Protocol):
    """What needs a person's eye."""

    def open_review(
        self,
        shop: str,
        kind: str,
        what: str,
        *,
        order_id: str = "",
        request_id: str = "",
        idempotency_key: str = "",
    ) -> str:
        """Open one and record it; '' where the same is open or was opened before under `once`."""
        ...

    def close_review(self, review_id: str, *, actor: str, reason: str) -> bool:
        """Close one and record it; False where it is not open."""
        ...

    def list_reviews(self, *, is_open: bool = True, kind: str = "", request_id: str = "") -> Sequence[Review]:
        """Those of a kind or a request, oldest first; without `is_open` the closed ones too."""
        ...


class Plans(Protocol):
    """What an erasure was going to do, as it was planned before anything was changed."""

    def save_plan(self, request_id: str, plan: Mapping[str, Any]) -> None:
        """Keep a request's plan; the newest replaces the one before."""
        ...

    def find_plan(self, request_id: str) -> Mapping[str, Any] | None:
        """The plan as kept."""
        ...
