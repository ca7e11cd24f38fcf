"""What the steps need of notices: entries that wait, letters that list them, links that answer them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol

from bridge.model import Entry, Notice, NoticeState, ParcelStatus
from bridge.ports.inbox import Claim


class Notices(Protocol):
    """Entries and notices, kept per account: one processor of one shop. Sealed where it rests."""

    def add(self, entries: Iterable[Entry]) -> int:
        """Keep new entries and wake their accounts; what a task lists already stays. Returns how many are new."""
        ...

    def entries(
        self,
        *,
        account: str = "",
        request_id: str = "",
        notice_id: str = "",
        order_keys: Sequence[str] = (),
        states: Sequence[NoticeState] = (),
        due_at: datetime | None = None,
        limit: int = 0,
    ) -> list[Entry]:
        """Entries, oldest first. `order_keys` are pseudonyms of orders. `due_at`: to be looked at by then. `limit` 0: all."""
        ...

    def entry(self, entry_id: str) -> Entry | None:
        """One entry."""
        ...

    def save_entries(self, entries: Iterable[Entry]) -> None:
        """Overwrite entries; a blank `reference` destroys what is sealed of it.

        Raises ChangedMeanwhile where one was changed since it was read; the transaction is to be given up.
        """
        ...

    def claim(self, account: str) -> Claim | None:
        """Own an account that is due, or None."""
        ...

    def hold(self, claim: Claim) -> None:
        """Prove and renew ownership at the start of a transaction. Raises ClaimLost."""
        ...

    def release(
        self,
        claim: Claim,
        *,
        at: datetime | None = None,
        error: str = "",
        not_before: datetime | None = None,
    ) -> None:
        """Give an account back until the earliest moment that something of it is due, or `at`. Raises ClaimLost.

        With an `error` its tries go on counting, and nothing happens `not_before`.
        """
        ...

    def tries(self, account: str) -> int:
        """How often this account was claimed since it last went well."""
        ...

    def wake(self, account: str, at: datetime | None = None) -> None:
        """Something of this account is due at that moment, or now."""
        ...

    def open(self, notice: Notice, entries: Sequence[Entry]) -> None:
        """Keep a new notice and put these entries into it. Raises ChangedMeanwhile as `save_entries`."""
        ...

    def withdraw(self, notice_id: str) -> None:
        """Remove a notice that never went out: nothing is left for it to list."""
        ...

    def notice(self, notice_id: str) -> Notice | None:
        """One notice."""
        ...

    def notices(
        self,
        *,
        account: str = "",
        states: Sequence[NoticeState] = (),
        due_at: datetime | None = None,
        limit: int = 0,
    ) -> list[Notice]:
        """Notices, oldest first. `due_at`: those of which something is due by then."""
        ...

    def save(self, notice: Notice, *, was: NoticeState) -> bool:
        """Overwrite a notice, unless its state is no longer `was`: somebody answered meanwhile. False then."""
        ...

    def last_opened_at(self, account: str) -> datetime | None:
        """When this account's newest notice was opened: digests have a rhythm."""
        ...

    def link(self, notice_id: str, token: str, expires_at: datetime) -> None:
        """Let this token answer this notice; it rests as a hash."""
        ...

    def linked(self, token: str) -> Notice | None:
        """The notice that this token may answer; None for an unknown, used or expired one alike."""
        ...

    def unlink(self, notice_id: str, token: str = "") -> None:
        """End every token of a notice, or only that one."""
        ...

    def touch(self, entries: Iterable[Entry]) -> None:
        """Let the requests of these entries take in how they stand now."""
        ...

    def seen(self, shop: str, waybill: str, status: ParcelStatus, at: datetime | None) -> bool:
        """The shop says where a parcel of an erased person is. False where no entry lists it."""
        ...

    def settled(self, shop: str, order_id: str, matter: str, *, is_open: bool) -> None:
        """The shop says that a return or dispute (`return/9`) of an erased person's order began or ended."""
        ...

    def matters(self, shop: str, order_id: str) -> tuple[str, ...]:
        """What is open about an erased person's order, as its entries have it."""
        ...
