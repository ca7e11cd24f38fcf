"""Decide how long an erasure waits for the answer to an access request of the same data subject. Pure.

Whoever asks for a copy and for erasure is owed both. The erasure destroys the copy, so it waits until the copy has left
the bridge or was given up, but not so long that the erasure itself would be late.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from bridge.model import PendingPackage

TIME_TO_ERASE = timedelta(days=3)  # between the end of the wait and the deadline: a system may be down, a copy missing
MIN_WAIT = timedelta(days=3)  # from when the package is ready, also where the deadline is closer than the above
LAST_MOMENT = timedelta(hours=1)  # before the deadline, after which nothing waits
WARN_BEFORE = timedelta(days=3)  # the end of a wait, of a package or of a deadline


def compute_wait_end(package: PendingPackage, *, erasure_due_at: datetime) -> datetime | None:
    """Return until when an erasure waits for this package; None: until it is ready or has failed.

    The end keeps the deadline of the erasure. Only where that had passed before the package was ready, `MIN_WAIT` comes
    on top: whoever is answered late must not lose the copy as well.
    """
    if package.ready_at is None:
        return erasure_due_at - TIME_TO_ERASE if package.has_failed else None
    wanted = max(erasure_due_at - TIME_TO_ERASE, package.ready_at + MIN_WAIT)
    return wanted if erasure_due_at <= package.ready_at else min(wanted, erasure_due_at - LAST_MOMENT)


def is_ending_soon(end_at: datetime, now: datetime) -> bool:
    """Return whether an end is so close, or past, that an operator must act."""
    return now >= end_at - WARN_BEFORE
