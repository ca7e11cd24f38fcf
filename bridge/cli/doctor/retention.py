"""Check the retention: the retention file in force, documents by their day, legal holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta

from bridge.cli.context import CommandContext
from bridge.cli.doctor.database import end_without_database
from bridge.cli.hold.hold_view import needs_approval
from bridge.cli.hold.list import DUE_DAYS
from bridge.model import AcceptedPolicy, CheckResult, LegalHold
from bridge.rules.retention.release import LEGAL_HOLD_GROUND
from bridge.rules.retention.statutory_last_days import local_day
from bridge.services import Services
from bridge.steps.retention.accept_policy import iterate_order_retention


@end_without_database
def check_retention(context: CommandContext) -> list[CheckResult]:
    """Return whether kept documents can be destroyed on their day."""
    services = context.services
    with context.store.transaction() as tx:
        accepted = tx.retention_policies.find_accepted_policy()
        legal_holds = tx.legal_holds.list_active_legal_holds()
    file_check = _check_retention_file(accepted, services)
    return [file_check, *_check_documents(services), *_check_legal_holds(legal_holds, services)]


def _check_retention_file(accepted: AcceptedPolicy | None, services: Services) -> CheckResult:
    name = "retention file"
    if accepted is None:
        return CheckResult(name=name, ok=None, detail="none is in force yet: the clock accepts the loaded one")
    if accepted.sha256 == services.retention.sha256:
        detail = f"{accepted.policy_id} in force since {accepted.accepted_at:%d %b %Y}"
        return CheckResult(name=name, ok=True, detail=detail)
    detail = f"{services.retention.policy_id} is not accepted, nothing is destroyed by it: see `hold changes`, then `hold accept`"
    return CheckResult(name=name, ok=False, detail=detail, fix="hold changes, then hold accept")


def _check_documents(services: Services) -> Iterator[CheckResult]:
    """Yield how many documents are due soon, and why those whose day has come stay (T10)."""
    today = local_day(services.clock.now(), services.retention.calendar)
    soon, due, on_hold, undecided = today + timedelta(days=DUE_DAYS), 0, 0, Counter[str]()
    for _, documents, _, retention in iterate_order_retention(today=today, services=services):
        if retention.erasable_from is not None:
            due += len(documents) * (retention.erasable_from <= soon)
        elif set(retention.grounds) == {LEGAL_HOLD_GROUND}:
            on_hold += len(documents)
        elif retention.release_needs and retention.legal_end_day and retention.legal_end_day <= today:
            undecided[" and ".join(retention.release_needs)] += len(documents)
    yield CheckResult(name="documents due", ok=True, detail=f"{due} within {DUE_DAYS} days")
    if on_hold:
        detail = f"{on_hold} are past their day and stay for a legal hold"
        yield CheckResult(name="documents held by a claim", ok=None, detail=detail)
    for needs, count in sorted(undecided.items()):
        detail = f"{count} are past their day and stay until {needs} is decided"
        fix = "decide it in the retention file, then hold changes and hold accept"
        yield CheckResult(name="documents held back", ok=False, detail=detail, fix=fix)


def _check_legal_holds(legal_holds: Sequence[LegalHold], services: Services) -> Iterator[CheckResult]:
    """Yield the legal holds whose review is overdue, or whose approval is missing. They stay in force."""
    now = services.clock.now()
    for legal_hold in legal_holds:
        if legal_hold.review_due_at < now:
            detail = f"no review since {legal_hold.reviewed_at or legal_hold.opened_at:%d %b %Y}: `hold review` or `hold release`"
            fix = f"hold review {legal_hold.id} or hold release {legal_hold.id}"
            yield CheckResult(name=f"claim {legal_hold.id}", ok=False, detail=detail, fix=fix)
        if needs_approval(legal_hold, now):
            detail = "older than a year without approval: another person must run `hold approve`"
            yield CheckResult(
                name=f"claim {legal_hold.id}", ok=False, detail=detail, fix=f"hold approve {legal_hold.id}"
            )
