"""What `doctor` looks at of what is held: the retention file in force, what goes soon, what stays and why, claims."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

from bridge.bootstrap import make_services
from bridge.cli.context import Desk
from bridge.cli.hold.hold_view import needs_approval
from bridge.cli.hold.list import DUE_DAYS
from bridge.cli.null_queue import NoBell
from bridge.errors import BridgeError
from bridge.model import Check, LawFile, LegalClaim
from bridge.ports import Services
from bridge.rules.retention.holds import local_day
from bridge.rules.retention.release import CLAIM
from bridge.steps.retention.accept_policy import walk


def holds_checks(at: Desk) -> list[Check]:
    """Whether what the law keeps can go on its day."""
    services = make_services(at.start, NoBell(), at.store)
    try:
        with at.store.transaction() as tx:
            accepted, claims = tx.law_files.accepted(), tx.legal_claims.living()
        return [_law(accepted, services), *_documents(services), *_claims(claims, services)]
    except BridgeError:
        return []


def _law(accepted: LawFile | None, services: Services) -> Check:
    name = "retention file"
    if accepted is None:
        return Check(name=name, ok=None, detail="none is in force yet: the clock adopts the loaded one")
    if accepted.sha256 == services.retention.sha256:
        detail = f"{accepted.policy_id} in force since {accepted.accepted_at:%d %b %Y}"
        return Check(name=name, ok=True, detail=detail)
    detail = f"{services.retention.policy_id} is not accepted, nothing goes by it: see `hold changes`, then `hold accept`"
    return Check(name=name, ok=False, detail=detail)


def _documents(services: Services) -> list[Check]:
    """How many go soon, and why those whose day has come stay (T10)."""
    today = local_day(services.clock.now(), services.retention.calendar)
    soon, due, claimed, stays = today + timedelta(days=DUE_DAYS), 0, 0, Counter[str]()
    for _, documents, _, kept in walk(today=today, services=services):
        if kept.erasable_from is not None:
            due += len(documents) * (kept.erasable_from <= soon)
        elif set(kept.grounds) == {CLAIM}:
            claimed += len(documents)
        elif kept.needs and kept.day_of_law and kept.day_of_law <= today:
            stays[" and ".join(kept.needs)] += len(documents)
    told = [Check(name="documents due", ok=True, detail=f"{due} within {DUE_DAYS} days")]
    if claimed:
        detail = f"{claimed} are over and stay for a claim"
        told.append(Check(name="documents held by a claim", ok=None, detail=detail))
    for needs, count in sorted(stays.items()):
        detail = f"{count} are over and stay until {needs} is decided"
        told.append(Check(name="documents held back", ok=False, detail=detail))
    return told


def _claims(claims: Sequence[LegalClaim], services: Services) -> list[Check]:
    """Claims that nobody looked at in time, or that outlive a year on one person's word: they go on holding."""
    now = services.clock.now()
    told = []
    for claim in claims:
        if claim.review_due_at < now:
            detail = f"nobody looked since {claim.reviewed_at or claim.opened_at:%d %b %Y}: `hold review` or `hold release`"
            told.append(Check(name=f"claim {claim.id}", ok=False, detail=detail))
        if needs_approval(claim, now):
            detail = "older than a year on one person's word: another must `hold approve`"
            told.append(Check(name=f"claim {claim.id}", ok=False, detail=detail))
    return told
