"""What a certificate of erasure says of platforms and processors: what was asked, what they answered. Pure.

A processor that got no notice is "not yet instructed", one that got it "asked, answer pending", a platform that cannot
be asked "unconfirmed".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bridge.model import (
    ConsentProgress,
    CustomerSearchProgress,
    NoticeProgress,
    Outcome,
    PollProgress,
    Task,
    TaskAction,
    TaskState,
    get_progress,
)
from bridge.rules.erasure.platform_erasure import describe_platform_erasure
from bridge.rules.requests.lifecycle import FINISHED_STATES
from config.merchant_file.merchant import Merchant

PLATFORM_ACTIONS = (
    TaskAction.FIND_CUSTOMERS,
    TaskAction.REQUEST_PLATFORM_ERASURE,
    TaskAction.REMOVE_PLATFORM_RESIDUE,
    TaskAction.POLL_PLATFORM_ERASURE,
)


def has_customer_in_doubt(tasks: Sequence[Task]) -> bool:
    """Return whether an identifier of the request leads to a customer that may be another person, or was not looked up."""
    return any(task.action is TaskAction.FIND_CUSTOMERS and task.gaps for task in tasks)


def is_platform_cancelled(tasks: Sequence[Task]) -> bool:
    """Return whether the platform's own erasure was cancelled."""
    return any(task.action is TaskAction.POLL_PLATFORM_ERASURE and task.outcome is Outcome.RETAINED for task in tasks)


def list_platform_tasks(tasks: Sequence[Task]) -> list[dict[str, Any]]:
    """Return what each platform was asked about which customer, how often, and what it answered."""
    return [_format_platform_task(task) for task in tasks if task.action in PLATFORM_ACTIONS]


def describe_consent_evidence(tasks: Sequence[Task]) -> dict[str, Any] | None:
    """Return what was kept of consents as proof before the platform erased, and why there may be more; None if not asked."""
    for task in tasks:
        if task.action is TaskAction.KEEP_CONSENTS:
            kept, missing = get_progress(task, ConsentProgress), [gap.reason for gap in task.gaps]
            read_at = task.finished_at.isoformat() if task.finished_at else None
            return {"kept": len(kept.events), "sha256": kept.sha256, "read_at": read_at, "not_read": missing}
    return None


def _format_platform_task(task: Task) -> dict[str, Any]:
    line = {
        "recipient": task.system,
        "action": task.action,
        "asked_times": task.attempts,
        "answer": task.outcome or "not_asked",
        "reason": task.last_error,
        "expected_by": task.expected_by.isoformat() if task.expected_by else None,
        "answered_at": task.finished_at.isoformat() if task.finished_at else None,
    }
    if task.customer:
        line["customer"] = task.customer
    if task.action is TaskAction.FIND_CUSTOMERS:
        line["customers"] = get_progress(task, CustomerSearchProgress).customers
    if task.gaps:
        line["not_asked_about"] = [{"what": gap.what, "reason": gap.reason} for gap in task.gaps]
    if task.action is TaskAction.POLL_PLATFORM_ERASURE and task.state in FINISHED_STATES:
        line |= {
            "reason": task.last_error or get_progress(task, PollProgress).reason or "",
            "statement": describe_platform_erasure(task),
        }
    return line


def list_processor_tasks(tasks: Sequence[Task], merchant: Merchant) -> list[dict[str, Any]]:
    """Return what each processor was notified of, what it answered, and what waits for which day and why."""
    return [_format_processor_task(task, merchant) for task in tasks if task.action is TaskAction.NOTIFY_PROCESSOR]


def _format_processor_task(task: Task, merchant: Merchant) -> dict[str, Any]:
    legal_names: Mapping[str, str] = {processor.id: processor.legal_name for processor in merchant.processors}
    report = get_progress(task, NoticeProgress).report
    notices = report.notices if report else ()
    return {
        "recipient": legal_names.get(task.system) or task.system,
        "system": task.system,
        "records": task.records,
        "answer": _derive_processor_answer(task, [notice for notice in notices if notice["sent_at"]]),
        "answers": dict(report.answers) if report else {},
        "answer_due": task.expected_by.isoformat() if task.expected_by else None,
        "problem": task.last_error,
        "instructions": list(notices),
        "waiting": list(report.waiting) if report else [],
        "kept_there": list(report.retained) if report else [],
        "read_back": dict(report.read_back) if report else {},
    }


def _derive_processor_answer(task: Task, sent_notices: Sequence[Any]) -> str:
    """Return the outcome, or how far the notice is. Sent is not done."""
    if task.state in (TaskState.DONE, TaskState.FAILED) and task.outcome:
        return str(task.outcome)
    return "asked_answer_pending" if sent_notices else "not_yet_instructed"


def list_unreachable_processors(tasks: Sequence[Task], merchant: Merchant) -> list[dict[str, str]]:
    """Return the processors that no notice can reach: while there are any, the list of recipients is incomplete."""
    notified = {task.system for task in tasks if task.action is TaskAction.NOTIFY_PROCESSOR}
    return [
        {
            "recipient": processor.legal_name or processor.id,
            "reason": "no_erasure_channel" if processor.named else "not_named_by_the_policy",
        }
        for processor in merchant.processors
        if processor.id not in notified and not (processor.named and processor.erasure_channel)
    ]
