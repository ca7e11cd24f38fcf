"""Gives a new request its gate: it changes nothing until its plan is approved. Works in the caller's transaction."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from bridge.model import PrivacyRequest
from bridge.rules.requests.decisions.approval_rules import compute_cooling_off_end, count_needed_approvals
from bridge.rules.requests.decisions.two_person_kinds import needs_two
from bridge.services import Services

if TYPE_CHECKING:
    from bridge.store import Tx


def is_gate_needed(request: PrivacyRequest, services: Services) -> bool:
    """Return whether a new request waits for a person, or for the time in which it can be taken back."""
    if needs_two(request.kind):
        return False  # two people approve it by a command of its own, and nothing is done before
    return bool(
        count_needed_approvals(request.kind, request.source, services.merchant.approval)
        or _compute_free_time(request, services)
    )


def open_gate(request: PrivacyRequest, tx: Tx, services: Services) -> None:
    """Keep a new request from acting until its plan is approved, in the transaction that opens it."""
    tx.approvals.open_gate(request.id, request.source, free_at=_compute_free_time(request, services))


def _compute_free_time(request: PrivacyRequest, services: Services) -> datetime | None:
    return compute_cooling_off_end(
        request.kind,
        request.source,
        opened_at=services.clock.now(),
        due_at=request.due_at,
        rules=services.merchant.approval,
    )


def must_stay_apart(request: PrivacyRequest, other: PrivacyRequest, tx: Tx, services: Services) -> bool:
    """Return whether a new request must not join this open one of the same data subject.

    What Shopify orders runs by itself and waits for no approval; what a door of the merchant received widens nothing that
    runs by itself.
    """
    gate = tx.approvals.find_gate(other.id)
    if is_gate_needed(request, services):
        return gate is None
    return gate is not None and gate.begun_at is None
