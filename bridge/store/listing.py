"""What operators are shown: inbox, requests, notices, health. It reads, puts failed webhooks back, and shows no body."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, func, or_, select, update

from bridge.model import Delivery, DeliveryState, Notice, ProcessorAnswer, TaskAction
from bridge.store.erasure.remnants import OVERWRITTEN_WITHIN
from bridge.store.schema.columns import inline
from bridge.store.schema.index_tables import remnants
from bridge.store.schema.notice_tables import notice_accounts, notice_items, notices
from bridge.store.schema.retention_tables import reviews
from bridge.store.schema.tables import deliveries, locks, requests, tasks
from bridge.store.selection.row_filter import RowFilter
from bridge.store.selection.selection_rows import SelectionRows
from bridge.store.session import Session
from bridge.store.webhooks.inbox import NEEDS_ACTION, InboxRows


class OperatorQueries:
    """The operators' queries, and the named locks."""

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
        webhook_id: str = "",
        needs_action: bool = False,
    ) -> list[Mapping[str, Any]]:
        """Return deliveries without their bodies, newest first; with `needs_action` mandatory ones not acted on."""
        wanted = RowFilter(
            state=state, topic=topic, webhook_id=webhook_id, since=since, needs_action=needs_action, limit=limit
        )
        return list(SelectionRows(self._session).select_deliveries(wanted, ids).rows)

    def reveal_delivery(self, delivery_id: str) -> Delivery | None:
        """Return one delivery with its body in the clear; the caller records the reveal."""
        row = self._connection.execute(select(deliveries).where(deliveries.c.id == delivery_id)).one_or_none()
        return InboxRows(self._session).open_delivery(row) if row else None

    def filter_replayable(self, delivery_ids: Sequence[str]) -> list[str]:
        """Return those that may be put back: failed, or rejected because the shop was not configured then.

        What was rejected because its parts disagree stays rejected: only the body was ever signed. A rejected mandatory
        webhook is decided on anew by `steps/webhooks/replay.py`.
        """
        is_replayable = or_(
            deliveries.c.state == DeliveryState.FAILED,
            and_(deliveries.c.state == DeliveryState.REJECTED, deliveries.c.reason == "shop_unknown"),
        )
        has_body = deliveries.c.body.is_not(None)
        rows = select(deliveries.c.id).where(deliveries.c.id.in_(delivery_ids), is_replayable, has_body)
        return list(self._connection.scalars(rows.order_by(deliveries.c.received_at)))

    def replay_deliveries(self, delivery_ids: Sequence[str]) -> list[str]:
        """Put those that may be put back into the inbox again. Return their ids."""
        replayable = self.filter_replayable(delivery_ids)
        values = {"state": DeliveryState.RECEIVED, "attempts": 0, "last_error": "", "reason": ""}
        values |= {"wake_at": self._session.now(), "rung_at": None, "done_at": None}
        self._connection.execute(update(deliveries).where(deliveries.c.id.in_(replayable)).values(values))
        return replayable

    def list_notices(
        self, *, state: str = "", processor: str = "", is_open: bool = False, limit: int = 100
    ) -> list[tuple[Notice, int]]:
        """Return notices with the number of their items, newest first; all, or those without an answer."""
        wanted = RowFilter(state=state, system=processor, incomplete=is_open, limit=limit)
        return list(SelectionRows(self._session).select_notices(wanted).rows)

    def count_unsent_items(self, *, state: str = "", processor: str = "") -> list[Mapping[str, Any]]:
        """Count items that are in no letter by processor, state and reason, with the earliest `not_before` of each."""
        columns = [notice_items.c[name] for name in ("shop", "processor", "state", "reason")]
        first = func.min(notice_items.c.not_before).label("not_before")
        rows = (
            select(*columns, func.count().label("entries"), first)
            .where(notice_items.c.notice_id == "", notice_items.c.answer.is_(None))
            .where(*_match_given((notice_items.c.state, state), (notice_items.c.processor, processor)))
            .group_by(*columns)
            .order_by(*columns)
        )
        return [dict(row) for row in self._connection.execute(rows).mappings()]

    def count_refused_items(self) -> list[Mapping[str, Any]]:
        """Count items that a processor refused by processor and reason."""
        columns = [notice_items.c[name] for name in ("shop", "processor", "reason")]
        rows = (
            select(*columns, func.count().label("entries"))
            .where(notice_items.c.answer == inline(ProcessorAnswer.REFUSED))
            .group_by(*columns)
            .order_by(*columns)
        )
        return [dict(row) for row in self._connection.execute(rows).mappings()]

    def list_failing_accounts(self) -> list[Mapping[str, Any]]:
        """Return accounts whose last run failed: error code, attempts, and when they run again."""
        columns = [notice_accounts.c[name] for name in ("shop", "processor", "last_error", "attempts", "wake_at")]
        rows = select(*columns).where(notice_accounts.c.last_error != "").order_by(notice_accounts.c.id)
        return [dict(row) for row in self._connection.execute(rows).mappings()]

    def list_last_received(self) -> dict[tuple[str, str], datetime]:
        """Return when each topic of each shop was last received and not rejected."""
        rows = (
            select(deliveries.c.shop, deliveries.c.topic, func.max(deliveries.c.received_at))
            .where(deliveries.c.state != DeliveryState.REJECTED)
            .group_by(deliveries.c.shop, deliveries.c.topic)
        )
        return {(shop, topic): received_at for shop, topic, received_at in self._connection.execute(rows)}

    def list_last_versions(self, domains: Sequence[str]) -> dict[str, str]:
        """Return the API version of the last webhook of each topic that came under these domains and was not rejected."""
        rows = (
            select(deliveries.c.topic, deliveries.c.api_version, func.max(deliveries.c.received_at).label("at"))
            .where(deliveries.c.shop.in_(domains), deliveries.c.state != DeliveryState.REJECTED)
            .group_by(deliveries.c.topic, deliveries.c.api_version)
        )
        return {row.topic: row.api_version for row in sorted(self._connection.execute(rows), key=lambda row: row.at)}

    def count_mandatory_rejections(self) -> dict[str, int]:
        """Count the mandatory webhooks that nobody has acted on by reason; `failed` for those without one."""
        rows = select(deliveries.c.reason, func.count()).where(NEEDS_ACTION).group_by(deliveries.c.reason)
        return {reason or DeliveryState.FAILED.value: count for reason, count in self._connection.execute(rows)}

    def count_by_state(self) -> dict[str, dict[str, int]]:
        """Count deliveries, requests and notices by state, those that are late, remnants, blocked items, and customers to ask Shopify about."""
        from bridge.rules.notices.answers import BLOCKING_REASONS  # noqa: PLC0415 - slow to import
        from bridge.rules.requests.same_person import SEVERAL_CUSTOMERS  # noqa: PLC0415
        from bridge.store.requests.sql_conditions import IS_UNFULFILLED  # noqa: PLC0415

        counts: dict[str, dict[str, int]] = {}
        for table in (deliveries, requests, notices):
            rows = select(table.c.state, func.count()).group_by(table.c.state)
            counts[table.name] = dict(self._connection.execute(rows).all())
        is_blocked = (notice_items.c.answer.is_(None), notice_items.c.reason.in_(list(BLOCKING_REASONS)))
        now = self._session.now()
        counts["late"] = {
            "requests": self._count_rows(IS_UNFULFILLED, requests.c.due_at < now),
            "notices": self._count_rows(notices.c.answered_at.is_(None), notices.c.due_at < now),
        }
        counts["remnants"] = {"overdue": self._count_rows(remnants.c.destroyed_at < now - OVERWRITTEN_WITHIN)}
        asked = select(tasks.c.state, func.count()).where(tasks.c.action == TaskAction.REQUEST_PLATFORM_ERASURE)
        in_doubt = self._count_rows(reviews.c.kind == SEVERAL_CUSTOMERS, reviews.c.closed_at.is_(None))
        counts["platform_customers"] = dict(self._connection.execute(asked.group_by(tasks.c.state)).all())
        counts["platform_customers"]["in_doubt"] = in_doubt
        return counts | {"stuck": {"entries": self._count_rows(*is_blocked)}}

    def _count_rows(self, *conditions: Any) -> int:
        return self._connection.scalar(select(func.count()).where(*conditions)) or 0

    def acquire_named_lock(self, name: str, holder: str, seconds: float) -> bool:
        """Take or renew a named lock for `seconds`; False where another holder has it."""
        now = self._session.now()
        until = now + timedelta(seconds=seconds)
        is_free = (locks.c.holder == holder) | (locks.c.held_until < now)
        locking = update(locks).where(locks.c.name == name, is_free).values(holder=holder, held_until=until)
        return bool(self._connection.execute(locking).rowcount)


def _match_given(*filters: tuple[Any, str]) -> list[Any]:
    """Return the conditions for those of these (column, value) that have a value."""
    return [column == value for column, value in filters if value]
