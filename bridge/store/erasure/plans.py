"""Plans of erasures: counts, codes and dates, no personal value."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from bridge.store.schema.retention_tables import plans
from bridge.store.session import Session
from bridge.store.upsert import upsert


class PlanRows:
    """What each erasure was going to do, as planned before anything was changed."""

    def __init__(self, session: Session) -> None:
        self._session, self._connection = session, session.connection

    def save_plan(self, request_id: str, plan: Mapping[str, Any]) -> None:
        """Store a request's plan in place of the former one."""
        values = {"made_at": self._session.now(), "body": json.dumps(dict(plan))}
        statement = upsert(self._connection, plans, ["request_id"], values)
        self._connection.execute(statement, {"request_id": request_id, **values})

    def find_plan(self, request_id: str) -> Mapping[str, Any] | None:
        """Return a request's plan, if any."""
        body = self._connection.scalar(select(plans.c.body).where(plans.c.request_id == request_id))
        return json.loads(body) if body else None
