"""What `dsr plan` shows: the tasks explained, the plan of an erasure, precheck findings and platform residue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bridge.model import (
    DeedPlan,
    EraseProgress,
    PlatformRequestProgress,
    PrivacyRequest,
    RequestKind,
    Task,
    TaskAction,
    get_progress,
)
from bridge.rules.erasure.plan_lines import compare_plans, serialise_plan
from bridge.rules.requests.progress_codec import encode_detail
from bridge.services import Services
from bridge.steps.erasure.erasure import Erasure
from bridge.steps.requests.approval.withdrawal_plan import is_carried_out, read_withdrawal_parts
from bridge.store import Tx

Tasks = Sequence[Task]

TASK_EXPLANATIONS = {  # action: what the task does, and why
    TaskAction.GATHER: ("reads what the system holds of the data subject", "the data subject asked for access"),
    TaskAction.FIND_CUSTOMERS: (
        "looks up every identifier at Shopify and decides which customers are the data subject",
        "one data subject may be several customers",
    ),
    TaskAction.SEAL_INVOICES: (
        "seals the statutory copy of each invoiced order and reads it back",
        "copies are sealed before data is destroyed",
    ),
    TaskAction.KEEP_CONSENTS: (
        "reads the consents at Shopify and keeps them sealed, without an address",
        "Shopify's erasure destroys them, and the retention file keeps them as evidence",
    ),
    TaskAction.LOCATE_PARCELS: (
        "asks which parcels the data subject's orders went with",
        "webhooks may not have reported all of them",
    ),
    TaskAction.REQUEST_PLATFORM_ERASURE: (
        "requests that Shopify erases its own copy",
        "the request was opened by hand",
    ),
    TaskAction.REMOVE_PLATFORM_RESIDUE: ("removes what other apps wrote at Shopify", ""),
    TaskAction.ERASE: ("removes the bridge's own rows", "the data subject or Shopify asked for erasure"),
    TaskAction.POLL_PLATFORM_ERASURE: (
        "asks Shopify how far its own erasure is",
        "a requested erasure is not a finished one",
    ),
    TaskAction.RECORD_NOMINATION: (
        "stores the nominee sealed and writes to the data subject",
        "the data subject asked",
    ),
    TaskAction.ADMIT_NOMINEE: (
        "opens the data subject's request for the nominee",
        "a nomination stands and two people approve",
    ),
    TaskAction.REPORT_INCIDENT: ("waits until everybody was told of the breach", "the law sets hours for it"),
    TaskAction.NOTIFY_PROCESSOR: ("sends a notice to the processor", "it has data of the data subject"),
    TaskAction.STOP_MARKETING: (
        "takes back the consents at Shopify and has processors of messages stop",
        "nobody writes offers to the data subject any more",
    ),
    TaskAction.ERASE_CONSENT_DATA: (
        "erases at Shopify what rested on the consent alone",
        "the consent to it was taken back, and the retention file names the data",
    ),
    TaskAction.CORRECT: ("writes the right values to Shopify and to orders on their way", "the data subject asked"),
    TaskAction.RESTRICT: ("keeps every worker but storage away from the data", "the data subject asked"),
    TaskAction.WEIGH_OBJECTION: ("stops the purposes until somebody decided", "the data subject objects"),
    TaskAction.ANSWER_GRIEVANCE: ("waits until the officer answers", "the data subject complains"),
    TaskAction.LIST_PROCESSORS: ("writes who works with personal data", "the data subject asked"),
}
RESIDUE_REASONS = {True: "retention_file_applies", False: "retention_file_keeps"}


def explain_task(task: Task, services: Services) -> dict[str, Any]:
    """Return a task with what it does and why."""
    what, reason = TASK_EXPLANATIONS[task.action]
    reason = reason or RESIDUE_REASONS[services.retention.residue.apply]
    shown: dict[str, Any] = {
        "system": task.system,
        "action": task.action,
        "state": task.state,
        "what": what,
        "reason": reason,
    }
    if task.action is TaskAction.FIND_CUSTOMERS:
        shown |= encode_detail(task.progress)
    if task.customer:
        shown |= {"customer": task.customer, "held_by": list_holds(task), "expected_by": task.expected_by}
    return shown


def list_holds(task: Task) -> list[str]:
    """Return the ids of what keeps the task's customer at the platform."""
    is_request = task.action is TaskAction.REQUEST_PLATFORM_ERASURE
    return list(get_progress(task, PlatformRequestProgress).held_by) if is_request else []


def build_plan_view(request: PrivacyRequest, tasks: Tasks, tx: Tx, services: Services) -> dict[str, Any] | None:
    """Return the plan of an erasure as of now, or the plan it was carried out by; None for other kinds."""
    if request.kind is not RequestKind.ERASURE:
        return None
    saved = tx.plans.find_plan(request.id)
    if saved and any(
        (progress := get_progress(task, EraseProgress)).removed_rows or progress.unfinished_rows
        for task in tasks
        if task.action is TaskAction.ERASE
    ):
        return {"state": "carried out", "changed": [], "later": [], **saved}
    lines = serialise_plan(Erasure(request, tasks, tx=tx, services=services).preview())
    return {
        "state": "planned",
        "made_at": None,
        "lines": lines,
        "changed": compare_plans(saved["lines"], lines) if saved else [],
        "later": [],
    }


def build_withdrawal_plan(request: PrivacyRequest, tasks: Tasks, services: Services) -> tuple[dict[str, Any], str]:
    """Return what a withdrawal of consent erases and keeps, or did, and why that could not be read, else ''."""
    parts, unread = read_withdrawal_parts(request, tasks, services)
    state = "carried out" if is_carried_out(tasks) else "planned"
    plan = {"state": state, "made_at": None, "changed": [], "later": [], "lines": parts["lines"]}
    return plan, unread.get("lines", "")


def build_awaited_plan(plan: DeedPlan, digest: str, approval: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is shown of the plan of a request that waits for an approval, with its digest."""
    lines, unread = plan.parts.get("lines"), dict(plan.unread)
    made: dict[str, Any] = {"state": "planned", "made_at": None, "changed": [], "later": []}
    return {
        "plan": None if lines is None else {**made, "lines": lines},
        "guards": plan.parts.get("guards", []),
        "guards_unread": unread.pop("guards", ""),
        "residue": plan.parts.get("residue", []),
        "residue_unread": unread.pop("residue", ""),
        "letters": plan.parts.get("letters", []),
        "copies": plan.parts.get("copies"),
        "stated": plan.parts["stated"],
        "unread": unread,
        "approval": dict(approval),
        "digest": digest,
    }


def has_residue_task(tasks: Tasks) -> bool:
    """Return whether the request removes what other apps wrote at the platform."""
    return any(task.action is TaskAction.REMOVE_PLATFORM_RESIDUE for task in tasks)
