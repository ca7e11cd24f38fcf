"""Lists what an erasure left here and at the platform because something keeps it, as a certificate says it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bridge.model import PlanLine, PrivacyRequest, RequestKind, RequestSource, Task, TaskAction, TaskState, WaitReason
from bridge.rules.erasure.plan import plan_held_rows
from bridge.rules.erasure.platform_fields import list_surviving_fields
from bridge.rules.retention.category_retention import CategoryRetention
from bridge.services import Services
from bridge.steps.erasure.erasure import Erasure
from bridge.steps.erasure.held.retention_records import read_subject_retention
from bridge.steps.erasure.scope import read_erasure_scope

if TYPE_CHECKING:
    from bridge.store import Tx


def list_held_lines(request: PrivacyRequest, tasks: Sequence[Task], *, tx: Tx, services: Services) -> list[PlanLine]:
    """Return the lines, without a person: rows of the index, then fields at the platform."""
    if request.kind is not RequestKind.ERASURE:
        return []
    held_actions = {task.action for task in tasks if task.wait_reason is WaitReason.HELD_BY_LAW}
    lines: list[PlanLine] = []
    if TaskAction.ERASE in held_actions:
        lines += plan_held_rows(Erasure(request, tasks, tx=tx, services=services).held_rows)
    if request.source is RequestSource.LEDGER:  # nobody knows what the platform was asked
        return lines
    retentions: dict[str, CategoryRetention] = {}
    if _is_platform_to_be_asked(tasks):
        scope = read_erasure_scope(request, (), tx)
        retentions = read_subject_retention(request, scope, tx=tx, services=services).calculate_all()
    opened_by_operator = request.source.is_merchants
    return lines + list_surviving_fields(services.retention, retentions, opened_by_operator=opened_by_operator)


def _is_platform_to_be_asked(tasks: Sequence[Task]) -> bool:
    return any(
        task.action is TaskAction.REQUEST_PLATFORM_ERASURE and task.state is not TaskState.DONE for task in tasks
    )
