"""Open requests as an operator does who received a letter."""

from __future__ import annotations

from typing import Any

from bridge.model import Principal, RequestKind
from bridge.steps.requests.open_for_person import open_person_request


def open_as_operator(
    services: Any,
    principal: Principal,
    *,
    shop: str,
    kind: RequestKind = RequestKind.ERASURE,
    at: Any = None,
    approved: bool = True,
) -> str:
    """Open a request that arrived at `at`, or now; return its id. It acts at once, unless it is not `approved`."""
    request_id = open_person_request(
        kind, shop, principal, at or services.clock.now(), actor="operator:test", reason="a letter", services=services
    )
    return let_act(services, request_id) if approved else request_id


def let_act(services: Any, request_id: str) -> str:
    """Let a request act as if its plan had been approved and the time to take it back were over; return its id."""
    with services.store.transaction() as tx:
        tx.approvals.begin_deed(request_id)
    return request_id
