"""How far the mailbox was read, leased by the worker that reads it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from bridge.model import Lease, MailboxPosition
from bridge.store.leases import acquire_row_lease, renew_row_lease
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
        lease = acquire_row_lease(self._session, mailboxes, MAILBOX, even_early=even_early)
        if lease is None:
            return None
        columns = (mailboxes.c.uid_validity, mailboxes.c.last_uid)
        row = self._connection.execute(select(*columns).where(mailboxes.c.id == MAILBOX)).one()
        return lease, MailboxPosition(uid_validity=row.uid_validity, last_uid=row.last_uid)

    def verify_lease(self, lease: Lease) -> None:
        """Verify and renew a lease at the start of a transaction; a released one is not renewed. Raises LeaseLost."""
        renew_row_lease(self._session, mailboxes, lease)

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
