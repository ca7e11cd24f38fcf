"""Gates of requests, and approvals of their plans: digests, names of operators and days, nothing of a person."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import and_, delete, func, insert, select, update

from bridge.model import Approval, ApprovalGate, AwaitingRequest, RequestSource, RequestState
from bridge.store.schema.desk_tables import approval_gates, approvals
from bridge.store.schema.tables import requests
from bridge.store.session import Session
from bridge.store.upsert import upsert


class ApprovalRows:
    """What keeps requests from acting, and who let them."""

    def __init__(self, session: Session) -> None:
        self._session, self._connection = session, session.connection

    def open_gate(self, request_id: str, door: RequestSource, *, free_at: datetime | None) -> None:
        """Keep a request from acting until its plan is approved. One that has a gate keeps it."""
        row = {"request_id": request_id, "door": door, "opened_at": self._session.now(), "free_at": free_at}
        self._connection.execute(
            upsert(self._connection, approval_gates), row | {"shown_digest": "", "shown_parts": "{}"}
        )

    def find_gate(self, request_id: str) -> ApprovalGate | None:
        """Return the gate of a request; None where nobody needs to approve it."""
        rows = select(approval_gates).where(approval_gates.c.request_id == request_id)
        row = self._connection.execute(rows).one_or_none()
        if row is None:
            return None
        values = {name: getattr(row, name) for name in ApprovalGate.__slots__}
        return ApprovalGate(**values | {"door": RequestSource(row.door), "shown_parts": json.loads(row.shown_parts)})

    def record_shown_plan(self, request_id: str, digest: str, parts: Mapping[str, str]) -> None:
        """Record which plan of a request a person saw last."""
        values = {"shown_digest": digest, "shown_parts": json.dumps(dict(parts)), "shown_at": self._session.now()}
        self._change_gate(request_id, values)

    def begin_deed(self, request_id: str) -> None:
        """Let a request act from now on."""
        self._change_gate(request_id, {"begun_at": self._session.now()})

    def close_gate(self, request_id: str) -> bool:
        """End the approvals of a request: its plan must be approved anew. Return whether it could act before."""
        of_request = (approvals.c.request_id == request_id, approvals.c.ended_at.is_(None))
        self._connection.execute(update(approvals).where(*of_request).values(ended_at=self._session.now()))
        has_begun = (approval_gates.c.request_id == request_id, approval_gates.c.begun_at.is_not(None))
        return self._connection.execute(update(approval_gates).where(*has_begun).values(begun_at=None)).rowcount == 1

    def add_approval(self, request_id: str, actor: str, plan_digest: str) -> bool:
        """Store that somebody approved a plan. Return False where they did before."""
        same = and_(approvals.c.request_id == request_id, approvals.c.actor == actor, approvals.c.ended_at.is_(None))
        if self._connection.scalar(select(approvals.c.actor).where(same, approvals.c.plan_digest == plan_digest)):
            return False
        row = {"request_id": request_id, "actor": actor, "plan_digest": plan_digest}
        self._connection.execute(delete(approvals).where(*(approvals.c[name] == given for name, given in row.items())))
        self._connection.execute(insert(approvals), row | {"approved_at": self._session.now(), "ended_at": None})
        return True

    def list_approvals(self, request_id: str) -> list[Approval]:
        """Return the approvals of a request that count, oldest first."""
        of_request = (approvals.c.request_id == request_id, approvals.c.ended_at.is_(None))
        rows = select(approvals).where(*of_request).order_by(approvals.c.approved_at, approvals.c.actor)
        names = Approval.__slots__
        return [Approval(**{name: getattr(row, name) for name in names}) for row in self._connection.execute(rows)]

    def list_awaiting_requests(self) -> list[AwaitingRequest]:
        """Return the requests that wait for approvals, the earliest deadline first."""
        counts = select(func.count()).where(approvals.c.request_id == requests.c.id, approvals.c.ended_at.is_(None))
        columns = (requests.c.id.label("request_id"), requests.c.kind, requests.c.received_at, requests.c.due_at)
        rows = (
            select(*columns, approval_gates.c.door, counts.scalar_subquery().label("approvals"))
            .join(approval_gates, approval_gates.c.request_id == requests.c.id)
            .where(requests.c.state == RequestState.AWAITING_APPROVAL)
            .order_by(requests.c.due_at, requests.c.id)
        )
        names = AwaitingRequest.__slots__
        return [
            AwaitingRequest(**{name: getattr(row, name) for name in names} | {"door": RequestSource(row.door)})
            for row in self._connection.execute(rows)
        ]

    def _change_gate(self, request_id: str, values: Mapping[str, Any]) -> None:
        of_request = approval_gates.c.request_id == request_id
        self._connection.execute(update(approval_gates).where(of_request).values(**values))
