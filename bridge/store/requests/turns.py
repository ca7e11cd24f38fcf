"""What waits for a worker, and when each shop last had its turn. Decides nothing: the rules choose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Subquery, and_, exists, func, literal, or_, select, text

from bridge.model import WaitReason
from bridge.rules.requests.turns import WaitingRow
from bridge.store.requests.requests import OPEN_STATES
from bridge.store.requests.sql_conditions import waits_for
from bridge.store.schema.tables import MANDATORY_WAITS, deliveries, requests, shop_turns, tasks
from bridge.store.session import Session
from bridge.store.upsert import upsert

GAVE_WAY = exists().where(tasks.c.request_id == requests.c.id, waits_for(WaitReason.GAVE_WAY))


class TurnRows:
    """Requests and mandatory deliveries that wait, and the turns of shops at them."""

    def __init__(self, session: Session) -> None:
        self._session, self._connection = session, session.connection

    def list_waiting_requests(self) -> list[WaitingRow]:
        """Return of each shop the first request by deadline, and the first by the records that were read."""
        of_request = (tasks.c.request_id == requests.c.id, waits_for(WaitReason.GAVE_WAY))
        records = select(func.sum(tasks.c.records)).where(*of_request).scalar_subquery()
        columns = (requests.c.id, requests.c.shop, requests.c.due_at, func.coalesce(records, 0).label("records"))
        rows = select(*columns).where(self._request_waits()).subquery()
        return self._list_first(rows, (rows.c.due_at, rows.c.id), (rows.c.records, rows.c.due_at, rows.c.id))

    def list_waiting_deliveries(self) -> list[WaitingRow]:
        """Return of each shop the oldest mandatory delivery that waits."""
        columns = (deliveries.c.id, deliveries.c.shop, deliveries.c.received_at.label("due_at"))
        rows = select(*columns, literal(0).label("records")).where(self._delivery_waits()).subquery()
        return self._list_first(rows, (rows.c.due_at, rows.c.id))

    def _list_first(self, rows: Subquery, *orders: tuple[ColumnElement[Any], ...]) -> list[WaitingRow]:
        """Return of each shop the first of these rows in each of the orders."""
        places = [
            func.row_number().over(partition_by=rows.c.shop, order_by=one).label(f"place_{n}")
            for n, one in enumerate(orders)
        ]
        numbered = select(rows, *places).subquery()
        is_first = or_(*(numbered.c[place.name] == 1 for place in places))
        columns = (numbered.c.id, numbered.c.shop, numbered.c.due_at, numbered.c.records)
        first = self._connection.execute(select(*columns).where(is_first))
        return [WaitingRow(id=row.id, shop=row.shop, due_at=row.due_at, records=int(row.records)) for row in first]

    def has_waiting_work(self) -> bool:
        """Return whether a request or a mandatory delivery waits for a worker."""
        of_requests = select(literal(1)).select_from(requests).where(self._request_waits())
        of_deliveries = select(literal(1)).select_from(deliveries).where(self._delivery_waits())
        return any(self._connection.scalar(one.limit(1)) for one in (of_requests, of_deliveries))

    def read_turns(self, job: str, shops: Sequence[str]) -> Mapping[str, datetime]:
        """Return when each of these shops last had its turn at this kind of job."""
        rows = select(shop_turns.c.shop, shop_turns.c.served_at)
        found = self._connection.execute(rows.where(shop_turns.c.job == job, shop_turns.c.shop.in_(shops)))
        return {row.shop: row.served_at for row in found}

    def record_turn(self, job: str, shop: str) -> None:
        """Record that a job of this kind works for the shop now."""
        row = {"shop": shop, "job": job, "served_at": self._session.now()}
        self._connection.execute(upsert(self._connection, shop_turns, ["shop", "job"], ["served_at"]), row)

    def _request_waits(self) -> ColumnElement[bool]:
        now = self._session.now()
        # a new request is worked on before its first wake-up time, which is the clock's
        is_due = or_(requests.c.fence == 0, requests.c.wake_at <= now)
        is_free = or_(requests.c.lease_until.is_(None), requests.c.lease_until < now)
        return and_(requests.c.state.in_(OPEN_STATES), is_free, is_due)

    def _delivery_waits(self) -> ColumnElement[bool]:
        now = self._session.now()
        is_due = or_(deliveries.c.attempts == 0, deliveries.c.wake_at <= now)
        is_free = or_(deliveries.c.lease_until.is_(None), deliveries.c.lease_until < now)
        return and_(text(MANDATORY_WAITS), is_free, is_due)
