"""Heartbeats: which processes work, when each was last seen, and which version it runs."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, func, insert, select, update

from bridge.store.schema.operations_tables import heartbeats
from bridge.store.session import Session

FORGET_AFTER = timedelta(days=30)


class HeartbeatRows:
    """Heartbeats of processes, by kind (`worker`, `clock`) and name."""

    def __init__(self, session: Session) -> None:
        self._session, self._connection = session, session.connection

    def record_heartbeat(self, kind: str, name: str, *, version: str) -> None:
        """Record that a process works now; forget those of its kind that have long been silent."""
        now = self._session.now()
        of_kind = heartbeats.c.kind == kind
        row = {"version": version, "seen_at": now}
        if not self._connection.execute(
            update(heartbeats).where(of_kind, heartbeats.c.name == name).values(row)
        ).rowcount:
            self._connection.execute(insert(heartbeats).values(**row, kind=kind, name=name, started_at=now))
            self._connection.execute(delete(heartbeats).where(of_kind, heartbeats.c.seen_at < now - FORGET_AFTER))

    def find_last_heartbeat(self, kind: str) -> datetime | None:
        """Return when a process of this kind was last seen; None where none ever was."""
        last: datetime | None = self._connection.scalar(
            select(func.max(heartbeats.c.seen_at)).where(heartbeats.c.kind == kind)
        )
        return last

    def find_last_start(self, kind: str) -> datetime | None:
        """Return when the process of this kind that was last seen was seen first; None where none ever was."""
        of_kind = select(heartbeats.c.started_at).where(heartbeats.c.kind == kind)
        started_at: datetime | None = self._connection.scalar(of_kind.order_by(heartbeats.c.seen_at.desc()).limit(1))
        return started_at

    def count_seen_since(self, kind: str, since: datetime) -> int:
        """Count the processes of a kind that were seen since then."""
        seen = (heartbeats.c.kind == kind, heartbeats.c.seen_at >= since)
        return self._connection.scalar(select(func.count()).select_from(heartbeats).where(*seen)) or 0
