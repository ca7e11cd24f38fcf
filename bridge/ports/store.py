"""The memory as a whole: transactions, accepting, ringing, purging.

The store seals and opens by itself: steps hand it values in the clear and get them back in the clear, inside
one transaction, and never see a key or a sealed byte.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Protocol

from bridge.model import (
    Delivery,
)
from bridge.ports.endings import ShopExits
from bridge.ports.holding import Documents, Plans, Reviews
from bridge.ports.inbox import Inbox, Lease
from bridge.ports.ledger import LedgerState
from bridge.ports.notices import Notices
from bridge.ports.proof import Evidence, Packages, SignedHeads
from bridge.ports.records import Findings, Index
from bridge.ports.refunds import Refunds
from bridge.ports.releasing import Expiry, LegalHolds, RetentionPolicies, VaultOrders
from bridge.ports.requests import Requests


class Tx(Protocol):
    """One transaction. It commits when its block ends and rolls back when the block raises."""

    def open_savepoint(self) -> AbstractContextManager[Callable[[], None]]:
        """What is done inside can be taken back by the function that it gives; the transaction goes on."""
        ...

    @property
    def inbox(self) -> Inbox:
        """Deliveries."""
        ...

    @property
    def requests(self) -> Requests:
        """Privacy requests and their tasks."""
        ...

    @property
    def findings(self) -> Findings:
        """What was found."""
        ...

    @property
    def index(self) -> Index:
        """Who, which order, which parcel."""
        ...

    @property
    def notices(self) -> Notices:
        """Instructions to processors."""
        ...

    @property
    def evidence(self) -> Evidence:
        """The chain."""
        ...

    @property
    def signed_heads(self) -> SignedHeads:
        """Its signed heads."""
        ...

    @property
    def packages(self) -> Packages:
        """Packages and certificates."""
        ...

    @property
    def documents(self) -> Documents:
        """Statutory copies."""
        ...

    @property
    def shop_exits(self) -> ShopExits:
        """Shops that leave."""
        ...

    @property
    def plans(self) -> Plans:
        """What erasures were going to do."""
        ...

    @property
    def ledger_state(self) -> LedgerState:
        """What the ledger outside the backup is held against."""
        ...

    @property
    def refunds(self) -> Refunds:
        """Bank details of refunds."""
        ...

    @property
    def reviews(self) -> Reviews:
        """What needs a person's eye."""
        ...

    @property
    def vault_orders(self) -> VaultOrders:
        """Statutory copies by order."""
        ...

    @property
    def legal_holds(self) -> LegalHolds:
        """Disputes that hold data back."""
        ...

    @property
    def retention_policies(self) -> RetentionPolicies:
        """Which retention file is in force."""
        ...

    @property
    def expiry(self) -> Expiry:
        """What is over by its age alone."""
        ...


class Store(Protocol):
    """The memory."""

    def new_id(self, prefix: str) -> str:
        """A fresh id that sorts by time."""
        ...

    def acquire_named_lock(self, name: str, holder: str, seconds: float) -> bool:
        """Hold a named lock for some seconds; False where somebody else holds it."""
        ...

    def renewing_lease(self, lease: Lease, repository: str = "requests") -> AbstractContextManager[None]:
        """Renew the lease of a claimed request, or of an account (`notices`), while the block works."""
        ...

    def enqueue_due(self, enqueue: Callable[[str, str, bool], bool], *, max_jobs: int) -> int:
        """Ring for rows that are due and that nobody came for, at most `room`; returns how many.

        `ring(job, row id, first)` is the bell.
        """
        ...

    def expire_bodies_and_packages(
        self, *, keep_failed_days: int, keep_packages_days: int
    ) -> Mapping[str, int]:
        """Destroy raw bodies and packages whose days are over. Returns how many of each."""
        ...

    def transaction(self) -> AbstractContextManager[Tx]:
        """A transaction. Raises StoreUnavailable where the database does not answer."""
        ...

    def accept_delivery(self, delivery: Delivery) -> bool:
        """Commit one delivery together with those that wait at the same moment; True where it is new.

        The new ones of a batch ring the bell after its commit, outside of this call.

        Raises StoreUnavailable when it was not committed in time or too many wait.
        """
        ...
