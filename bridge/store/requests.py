"""Privacy requests: opened once, claimed with a fence, joined, released."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from bridge.errors import ClaimLost
from bridge.model import Kind, Principal, PrivacyRequest, RequestState, Source, Task
from bridge.ports import Claim
from bridge.store.inbox import SWEEP_GRACE_S
from bridge.store.index import IndexRows
from bridge.store.tables import requests
from bridge.store.tasks import TaskRows

PLACE = "requests|{id}|principal|{shop}"
OPEN = (RequestState.IN_PROGRESS, RequestState.WAITING)


class RequestRows(TaskRows):
    """`ports.Requests` in one transaction."""

    def open(self, request: PrivacyRequest, *, once: str, tasks: Sequence[Task]) -> PrivacyRequest | None:
        """See ports.Requests."""
        key = self._session.data_key(request.shop, request.subject or request.id)
        now = self._session.now()
        row = {
            "id": request.id,
            "shop": request.shop,
            "kind": request.kind,
            "source": request.source,
            "state": request.state,
            "subject": request.subject,
            "once_key": once,
            "active_key": _active_key(request.shop, request.kind, request.subject),
            "principal": self._sealed(request.id, request.shop, request.principal, key.id, key.key),
            "data_key_id": key.id,
            "external_ref": request.external_ref[:64],
            "received_at": request.received_at,
            "received_at_basis": request.received_at_basis,
            "webhook_received_at": request.webhook_received_at,
            "acknowledge_due_at": request.acknowledge_due_at,
            "due_at": request.due_at,
            "due_governed_by": request.due_governed_by,
            "clocks": json.dumps(dict(request.clocks)),
            "policy_sha256": request.policy_sha256,
            "retention_sha256": request.retention_sha256,
            "complete": request.complete,
            "closed_at": request.closed_at,
            "wake_at": now + timedelta(seconds=SWEEP_GRACE_S),
        }
        dialect = postgresql if self._connection.dialect.name == "postgresql" else sqlite
        statement = dialect.insert(requests).on_conflict_do_nothing().returning(requests.c.id)
        if self._connection.scalar(statement.values(**row)) is None:
            return None
        for position, task in enumerate(tasks):
            self.save_task(task, position=position)
        return request

    def in_flight(self, shop: str, kind: str, subject: str) -> PrivacyRequest | None:
        """See ports.Requests."""
        key = _active_key(shop, kind, subject)
        row = self._connection.execute(select(requests).where(requests.c.active_key == key)).one_or_none()
        return self._opened(row) if row else None

    def opened_once(self, once: str) -> PrivacyRequest | None:
        """The request that was opened under this idempotency key."""
        row = self._connection.execute(select(requests).where(requests.c.once_key == once)).one_or_none()
        return self._opened(row) if row else None

    def widen(self, request_id: str, principal: Principal) -> None:
        """See ports.Requests."""
        request = self.get(request_id)
        if request is None:
            return
        known = request.principal
        wider = Principal(
            customer_id=self._living(request.shop, known.customer_id, principal.customer_id),
            email=known.email or principal.email,
            phone=known.phone or principal.phone,
            order_ids=tuple(dict.fromkeys((*known.order_ids, *principal.order_ids))),
        )
        if wider != known:
            self.rewrite(request, wider)
            self.rerun_tasks(request_id)
            self._fence_off(request_id)
        self.restart(request_id)

    def _living(self, shop: str, known: str, given: str) -> str:
        """Of two ids of one person the one that was not merged away: the other's erasure erases nothing."""
        index = IndexRows(self._session)
        key = index.pseudonym(shop, "customer", known)
        return given if given and (not key or index.kept(shop, key) != key) else known

    def rewrite(self, request: PrivacyRequest, principal: Principal | None) -> None:
        """See ports.Requests. What an erasure still says of her has a key of its own, so that hers can go."""
        row = self._row(request.id)
        values: dict[str, Any] = {"principal": None}
        if principal is not None:
            subject = row.subject if row.kind == Kind.ACCESS else request.id
            key = self._session.data_key(row.shop, subject or request.id)
            sealed = self._sealed(request.id, row.shop, principal, key.id, key.key)
            values = {"principal": sealed, "data_key_id": key.id}
        self._connection.execute(update(requests).where(requests.c.id == request.id).values(**values))
        self._session.destroy_unused_keys(row.shop, [row.data_key_id])

    def forget(self, request_id: str) -> None:
        """Forget whom a request was about, without opening what is sealed of her."""
        row = self._row(request_id)
        self._connection.execute(update(requests).where(requests.c.id == request_id).values(principal=None))
        self._session.destroy_unused_keys(row.shop, [row.data_key_id])

    def hasten(self, request_id: str, by: PrivacyRequest) -> None:
        """See ports.Requests."""
        values = {
            "received_at": by.received_at,
            "received_at_basis": by.received_at_basis,
            "acknowledge_due_at": by.acknowledge_due_at,
            "due_at": by.due_at,
            "due_governed_by": by.due_governed_by,
            "clocks": json.dumps(dict(by.clocks)),
        }
        earlier = (requests.c.id == request_id, requests.c.due_at > by.due_at)
        self._connection.execute(update(requests).where(*earlier).values(**values))

    def restart(self, request_id: str) -> None:
        """Run a request's unfinished and failed tasks again from their last page; clocks stay as they are."""
        self.restart_tasks(request_id)
        row = self._row(request_id)
        now = self._session.now()
        self._connection.execute(
            update(requests)
            .where(requests.c.id == request_id)
            .values(
                state=RequestState.IN_PROGRESS,
                active_key=_active_key(row.shop, row.kind, row.subject),
                attempts=0,
                last_error="",
                wake_at=now,
                rung_at=None,
            )
        )

    def _fence_off(self, request_id: str) -> None:
        """Whoever works on it now works on too little: its next write is refused, and the row is free."""
        self._connection.execute(
            update(requests)
            .where(requests.c.id == request_id)
            .values(fence=requests.c.fence + 1, lease_until=None)
        )

    def get(self, request_id: str) -> PrivacyRequest | None:
        """See ports.Requests."""
        row = self._connection.execute(select(requests).where(requests.c.id == request_id)).one_or_none()
        return self._opened(row) if row else None

    def claim(self, request_id: str) -> Claim | None:
        """See ports.Requests."""
        now = self._session.now()
        free = or_(requests.c.lease_until.is_(None), requests.c.lease_until < now)
        due = or_(requests.c.attempts == 0, requests.c.wake_at <= now)
        fence = self._connection.scalar(
            update(requests)
            .where(requests.c.id == request_id, requests.c.state.in_(OPEN), free, due)
            .values(
                fence=requests.c.fence + 1,
                attempts=requests.c.attempts + 1,
                lease_until=now + timedelta(seconds=self._session.lease_s),
            )
            .returning(requests.c.fence)
        )
        return None if fence is None else Claim(row_id=request_id, fence=fence)

    def hold(self, claim: Claim) -> None:
        """See ports.Requests."""
        self._owned(claim, {"lease_until": self._session.now() + timedelta(seconds=self._session.lease_s)})

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
        owned = and_(requests.c.id == claim.row_id, requests.c.fence == claim.fence)
        if self._connection.execute(update(requests).where(owned).values(**values)).rowcount != 1:
            raise ClaimLost(claim.row_id)

    def _row(self, request_id: str) -> Any:
        return self._connection.execute(select(requests).where(requests.c.id == request_id)).one()

    def _sealed(self, request_id: str, shop: str, principal: Principal, key_id: str, key: bytes) -> bytes:
        plain = json.dumps(dataclasses.asdict(principal)).encode()
        return self._session.vault.seal(plain, PLACE.format(id=request_id, shop=shop), key_id=key_id, key=key)

    def _opened(self, row: Any) -> PrivacyRequest:
        principal = Principal()
        if row.principal is not None:
            read = json.loads(self._session.open(row.principal, PLACE.format(id=row.id, shop=row.shop)))
            principal = Principal(**read | {"order_ids": tuple(read["order_ids"])})
        return described(row, principal)


def described(row: Any, principal: Principal) -> PrivacyRequest:
    """A row as a PrivacyRequest about this principal."""
    same = {
        name: getattr(row, name)
        for name in PrivacyRequest.__slots__
        if name not in {"kind", "source", "state", "principal", "clocks"}
    }
    return PrivacyRequest(
        kind=Kind(row.kind),
        source=Source(row.source),
        state=RequestState(row.state),
        principal=principal,
        clocks=json.loads(row.clocks),
        **same,
    )


def _active_key(shop: str, kind: str, subject: str) -> str:
    return f"{shop}|{kind}|{subject}"
