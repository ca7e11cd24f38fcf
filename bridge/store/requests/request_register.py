"""Queries for the register of requests: requests without principals, open instructions, acknowledgements."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime

from sqlalchemy import func, select

from bridge.model import Fact, Principal, PrivacyRequest, TaskAction, TaskState
from bridge.store.requests.requests import request_from_row
from bridge.store.schema.columns import inline
from bridge.store.schema.tables import evidence, requests, tasks
from bridge.store.session import Session

REFUSED_FACT = "request.refused"  # its detail names the reason code


class RegisterQueries:
    """Reads for the register."""

    def __init__(self, session: Session) -> None:
        self._connection = session.connection

    def list_register_requests(self, since: datetime | None = None) -> list[PrivacyRequest]:
        """Return all requests, or those received since then, oldest first, without the principal."""
        rows = select(requests).order_by(requests.c.received_at, requests.c.id)
        if since is not None:
            rows = rows.where(requests.c.received_at >= since)
        return [request_from_row(row, Principal()) for row in self._connection.execute(rows)]

    def count_open_instructions(self) -> dict[str, int]:
        """Count instructions that wait, by processor."""
        is_waiting = (tasks.c.action == TaskAction.NOTIFY_PROCESSOR, tasks.c.state == inline(TaskState.WAITING))
        rows = select(tasks.c.system, func.count()).where(*is_waiting).group_by(tasks.c.system)
        return {row[0]: row[1] for row in self._connection.execute(rows)}

    def count_refusals(self) -> dict[str, int]:
        """Count refused requests by the code that the fact of the refusal names."""
        rows = self._connection.execute(select(evidence.c.detail).where(evidence.c.fact == REFUSED_FACT))
        details = [json.loads(row.detail) for row in rows]
        return dict(Counter(str(each.get("code") or each.get("reason") or "") for each in details))

    def find_open_work(self) -> dict[str, list[str]]:
        """Return by request which systems did not finish, each with why."""
        is_open = (tasks.c.state != TaskState.DONE, requests.c.answered_at.is_(None))
        columns = (tasks.c.request_id, tasks.c.system, tasks.c.state, tasks.c.last_error)
        rows = select(*columns).join(requests, requests.c.id == tasks.c.request_id).where(*is_open)
        found: dict[str, list[str]] = {}
        for row in self._connection.execute(rows.order_by(tasks.c.request_id, tasks.c.position)):
            found.setdefault(row.request_id, []).append(f"{row.system}: {row.last_error or row.state}")
        return found

    def find_acknowledgements(self) -> dict[str, datetime]:
        """Return by request when its receipt was first acknowledged, as operators recorded it."""
        rows = select(evidence.c.request_id, evidence.c.detail).where(evidence.c.fact == Fact.RECEIPT_ACKNOWLEDGED)
        times = [(row.request_id, json.loads(row.detail)["acknowledged_at"]) for row in self._connection.execute(rows)]
        return {request_id: datetime.fromisoformat(at) for request_id, at in sorted(times, reverse=True)}
