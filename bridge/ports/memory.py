"""What the steps need of the memory.

The store seals and opens by itself: steps hand it values in the clear and get them back in the clear, inside
one transaction, and never see a key or a sealed byte.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any, Protocol

from bridge.model import (
    Delivery,
    DeliveryState,
    Event,
    Fact,
    Finding,
    Page,
    Principal,
    PrivacyRequest,
    RequestState,
    Task,
    Waybill,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """A row that this worker owns until its lease ends. Every write of the owner shows the fence."""

    row_id: str
    fence: int


class Inbox(Protocol):
    """Deliveries, from received to done."""

    def claim(self, delivery_id: str) -> tuple[Claim, Delivery] | None:
        """Own one delivery, or None where it is done, owned or not due."""
        ...

    def claim_batch(
        self, shop: str, topics: Iterable[str], limit: int, limit_bytes: int
    ) -> list[tuple[Claim, Delivery]]:
        """Own the oldest deliveries of these topics, bounded in rows and bytes."""
        ...

    def settle(self, claim: Claim, state: DeliveryState, reason: str = "") -> None:
        """End a delivery. Done destroys its body. Raises ClaimLost."""
        ...

    def retry(self, claim: Claim, error: str, at: datetime) -> None:
        """Give a delivery back until `at`. Raises ClaimLost."""
        ...


class Requests(Protocol):
    """Privacy requests and their tasks."""

    def open(self, request: PrivacyRequest, *, once: str, tasks: Sequence[Task]) -> PrivacyRequest | None:
        """Store a request with its tasks. None where `once` (its idempotency key) was opened before."""
        ...

    def opened_once(self, once: str) -> PrivacyRequest | None:
        """The request that was opened under this idempotency key."""
        ...

    def in_flight(self, shop: str, kind: str, subject: str) -> PrivacyRequest | None:
        """The request of the same person and kind that is not done yet."""
        ...

    def widen(self, request_id: str, principal: Principal) -> None:
        """Join: the request now covers these identifiers and orders too, and what it did runs again."""
        ...

    def restart(self, request_id: str) -> None:
        """Run what failed or waits for a retry again, from its last page; clocks stay as they are."""
        ...

    def rewrite(self, request: PrivacyRequest, principal: Principal | None) -> None:
        """Replace what a request says of the person; None forgets her."""
        ...

    def get(self, request_id: str) -> PrivacyRequest | None:
        """One request, opened."""
        ...

    def tasks(self, request_id: str) -> list[Task]:
        """Its tasks in the order they were planned."""
        ...

    def claim(self, request_id: str) -> Claim | None:
        """Own a request that is due, or None."""
        ...

    def hold(self, claim: Claim) -> None:
        """Prove and renew ownership at the start of a transaction. Raises ClaimLost."""
        ...

    def release(
        self,
        claim: Claim,
        *,
        state: RequestState,
        wake_at: datetime | None,
        complete: bool | None,
        closed_at: datetime | None,
        last_error: str = "",
    ) -> None:
        """Give a request back in a new state. Raises ClaimLost."""
        ...

    def postpone(self, claim: Claim, error: str, at: datetime) -> None:
        """Give a request back until `at` after a fault of ours. Raises ClaimLost."""
        ...

    def fail(self, claim: Claim, error: str) -> None:
        """A dead letter: shown to ops, run again by replay. Raises ClaimLost."""
        ...

    def save_task(self, task: Task) -> None:
        """Insert or overwrite a task."""
        ...


class Findings(Protocol):
    """What was found, sealed."""

    def add(self, task: Task, page: Page) -> None:
        """Keep one page."""
        ...

    def records(self, request_id: str) -> Iterator[tuple[str, Finding]]:
        """(system, finding) in the order they were kept, opened one page at a time."""
        ...

    def drop(self, request_id: str, system: str = "") -> None:
        """Destroy the findings of a request, or of one of its systems."""
        ...


class Index(Protocol):
    """Who, which order, which parcel, which carrier: pseudonyms to look up, the rest sealed."""

    def subject(self, shop: str, who: Principal) -> str:
        """The person's pseudonym: by customer id, else by e-mail, else by phone; merges followed."""
        ...

    def parcels(self, shop: str, who: Principal) -> list[Waybill]:
        """Every parcel of the person's orders and of the orders named."""
        ...

    def order_ids(self, shop: str, who: Principal) -> list[str]:
        """Ids of the person's orders as the index knows them."""
        ...

    def learn(self, shop: str, sightings: Sequence[Any]) -> int:
        """Take in what deliveries showed (`rules/minimise`). Returns how many were dropped as suppressed."""
        ...

    def erase(self, shop: str, who: Principal, *, request_id: str) -> Mapping[str, int]:
        """Remove the person and suppress her keys; re-read. Returns rows removed per table."""
        ...

    def erase_shop(self, shop: str, *, request_id: str) -> Mapping[str, int]:
        """Remove all of a shop but the record of its requests. Returns rows removed per table."""
        ...


