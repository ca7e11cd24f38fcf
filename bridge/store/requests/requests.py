"""Privacy requests: who works on one owns it by a lease, and shows a fence with every write."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, or_, update

from bridge.errors import ClaimLost
from bridge.model import RequestState
from bridge.ports import Claim
from bridge.store.requests.request_changes import ReopenedRequests
from bridge.store.schema.tables import requests

OPEN = (RequestState.IN_PROGRESS, RequestState.WAITING)

_NOW = bindparam("now", type_=requests.c.wake_at.type)
CLAIM = (
    update(requests)
    .where(
        requests.c.id == bindparam("of"),
        requests.c.state.in_(OPEN),
        or_(requests.c.lease_until.is_(None), requests.c.lease_until < _NOW),
        or_(requests.c.attempts == 0, requests.c.wake_at <= _NOW),
    )
    .values(fence=requests.c.fence + 1, attempts=requests.c.attempts + 1, lease_until=bindparam("until"))
    .returning(requests.c.fence)
)
OWNED = update(requests).where(requests.c.id == bindparam("of"), requests.c.fence == bindparam("by"))
# not what was given back meanwhile: a renewal in the background may have waited for that very transaction
HOLD = OWNED.where(requests.c.lease_until.is_not(None)).values(lease_until=bindparam("until"))


class RequestRows(ReopenedRequests):
    """`ports.Requests` in one transaction."""

    def claim(self, request_id: str) -> Claim | None:
        """See ports.Requests."""
        now = self._session.now()
        until = now + timedelta(seconds=self._session.lease_s)
        fence = self._connection.scalar(CLAIM, {"of": request_id, "now": now, "until": until})
        return None if fence is None else Claim(row_id=request_id, fence=fence)

    def hold(self, claim: Claim) -> None:
        """See ports.Requests."""
        until = self._session.now() + timedelta(seconds=self._session.lease_s)
        mine = {"of": claim.row_id, "by": claim.fence, "until": until}
        if self._connection.execute(HOLD, mine).rowcount != 1:
            raise ClaimLost(claim.row_id)

    def release(
        self,
        claim: Claim,
        *,
        state: RequestState,
        wake_at: datetime | None,
        complete: bool | None,
        closed_at: datetime | None,
        last_error: str = "",
    ) -> None:
        """See ports.Requests. A request that is done no longer takes others of its kind in."""
        values: dict[str, Any] = {
            "state": state,
            "attempts": 0,
            "wake_at": wake_at,
            "rung_at": None,
            "complete": complete,
            "closed_at": closed_at,
            "last_error": last_error[:200],
            "lease_until": None,
        }
        if state is RequestState.DONE:
            values["active_key"] = None
        self._owned(claim, values)

    def postpone(self, claim: Claim, error: str, at: datetime) -> None:
        """See ports.Requests."""
        self._owned(claim, {"wake_at": at, "rung_at": None, "last_error": error[:200], "lease_until": None})

    def fail(self, claim: Claim, error: str) -> None:
        """See ports.Requests."""
        gone = {"state": RequestState.FAILED, "last_error": error[:200], "wake_at": None}
        self._owned(claim, {**gone, "lease_until": None})

    def _owned(self, claim: Claim, values: dict[str, Any]) -> None:
        mine = {"of": claim.row_id, "by": claim.fence}
        if self._connection.execute(OWNED, values | mine).rowcount != 1:
            raise ClaimLost(claim.row_id)
