"""What the steps need to let go: documents by order, claims that hold, the retention file in force, what ages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Protocol

from bridge.model import AcceptedPolicy, Document, LegalHold, PrivacyRequest

ShopOrderKey = tuple[str, str]
"""A shop, and the pseudonym of one of its orders."""


class VaultOrders(Protocol):
    """Sealed documents by order, for those who decide when they go."""

    def list_orders_with_due_documents(self, due_on: date, *, limit: int) -> Sequence[ShopOrderKey]:
        """Orders with a document whose stored day has come."""
        ...

    def list_orders_with_outdated_policy(self, law_sha256: str, *, limit: int) -> Sequence[ShopOrderKey]:
        """Orders with a document whose day was not computed under this retention file."""
        ...

    def list_orders_after(self, previous: ShopOrderKey | None, *, limit: int) -> Sequence[ShopOrderKey]:
        """All orders in a fixed order, those after `last`."""
        ...

    def group_documents_by_order(
        self, orders: Iterable[ShopOrderKey], *, lock: bool = False
    ) -> Mapping[ShopOrderKey, Sequence[Document]]:
        """Their documents. With `lock` nobody else changes them until the transaction ends."""
        ...


class LegalHolds(Protocol):
    """Disputes that hold data back. One claim may hold several orders."""

    def open_legal_hold(self, legal_hold: LegalHold, order_keys: Iterable[str]) -> None:
        """Keep a claim on a person, on these orders, or on both."""
        ...

    def find_legal_hold(self, legal_hold_id: str) -> LegalHold | None:
        """One claim; `order_key` is blank where it holds several orders."""
        ...

    def list_order_keys_on_hold(self, legal_hold_id: str) -> Sequence[str]:
        """The pseudonyms of the orders that a claim holds."""
        ...

    def list_active_legal_holds(
        self, *, shop: str = "", request_id: str = "", subject: str = "", order_keys: Iterable[str] = ()
    ) -> Sequence[LegalHold]:
        """Claims that nobody released, oldest first: all, or those on any of what is given."""
        ...

    def find_legal_holds_by_order(
        self, orders: Iterable[ShopOrderKey]
    ) -> Mapping[ShopOrderKey, Sequence[LegalHold]]:
        """The claims that live on each of these orders, and its proceedings that were disposed of."""
        ...

    def find_legal_hold_ids_by_order_id(
        self, request: PrivacyRequest, order_ids: Iterable[str]
    ) -> Mapping[str, Sequence[str]]:
        """By order id ('' is none): ids of the claims on this request's person or on that order."""
        ...

    def extend_legal_holds(self, request: PrivacyRequest, order_ids: Iterable[str]) -> None:
        """Orders of this request's person that became known: the claims that live on her hold them too."""
        ...

    def find_order_keys_of_request(self, request: PrivacyRequest) -> Sequence[str]:
        """Pseudonyms of the orders of a request's person, as the index or her erasure knows them."""
        ...

    def compute_order_key(self, shop: str, order_id: str) -> str:
        """The pseudonym of an order."""
        ...

    def record_legal_hold_review(self, legal_hold_id: str, *, actor: str, due_at: datetime) -> None:
        """Somebody looked; the next look is due then."""
        ...

    def record_legal_hold_approval(self, legal_hold_id: str, *, actor: str) -> None:
        """A second person agreed that it lives on."""
        ...

    def record_legal_hold_release(
        self, legal_hold_id: str, *, actor: str, disposed_at: datetime | None = None
    ) -> None:
        """It is over; a proceeding by its final disposal at that moment."""
        ...


class RetentionPolicies(Protocol):
    """Which retention file is in force."""

    def find_accepted_policy(self) -> AcceptedPolicy | None:
        """The one that was accepted last."""
        ...

    def save_accepted_policy(
        self, sha256: str, policy_id: str, *, actor: str, ages: Mapping[str, Any]
    ) -> None:
        """This one is in force from now on, with what it says of each category's ages."""
        ...


class Expiry(Protocol):
    """Records that are over by their age alone, by the category of the retention file."""

    def count_expired(self, category: str, cutoff: datetime) -> int:
        """How many would go."""
        ...

    def expire_records(self, category: str, cutoff: datetime, *, limit: int) -> Mapping[str, int]:
        """Destroy the oldest of them, at most about `limit`, and look again. Returns how many by shop.

        Raises NeedsOperator where one is still there.
        """
        ...
