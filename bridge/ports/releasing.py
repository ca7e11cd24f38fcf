"""What the steps need to let go: documents by order, claims that hold, the retention file in force, what ages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Protocol

from bridge.model import Document, LawFile, LegalClaim, PrivacyRequest

OrderKey = tuple[str, str]
"""A shop, and the pseudonym of one of its orders."""


class VaultOrders(Protocol):
    """Sealed documents by order, for those who decide when they go."""

    def due(self, on: date, *, limit: int) -> Sequence[OrderKey]:
        """Orders with a document whose stored day has come."""
        ...

    def stale(self, law_sha256: str, *, limit: int) -> Sequence[OrderKey]:
        """Orders with a document whose day was not computed under this retention file."""
        ...

    def after(self, last: OrderKey | None, *, limit: int) -> Sequence[OrderKey]:
        """All orders in a fixed order, those after `last`."""
        ...

    def documents(
        self, orders: Iterable[OrderKey], *, lock: bool = False
    ) -> Mapping[OrderKey, Sequence[Document]]:
        """Their documents. With `lock` nobody else changes them until the transaction ends."""
        ...


class LegalClaims(Protocol):
    """Disputes that hold data back. One claim may hold several orders."""

    def open(self, claim: LegalClaim, order_keys: Iterable[str]) -> None:
        """Keep a claim on a person, on these orders, or on both."""
        ...

    def get(self, claim_id: str) -> LegalClaim | None:
        """One claim; `order_key` is blank where it holds several orders."""
        ...

    def orders(self, claim_id: str) -> Sequence[str]:
        """The pseudonyms of the orders that a claim holds."""
        ...

    def living(
        self, *, shop: str = "", request_id: str = "", subject: str = "", order_keys: Iterable[str] = ()
    ) -> Sequence[LegalClaim]:
        """Claims that nobody released, oldest first: all, or those on any of what is given."""
        ...

    def on(self, orders: Iterable[OrderKey]) -> Mapping[OrderKey, Sequence[LegalClaim]]:
        """The claims that live on each of these orders, and its proceedings that were disposed of."""
        ...

    def binding(self, request: PrivacyRequest, order_ids: Iterable[str]) -> Mapping[str, Sequence[str]]:
        """By order id ('' is none): ids of the claims on this request's person or on that order."""
        ...

    def widen(self, request: PrivacyRequest, order_ids: Iterable[str]) -> None:
        """Orders of this request's person that became known: the claims that live on her hold them too."""
        ...

    def orders_of(self, request: PrivacyRequest) -> Sequence[str]:
        """Pseudonyms of the orders of a request's person, as the index or her erasure knows them."""
        ...

    def key_of(self, shop: str, order_id: str) -> str:
        """The pseudonym of an order."""
        ...

    def reviewed(self, claim_id: str, *, actor: str, due_at: datetime) -> None:
        """Somebody looked; the next look is due then."""
        ...

    def approved(self, claim_id: str, *, actor: str) -> None:
        """A second person agreed that it lives on."""
        ...

    def released(self, claim_id: str, *, actor: str, disposed_at: datetime | None = None) -> None:
        """It is over; a proceeding by its final disposal at that moment."""
        ...


class LawFiles(Protocol):
    """Which retention file is in force."""

    def accepted(self) -> LawFile | None:
        """The one that was accepted last."""
        ...

    def accept(self, sha256: str, policy_id: str, *, actor: str, ages: Mapping[str, Any]) -> None:
        """This one is in force from now on, with what it says of each category's ages."""
        ...


class Ageing(Protocol):
    """Records that are over by their age alone, by the category of the retention file."""

    def count(self, category: str, before: datetime) -> int:
        """How many would go."""
        ...

    def sweep(self, category: str, before: datetime, *, limit: int) -> Mapping[str, int]:
        """Destroy the oldest of them, at most about `limit`, and look again. Returns how many by shop.

        Raises NeedsOperator where one is still there.
        """
        ...
