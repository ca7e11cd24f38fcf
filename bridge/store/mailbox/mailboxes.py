"""How far the mailbox was read, leased by the worker that reads it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select, true, update

from bridge.errors import LeaseLost
from bridge.model import Lease, MailboxPosition
from bridge.store.schema.desk_tables import mailboxes
from bridge.store.session import Session
from bridge.store.upsert import upsert

MAILBOX = "mailbox"  # there is one


class MailboxRows:
    """The mailbox, read by one worker at a time."""

    def __init__(self, session: Session) -> None:
        self._session, self._connection = session, session.connection

    def ensure_mailbox(self) -> None:
        """Begin to read the mailbox; nothing changes where it is read already."""
        row = {"id": MAILBOX, "shop": "", "uid_validity": 0, "last_uid": 0, "wake_at": self._session.now()}
        self._connection.execute(upsert(self._connection, mailboxes), row)

    def acquire_lease(self, *, even_early: bool = False) -> tuple[Lease, MailboxPosition] | None:
        """Lease the mailbox that is due and return how far it was read; None where it is not due or leased.

        `even_early`: it need not be due.
        """
        now = self._session.now()
        free = or_(mailboxes.c.lease_until.is_(None), mailboxes.c.lease_until < now)
        is_due = true() if even_early else mailboxes.c.wake_at <= now
        values = {"fence": mailboxes.c.fence + 1, "lease_until": now + timedelta(seconds=self._session.lease_s)}
        leasing = update(mailboxes).where(mailboxes.c.id == MAILBOX, free, is_due).values(values)
        row = self._connection.execute(leasing.returning(mailboxes)).one_or_none()
        if row is None:
            return None
        position = MailboxPosition(uid_validity=row.uid_validity, last_uid=row.last_uid)
        return Lease(row_id=MAILBOX, fence=row.fence), position

    def verify_lease(self, lease: Lease) -> None:
        """Verify and renew a lease at the start of a transaction; a released one is not renewed. Raises LeaseLost."""
        until = self._session.now() + timedelta(seconds=self._session.lease_s)
        is_held = (
            mailboxes.c.id == lease.row_id,
            mailboxes.c.fence == lease.fence,
            mailboxes.c.lease_until.is_not(None),
        )
        if self._connection.execute(update(mailboxes).where(*is_held).values(lease_until=until)).rowcount != 1:
            raise LeaseLost(lease.row_id)

    def save_position(self, lease: Lease, position: MailboxPosition) -> None:
        """Store how far the mailbox was read. Raises LeaseLost."""
        self.verify_lease(lease)
        values = {"uid_validity": position.uid_validity, "last_uid": position.last_uid}
        self._connection.execute(update(mailboxes).where(mailboxes.c.id == lease.row_id).values(values))

    def release_lease(self, lease: Lease, *, wake_at: datetime, error: str = "") -> None:
        """Release the mailbox until `wake_at`; without an error it was read now. Raises LeaseLost."""
        self.verify_lease(lease)
        values: dict[str, Any] = {"wake_at": wake_at, "rung_at": None, "lease_until": None, "last_error": error[:200]}
        if not error:
            values |= {"checked_at": self._session.now(), "attempts": 0}
        else:
            values["attempts"] = mailboxes.c.attempts + 1
        self._connection.execute(update(mailboxes).where(mailboxes.c.id == lease.row_id).values(values))

    def read_state(self) -> tuple[datetime | None, str, int] | None:
        """Return when the mailbox was last read whole, its last error, and how often it failed since; None where it never was due."""
        row = self._connection.execute(select(mailboxes).where(mailboxes.c.id == MAILBOX)).one_or_none()
        return (row.checked_at, row.last_error, row.attempts) if row else None
