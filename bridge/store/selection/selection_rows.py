"""Selects rows for lists and bulk commands, a page at a time, and counts what failed by its class."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any, TypeVar

from sqlalchemy import and_, func, not_, or_, select

from bridge.errors import PayloadInvalid
from bridge.model import (
    DeliveryState,
    Mail,
    MailState,
    Notice,
    NoticeState,
    Principal,
    PrivacyRequest,
    RequestState,
    Review,
    TaskState,
)
from bridge.store.requests.requests import request_from_row
from bridge.store.requests.sql_conditions import IS_UNFULFILLED
from bridge.store.schema.columns import inline
from bridge.store.schema.desk_tables import mails
from bridge.store.schema.notice_tables import notice_items, notices
from bridge.store.schema.retention_tables import reviews
from bridge.store.schema.tables import deliveries, requests, tasks
from bridge.store.selection.failure_sql import (
    DELIVERY_CLASS,
    IS_TASK_UNFINISHED,
    IS_UNSENT,
    NOTICE_CLASS,
    REQUEST_CLASS,
    TASK_CLASS,
    Condition,
    has_task,
)
from bridge.store.selection.row_filter import MAX_COUNTED, Page, ReasonCount, RowFilter
from bridge.store.session import Session
from bridge.store.webhooks.inbox import HAS_FAILED, NEEDS_ACTION, SETTLED_REASONS

T = TypeVar("T")
HIDDEN_COLUMNS = {"body", "digest", "once_key"}


class SelectionRows:
    """The lists that operators are shown, and what bulk commands work on."""

    def __init__(self, session: Session) -> None:
        self._session, self._connection = session, session.connection

    def select_deliveries(self, wanted: RowFilter, ids: Sequence[str] = ()) -> Page[Mapping[str, Any]]:
        """Return deliveries without their bodies, newest first."""
        columns = [column for column in deliveries.c if column.name not in HIDDEN_COLUMNS]
        conditions = self._build_delivery_conditions(wanted)
        if ids:
            conditions["ids"] = deliveries.c.id.in_(ids)
        return self._select_page(deliveries, columns, "received_at", conditions, wanted, dict)

    def select_requests(self, wanted: RowFilter, *, is_unfinished: bool = False) -> Page[PrivacyRequest]:
        """Return requests without the principal, newest first; with `is_unfinished` those that a replay can run again."""
        conditions = self._build_request_conditions(wanted, is_unfinished=is_unfinished)
        return self._select_page(
            requests,
            list(requests.c),
            "received_at",
            conditions,
            wanted,
            lambda row: request_from_row(SimpleNamespace(**row), Principal()),
        )

    def select_notices(self, wanted: RowFilter, *, is_unsent: bool = False) -> Page[tuple[Notice, int]]:
        """Return notices with the number of their items, newest first; with `is_unsent` those whose letter did not arrive."""
        from bridge.store.notices.letters import notice_from_row  # noqa: PLC0415 - slow: of other lists' no concern

        listed = select(func.count()).where(notice_items.c.notice_id == notices.c.id).scalar_subquery()
        conditions = self._build_notice_conditions(wanted)
        if is_unsent:
            conditions["unsent"] = IS_UNSENT
        return self._select_page(
            notices,
            [*notices.c, listed.label("items")],
            "created_at",
            conditions,
            wanted,
            lambda row: (notice_from_row(SimpleNamespace(**row)), row["items"]),
        )

    def select_reviews(self, wanted: RowFilter, *, is_open: bool = True) -> Page[Review]:
        """Return reviews, oldest first."""
        from bridge.store.reviews import REVIEW_COLUMNS  # noqa: PLC0415 - likewise

        conditions = self._match_columns(reviews, wanted, "kind")
        conditions |= self._match_shop(reviews, wanted.shop)
        if wanted.since:
            conditions["since"] = reviews.c.opened_at >= wanted.since
        if is_open:
            conditions["open"] = reviews.c.closed_at.is_(None)
        return self._select_page(
            reviews, REVIEW_COLUMNS, "opened_at", conditions, wanted, lambda row: Review(**row), is_newest_first=False
        )

    def select_mails(self, wanted: RowFilter, *, is_open: bool = True) -> Page[Mail]:
        """Return mails without their contents, oldest first."""
        from bridge.store.mailbox.mails import mail_from_row  # noqa: PLC0415 - likewise

        conditions = self._match_columns(mails, wanted, "kind") | self._match_shop(mails, wanted.shop)
        if wanted.since:
            conditions["since"] = mails.c.arrived_at >= wanted.since
        if is_open:
            conditions["open"] = mails.c.state == inline(MailState.OPEN)
        columns = [mails.c[name] for name in Mail.__slots__]
        return self._select_page(
            mails,
            columns,
            "arrived_at",
            conditions,
            wanted,
            lambda row: mail_from_row(SimpleNamespace(**row)),
            is_newest_first=False,
        )

    def count_delivery_reasons(self, wanted: RowFilter) -> list[ReasonCount]:
        """Count failed and rejected deliveries by class of reasons and topic."""
        is_open = deliveries.c.reason.not_in(SETTLED_REASONS)
        conditions = (HAS_FAILED, is_open, *self._build_delivery_conditions(wanted).values())
        return self._count_reasons(DELIVERY_CLASS, deliveries.c.topic, func.count(), conditions)

    def count_request_reasons(self, wanted: RowFilter) -> list[ReasonCount]:
        """Count requests by class of what failed or waits for a person, and system; '' for the bridge itself."""
        conditions = tuple(self._build_request_conditions(wanted).values())
        same = tasks.c.request_id == requests.c.id
        requests_counted = func.count(requests.c.id.distinct())
        of_tasks = self._count_reasons(TASK_CLASS, tasks.c.system, requests_counted, (same, *conditions))
        return self._count_reasons(REQUEST_CLASS, None, func.count(), conditions) + of_tasks

    def count_notice_reasons(self, wanted: RowFilter) -> list[ReasonCount]:
        """Count notices that did not arrive or cannot go out by reason and processor."""
        conditions = (
            or_(IS_UNSENT, notices.c.state == NoticeState.EXPIRED),
            *self._build_notice_conditions(wanted).values(),
        )
        return self._count_reasons(NOTICE_CLASS, notices.c.processor, func.count(), conditions)

    def _count_reasons(
        self, of_class: Any, system: Any, counted: Any, conditions: Sequence[Condition]
    ) -> list[ReasonCount]:
        # grouped by name: Postgres takes the parameters of two equal cases for different ones. No table has such a column
        names = ["failure_class", "failed_system"][: 1 if system is None else 2]
        columns = [part.label(name) for part, name in zip((of_class, system), names, strict=False)]
        rows = select(*columns, counted.label("rows")).where(*conditions).group_by(*names).order_by(*names)
        found = [row for row in self._connection.execute(rows).mappings() if row["failure_class"]]
        return [ReasonCount(row["failure_class"], row.get("failed_system", ""), row["rows"]) for row in found]

    def _build_delivery_conditions(self, wanted: RowFilter) -> dict[str, Condition]:
        found = self._match_columns(deliveries, wanted, "topic", "webhook_id")
        found |= self._match_shop(deliveries, wanted.shop)
        if wanted.state:
            is_in_state = deliveries.c.state == inline(wanted.state)
            has_ended_badly = wanted.state in (DeliveryState.FAILED, DeliveryState.REJECTED)
            found["state"] = and_(HAS_FAILED, is_in_state) if has_ended_badly else is_in_state
        if wanted.since:
            found["since"] = deliveries.c.received_at >= wanted.since
        if wanted.reason_class:
            is_stored = deliveries.c.reason == wanted.reason_class
            found["reason_class"] = or_(is_stored, DELIVERY_CLASS.in_([wanted.reason_class]))
        if wanted.failed:
            found["failed"] = and_(HAS_FAILED, deliveries.c.state == inline(DeliveryState.FAILED))
        if wanted.needs_action:
            found["needs_action"] = NEEDS_ACTION
        return found

    def _build_request_conditions(self, wanted: RowFilter, *, is_unfinished: bool = False) -> dict[str, Condition]:
        found = self._match_columns(requests, wanted, "state", "kind") | self._match_shop(requests, wanted.shop)
        now = self._session.now()
        if wanted.since:
            found["since"] = requests.c.received_at >= wanted.since
        if wanted.due_before:
            found["due_before"] = and_(IS_UNFULFILLED, requests.c.due_at <= wanted.due_before)
        if wanted.incomplete:
            found["incomplete"] = requests.c.complete.is_(False)
        if wanted.late:
            fulfilled_at = func.coalesce(requests.c.answered_at, requests.c.closed_at)
            is_overdue = and_(IS_UNFULFILLED, requests.c.due_at < now)
            found["late"] = or_(is_overdue, and_(not_(IS_UNFULFILLED), fulfilled_at > requests.c.due_at))
        if wanted.failed:
            found["failed"] = or_(requests.c.state == RequestState.FAILED, has_task(tasks.c.state == TaskState.FAILED))
        of_task = self._build_task_conditions(wanted)
        if of_task:
            is_of_request = REQUEST_CLASS.in_([wanted.reason_class]) if set(of_task) == {"reason_class"} else None
            matched = has_task(*of_task.values(), *([IS_TASK_UNFINISHED] if is_unfinished else []))
            found[next(iter(of_task))] = matched if is_of_request is None else or_(matched, is_of_request)
        if is_unfinished:
            found["unfinished"] = or_(requests.c.state == RequestState.FAILED, has_task(IS_TASK_UNFINISHED))
        return found

    def _build_task_conditions(self, wanted: RowFilter) -> dict[str, Condition]:
        """Return what one and the same task of a request must fulfil."""
        found = self._match_columns(tasks, wanted, "system", "outcome")
        return found | ({"reason_class": TASK_CLASS.in_([wanted.reason_class])} if wanted.reason_class else {})

    def _build_notice_conditions(self, wanted: RowFilter) -> dict[str, Condition]:
        found = self._match_columns(notices, wanted, "state") | self._match_shop(notices, wanted.shop)
        if wanted.system:
            found["system"] = notices.c.processor == wanted.system
        if wanted.outcome:
            found["outcome"] = notices.c.state == wanted.outcome
        if wanted.kind:
            found["kind"] = notices.c.via == wanted.kind
        if wanted.since:
            found["since"] = notices.c.created_at >= wanted.since
        if wanted.reason_class:
            found["reason_class"] = NOTICE_CLASS.in_([wanted.reason_class])
        if wanted.overdue:
            found["overdue"] = and_(notices.c.answered_at.is_(None), notices.c.due_at < self._session.now())
        if wanted.incomplete:
            found["incomplete"] = notices.c.answered_at.is_(None)
        if wanted.failed:
            found["failed"] = IS_UNSENT
        return found

    def _match_columns(self, table: Any, wanted: RowFilter, *names: str) -> dict[str, Condition]:
        return {name: table.c[name] == value for name in names if (value := getattr(wanted, name))}

    def _match_shop(self, table: Any, shop: str) -> dict[str, Condition]:
        directory = self._session.shops
        return {"shop": table.c.shop.in_(directory.list_keys(directory.find_key(shop)))} if shop else {}

    def _select_page(
        self,
        table: Any,
        columns: Sequence[Any],
        time_column: str,
        conditions: Mapping[str, Condition],
        wanted: RowFilter,
        build: Callable[[Any], T],
        *,
        is_newest_first: bool = True,
    ) -> Page[T]:
        at, row_id = table.c[time_column], table.c.id
        rows = select(*columns).where(*conditions.values())
        order = [at.desc(), row_id.desc()] if is_newest_first else [at, row_id]
        if wanted.after:
            last = self._connection.scalar(select(at).where(row_id == wanted.after))
            if last is None:
                raise PayloadInvalid("after_unknown")
            further, same = (
                (at < last, row_id < wanted.after) if is_newest_first else (at > last, row_id > wanted.after)
            )
            rows = rows.where(or_(further, and_(at == last, same)))
        found = self._connection.execute(rows.order_by(*order).limit(wanted.limit + 1)).mappings().all()
        has_more, shown = len(found) > wanted.limit, found[: wanted.limit]
        if not shown and not wanted.after:
            empty = [name for name, condition in conditions.items() if not self._count(table, order, condition)]
            return Page(rows=(), total=0, existing=self._count(table, order), empty_fields=empty)
        total = self._count(table, order, *conditions.values()) if has_more or wanted.after else len(shown)
        return Page(rows=[build(row) for row in shown], total=total, has_more=has_more)

    def _count(self, table: Any, order: Sequence[Any], *conditions: Condition) -> int:
        """Count rows, no further than one more than MAX_COUNTED: in the list's order, so that its index serves."""
        some = select(table.c.id).where(*conditions).order_by(*order).limit(MAX_COUNTED + 1).subquery()
        return self._connection.scalar(select(func.count()).select_from(some)) or 0