class Evidence(Protocol):
    """The append-only chain of facts."""

    def append(
        self,
        fact: Fact,
        *,
        shop: str,
        actor: str = "bridge",
        request_id: str = "",
        subject: str = "",
        **detail: Any,
    ) -> Event:
        """Chain one fact in this transaction. Detail is JSON-ready and holds nothing personal."""
        ...

    def of(self, request_id: str) -> list[Event]:
        """The facts of one request, oldest first."""
        ...

    def verify(self) -> int:
        """Check the whole chain. Returns its length; raises EvidenceBroken."""
        ...


class Packages(Protocol):
    """Access packages and certificates."""

    def write(self, request_id: str) -> AbstractContextManager[IO[bytes]]:
        """A write-only stream that seals as it goes; replaces the request's package when it closes."""
        ...

    def read(self, request_id: str) -> Iterator[bytes]:
        """The opened package in pieces; nothing where there is none."""
        ...

    def destroy(self, request_id: str) -> None:
        """Destroy the request's package."""
        ...

    def certify(self, request_id: str, certificate: Mapping[str, Any]) -> None:
        """Keep the newest certificate."""
        ...

    def certificate(self, request_id: str) -> Mapping[str, Any] | None:
        """The newest certificate."""
        ...


class Tx(Protocol):
    """One transaction. It commits when its block ends and rolls back when the block raises."""

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
    def evidence(self) -> Evidence:
        """The chain."""
        ...

    @property
    def packages(self) -> Packages:
        """Packages and certificates."""
        ...


class Store(Protocol):
    """The memory."""

    def new_id(self, prefix: str) -> str:
        """A fresh id that sorts by time."""
        ...

    def lock(self, name: str, holder: str, seconds: float) -> bool:
        """Hold a named lock for some seconds; False where somebody else holds it."""
        ...

    def keeping(self, claim: Claim) -> AbstractContextManager[None]:
        """Renew a claimed request's lease in the background while the block works."""
        ...

    def ring_due(self, ring: Callable[[str, str, bool], bool], *, room: int) -> int:
        """Ring for rows that are due and that nobody came for, at most `room`; returns how many.

        `ring(job, row id, first)` is the bell.
        """
        ...

    def purge(self, *, keep_failed_days: int, keep_packages_days: int) -> Mapping[str, int]:
        """Destroy raw bodies and packages whose days are over. Returns how many of each."""
        ...

    def transaction(self) -> AbstractContextManager[Tx]:
        """A transaction. Raises StoreUnavailable where the database does not answer."""
        ...

    def accept(self, delivery: Delivery) -> bool:
        """Commit one delivery together with those that wait at the same moment; True where it is new.

        The new ones of a batch ring the bell after its commit, outside of this call.

        Raises StoreUnavailable when it was not committed in time or too many wait.
        """
        ...
