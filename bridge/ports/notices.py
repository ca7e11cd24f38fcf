"""What the steps need of notices: entries that wait, letters that list them, links that answer them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol

from bridge.model import Notice, NoticeItem, NoticeState, ParcelStatus
from bridge.ports.inbox import Lease


class Notices(Protocol):
    """Entries and notices, kept per account: one processor of one shop. Sealed where it rests."""

    def add_items(self, items: Iterable[NoticeItem]) -> int:
        """Keep new entries and wake their accounts; what a task lists already stays. Returns how many are new."""
        ...

    def list_items(
        self,
        *,
        account: str = "",
        request_id: str = "",
        notice_id: str = "",
        order_keys: Sequence[str] = (),
        states: Sequence[NoticeState] = (),
        due_at: datetime | None = None,
        limit: int = 0,
    ) -> list[NoticeItem]:
        """Entries, oldest first. `order_keys` are pseudonyms of orders. `due_at`: to be looked at by then. `limit` 0: all."""
        ...

    def find_item(self, item_id: str) -> NoticeItem | None:
        """One entry."""
        ...

    def save_items(self, items: Iterable[NoticeItem]) -> None:
        """Overwrite entries; a blank `reference` destroys what is sealed of it.

        Raises ChangedMeanwhile where one was changed since it was read; the transaction is to be given up.
        """
        ...

    def acquire_lease(self, account: str) -> Lease | None:
        """Own an account that is due, or None."""
        ...

    def verify_lease(self, lease: Lease) -> None:
        """Prove and renew ownership at the start of a transaction. Raises ClaimLost."""
        ...

    def release_lease(
        self,
        lease: Lease,
        *,
        wake_at: datetime | None = None,
        error: str = "",
        not_before: datetime | None = None,
    ) -> None:
        """Give an account back until the earliest moment that something of it is due, or `at`. Raises ClaimLost.

        With an `error` its tries go on counting, and nothing happens `not_before`.
        """
        ...

    def count_attempts(self, account: str) -> int:
        """How often this account was claimed since it last went well."""
        ...

    def wake_account(self, account: str, wake_at: datetime | None = None) -> None:
        """Something of this account is due at that moment, or now."""
        ...

    def open_notice(self, notice: Notice, items: Sequence[NoticeItem]) -> None:
        """Keep a new notice and put these entries into it. Raises ChangedMeanwhile as `save_entries`."""
        ...

    def withdraw_notice(self, notice_id: str) -> None:
        """Remove a notice that never went out: nothing is left for it to list."""
        ...

    def find_notice(self, notice_id: str) -> Notice | None:
        """One notice."""
        ...

    def list_notices(
        self,
        *,
        account: str = "",
        states: Sequence[NoticeState] = (),
        due_at: datetime | None = None,
        limit: int = 0,
    ) -> list[Notice]:
        """Notices, oldest first. `due_at`: those of which something is due by then."""
        ...

    def save_notice(self, notice: Notice, *, expected_state: NoticeState) -> bool:
        """Overwrite a notice, unless its state is no longer `was`: somebody answered meanwhile. False then."""
        ...

    def find_last_opened_at(self, account: str) -> datetime | None:
        """When this account's newest notice was opened: digests have a rhythm."""
        ...

    def save_link_token(self, notice_id: str, token: str, expires_at: datetime) -> None:
        """Let this token answer this notice; it rests as a hash."""
        ...

    def find_notice_by_token(self, token: str) -> Notice | None:
        """The notice that this token may answer; None for an unknown, used or expired one alike."""
        ...

    def delete_link_tokens(self, notice_id: str, token: str = "") -> None:
        """End every token of a notice, or only that one."""
        ...

    def wake_requests_of_items(self, items: Iterable[NoticeItem]) -> None:
        """Let the requests of these entries take in how they stand now."""
        ...

    def record_parcel_status(
        self, shop: str, waybill: str, status: ParcelStatus, status_at: datetime | None
    ) -> bool:
        """The shop says where a parcel of an erased person is. False where no entry lists it."""
        ...

    def record_blocker(self, shop: str, order_id: str, blocker: str, *, is_open: bool) -> None:
        """The shop says that a return or dispute (`return/9`) of an erased person's order began or ended."""
        ...

    def list_blockers(self, shop: str, order_id: str) -> tuple[str, ...]:
        """What is open about an erased person's order, as its entries have it."""
        ...
