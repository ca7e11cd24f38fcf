"""Leases of rows: one worker at a time may change a row, until its lease ends, and every write shows the lease's number.

For tables with the columns `id`, `wake_at`, `lease_until` and `fence`. Requests and deliveries have prepared statements of
their own: they are leased most.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Table, or_, update

from bridge.errors import LeaseLost
from bridge.model import Lease
from bridge.store.session import Session


def is_free(table: Table, now: datetime) -> ColumnElement[bool]:
    """Return the condition for rows that no worker holds."""
    return or_(table.c.lease_until.is_(None), table.c.lease_until < now)


def acquire_row_lease(
    session: Session,
    table: Table,
    row_id: str,
    *conditions: ColumnElement[bool],
    even_early: bool = False,
    values: Mapping[str, Any] | None = None,
) -> Lease | None:
    """Lease a row that is due, or `even_early`, and meets the conditions, and set its `values`; None where it does not, or is leased."""
    now = session.now()
    due = () if even_early else (table.c.wake_at <= now,)
    leased = {"fence": table.c.fence + 1, "lease_until": now + timedelta(seconds=session.lease_s)}
    leasing = update(table).where(table.c.id == row_id, *due, is_free(table, now), *conditions)
    fence = session.connection.scalar(leasing.values(**leased, **(values or {})).returning(table.c.fence))
    return None if fence is None else Lease(row_id=row_id, fence=fence)


def renew_row_lease(session: Session, table: Table, lease: Lease) -> None:
    """Verify and renew a lease; a released one is not renewed. Raises LeaseLost."""
    until = session.now() + timedelta(seconds=session.lease_s)
    update_leased_row(session, table, lease, {"lease_until": until}, table.c.lease_until.is_not(None))


def update_leased_row(
    session: Session, table: Table, lease: Lease, values: Mapping[str, Any], *conditions: ColumnElement[bool]
) -> None:
    """Change a row for the worker that leased it last. Raises LeaseLost where another did since, or a condition is not met."""
    leased = (table.c.id == lease.row_id, table.c.fence == lease.fence, *conditions)
    if session.connection.execute(update(table).where(*leased).values(**values)).rowcount != 1:
        raise LeaseLost(lease.row_id)
