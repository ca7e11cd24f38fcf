"""Decide which requests wait for an approval, by how many persons, and how long one can be taken back. Pure.

What Shopify orders by webhook runs by itself. What a door of the merchant received changes nothing before its plan was
approved, as far as the merchant's file does not say otherwise.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bridge.errors import PayloadInvalid
from bridge.model import Approval, ApprovalGate, DeedPlan, RequestKind, RequestSource, TaskAction
from bridge.rules.evidence.chain import encode_canonical_json
from bridge.rules.requests.access_wait import TIME_TO_ERASE
from config.merchant_file.approval_rules import ALWAYS_TWO, ApprovalRules

# what only reads for a plan: it runs before the approval
READING_ACTIONS = frozenset({TaskAction.FIND_CUSTOMERS})
WARN_BEFORE_DUE = timedelta(days=7)  # an approval that is missing then is a condition


def count_needed_approvals(kind: RequestKind, door: RequestSource, rules: ApprovalRules) -> int:
    """Return how many persons must approve the plan of a request of this kind that came by this door."""
    if not door.is_merchants:
        return 0
    if kind in ALWAYS_TWO:
        return 2
    if kind in rules.kinds_without or door in rules.doors_without:
        return 0
    return 2 if kind in rules.two_people else 1


def compute_cooling_off_end(
    kind: RequestKind, door: RequestSource, *, opened_at: datetime, due_at: datetime, rules: ApprovalRules
) -> datetime | None:
    """Return until when a request can be taken back and nothing is done for it; None where there is no such time.

    Only erasures have one. The deadline counts on: the time ends early enough to erase before it.
    """
    if kind is not RequestKind.ERASURE or not door.is_merchants or not rules.cooling_off_hours:
        return None
    end = min(opened_at + timedelta(hours=rules.cooling_off_hours), due_at - TIME_TO_ERASE)
    return end if end > opened_at else None


@dataclass(frozen=True, kw_only=True, slots=True)
class GateStatus:
    """Where a gate stands: persons that still must approve the plan, and until when it stays closed all the same."""

    missing_approvals: int
    free_at: datetime | None

    @property
    def is_open(self) -> bool:
        """Return whether nothing is waited for."""
        return not self.missing_approvals and self.free_at is None


def assess_gate(
    gate: ApprovalGate, kind: RequestKind, approvals: Collection[Approval], *, now: datetime, rules: ApprovalRules
) -> GateStatus:
    """Return what a gate waits for. Approvals count where they are of the same plan, that of the newest one."""
    needed = count_needed_approvals(kind, gate.door, rules)
    return GateStatus(
        missing_approvals=max(0, needed - len(list_counting_approvals(approvals))),
        free_at=gate.free_at if gate.free_at and gate.free_at > now else None,
    )


def list_counting_approvals(approvals: Collection[Approval]) -> list[Approval]:
    """Return the approvals of the plan that was approved last, one of each person."""
    newest = max(approvals, key=lambda one: one.approved_at, default=None)
    same = [one for one in approvals if newest and one.plan_digest == newest.plan_digest]
    return list({one.actor: one for one in same}.values())


def digest_plan(plan: DeedPlan) -> str:
    """Return the SHA-256 of what a plan says, as hexadecimal digits."""
    return _hash_value({"parts": dict(plan.parts), "unread": sorted(plan.unread)})


def digest_parts(plan: DeedPlan) -> dict[str, str]:
    """Return the digest of each part of a plan that could be read."""
    return {name: _hash_value(part) for name, part in plan.parts.items() if name not in plan.unread}


def list_changed_parts(shown: Mapping[str, str], plan: DeedPlan) -> list[str]:
    """Return the parts that say something else than when the plan was shown.

    A part that cannot be read now is not compared: the task that needs it fails by itself. One that could not be read when
    it was shown has changed: nobody has seen it.
    """
    now = digest_parts(plan)
    gone = shown.keys() - now.keys() - plan.unread.keys()
    return sorted({*gone, *(name for name, digest in now.items() if shown.get(name) != digest)})


def check_second_person(actor: str, approvals: Collection[Approval]) -> None:
    """Raise PayloadInvalid (`approved_by_you`) where this person approved the plan before: two must be two."""
    if any(one.actor.casefold() == actor.casefold() for one in approvals):
        raise PayloadInvalid("approved_by_you")


def _hash_value(value: object) -> str:
    return hashlib.sha256(encode_canonical_json({"of": value})).hexdigest()
