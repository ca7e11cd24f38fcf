"""Saves the plan of an erasure before anything is changed, and compares a later one with it. Plans nothing itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bridge.model import ErasureAction, Fact, PlanLine, PrivacyRequest
from bridge.rules.erasure.plan_lines import compare_plans, serialise_plan
from bridge.rules.requests.lifecycle import BRIDGE
from bridge.services import Services

if TYPE_CHECKING:
    from bridge.store import Tx


def compare_with_saved_plan(request: PrivacyRequest, plan_lines: Sequence[PlanLine], tx: Tx) -> list[dict[str, Any]]:
    """Return the lines that differ from the saved plan; none where there is no plan yet."""
    saved = tx.plans.find_plan(request.id)
    return compare_plans(saved["lines"], serialise_plan(plan_lines)) if saved else []


def save_plan(
    request: PrivacyRequest, plan_lines: Sequence[PlanLine], changes: Sequence[Any], *, tx: Tx, services: Services
) -> None:
    """Save and record the first plan, or one that changed before it was carried out. Writes evidence: call it last."""
    saved = tx.plans.find_plan(request.id)
    if saved and not changes:
        return
    plan = {"made_at": services.clock.now().isoformat(), "lines": serialise_plan(plan_lines), "changed": list(changes)}
    tx.plans.save_plan(request.id, plan)
    _record_plan(request, plan_lines, len(changes) if saved else None, tx)


def append_later_run(request: PrivacyRequest, plan_lines: Sequence[PlanLine], tx: Tx) -> None:
    """Add what a later run of the same erasure removed to the plan that was saved before the first run."""
    saved = tx.plans.find_plan(request.id) or {}
    erased = [line for line in plan_lines if line.system == BRIDGE and line.action is ErasureAction.ERASE]
    if saved and erased:
        later = [*saved.get("later", []), *serialise_plan(erased)]
        tx.plans.save_plan(request.id, {**saved, "later": later})
        _record_plan(request, erased, len(erased), tx)


def _record_plan(request: PrivacyRequest, plan_lines: Sequence[PlanLine], changes: int | None, tx: Tx) -> None:
    counts: dict[str, Any] = {"lines": len(plan_lines)} if changes is None else {"changes": changes}
    tx.evidence.append_fact(
        Fact.PLAN_CREATED if changes is None else Fact.PLAN_CHANGED,
        shop=request.shop,
        request_id=request.id,
        subject=request.subject,
        actions=dict(sorted(Counter(line.action.value for line in plan_lines).items())),
        **counts,
    )
