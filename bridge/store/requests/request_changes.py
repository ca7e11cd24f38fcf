"""A request that goes on: joined by another asking, run again, due earlier, or made to forget the person."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import update

from bridge.model import Principal, PrivacyRequest, RequestKind, RequestState
from bridge.store.index.rows import IndexRows
from bridge.store.requests.request_rows import RequestStorage, active_key
from bridge.store.schema.tables import requests


class RequestChanges(RequestStorage):
    """Changing what a request covers and when it is due."""

    def widen_request(self, request_id: str, principal: Principal) -> None:
        """See ports.Requests."""
        request = self.get_request(request_id)
        if request is None:
            return
        known = request.principal
        wider = Principal(
            customer_id=self._choose_surviving_id(request.shop, known.customer_id, principal.customer_id),
            email=known.email or principal.email,
            phone=known.phone or principal.phone,
            order_ids=tuple(dict.fromkeys((*known.order_ids, *principal.order_ids))),
        )
        if wider != known:
            self.replace_principal(request, wider)
            self.reset_tasks(request_id)
            self._revoke_lease(request_id)
        self.restart_request(request_id)

    def _choose_surviving_id(self, shop: str, known: str, given: str) -> str:
        """Of two ids of one person the one that was not merged away: the other's erasure erases nothing."""
        index = IndexRows(self._session)
        key = index.pseudonym(shop, "customer", known)
        return given if given and (not key or index.follow_merges(shop, key) != key) else known

    def replace_principal(self, request: PrivacyRequest, principal: Principal | None) -> None:
        """See ports.Requests. What an erasure still says of her has a key of its own, so that hers can go."""
        row = self._read_request_row(request.id)
        values: dict[str, Any] = {"principal": None}
        if principal is not None:
            subject = row.subject if row.kind == RequestKind.ACCESS else request.id
            key = self._session.get_or_create_data_key(row.shop, subject or request.id)
            sealed = self._seal_principal(request.id, row.shop, principal, key.id, key.key)
            values = {"principal": sealed, "data_key_id": key.id}
        self._connection.execute(update(requests).where(requests.c.id == request.id).values(**values))
        if values.get("data_key_id") != row.data_key_id:
            self._session.destroy_unused_keys(row.shop, [row.data_key_id])

    def erase_principal(self, request_id: str) -> None:
        """Forget whom a request was about, without opening what is sealed of her."""
        row = self._read_request_row(request_id)
        self._connection.execute(update(requests).where(requests.c.id == request_id).values(principal=None))
        self._session.destroy_unused_keys(row.shop, [row.data_key_id])

    def advance_deadlines(self, request_id: str, earlier_request: PrivacyRequest) -> None:
        """See ports.Requests."""
        values = {
            "received_at": earlier_request.received_at,
            "received_at_basis": earlier_request.received_at_basis,
            "acknowledge_due_at": earlier_request.acknowledge_due_at,
            "due_at": earlier_request.due_at,
            "due_governed_by": earlier_request.due_governed_by,
            "clocks": json.dumps(dict(earlier_request.clocks)),
        }
        earlier = (requests.c.id == request_id, requests.c.due_at > earlier_request.due_at)
        self._connection.execute(update(requests).where(*earlier).values(**values))

    def restart_request(self, request_id: str) -> None:
        """Run a request's unfinished and failed tasks again from their last page; clocks stay as they are."""
        self.restart_tasks(request_id)
        row = self._read_request_row(request_id)
        now = self._session.now()
        self._connection.execute(
            update(requests)
            .where(requests.c.id == request_id)
            .values(
                state=RequestState.IN_PROGRESS,
                active_key=active_key(row.shop, row.kind, row.subject),
                attempts=0,
                last_error="",
                wake_at=now,
                rung_at=None,
            )
        )

    def _revoke_lease(self, request_id: str) -> None:
        """Whoever works on it now works on too little: its next write is refused, and the row is free."""
        self._connection.execute(
            update(requests)
            .where(requests.c.id == request_id)
            .values(fence=requests.c.fence + 1, lease_until=None)
        )
