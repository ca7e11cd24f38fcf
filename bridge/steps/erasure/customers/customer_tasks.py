"""Gives each customer of a data subject its own tasks at the platform, and says which customer a task is about.

Each has its own prechecks, waits, state and answer; a hold of the data subject reaches all of them, one of an order the
customer of that order. Calls nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from bridge.model import (
    EraseProgress,
    Outcome,
    Principal,
    PrivacyRequest,
    RequestKind,
    RequestSource,
    Review,
    Task,
    TaskAction,
    TaskState,
    get_progress,
)
from bridge.rules.requests.lifecycle import list_initial_tasks
from bridge.services import Services
from bridge.steps.erasure.held.retention_records import SubjectRetention, read_subject_retention
from bridge.steps.erasure.scope import read_erasure_scope
from bridge.steps.new_tasks import build_task

if TYPE_CHECKING:
    from bridge.store import Tx

TASK_ORDER = [action for _, action in list_initial_tasks(RequestKind.ERASURE, RequestSource.OPERATOR, ())]
CUSTOMER_ACTIONS = (
    TaskAction.REQUEST_PLATFORM_ERASURE,
    TaskAction.REMOVE_PLATFORM_RESIDUE,
    TaskAction.POLL_PLATFORM_ERASURE,
)
# What must run again for a customer that became known after the others were erased.
SHARED_ACTIONS = (TaskAction.LOCATE_PARCELS, TaskAction.SEAL_INVOICES, TaskAction.KEEP_CONSENTS, TaskAction.ERASE)


def select_customer(request: PrivacyRequest, task: Task, tx: Tx) -> PrivacyRequest:
    """Return the request as one about the task's customer alone: about nobody where the request forgot that customer."""
    if not task.customer:
        return request
    own = next(
        (one for one in request.principal.customer_ids if _derive_customer_key(request, one, tx) == task.customer), ""
    )
    principal = replace(request.principal, customer_id=own, further_customer_ids=())
    return replace(request, principal=principal if own else Principal())


def read_customer_retention(request: PrivacyRequest, task: Task, tx: Tx, services: Services) -> SubjectRetention:
    """Return what the laws of the retention file know of the task's customer.

    Orders of the data subject's other customers are left out as far as the index knows whose they are.
    """
    about = select_customer(request, task, tx)
    # the platform erases the customer as a whole: what came after the bridge's own erasure counts, too
    scope = read_erasure_scope(about, (), tx)
    others: set[str] = set()
    if task.customer and not scope.is_merged:
        others = set(tx.index.list_orders(request.shop, request.principal)) - set(scope.orders)
    return read_subject_retention(about, scope, tx=tx, services=services, excluded_order_ids=others)


def sync_customer_tasks(request: PrivacyRequest, principal: Principal, *, tx: Tx, services: Services) -> None:
    """Give each customer of the principal its tasks: the first one those of the request, each other one new ones."""
    keys = [_derive_customer_key(request, one, tx) for one in principal.customer_ids]
    for action in CUSTOMER_ACTIONS:
        known = [task for task in tx.tasks.list_tasks(request.id) if task.action is action]
        if not known:
            continue
        missing = [key for key in keys if key not in {task.customer for task in known}]
        for task in known:
            if not task.customer and missing:
                tx.tasks.save_task(_assign_customer(task, missing.pop(0)))
        for key in missing:
            task = build_task(request.id, known[0].system, action, services, customer=key)
            tx.tasks.save_task(task, position=TASK_ORDER.index(action))


def _assign_customer(task: Task, key: str) -> Task:
    """Return the task as one about this customer: from its start where no customer was known that it could be about."""
    if task.outcome is not Outcome.ABSENT:
        return replace(task, customer=key)
    return Task(
        id=task.id,
        request_id=task.request_id,
        system=task.system,
        action=task.action,
        state=TaskState.PENDING,
        customer=key,
    )


def reopen_shared_tasks(request: PrivacyRequest, tx: Tx) -> None:
    """Run again what is done once for all customers, because one became known since. What came later stays."""
    for task in tx.tasks.list_tasks(request.id):
        if task.action not in SHARED_ACTIONS or (task.state is TaskState.PENDING and not task.attempts):
            continue
        again = replace(task, state=TaskState.PENDING, attempts=0, wait_reason=None, wake_at=None, last_error="")
        if task.action is TaskAction.ERASE:
            progress = get_progress(task, EraseProgress)
            began_at = progress.began_at or task.finished_at
            again = replace(again, progress=replace(progress, excluded_order_ids=(), began_at=began_at))
        tx.tasks.save_task(again)


def find_blocked_customer(review: Review, tx: Tx) -> str:
    """Return the number of the customer that a precheck's review is about; '' where the request forgot it."""
    request = tx.requests.get_request(review.request_id)
    numbers = request.principal.customer_ids if request else ()
    if request is None or len(numbers) < 2:
        return next(iter(numbers), "")
    return next((one for one in numbers if review.what.endswith(_derive_customer_key(request, one, tx))), "")


def list_tasks_of_customer(task: Task, tasks: Iterable[Task]) -> list[Task]:
    """Return the tasks that are about the same customer as this one, or about none."""
    return [other for other in tasks if not task.customer or other.customer in ("", task.customer)]


def has_open_platform_task(tasks: Sequence[Task]) -> bool:
    """Return whether the platform must still be asked anything about any customer."""
    return any(
        task.action in CUSTOMER_ACTIONS and task.state not in (TaskState.DONE, TaskState.FAILED) for task in tasks
    )


def _derive_customer_key(request: PrivacyRequest, customer_id: str, tx: Tx) -> str:
    return tx.person_lookup.pseudonym(request.shop, "customer", customer_id)
