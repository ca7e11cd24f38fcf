"""Open requests as an operator does who received a letter."""

from __future__ import annotations

from typing import Any

from bridge.model import Principal, RequestKind
from bridge.steps.requests.open_for_person import open_person_request


def open_as_operator(
    services: Any, principal: Principal, *, shop: str, kind: RequestKind = RequestKind.ERASURE, at: Any = None
) -> str:
    """Open a request that arrived at `at`, or now; return its id."""
    return open_person_request(
        kind, shop, principal, at or services.clock.now(), actor="operator:test", reason="a letter", services=services
    )
