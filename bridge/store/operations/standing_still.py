"""Queries for what stands still: rows that are due and nobody works on, requests that are incomplete or wait for a person."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, func, or_, select

from bridge.model import DeliveryState, MailState, RequestKind, RequestState, TaskAction, TaskState, WaitReason
from bridge.rules.operations.task_troubles import TroubledTask
from bridge.rules.requests.wait_texts import derive_wait_reason
from bridge.store.requests.requests import OPEN_STATES
from bridge.store.requests.sql_conditions import IS_UNFULFILLED
from bridge.store.schema.columns import inline
from bridge.store.schema.desk_tables import mails, person_letters
from bridge.store.schema.identity_tables import page_submissions
from bridge.store.schema.notice_tables import notice_accounts
from bridge.store.schema.tables import deliveries, requests, tasks
from bridge.store.session import Session
from bridge.store.webhooks.inbox import NEEDS_ACTION

LISTED_IDS = 20
NO_GAPS = "[]"
FoundRows = tuple[int, list[str], datetime | None]  # how many, the oldest ids, since when the oldest


class StandingStillQueries:
    """Reads for `doctor`, `status`, metrics and alerts."""

    def __init__(self, session: Session) -> None:
        self._session, self._connection = session, session.connection

    def find_oldest_due(self) -> dict[str, datetime | None]:
        """Return by table since when its oldest due row waits for a worker; None where none waits.

        What a worker has leased is being worked on. A delivery that was never tried waits since it came.
        """
        never_tried = and_(deliveries.c.attempts == 0, deliveries.c.lease_until.is_(None))
        waits_since: dict[Any, Any] = {
            deliveries: case((never_tried, deliveries.c.received_at), else_=deliveries.c.wake_at),
            requests: requests.c.wake_at,
            notice_accounts: notice_accounts.c.wake_at,
            person_letters: person_letters.c.wake_at,
            page_submissions: page_submissions.c.wake_at,
        }
        is_open = {
            deliveries: deliveries.c.state == DeliveryState.RECEIVED,
            requests: requests.c.state.in_(OPEN_STATES),
            notice_accounts: notice_accounts.c.wake_at.is_not(None),
            person_letters: person_letters.c.wake_at.is_not(None),
            page_submissions: page_submissions.c.wake_at.is_not(None),
        }
        now, found = self._session.now(), {}
        for table, since in waits_since.items():
            free = or_(table.c.lease_until.is_(None), table.c.lease_until < now)
            oldest = select(since.label("since")).where(is_open[table], table.c.wake_at <= now, free)
            found[table.name] = self._connection.scalar(oldest.order_by("since").limit(1))
        return found

    def find_failed_deliveries(self) -> FoundRows:
        """Return the webhooks that were given up and are not mandatory: `find_unhandled_mandatory` has those."""
        is_failed = and_(deliveries.c.state == DeliveryState.FAILED, ~NEEDS_ACTION)
        return self._find_rows(deliveries, deliveries.c.received_at, is_failed)

    def find_unread_mails(self, before: datetime) -> FoundRows:
        """Return the mails that arrived before then and that no officer is done with."""
        is_unread = and_(mails.c.state == inline(MailState.OPEN), mails.c.arrived_at < before)
        return self._find_rows(mails, mails.c.arrived_at, is_unread)

    def find_unhandled_mandatory(self) -> FoundRows:
        """Return the mandatory webhooks that nobody has acted on."""
        return self._find_rows(deliveries, deliveries.c.received_at, NEEDS_ACTION)

    def find_failed_requests(self) -> FoundRows:
        """Return the requests that were given up."""
        return self._find_rows(requests, requests.c.received_at, requests.c.state == RequestState.FAILED)

    def find_late_requests(self) -> FoundRows:
        """Return the requests whose deadline has passed without an answer, the earliest deadline first."""
        is_late = and_(IS_UNFULFILLED, requests.c.due_at < self._session.now())
        return self._find_rows(requests, requests.c.due_at, is_late)

    def find_standing_consents(self, received_before: datetime) -> FoundRows:
        """Return the requests that were received before and that ask for consents to be taken back that were not."""
        stops = select(tasks.c.request_id).where(
            tasks.c.action == inline(TaskAction.STOP_MARKETING),
            tasks.c.state != inline(TaskState.DONE),
            tasks.c.wait_reason != inline(WaitReason.LAW_NOT_IN_FORCE),
        )
        is_late = and_(requests.c.id.in_(stops), requests.c.received_at <= received_before)
        return self._find_rows(requests, requests.c.received_at, is_late)

    def _find_rows(self, table: Any, since: Any, condition: ColumnElement[bool]) -> FoundRows:
        count = self._connection.scalar(select(func.count()).select_from(table).where(condition)) or 0
        rows = select(table.c.id, since.label("since")).where(condition).order_by("since", table.c.id).limit(LISTED_IDS)
        listed = self._connection.execute(rows).all() if count else []
        return count, [row.id for row in listed], listed[0].since if listed else None

    def count_tasks(self) -> dict[tuple[str, str, str, str], int]:
        """Count tasks of all requests by (system, state, outcome, reason why they wait); '' where there is none."""
        columns = [tasks.c.system, tasks.c.state, tasks.c.outcome, tasks.c.last_error]
        # only these have a text that is a reason
        waiting = tasks.c.state.in_((TaskState.WAITING, TaskState.RETRY, TaskState.FAILED))
        text = case((waiting, tasks.c.last_error), else_="").label("last_error")
        rows = select(*columns[:3], text, func.count().label("number")).group_by(*columns[:3], text)
        found: dict[tuple[str, str, str, str], int] = {}
        for row in self._connection.execute(rows):
            reason = derive_wait_reason(TaskState(row.state), row.last_error)
            key = (row.system, row.state, row.outcome or "", str(reason or ""))
            found[key] = found.get(key, 0) + row.number
        return found

    def iterate_troubled_tasks(self) -> Iterator[TroubledTask]:
        """Yield the tasks that failed, lack something or do not go on, of requests whose answer is not given, oldest first.

        Nothing can be healed any more at a shop that was erased since, nor in an access request whose data was destroyed on its day.
        """
        has_trouble = or_(
            tasks.c.state.in_((TaskState.FAILED, TaskState.WAITING, TaskState.RETRY)),
            and_(tasks.c.state == TaskState.DONE, tasks.c.gaps != NO_GAPS),
        )
        other = requests.alias()
        shop_erased_since = exists().where(
            other.c.shop == requests.c.shop,
            other.c.kind == RequestKind.SHOP_ERASURE,
            other.c.id != requests.c.id,
            other.c.closed_at >= requests.c.closed_at,
        )
        is_destroyed = and_(
            requests.c.kind == RequestKind.ACCESS, requests.c.state == RequestState.DONE, requests.c.principal.is_(None)
        )
        columns = [tasks.c[name] for name in ("request_id", "system", "action", "state", "outcome", "last_error")]
        about = [requests.c.received_at, requests.c.closed_at, requests.c.state.label("request_state")]
        rows = (
            select(*columns, *about)
            .join(requests, requests.c.id == tasks.c.request_id)
            .where(has_trouble, requests.c.answered_at.is_(None), ~shop_erased_since, ~is_destroyed)
            .order_by(requests.c.received_at, tasks.c.request_id, tasks.c.position)
        )
        for row in self._connection.execute(rows):
            values = {name: getattr(row, name) for name in TroubledTask.__slots__ if name != "wait_reason"}
            yield TroubledTask(**values, wait_reason=derive_wait_reason(TaskState(row.state), row.last_error))
