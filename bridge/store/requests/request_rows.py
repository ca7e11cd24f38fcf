"""A privacy request as it rests: opened once, read back, the person sealed under her data key."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import bindparam, select

from bridge.model import Principal, PrivacyRequest, RequestKind, RequestSource, RequestState, Task
from bridge.store.requests.tasks import TaskRows
from bridge.store.schema.tables import requests
from bridge.store.upsert import upsert
from bridge.store.webhooks.inbox import ENQUEUE_GRACE_S

SELECT_REQUEST = select(requests).where(requests.c.id == bindparam("of"))
SELECT_ACTIVE_REQUEST = select(requests).where(requests.c.active_key == bindparam("of"))
SELECT_REQUEST_BY_ONCE_KEY = select(requests).where(requests.c.once_key == bindparam("of"))
PRINCIPAL_AAD = "requests|{id}|principal|{shop}"


class RequestStorage(TaskRows):
    """Storing and reading requests."""

    def open_request(
        self, request: PrivacyRequest, *, idempotency_key: str, tasks: Sequence[Task]
    ) -> PrivacyRequest | None:
        """See ports.Requests."""
        key = self._session.get_or_create_data_key(request.shop, request.subject or request.id)
        now = self._session.now()
        row = {
            "id": request.id,
            "shop": request.shop,
            "kind": request.kind,
            "source": request.source,
            "state": request.state,
            "subject": request.subject,
            "once_key": idempotency_key,
            "active_key": active_key(request.shop, request.kind, request.subject),
            "principal": self._seal_principal(request.id, request.shop, request.principal, key.id, key.key),
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
            "wake_at": now + timedelta(seconds=ENQUEUE_GRACE_S),
        }
        insert = upsert(self._connection, requests).returning(requests.c.id)
        if self._connection.scalar(insert, row) is None:
            return None
        for position, task in enumerate(tasks):
            self.save_task(task, position=position)
        return request

    def find_open_request(self, shop: str, kind: str, subject: str) -> PrivacyRequest | None:
        """See ports.Requests."""
        key = active_key(shop, kind, subject)
        row = self._connection.execute(SELECT_ACTIVE_REQUEST, {"of": key}).one_or_none()
        return self._open_request_row(row) if row else None

    def find_request_by_idempotency_key(self, idempotency_key: str) -> PrivacyRequest | None:
        """The request that was opened under this idempotency key."""
        row = self._connection.execute(SELECT_REQUEST_BY_ONCE_KEY, {"of": idempotency_key}).one_or_none()
        return self._open_request_row(row) if row else None

    def get_request(self, request_id: str) -> PrivacyRequest | None:
        """See ports.Requests."""
        row = self._connection.execute(SELECT_REQUEST, {"of": request_id}).one_or_none()
        return self._open_request_row(row) if row else None

    def _read_request_row(self, request_id: str) -> Any:
        return self._connection.execute(SELECT_REQUEST, {"of": request_id}).one()

    def _seal_principal(
        self, request_id: str, shop: str, principal: Principal, key_id: str, key: bytes
    ) -> bytes:
        plain = json.dumps(dataclasses.asdict(principal)).encode()
        return self._session.keyring.seal(
            plain, PRINCIPAL_AAD.format(id=request_id, shop=shop), key_id=key_id, key=key
        )

    def _open_request_row(self, row: Any) -> PrivacyRequest:
        principal = Principal()
        if row.principal is not None:
            read = json.loads(
                self._session.open(row.principal, PRINCIPAL_AAD.format(id=row.id, shop=row.shop))
            )
            principal = Principal(**read | {"order_ids": tuple(read["order_ids"])})
        return request_from_row(row, principal)


def request_from_row(row: Any, principal: Principal) -> PrivacyRequest:
    """A row as a PrivacyRequest about this principal."""
    same = {
        name: getattr(row, name)
        for name in PrivacyRequest.__slots__
        if name not in {"kind", "source", "state", "principal", "clocks"}
    }
    return PrivacyRequest(
        kind=RequestKind(row.kind),
        source=RequestSource(row.source),
        state=RequestState(row.state),
        principal=principal,
        clocks=json.loads(row.clocks),
        **same,
    )


def active_key(shop: str, kind: str, subject: str) -> str:
    """The key that only one request of a person and kind holds until it is done."""
    return f"{shop}|{kind}|{subject}"
