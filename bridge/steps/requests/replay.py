"""Runs a request again where that can help: it looks first, says in words why not, and never restarts a clock.

What failed goes on after its last stored page. Connectors are asked only whether they let us in, and outside of any
transaction. What a replay cannot bring is refused: a key that is still missing, credentials that are still denied, a
decision or a document of a person.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from bridge.errors import KeyMissing, SealBroken
from bridge.model import (
    Absence,
    CheckResult,
    Fact,
    Outcome,
    Principal,
    PrivacyRequest,
    RequestKind,
    RequestState,
    Task,
    TaskAction,
    TaskState,
)
from bridge.rules.requests.failure_classes import FAILURE_CLASSES, classify_task, is_rerun_by_replay
from bridge.rules.requests.lifecycle import OWN_SYSTEMS
from bridge.services import Services

if TYPE_CHECKING:
    from bridge.store import Tx

OTHER_CHECKS = ("scope", "version")  # words in the names of checks that do not say whether a system lets us in
CLOSED_ABSENCES = (Absence.DENIED, Absence.NOT_CONFIGURED)
DESTROYED = "the gathered data was destroyed on its day, and the request no longer knows its data subject"
WAITS_FOR_ANSWER = "it waits for the answer of the processor: `notice list` shows since when"


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplayPlan:
    """What a replay of a request would do. `systems` run again; `blocked` says by system why a replay cannot help it.

    `refusal` says why nothing is done. Without systems, blocked ones and a refusal everything is done.
    """

    request_id: str
    request: PrivacyRequest | None = None
    systems: tuple[str, ...] = ()
    blocked: Mapping[str, str] = field(default_factory=dict)
    refusal: str = ""

    @property
    def due_at(self) -> datetime | None:
        """When the request is due, which a replay leaves as it is."""
        return self.request.due_at if self.request else None

    @property
    def restarts(self) -> bool:
        """Return whether the replay changes something."""
        is_failed = self.request is not None and self.request.state is RequestState.FAILED
        return not self.refusal and (bool(self.systems) or is_failed)


class AccessLook:
    """Asks each system once whether it lets us in, and remembers the answer."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._checks: dict[tuple[str, str], list[CheckResult]] = {}

    def explain_closed(self, task: Task, shop: str) -> str:
        """Return why the system still refuses what this task is about; '' where it may answer now."""
        connector = self._services.connectors.get(task.system)
        if connector is None:
            return f"there is no connector for {task.system}"
        if (task.system, shop) not in self._checks:
            self._checks[task.system, shop] = list(connector.run_checks(shop))
        checks = self._checks[task.system, shop]
        shut = [check for check in checks if check.ok is False and not set(OTHER_CHECKS) & set(check.name.split())]
        if shut:
            return f"{shut[0].name} is still refused: {shut[0].detail}"
        closed = [gap for gap in task.gaps if gap.absence in CLOSED_ABSENCES]
        ungranted = {check.name.rpartition(" ")[2] for check in checks if _is_ungranted(check)}
        still = [gap.reason for gap in closed if gap.reason in ungranted]
        is_all = bool(closed) and len(still) == len(closed) == len(task.gaps)
        return f"still not granted: {', '.join(dict.fromkeys(still))}" if is_all else ""


def _is_ungranted(check: CheckResult) -> bool:
    return " scope " in check.name and check.ok is not True


def plan_replay(request_id: str, look: AccessLook, *, force: bool, services: Services) -> ReplayPlan:
    """Return what a replay of this request would do. With `force` only what nothing can change is refused."""
    with services.store.read() as tx:
        request = tx.requests.get_sealed_request(request_id)
        if request is None:
            return ReplayPlan(request_id=request_id, refusal="no request has this id")
        try:
            tasks = tx.tasks.list_tasks(request_id)
            refusal = _refuse_unreplayable_request(request_id, tx)
        except (KeyMissing, SealBroken) as fault:
            refusal = "" if force else _explain_unreadable(fault)
            return ReplayPlan(request_id=request_id, request=request, refusal=refusal)
    if refusal:
        return ReplayPlan(request_id=request_id, request=request, refusal=refusal)
    blocked, systems = {}, []
    for task in tasks:
        why = "" if force else _explain_no_help(task, request.shop, look)
        if why:
            blocked[task.system] = why
        elif is_rerun_by_replay(task):
            systems.append(task.system)
    if blocked and not systems and request.state is not RequestState.FAILED:
        refusal = "; ".join(f"{system}: {why}" for system, why in blocked.items())
    return ReplayPlan(request_id=request_id, request=request, systems=tuple(systems), blocked=blocked, refusal=refusal)


def execute_replay(plan: ReplayPlan, *, actor: str, reason: str, services: Services) -> None:
    """Run the request of a plan again, and record who did it and why. Does nothing where the plan restarts nothing."""
    request = plan.request
    if request is None or not plan.restarts:
        return
    about = {"shop": request.shop, "request_id": request.id, "subject": request.subject}
    why = {"reason": reason} if reason else {}
    with services.store.transaction() as tx:
        tx.request_changes.restart_request(request.id)
        tx.evidence.append_fact(Fact.REQUEST_REPLAYED, actor=actor, tasks=len(plan.systems), **about, **why)


def is_still_failing(request: PrivacyRequest, tasks: list[Task]) -> bool:
    """Return whether something of a request that ended its run failed or is incomplete."""
    ended = [task for task in tasks if task.state is not TaskState.WAITING]
    return request.state is RequestState.FAILED or any(
        is_rerun_by_replay(task) and classify_task(task) for task in ended
    )


def _refuse_unreplayable_request(request_id: str, tx: Tx) -> str:
    request = tx.requests.get_request(request_id)
    if request is None:
        return ""
    if request.kind is RequestKind.ACCESS and request.principal == Principal():
        return DESTROYED
    newer = tx.requests.find_open_request(request.shop, request.kind, request.subject)
    if newer is not None and newer.id != request.id:
        return f"a newer request of the same data subject is open; replay {newer.id} instead"
    return ""


def _explain_unreadable(fault: Exception) -> str:
    if isinstance(fault, KeyMissing):
        return f"the key {fault} is still not in BRIDGE_KEYS (`keys list`, docs/runbooks/key-missing.md)"
    return "a sealed value of it was altered and does not open (docs/runbooks/seal-broken.md)"


def _explain_no_help(task: Task, shop: str, look: AccessLook) -> str:
    """Return why a replay cannot help this task; '' where it can, or where the task needs none."""
    name = classify_task(task)
    if name in FAILURE_CLASSES and FAILURE_CLASSES[name].needs:
        return FAILURE_CLASSES[name].needs
    if task.action is TaskAction.NOTIFY_PROCESSOR:
        return "" if task.state in (TaskState.DONE, TaskState.PENDING) else WAITS_FOR_ANSWER
    is_closed = name in (Outcome.DENIED, Outcome.INCOMPLETE) and task.system not in OWN_SYSTEMS
    return look.explain_closed(task, shop) if is_closed else ""
