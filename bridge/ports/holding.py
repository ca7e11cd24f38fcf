"""What the steps need of what outlives an erasure: sealed documents, plans, reviews."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Protocol

from bridge.model import Document, Paper, Review


class Documents(Protocol):
    """Statutory copies, each sealed under a key of its own. No operational read path: only `open` opens."""

    def seal(self, shop: str, paper: Paper) -> Document | None:
        """Seal a copy and read it back. None where the same content stands already.

        Raises NeedsOperator where what was read back is not what was sealed.
        """
        ...

    def of_orders(self, shop: str, order_ids: Iterable[str]) -> Mapping[str, Sequence[Document]]:
        """The documents of these orders, by order id; orders without one are left out."""
        ...

    def linked(self, shop: str, order_keys: Iterable[str]) -> Sequence[Document]:
        """The documents of these orders, by the pseudonyms of their ids."""
        ...

    def open(self, document_id: str) -> bytes | None:
        """The content in the clear: the caller has checked who asks, and records it."""
        ...

    def remaining(self, shop: str, order_ids: Iterable[str], request_id: str) -> int:
        """Note that an erasure left these documents as all that is kept. Returns how many."""
        ...

    def dated(
        self,
        document_ids: Sequence[str],
        *,
        erasable_from: date | None,
        grounds: Sequence[str],
        law_sha256: str,
    ) -> None:
        """Keep the day that was computed, with its grounds and the retention file it comes from."""
        ...

    def listed(self, *, shop: str = "", due_on: date | None = None, limit: int = 0) -> Sequence[Document]:
        """All of them, or those whose day has come, oldest first."""
        ...

    def destroy(self, document_ids: Sequence[str]) -> int:
        """Destroy documents with their keys; looks again. Raises NeedsOperator where one is still there."""
        ...


class Reviews(Protocol):
    """What needs a person's eye."""

    def open(
        self, shop: str, kind: str, what: str, *, order_id: str = "", request_id: str = "", once: str = ""
    ) -> str:
        """Open one and record it; '' where the same is open or was opened before under `once`."""
        ...

    def close(self, review_id: str, *, actor: str, reason: str) -> bool:
        """Close one and record it; False where it is not open."""
        ...

    def listed(self, *, is_open: bool = True, kind: str = "", request_id: str = "") -> Sequence[Review]:
        """Those that wait, or all, oldest first."""
        ...


class Plans(Protocol):
    """What an erasure was going to do, as it was planned before anything was changed."""

    def keep(self, request_id: str, plan: Mapping[str, Any]) -> None:
        """Keep a request's plan; the newest replaces the one before."""
        ...

    def of(self, request_id: str) -> Mapping[str, Any] | None:
        """The plan as kept."""
        ...
