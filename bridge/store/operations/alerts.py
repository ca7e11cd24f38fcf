"""Alerts that are open or just ended, and when operators were last written to. They survive every restart."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import ColumnElement, and_, delete, insert, select, update

from bridge.rules.operations.alerts import Alert, Announcement
from bridge.store.schema.operations_tables import alerts, operator_messages
from bridge.store.session import Session
from bridge.store.upsert import upsert

ConditionKey = tuple[str, str]  # condition and reason


class AlertRows:
    """Alerts by condition and reason, and the messages by channel (`alerts`, `digest`)."""

    def __init__(self, session: Session) -> None:
        self._session, self._connection = session, session.connection

    def list_alerts(self) -> list[Alert]:
        """Return all alerts that are open, or ended and not announced."""
        rows = self._connection.execute(
            select(alerts).order_by(alerts.c.raised_at, alerts.c.condition, alerts.c.reason)
        )
        return [Alert(**row) for row in rows.mappings()]

    def save_alerts(self, found: Mapping[ConditionKey, int]) -> None:
        """Open an alert for what is new, end those of what is gone, and forget those whose beginning nobody heard of."""
        now, stored = self._session.now(), {(one.condition, one.reason): one for one in self.list_alerts()}
        for key, count in found.items():
            if key not in stored:
                values = {"condition": key[0], "reason": key[1], "count": count, "raised_at": now}
                self._connection.execute(insert(alerts).values(values))
            elif stored[key].count != count or stored[key].cleared_at is not None:
                # one that comes back before its end was announced goes on
                self._connection.execute(update(alerts).where(_is_alert(key)).values(count=count, cleared_at=None))
        for key in stored.keys() - found.keys():
            if stored[key].announced_at is None:
                self._connection.execute(delete(alerts).where(_is_alert(key)))
            elif stored[key].cleared_at is None:
                self._connection.execute(update(alerts).where(_is_alert(key)).values(cleared_at=now))

    def record_announced(self, announced: Collection[Announcement]) -> None:
        """Record which alerts were announced as open, and forget those that were announced as ended."""
        for each in announced:
            is_same = and_(_is_alert((each.condition, each.reason)), alerts.c.raised_at == each.since)
            if each.has_ended:
                self._connection.execute(delete(alerts).where(is_same, alerts.c.cleared_at.is_not(None)))
            else:
                self._connection.execute(update(alerts).where(is_same).values(announced_at=self._session.now()))

    def announce_again(self, condition: str, reason: str) -> None:
        """Let an alert that is open be announced once more, because more rows meet its condition."""
        is_open = (_is_alert((condition, reason)), alerts.c.cleared_at.is_(None))
        self._connection.execute(update(alerts).where(*is_open).values(announced_at=None))

    def is_message_due(self, channel: str) -> bool:
        """Return whether a message of this channel may be sent now: a failed one waits before the next try."""
        waits = (operator_messages.c.channel == channel, operator_messages.c.wake_at > self._session.now())
        return self._connection.execute(select(operator_messages.c.channel).where(*waits)).first() is None

    def find_last_sent(self, channel: str) -> datetime | None:
        """Return when a message of this channel was last sent; None where none ever was."""
        of_channel = select(operator_messages.c.sent_at).where(operator_messages.c.channel == channel)
        sent_at: datetime | None = self._connection.scalar(of_channel)
        return sent_at

    def find_message_failures(self) -> dict[str, tuple[int, str]]:
        """Return the channels whose last message failed: how often in a row, and why."""
        columns = [operator_messages.c[name] for name in ("channel", "attempts", "last_error")]
        rows = self._connection.execute(select(*columns).where(operator_messages.c.attempts > 0))
        return {row.channel: (row.attempts, row.last_error) for row in rows}

    def record_sent(self, channel: str) -> None:
        """Record that a message of this channel was sent now."""
        now = self._session.now()
        self._save_message(channel, sent_at=now, wake_at=now, attempts=0, last_error="")

    def record_not_sent(self, channel: str, error: str, retry_at: datetime, *, attempts: int) -> None:
        """Record why a message of this channel was not sent, for which time in a row, and when it is tried again."""
        self._save_message(channel, attempts=attempts, last_error=error[:200], wake_at=retry_at)

    def _save_message(self, channel: str, **values: object) -> None:
        row = {"channel": channel, **values}
        self._connection.execute(upsert(self._connection, operator_messages, ["channel"], values), row)


def _is_alert(key: ConditionKey) -> ColumnElement[bool]:
    return and_(alerts.c.condition == key[0], alerts.c.reason == key[1])
