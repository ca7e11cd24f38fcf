"""Decides which identifiers an erasure keeps until the platform says that it erased. Asks nobody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from bridge.model import Principal, PrivacyRequest, Task, TaskAction, TaskState, WaitReason

if TYPE_CHECKING:
    from bridge.store import Tx

STOPPED_FOR_NOW = (WaitReason.INVOICE_COPY_MISSING, WaitReason.HELD_BY_LAW)


def select_platform_identifiers(request: PrivacyRequest, tx: Tx) -> Principal | None:
    """Return the ids by which the platform is asked, and nothing else; None where it is not asked any more.

    A platform that could not be asked yet (for unreported parcels, for invoice copies, for its own erasure) is asked
    by all identifiers; one that knows no customer id, by the e-mail address.
    """
    stored, tasks = tx.requests.get_request(request.id), tx.tasks.list_tasks(request.id)
    principal = stored.principal if stored else request.principal
    pending = {task.action for task in tasks if _is_platform_call_pending(task)}
    if TaskAction.REQUEST_PLATFORM_ERASURE in pending and _is_invoice_search_open(tasks):
        return principal
    if pending & {TaskAction.LOCATE_PARCELS, TaskAction.KEEP_CONSENTS}:
        return replace(principal, phone="")
    if principal.customer_id:
        return Principal(customer_id=principal.customer_id, further_customer_ids=principal.further_customer_ids)
    asked_by_email = {TaskAction.REQUEST_PLATFORM_ERASURE, TaskAction.POLL_PLATFORM_ERASURE}
    return Principal(email=principal.email) if principal.email and pending & asked_by_email else None


def _is_invoice_search_open(tasks: Sequence[Task]) -> bool:
    return any(task.action is TaskAction.SEAL_INVOICES and task.state is not TaskState.DONE for task in tasks)


def _is_platform_call_pending(task: Task) -> bool:
    """Return whether the task will call the platform again; one that a missing invoice copy or a law stopped will."""
    if task.action is TaskAction.REQUEST_PLATFORM_ERASURE and task.wait_reason in STOPPED_FOR_NOW:
        return True
    if task.action is TaskAction.POLL_PLATFORM_ERASURE:
        return task.state not in (TaskState.DONE, TaskState.FAILED)
    return task.state in (TaskState.PENDING, TaskState.RETRY)
