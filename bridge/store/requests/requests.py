"""Privacy requests: who works on one owns it by a lease, and shows a fence with every write."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, or_, update

from bridge.errors import LeaseLost
from bridge.model import RequestState
from bridge.ports import Lease
from bridge.store.requests.request_changes import RequestChanges
from bridge.store.schema.tables import requests

OPEN_STATES = (RequestState.IN_PROGRESS, RequestState.WAITING)

_NOW = bindparam("now", type_=requests.c.wake_at.type)
ACQUIRE_REQUEST_LEASE = (
    update(requests)
    .where(
        requests.c.id == bindparam("of"),
        requests.c.state.in_(OPEN_STATES),
        or_(requests.c.lease_until.is_(None), requests.c.lease_until < _NOW),
        or_(requests.c.attempts == 0, requests.c.wake_at <= _NOW),
    )
    .values(fence=requests.c.fence + 1, attempts=requests.c.attempts + 1, lease_until=bindparam("until"))
    .returning(requests.c.fence)
)
UPDATE_LEASED_REQUEST = update(requests).where(
    requests.c.id == bindparam("of"), requests.c.fence == bindparam("by")
)
# not what was given back meanwhile: a renewal in the background may have waited for that very transaction
RENEW_REQUEST_LEASE = UPDATE_LEASED_REQUEST.where(requests.c.lease_until.is_not(None)).values(
    lease_until=bindparam("until")
)


class RequestRows(RequestChanges):
    """`ports.Requests` in one transaction."""

    def acquire_lease(self, request_id: str) -> Lease | None:
        """See ports.Requests."""
        now = self._session.now()
        until = now + timedelta(seconds=self._session.lease_s)
        fence = self._connection.scalar(ACQUIRE_REQUEST_LEASE, {"of": request_id, "now": now, "until": until})
        return None if fence is None else Lease(row_id=request_id, fence=fence)

    def verify_lease(self, lease: Lease) -> None:
        """See ports.Requests."""
        until = self._session.now() + timedelta(seconds=self._session.lease_s)
        mine = {"of": lease.row_id, "by": lease.fence, "until": until}
        if self._connection.execute(RENEW_REQUEST_LEASE, mine).rowcount != 1:
            raise LeaseLost(lease.row_id)

    def release_lease(
        self,
        lease: Lease,
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
        self._update_leased_request(lease, values)

    def postpone_request(self, lease: Lease, error: str, retry_at: datetime) -> None:
        """See ports.Requests."""
        self._update_leased_request(
            lease, {"wake_at": retry_at, "rung_at": None, "last_error": error[:200], "lease_until": None}
        )

    def fail_request(self, lease: Lease, error: str) -> None:
        """See ports.Requests."""
        gone = {"state": RequestState.FAILED, "last_error": error[:200], "wake_at": None}
        self._update_leased_request(lease, {**gone, "lease_until": None})

    def _update_leased_request(self, lease: Lease, values: dict[str, Any]) -> None:
        mine = {"of": lease.row_id, "by": lease.fence}
        if self._connection.execute(UPDATE_LEASED_REQUEST, values | mine).rowcount != 1:
            raise LeaseLost(lease.row_id)
