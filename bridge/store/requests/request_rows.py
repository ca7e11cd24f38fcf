"""A privacy request as it rests: opened once, read back, the person sealed under her data key."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from datetime import timedelta
from functools import cache
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.dialects import postgresql, sqlite

from bridge.model import Kind, Principal, PrivacyRequest, RequestState, Source, Task
from bridge.store.requests.tasks import TaskRows
from bridge.store.schema.tables import requests
from bridge.store.webhooks.inbox import SWEEP_GRACE_S

ONE = select(requests).where(requests.c.id == bindparam("of"))
ACTIVE = select(requests).where(requests.c.active_key == bindparam("of"))
ONCE = select(requests).where(requests.c.once_key == bindparam("of"))
PLACE = "requests|{id}|principal|{shop}"


@cache
def _open(dialect: str) -> Any:
    """Insert a request, unless there is one under one of its keys."""
    insert = (postgresql if dialect == "postgresql" else sqlite).insert(requests)
    return insert.on_conflict_do_nothing().returning(requests.c.id)


class KeptRequests(TaskRows):
    """Storing and reading requests."""

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
            "active_key": active_key(request.shop, request.kind, request.subject),
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
        if self._connection.scalar(_open(self._connection.dialect.name), row) is None:
            return None
        for position, task in enumerate(tasks):
            self.save_task(task, position=position)
        return request

    def in_flight(self, shop: str, kind: str, subject: str) -> PrivacyRequest | None:
        """See ports.Requests."""
        key = active_key(shop, kind, subject)
        row = self._connection.execute(ACTIVE, {"of": key}).one_or_none()
        return self._opened(row) if row else None

    def opened_once(self, once: str) -> PrivacyRequest | None:
        """The request that was opened under this idempotency key."""
        row = self._connection.execute(ONCE, {"of": once}).one_or_none()
        return self._opened(row) if row else None

    def get(self, request_id: str) -> PrivacyRequest | None:
        """See ports.Requests."""
        row = self._connection.execute(ONE, {"of": request_id}).one_or_none()
        return self._opened(row) if row else None

    def _row(self, request_id: str) -> Any:
        return self._connection.execute(ONE, {"of": request_id}).one()

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


def active_key(shop: str, kind: str, subject: str) -> str:
    """The key that only one request of a person and kind holds until it is done."""
    return f"{shop}|{kind}|{subject}"
