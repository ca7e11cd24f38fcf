"""What the steps need of the world outside the memory: time, the bell, other people's systems."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, runtime_checkable

from bridge.model import (
    Balance,
    CheckResult,
    ErasureState,
    FindingPage,
    Letter,
    Outcome,
    Principal,
    Residue,
    Sale,
    TrackingResult,
    Waybill,
)


class Clock(Protocol):
    """Time, so that tests and replays can hold it still."""

    def now(self) -> datetime:
        """This moment, aware, in UTC."""
        ...


class Queue(Protocol):
    """The bell. Losing every nudge loses nothing: `sweep` rings again from the rows."""

    def enqueue(self, job: str, row_id: str, *, at_front: bool = False) -> bool:
        """Ask a worker to look at one row. Never raises, never blocks longer than the bell's timeout.

        `first` puts privacy work before everything else. False where the bell could not be reached.
        """
        ...

    def enqueue_all(self, jobs: Sequence[tuple[str, str, bool]]) -> bool:
        """Nudge for many rows at once: (job, row id, first)."""
        ...

    def depth(self) -> int | None:
        """Jobs that wait; None where the bell could not be reached."""
        ...


class Connector(Protocol):
    """One system of somebody else's, in our words.

    Every call has a timeout. Raises only bridge errors: ConnectorUnavailable and ConnectorThrottled (ask
    later), ConnectorRefused (will not help), CredentialRejected (a person must act). No message, log or URL
    carries a personal value or a credential.
    """

    system: str

    def run_checks(self, shop: str) -> Sequence[CheckResult]:
        """Doctor's questions: reachable, credentials, scopes. Never raises."""
        ...

    def gather(
        self, principal: Principal, *, shop: str, parcels: Sequence[Waybill], cursor: str = ""
    ) -> Iterator[FindingPage]:
        """Everything the system holds of the person, page by page; nothing found is no page or an empty one.

        `cursor` is that of the last page that was kept: gathering goes on after it. One page in memory.
        """
        ...


@runtime_checkable
class Platform(Connector, Protocol):
    """A connector that also erases on its own and can be asked how far it is."""

    def find_customer(self, principal: Principal, *, shop: str) -> str:
        """The platform's id of this customer, or ''. Raises as `gather`."""
        ...

    def list_shipped_orders(self, principal: Principal, *, shop: str) -> Iterator[Mapping[str, Any]]:
        """Her orders in the platform's words, with the numbers of their parcels and nothing of whom.

        The platform knows them after its own erasure too. Raises as `gather`.
        """
        ...

    def list_sales(self, order_ids: Sequence[str], *, shop: str) -> Iterator[tuple[str, Sequence[Sale]]]:
        """What an invoice of each of these orders must say, and what was paid back of it: (order id, sales).

        Empty for an order that was neither paid nor sent; one that the platform does not know is left out.
        Raises as `gather`.
        """
        ...

    def balances(self, customer_id: str, *, shop: str) -> Sequence[Balance]:
        """What this customer would lose with the platform's erasure, or still waits for: codes with counts.

        One for each thing that the platform knows of, 0 where there is none, None where it may not be read.
        The codes are those of `precheck` in the retention file. Raises as `gather`.
        """
        ...

    def request_erasure(self, customer_id: str, *, shop: str) -> ErasureState:
        """Ask the platform to erase this customer on its own; it answers before it does. Raises as `gather`."""
        ...

    def cancel_erasure(self, customer_id: str, *, shop: str) -> ErasureState:
        """Take our own request back. Raises as `gather`; ConnectorRefused where it is too late."""
        ...

    def read_erasure_state(self, principal: Principal, *, shop: str) -> ErasureState:
        """How far the platform's own erasure of this customer has come. Raises as `gather`."""
        ...

    def list_platform_residue(self, principal: Principal, *, shop: str) -> Sequence[Residue]:
        """What others wrote at the platform about the customer and her orders, as it is now. Raises as `gather`.

        Names only, no value. `held` says why an item must not be touched: its order is still on its way.
        """
        ...

    def remove_platform_residue(self, items: Sequence[Residue], *, shop: str) -> Sequence[Residue]:
        """Remove these, but for what is held, and read them again: gives what is still there. Raises as `gather`."""
        ...


@runtime_checkable
class CopiesAllParcels(Connector, Protocol):
    """A connector whose system keeps a copy of every parcel, whoever carries it and on whose account."""

    copies_all_parcels: bool  # True: `gather` is asked about all of them


@runtime_checkable
class Tracker(Connector, Protocol):
    """A connector that says where parcels are without saying whose: the question behind "may we ask yet?"."""

    configured: bool  # False: no credentials, nothing is asked

    def track_parcels(
        self, numbers: Sequence[str], *, include_consignees: bool = False
    ) -> Iterator[Sequence[TrackingResult]]:
        """Where these parcels are, in batches of the system's size, each number once.

        A number it does not know comes as NOT_FOUND. With `consignees` the person it still shows is told too,
        for a digest; never otherwise. Raises as `gather`, after the batches that were given.
        """
        ...


@runtime_checkable
class Eraser(Connector, Protocol):
    """A connector whose system erases on its own, at once."""

    configured: bool

    def erase_waybills(self, numbers: Sequence[str]) -> Iterator[tuple[str, Outcome]]:
        """Erase what it holds under these waybills, one by one: ERASED, or ABSENT where it holds nothing.

        ERASED was looked for once more and is gone. A number that its interface cannot take is left out. Twice is
        once. Raises as `gather`, after those that were given.
        """
        ...


@runtime_checkable
class Canceller(Connector, Protocol):
    """A connector that can cancel a shipment nobody has picked up: an operator's confirmed deed, never ours."""

    configured: bool

    def cancel_shipment(self, number: str) -> None:
        """Cancel it. Raises ConnectorRefused where the carrier says no, else as `gather`."""
        ...


class Mailer(Protocol):
    """Hands letters to the mail server."""

    configured: bool  # False: letters wait, and are shown as waiting

    def send_letter(self, letter: Letter) -> None:
        """Give one letter to the server; returning means that it was taken, not that it arrived.

        Raises ConnectorUnavailable (ask later), ConnectorRefused (the recipient was refused: a bounce),
        CredentialRejected (login, sender, or no encryption).
        """
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class SignedTimestamp:
    """What a timestamp authority answered: the whole answer (RFC 3161, DER) and the moment it gives."""

    token: bytes
    at: datetime


class TimestampAuthority(Protocol):
    """Somebody outside who says when a digest existed."""

    def request_timestamp(self, digest: bytes) -> SignedTimestamp:
        """A timestamp for a SHA-256 digest, about just that and asked for just now.

        Raises ConnectorRefused where it is not granted, ConnectorUnavailable where the answer does not answer,
        else as `Connector.gather`.
        """
        ...
