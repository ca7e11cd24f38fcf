"""Open requests as an operator does who received a letter."""

from __future__ import annotations

from typing import Any

from bridge.model import LetterKind, PersonLetter, Principal, RequestKind
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


def list_answers(services: Any, request_id: str) -> list[PersonLetter]:
    """Return the letters to the person, without the one that says that the request arrived: each door writes that."""
    with services.store.read() as tx:
        letters = tx.person_letters.list_letters(request_id)
    return [letter for letter in letters if letter.kind is not LetterKind.ACKNOWLEDGEMENT]
