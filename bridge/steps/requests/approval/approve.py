"""Shows the plan of a request to a person, and stores who approved which plan. What is approved is what was shown."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from bridge.errors import PayloadInvalid
from bridge.model import Approval, ApprovalGate, DeedPlan, Fact, PrivacyRequest, RequestState
from bridge.rules.requests.decisions.approval_rules import (
    assess_gate,
    check_second_person,
    count_needed_approvals,
    digest_parts,
    digest_plan,
    list_changed_parts,
    list_counting_approvals,
)
from bridge.services import Services
from bridge.steps.evidence.record_facts import enqueue_request_ids
from bridge.steps.requests.approval.deed_plan import read_deed_plan

if TYPE_CHECKING:
    from bridge.store import Tx


@dataclass(frozen=True, kw_only=True, slots=True)
class ApprovalStatus:
    """Where the approval of a request stands: who approved, how many are missing, until when it can be taken back.

    `has_begun`: it acts already, or nobody has to approve it.
    """

    needed: int
    missing: int
    approvals: tuple[Approval, ...] = ()
    free_at: datetime | None = None
    has_begun: bool = False
    shown_digest: str = ""


def read_approval_status(request: PrivacyRequest, tx: Tx, services: Services) -> ApprovalStatus:
    """Return where the approval of a request stands."""
    gate = tx.approvals.find_gate(request.id)
    if gate is None:
        return ApprovalStatus(needed=0, missing=0, has_begun=True)
    approvals = list_counting_approvals(tx.approvals.list_approvals(request.id))
    rules = services.merchant.approval
    status = assess_gate(gate, request.kind, approvals, now=services.clock.now(), rules=rules)
    return ApprovalStatus(
        needed=count_needed_approvals(request.kind, gate.door, rules),
        missing=0 if gate.begun_at else status.missing_approvals,
        approvals=tuple(approvals),
        free_at=None if gate.begun_at else status.free_at,
        has_begun=gate.begun_at is not None,
        shown_digest=gate.shown_digest,
    )


def show_plan(request_id: str, *, services: Services) -> tuple[DeedPlan, str]:
    """Return the plan of a request that waits, with its digest, and remember that it was shown.

    Raises PayloadInvalid (`request_unknown`), StoreUnavailable.
    """
    plan = read_deed_plan(request_id, services=services)
    digest = digest_plan(plan)
    with services.store.transaction() as tx:
        tx.approvals.record_shown_plan(request_id, digest, digest_parts(plan))
    return plan, digest


def approve_request(request_id: str, *, actor: str, plan_digest: str = "", services: Services) -> ApprovalStatus:
    """Store that `actor` approved the plan with this digest, or the one that was shown last. Return what is still missing.

    Raises PayloadInvalid: `request_unknown`, `not_awaiting`, `plan_not_shown`, `plan_unknown` (it is not the one that was
    shown last), `plan_changed` since it was shown, `approved_by_you`. Raises StoreUnavailable.
    """
    with services.store.read() as tx:
        _, gate = find_awaiting(request_id, tx)
    digest = plan_digest or gate.shown_digest
    if not gate.shown_digest:
        raise PayloadInvalid("plan_not_shown")
    if digest != gate.shown_digest:
        raise PayloadInvalid("plan_unknown")
    if list_changed_parts(gate.shown_parts, read_deed_plan(request_id, services=services)):
        raise PayloadInvalid("plan_changed")
    with services.store.transaction() as tx:
        tx.requests.lock_request(request_id)
        request, gate = find_awaiting(request_id, tx)
        if gate.shown_digest != digest:
            raise PayloadInvalid("plan_unknown")
        same_plan = [one for one in tx.approvals.list_approvals(request_id) if one.plan_digest == digest]
        check_second_person(actor, same_plan)
        tx.approvals.add_approval(request_id, actor, digest)
        status = read_approval_status(request, tx, services)
        if not status.missing:
            tx.request_changes.resume_request(request_id)
        tx.evidence.append_fact(
            Fact.PLAN_APPROVED,
            shop=request.shop,
            actor=actor,
            request_id=request_id,
            subject=request.subject,
            plan=digest,
            missing=status.missing,
        )
    if not status.missing:
        enqueue_request_ids([request_id], services)
    return status


def find_awaiting(request_id: str, tx: Tx) -> tuple[PrivacyRequest, ApprovalGate]:
    """Return a request that may not act yet, with its gate. Raises PayloadInvalid (`request_unknown`, `not_awaiting`)."""
    request = tx.requests.get_request(request_id)
    if request is None:
        raise PayloadInvalid("request_unknown")
    gate = tx.approvals.find_gate(request_id)
    if gate is None or gate.begun_at is not None or request.state is RequestState.DONE:
        raise PayloadInvalid("not_awaiting")
    return request, gate


def require_approval(request: PrivacyRequest, tx: Tx) -> None:
    """Raise PayloadInvalid (`not_approved`) where the request may not act yet: for deeds that no worker does."""
    gate = tx.approvals.find_gate(request.id)
    if gate is not None and gate.begun_at is None:
        raise PayloadInvalid("not_approved")
