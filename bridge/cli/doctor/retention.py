"""What `doctor` looks at of what is held: the retention file in force, what goes soon, what stays and why, claims."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

from bridge.bootstrap import make_services
from bridge.cli.context import CommandContext
from bridge.cli.hold.hold_view import needs_approval
from bridge.cli.hold.list import DUE_DAYS
from bridge.cli.null_queue import NullQueue
from bridge.errors import BridgeError
from bridge.model import AcceptedPolicy, CheckResult, LegalHold
from bridge.ports import Services
from bridge.rules.retention.holds import local_day
from bridge.rules.retention.release import LEGAL_HOLD_GROUND
from bridge.steps.retention.accept_policy import iterate_order_retention


def check_retention(context: CommandContext) -> list[CheckResult]:
    """Whether what the law keeps can go on its day."""
    services = make_services(context.configuration, NullQueue(), context.store)
    try:
        with context.store.transaction() as tx:
            accepted, claims = (
                tx.retention_policies.find_accepted_policy(),
                tx.legal_holds.list_active_legal_holds(),
            )
        return [
            _check_retention_file(accepted, services),
            *_check_documents(services),
            *_check_legal_holds(claims, services),
        ]
    except BridgeError:
        return []


def _check_retention_file(accepted: AcceptedPolicy | None, services: Services) -> CheckResult:
    name = "retention file"
    if accepted is None:
        return CheckResult(name=name, ok=None, detail="none is in force yet: the clock adopts the loaded one")
    if accepted.sha256 == services.retention.sha256:
        detail = f"{accepted.policy_id} in force since {accepted.accepted_at:%d %b %Y}"
        return CheckResult(name=name, ok=True, detail=detail)
    detail = f"{services.retention.policy_id} is not accepted, nothing goes by it: see `hold changes`, then `hold accept`"
    return CheckResult(name=name, ok=False, detail=detail)


def _check_documents(services: Services) -> list[CheckResult]:
    """How many go soon, and why those whose day has come stay (T10)."""
    today = local_day(services.clock.now(), services.retention.calendar)
    soon, due, claimed, stays = today + timedelta(days=DUE_DAYS), 0, 0, Counter[str]()
    for _, documents, _, kept in iterate_order_retention(today=today, services=services):
        if kept.erasable_from is not None:
            due += len(documents) * (kept.erasable_from <= soon)
        elif set(kept.grounds) == {LEGAL_HOLD_GROUND}:
            claimed += len(documents)
        elif kept.release_needs and kept.legal_end_day and kept.legal_end_day <= today:
            stays[" and ".join(kept.release_needs)] += len(documents)
    told = [CheckResult(name="documents due", ok=True, detail=f"{due} within {DUE_DAYS} days")]
    if claimed:
        detail = f"{claimed} are over and stay for a claim"
        told.append(CheckResult(name="documents held by a claim", ok=None, detail=detail))
    for needs, count in sorted(stays.items()):
        detail = f"{count} are over and stay until {needs} is decided"
        told.append(CheckResult(name="documents held back", ok=False, detail=detail))
    return told


def _check_legal_holds(legal_holds: Sequence[LegalHold], services: Services) -> list[CheckResult]:
    """Claims that nobody looked at in time, or that outlive a year on one person's word: they go on holding."""
    now = services.clock.now()
    told = []
    for claim in legal_holds:
        if claim.review_due_at < now:
            detail = f"nobody looked since {claim.reviewed_at or claim.opened_at:%d %b %Y}: `hold review` or `hold release`"
            told.append(CheckResult(name=f"claim {claim.id}", ok=False, detail=detail))
        if needs_approval(claim, now):
            detail = "older than a year on one person's word: another must `hold approve`"
            told.append(CheckResult(name=f"claim {claim.id}", ok=False, detail=detail))
    return told
