"""Records what an operator decided about a request that waited for it, and lets the request run again. Calls nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bridge.errors import PayloadInvalid
from bridge.model import Fact, PrivacyRequest

if TYPE_CHECKING:
    from bridge.store import Tx


def check_no_newer_request(request: PrivacyRequest, tx: Tx) -> None:
    """Raise PayloadInvalid (`newer_request_open`) where another open request asks the same for the data subject."""
    newer = tx.requests.find_open_request(request.shop, request.kind, request.subject)
    if newer is not None and newer.id != request.id:
        raise PayloadInvalid("newer_request_open")


def record_decision(
    request: PrivacyRequest, fact: Fact, *, review_kind: str, actor: str, reason: str, tx: Tx, **detail: Any
) -> None:
    """Close the reviews that the decision answers, record the fact with `detail`, and make the request due."""
    tx.reviews.close_reviews(review_kind, request_id=request.id, actor=actor, reason=reason)
    tx.evidence.append_fact(
        fact, shop=request.shop, actor=actor, request_id=request.id, subject=request.subject, reason=reason, **detail
    )
    tx.request_changes.restart_request(request.id)
