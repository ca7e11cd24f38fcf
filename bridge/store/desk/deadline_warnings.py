"""Which warnings of deadlines were given, and the clocks of requests that nobody has answered yet."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta

from sqlalchemy import insert, select

from bridge.model import Fact, Principal, PrivacyRequest
from bridge.store.requests.requests import request_from_row
from bridge.store.requests.sql_conditions import IS_UNFULFILLED
from bridge.store.schema.desk_tables import deadline_warnings
from bridge.store.schema.tables import evidence, requests
from bridge.store.session import Session

IDS_AT_ONCE = 500
LONGEST_TERM = timedelta(days=120)  # a month, two more by an extension, and a month in which a late one is seen
GivenWarning = tuple[str, str, int]


class DeadlineWarningRows:
    """Warnings by request, clock and share of the term."""

    def __init__(self, session: Session) -> None:
        self._session, self._connection = session, session.connection

    def list_unfulfilled(self) -> list[PrivacyRequest]:
        """Return the requests of the last months that are not fulfilled, without the principal, the earliest deadline first."""
        is_recent = requests.c.received_at > self._session.now() - LONGEST_TERM
        rows = select(requests).where(is_recent, IS_UNFULFILLED).order_by(requests.c.due_at, requests.c.id)
        return [request_from_row(row, Principal()) for row in self._connection.execute(rows)]

    def find_acknowledged(self, request_ids: Collection[str]) -> dict[str, datetime]:
        """Return when the receipts of these requests were first acknowledged, as far as that is recorded."""
        found: dict[str, datetime] = {}
        for ids in _split(request_ids):
            is_of_ids = (evidence.c.request_id.in_(ids), evidence.c.fact == Fact.RECEIPT_ACKNOWLEDGED)
            for row in self._connection.execute(select(evidence.c.request_id, evidence.c.detail).where(*is_of_ids)):
                at = datetime.fromisoformat(json.loads(row.detail)["acknowledged_at"])
                found[row.request_id] = min(at, found.get(row.request_id, at))
        return found

    def list_given(self, request_ids: Collection[str]) -> set[GivenWarning]:
        """Return the warnings that were given of these requests."""
        table, given = deadline_warnings, set[GivenWarning]()
        for ids in _split(request_ids):
            rows = select(table.c.request_id, table.c.clock, table.c.percent).where(table.c.request_id.in_(ids))
            given |= {(row.request_id, row.clock, row.percent) for row in self._connection.execute(rows)}
        return given

    def save_warnings(self, warnings: Iterable[GivenWarning]) -> None:
        """Store that these warnings were given now."""
        now = self._session.now()
        rows = [{"request_id": one[0], "clock": one[1], "percent": one[2], "warned_at": now} for one in warnings]
        if rows:
            self._connection.execute(insert(deadline_warnings), rows)


def _split(request_ids: Collection[str]) -> Iterator[list[str]]:
    ids = sorted(request_ids)
    for start in range(0, len(ids), IDS_AT_ONCE):
        yield ids[start : start + IDS_AT_ONCE]
