"""Lets a request through its gate when its plan was approved.

Before that a worker only reads for it. The plan is read once more at the gate: where it says something else than what was
approved, the request waits again.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import structlog

from bridge.model import Fact, Lease, PrivacyRequest, RequestState, Task, WaitReason
from bridge.rules.requests.decisions.approval_rules import READING_ACTIONS, assess_gate, list_changed_parts
from bridge.rules.requests.lifecycle import FINISHED_STATES
from bridge.services import Services
from bridge.steps.requests.approval.deed_plan import read_deed_plan

if TYPE_CHECKING:
    from bridge.store import Tx

log = structlog.get_logger()
COOLING_OFF = "cooling_off"


@dataclass(frozen=True, kw_only=True, slots=True)
class GateWait:
    """Why a request does not go on at its gate: the state it waits in, when to look again, and a text for people."""

    state: RequestState
    wake_at: datetime | None
    reason: str


def is_gate_closed(request: PrivacyRequest, tx: Tx) -> bool:
    """Return whether the request may only read."""
    gate = tx.approvals.find_gate(request.id)
    return gate is not None and gate.begun_at is None


def pass_gate(request: PrivacyRequest, tasks: Collection[Task], lease: Lease, *, services: Services) -> GateWait | None:
    """Let a request act from now on, or return why it waits. Raises LeaseLost and StoreUnavailable."""
    reading = [task for task in tasks if task.action in READING_ACTIONS and task.state not in FINISHED_STATES]
    if reading:
        wake_at = min((task.wake_at for task in reading if task.wake_at), default=services.clock.now())
        return GateWait(state=RequestState.IN_PROGRESS, wake_at=wake_at, reason="")
    rules = services.merchant.approval
    with services.store.read() as tx:
        gate, approvals = tx.approvals.find_gate(request.id), tx.approvals.list_approvals(request.id)
    if gate is None or gate.begun_at is not None:
        return None
    status = assess_gate(gate, request.kind, approvals, now=services.clock.now(), rules=rules)
    if status.missing_approvals:
        has_changed = any(task.wait_reason is WaitReason.PLAN_CHANGED for task in tasks)
        reason = WaitReason.PLAN_CHANGED if has_changed else ""
        return _await_approval(request, lease, reason, services, missing=status.missing_approvals)
    if status.free_at is not None:
        return GateWait(state=RequestState.WAITING, wake_at=status.free_at, reason=COOLING_OFF)
    # asks other systems: no transaction is open
    changed = list_changed_parts(gate.shown_parts, read_deed_plan(request.id, services=services)) if approvals else []
    if changed:
        return _await_approval(request, lease, WaitReason.PLAN_CHANGED, services, changed=changed)
    with services.store.transaction() as tx:
        tx.requests.verify_lease(lease)
        tx.approvals.begin_deed(request.id)
        _record(Fact.DEED_BEGUN, request, tx, approvals=len(approvals), plan=gate.shown_digest)
    log.info("deed.begun", id=request.id, kind=request.kind, approvals=len(approvals))
    return None


def _await_approval(
    request: PrivacyRequest,
    lease: Lease,
    reason: str,
    services: Services,
    *,
    missing: int = 0,
    changed: Collection[str] = (),
) -> GateWait:
    with services.store.transaction() as tx:
        tx.requests.verify_lease(lease)
        if changed:
            tx.approvals.close_gate(request.id)
            _record(Fact.PLAN_CHANGED, request, tx, parts=changed)
        elif request.state is not RequestState.AWAITING_APPROVAL and not _was_awaited(request, tx):
            _record(Fact.APPROVAL_AWAITED, request, tx, missing=missing)
    log.warning("approval.awaited", id=request.id, kind=request.kind, reason=reason or "not_approved")
    return GateWait(state=RequestState.AWAITING_APPROVAL, wake_at=None, reason=reason)


def _was_awaited(request: PrivacyRequest, tx: Tx) -> bool:
    return any(event.fact == Fact.APPROVAL_AWAITED for event in tx.evidence.list_facts_of_request(request.id))


def _record(fact: Fact, request: PrivacyRequest, tx: Tx, **detail: Any) -> None:
    tx.evidence.append_fact(
        fact, shop=request.shop, request_id=request.id, subject=request.subject, kind=request.kind, **detail
    )
