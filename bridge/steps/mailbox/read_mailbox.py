"""Reads the mailbox: what is new is taken in, mail by mail, and how far it was read is stored with each.

One worker at a time by a lease. A mail that cannot be stored is read again the next time; a crash takes none in twice.
"""

from __future__ import annotations

from datetime import timedelta

import structlog

from bridge.errors import ConnectorRefused, ConnectorUnavailable, CredentialRejected
from bridge.services import Services
from bridge.steps.mailbox.take_in_mail import take_in_mail_within

log = structlog.get_logger()

READ_EVERY = timedelta(seconds=30)
RETRY_AFTER = timedelta(minutes=5)


def ensure_mailbox(*, services: Services) -> None:
    """Begin to read the configured mailbox, if none is read yet."""
    if services.mailbox is not None:
        with services.store.read() as tx:
            is_known = tx.mailboxes.read_state() is not None
        if not is_known:
            with services.store.transaction() as tx:
                tx.mailboxes.ensure_mailbox()


def read_mailbox(*, services: Services, even_early: bool = False) -> int | None:
    """Take in the next mails and return how many were new; None where another worker reads, or nothing is due.

    Raises StoreUnavailable, LeaseLost; what the mailbox's server refuses is stored, logged, and tried again.
    """
    if services.mailbox is None:
        return None
    with services.store.transaction() as tx:
        leased = tx.mailboxes.acquire_lease(even_early=even_early)
    if leased is None:
        return None
    lease, position = leased
    taken_in, fetched, error = 0, 0, ""
    with services.store.renewing_lease(lease, "mailboxes"):
        try:
            for found in services.mailbox.fetch_mails(position):
                fetched += 1
                with services.store.transaction() as tx:
                    mail = take_in_mail_within(found.mail, tx=tx, services=services) if found.mail else None
                    tx.mailboxes.save_position(lease, found.position)
                taken_in += mail is not None
        except (ConnectorUnavailable, ConnectorRefused, CredentialRejected) as fault:
            error = str(fault)
            log.warning("mailbox.unreadable", why=error)
    now = services.clock.now()
    # a full batch: there may be more
    wake_at = now + RETRY_AFTER if error else now if fetched else now + READ_EVERY
    with services.store.transaction() as tx:
        tx.mailboxes.release_lease(lease, wake_at=wake_at, error=error)
    if taken_in:
        log.info("mailbox.read", taken_in=taken_in)
    return taken_in
