"""Notice accounts: one processor of one shop, on which one worker works at a time by a lease."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select

from bridge.model import Lease
from bridge.store.leases import acquire_row_lease, renew_row_lease, update_leased_row
from bridge.store.schema.notice_tables import notice_accounts, notice_items, notices
from bridge.store.session import Session
from bridge.store.upsert import upsert


class NoticeAccountRows:
    """Notice accounts, each with the id `shop|processor`."""

    def __init__(self, session: Session) -> None:
        self._session, self._connection = session, session.connection

    def acquire_lease(self, account: str) -> Lease | None:
        """Lease an account that is due; None where it is not due or leased."""
        values = {"attempts": notice_accounts.c.attempts + 1}
        return acquire_row_lease(self._session, notice_accounts, account, values=values)

    def verify_lease(self, lease: Lease) -> None:
        """Verify and renew a lease at the start of a transaction. Raises LeaseLost.

        A lease that was released is not renewed: a renewal may have waited for the transaction that released it.
        """
        renew_row_lease(self._session, notice_accounts, lease)

    def release_lease(
        self, lease: Lease, *, wake_at: datetime | None = None, error: str = "", not_before: datetime | None = None
    ) -> None:
        """Release an account until `wake_at` or the earliest time at which one of its items or notices is due.

        With an `error` its attempts are not reset, and nothing happens before `not_before`. Raises LeaseLost.
        """
        # locked first: what another worker adds meanwhile is either counted below or wakes the account afterwards
        self.verify_lease(lease)
        shop, _, processor = lease.row_id.partition("|")
        of_account = (notice_items.c.shop == shop, notice_items.c.processor == processor)
        item_due = self._connection.scalar(select(func.min(notice_items.c.look_at)).where(*of_account))
        of_account = (notices.c.shop == shop, notices.c.processor == processor)
        notice_due = self._connection.scalar(select(func.min(notices.c.next_at)).where(*of_account))
        due = min((at for at in (item_due, notice_due, wake_at) if at is not None), default=None)
        if due is not None and not_before is not None:
            due = max(due, not_before)
        values = {"wake_at": due or not_before, "rung_at": None, "lease_until": None}
        if not error:
            values["attempts"] = 0
        update_leased_row(self._session, notice_accounts, lease, {**values, "last_error": error[:200]})

    def count_attempts(self, account: str) -> int:
        """Return how often this account was leased since its last release without an error."""
        attempts = select(notice_accounts.c.attempts).where(notice_accounts.c.id == account)
        return self._connection.scalar(attempts) or 0

    def wake_account(self, account: str, wake_at: datetime | None = None) -> None:
        """Make this account due at that time, or now; it never becomes due later than it was."""
        shop, _, processor = account.partition("|")
        times = {"wake_at": wake_at or self._session.now(), "rung_at": None}
        row = {"id": account, "shop": shop, "processor": processor, **times}
        statement = upsert(self._connection, notice_accounts, ["id"], times, where=_wakes_earlier)
        self._connection.execute(statement, row | {"attempts": 0, "last_error": "", "fence": 0})


def _wakes_earlier(stored: Any, given: Any) -> Any:
    return or_(stored.wake_at.is_(None), stored.wake_at > given.wake_at)
