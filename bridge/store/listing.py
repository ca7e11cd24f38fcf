"""What an operator is shown: inbox, requests, shops, health. Reads, and puts failed work back; no bodies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, or_, select, update

from bridge.model import DeliveryState, Principal, PrivacyRequest, ProcessorAnswer
from bridge.rules.notices.answers import BLOCKING_REASONS
from bridge.store.notices.letters import NoticeRows
from bridge.store.requests.request_rows import request_from_row
from bridge.store.schema.notice_tables import notice_accounts, notice_items, notices
from bridge.store.schema.tables import deliveries, locks, requests
from bridge.store.webhooks.inbox import InboxRows

if TYPE_CHECKING:
    from bridge.model import Delivery, Notice
    from bridge.store.session import Session


class OperatorQueries:
    """The operator's reading of one transaction, and the small tables nobody else owns."""

    def __init__(self, session: Session) -> None:
        self._session, self._connection = session, session.connection

    def list_deliveries(
        self,
        *,
        state: str = "",
        topic: str = "",
        since: datetime | None = None,
        limit: int = 100,
        ids: Sequence[str] = (),
    ) -> list[Mapping[str, Any]]:
        """Deliveries without their bodies, newest first."""
        columns = [column for column in deliveries.c if column.name not in {"body", "digest", "once_key"}]
        rows = select(*columns).order_by(deliveries.c.received_at.desc(), deliveries.c.id).limit(limit)
        if state:
            rows = rows.where(deliveries.c.state == state)
        if topic:
            rows = rows.where(deliveries.c.topic == topic)
        if since:
            rows = rows.where(deliveries.c.received_at >= since)
        if ids:
            rows = rows.where(deliveries.c.id.in_(ids))
        return [dict(row) for row in self._connection.execute(rows).mappings()]

    def reveal_delivery(self, delivery_id: str) -> Delivery | None:
        """One delivery with its body in the clear: a reveal, which the caller records."""
        row = self._connection.execute(select(deliveries).where(deliveries.c.id == delivery_id)).one_or_none()
        return InboxRows(self._session).open_delivery(row) if row else None

    def filter_replayable(self, delivery_ids: Sequence[str]) -> list[str]:
        """Those that may be put back: failed, or rejected for a shop that was not configured then.

        What was rejected because its parts disagree stays rejected: only the body was ever signed.
        """
        may = or_(
            deliveries.c.state == DeliveryState.FAILED,
            and_(deliveries.c.state == DeliveryState.REJECTED, deliveries.c.reason == "shop_unknown"),
        )
        rows = select(deliveries.c.id).where(
            deliveries.c.id.in_(delivery_ids), may, deliveries.c.body.is_not(None)
        )
        return list(self._connection.scalars(rows.order_by(deliveries.c.received_at)))

    def replay_deliveries(self, delivery_ids: Sequence[str]) -> list[str]:
        """Receive those that may be put back again. Returns their ids."""
        can = self.filter_replayable(delivery_ids)
        self._connection.execute(
            update(deliveries)
            .where(deliveries.c.id.in_(can))
            .values(
                state=DeliveryState.RECEIVED,
                attempts=0,
                last_error="",
                reason="",
                wake_at=self._session.now(),
                rung_at=None,
                done_at=None,
            )
        )
        return can

    def list_requests(
        self, *, state: str = "", kind: str = "", shop: str = "", limit: int = 100
    ) -> list[PrivacyRequest]:
        """Requests without the person, newest first."""
        rows = select(requests).order_by(requests.c.received_at.desc(), requests.c.id.desc()).limit(limit)
        for column, value in ((requests.c.state, state), (requests.c.kind, kind), (requests.c.shop, shop)):
            if value:
                rows = rows.where(column == value)
        return [request_from_row(row, Principal()) for row in self._connection.execute(rows)]

    def list_notices(
        self, *, state: str = "", processor: str = "", is_open: bool = False, limit: int = 100
    ) -> list[tuple[Notice, int]]:
        """Notices with the number of their entries, newest first; all, or those without an answer."""
        listed = select(func.count()).where(notice_items.c.notice_id == notices.c.id).scalar_subquery()
        rows = select(notices.c.id, listed).order_by(notices.c.created_at.desc(), notices.c.id).limit(limit)
        if is_open:
            rows = rows.where(notices.c.answered_at.is_(None))
        for column, value in ((notices.c.state, state), (notices.c.processor, processor)):
            if value:
                rows = rows.where(column == value)
        reader = NoticeRows(self._session)
        found = [(reader.find_notice(row[0]), row[1]) for row in self._connection.execute(rows).all()]
        return [(notice, count) for notice, count in found if notice is not None]

    def count_unsent_items(self, *, state: str = "", processor: str = "") -> list[Mapping[str, Any]]:
        """Entries that are in no letter, counted by processor, state and reason, with the first day of each."""
        columns = [notice_items.c[name] for name in ("shop", "processor", "state", "reason")]
        first = func.min(notice_items.c.not_before).label("not_before")
        rows = (
            select(*columns, func.count().label("entries"), first)
            .where(notice_items.c.notice_id == "", notice_items.c.answer.is_(None))
            .group_by(*columns)
            .order_by(*columns)
        )
        for column, value in ((notice_items.c.state, state), (notice_items.c.processor, processor)):
            if value:
                rows = rows.where(column == value)
        return [dict(row) for row in self._connection.execute(rows).mappings()]

    def count_refused_items(self) -> list[Mapping[str, Any]]:
        """Entries that a processor refused, counted by processor and reason."""
        columns = [notice_items.c[name] for name in ("shop", "processor", "reason")]
        rows = (
            select(*columns, func.count().label("entries"))
            .where(notice_items.c.answer == ProcessorAnswer.REFUSED)
            .group_by(*columns)
            .order_by(*columns)
        )
        return [dict(row) for row in self._connection.execute(rows).mappings()]

    def list_failing_accounts(self) -> list[Mapping[str, Any]]:
        """Accounts whose last turn did not go well, with the code of what it was and when they go on."""
        told = [
            notice_accounts.c[name] for name in ("shop", "processor", "last_error", "attempts", "wake_at")
        ]
        rows = select(*told).where(notice_accounts.c.last_error != "").order_by(notice_accounts.c.id)
        return [dict(row) for row in self._connection.execute(rows).mappings()]

    def list_last_received(self) -> dict[tuple[str, str], datetime]:
        """When each topic of each shop was last received."""
        rows = select(deliveries.c.shop, deliveries.c.topic, func.max(deliveries.c.received_at)).group_by(
            deliveries.c.shop, deliveries.c.topic
        )
        return {(shop, topic): seen for shop, topic, seen in self._connection.execute(rows)}

    def count_by_state(self) -> dict[str, dict[str, int]]:
        """Rows per state of the inbox and of the requests, and those that are late."""
        inbox = select(deliveries.c.state, func.count()).group_by(deliveries.c.state)
        states = select(requests.c.state, func.count()).group_by(requests.c.state)
        late = select(func.count()).where(
            requests.c.closed_at.is_(None), requests.c.due_at < self._session.now()
        )
        letters = select(notices.c.state, func.count()).group_by(notices.c.state)
        overdue = select(func.count()).where(
            notices.c.answered_at.is_(None), notices.c.due_at < self._session.now()
        )
        stuck = select(func.count()).where(
            notice_items.c.answer.is_(None), notice_items.c.reason.in_(list(BLOCKING_REASONS))
        )
        return {
            "deliveries": dict(self._connection.execute(inbox).all()),
            "requests": dict(self._connection.execute(states).all()),
            "notices": dict(self._connection.execute(letters).all()),
            "late": {
                "requests": self._connection.scalar(late) or 0,
                "notices": self._connection.scalar(overdue) or 0,
            },
            "stuck": {"entries": self._connection.scalar(stuck) or 0},
        }

    def acquire_named_lock(self, name: str, holder: str, seconds: float) -> bool:
        """Hold a named lock until `seconds` from now; False where somebody else holds it."""
        now = self._session.now()
        until = now + timedelta(seconds=seconds)
        mine = (locks.c.holder == holder) | (locks.c.held_until < now)
        taken = self._connection.execute(
            update(locks).where(locks.c.name == name, mine).values(holder=holder, held_until=until)
        )
        return bool(taken.rowcount)
