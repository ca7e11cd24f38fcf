"""Ask: the platform is asked to erase a customer whose request did not come from it.

Nothing is asked while the tax books lack a copy of hers, or while she would lose money by it: a guard stops that, until a
person lets it go on. Asked is not erased: `follow` looks until the platform says that it did. Erasing here does not
wait for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from bridge.errors import (
    BridgeError,
    ConnectorRefused,
    ConnectorThrottled,
    ConnectorUnavailable,
    CredentialRejected,
    Retryable,
)
from bridge.model import ErasureState, Fact, Lease, Outcome, Principal, PrivacyRequest, Task, TaskState
from bridge.ports import Platform
from bridge.rules.erasure.plan import INVOICE_COPY_MISSING
from bridge.rules.erasure.precheck import PrecheckResult, format_precheck_error, list_blocking_codes
from bridge.rules.requests.lifecycle import PLATFORM, compute_retry_pause_s
from bridge.services import Services
from bridge.steps.erasure.orders_without_invoice_copy import (
    INVOICE_SEARCH_INTERVAL_H,
    complete_failed_invoice_search,
    find_invoice_search_task,
    read_invoice_search,
    sync_missing_copy_review,
)
from bridge.steps.erasure.precheck import build_precheck_detail, run_precheck, sync_precheck_reviews
from bridge.steps.evidence.record_facts import record_task_fact

SYSTEM_ERRORS = (ConnectorUnavailable, ConnectorThrottled, ConnectorRefused, CredentialRejected)


def request_platform_erasure(
    request: PrivacyRequest, task: Task, lease: Lease, *, services: Services
) -> Task:
    """Ask once. Returns the task as saved. Raises ClaimLost and StoreUnavailable."""
    if waits := _postpone_without_copies(request, task, lease, services):
        return waits
    who, fault = request.principal, None
    found, customer_id = list[PrecheckResult](), who.customer_id
    try:
        customer_id, found, state = _precheck_and_request(request, task, services)
    except SYSTEM_ERRORS as raised:
        fault = raised
    kept = build_precheck_detail(found, task)
    if fault:
        task = fail_or_retry_task(task, fault, services)
    elif state:
        task = _build_requested_task(task, state, kept)
    else:
        task = _build_blocked_task(task, found, kept)
    now = services.clock.now()
    if task.state in (TaskState.DONE, TaskState.FAILED):
        task = replace(task, finished_at=now)
    with services.store.transaction() as tx:
        tx.requests.verify_lease(lease)
        tx.tasks.save_task(task)
        if customer_id != who.customer_id:
            current = tx.requests.get_request(request.id)
            known = current.principal if current else Principal()
            tx.request_changes.replace_principal(request, replace(known, customer_id=customer_id))
        if not fault:
            sync_precheck_reviews(request, found, tx=tx, services=services)
        record_task_fact(
            {TaskState.DONE: Fact.TASK_DONE, TaskState.RETRY: Fact.TASK_RETRIED}.get(
                task.state, Fact.TASK_FAILED
            ),
            request,
            task,
            tx,
            outcome=task.outcome,
            reason=task.last_error or task.detail.get("reason", ""),
            **({"guards": {each.code: each.count for each in found}} if found else {}),
        )
    return task


def _postpone_without_copies(
    request: PrivacyRequest, task: Task, lease: Lease, services: Services
) -> Task | None:
    """The task put off while the tax books lack a copy of an order: what the platform erases is gone. Else None.

    A copy that comes later lets it go on. Where the platform could not even say which orders there are, nobody can
    know what is missing: it is not asked, and a replay begins with the copies.
    """
    with services.store.transaction() as tx:
        tx.requests.verify_lease(lease)
        tasks = tx.tasks.list_tasks(request.id)
        if since := complete_failed_invoice_search(request, tasks, tx=tx, services=services):
            tx.tasks.save_task(since)
            sync_missing_copy_review(request, 0, tx=tx, services=services)
            return None
        look = find_invoice_search_task(tasks)
        if look is None or look.state is TaskState.DONE:
            return None
        if read_invoice_search(tasks).is_complete:
            wake_at = services.clock.now() + timedelta(hours=INVOICE_SEARCH_INTERVAL_H)
            after = replace(task, state=TaskState.WAITING, last_error=INVOICE_COPY_MISSING, wake_at=wake_at)
        else:
            refused = fail_or_retry_task(task, ConnectorRefused(INVOICE_COPY_MISSING), services)
            after = replace(refused, finished_at=services.clock.now())
        tx.tasks.save_task(after)
        if (after.state, after.last_error) != (task.state, task.last_error):
            fact = Fact.TASK_WAITING if after.state is TaskState.WAITING else Fact.TASK_FAILED
            record_task_fact(fact, request, after, tx, reason=INVOICE_COPY_MISSING)
    return after


def _precheck_and_request(
    request: PrivacyRequest, task: Task, services: Services
) -> tuple[str, list[PrecheckResult], ErasureState | None]:
    """The platform's id of her, what she would lose, and the answer: None where a guard stopped the asking."""
    platform = services.connectors.get(PLATFORM)
    if not isinstance(platform, Platform):
        denied = ErasureState(outcome=Outcome.DENIED, reason="not_configured")
        return request.principal.customer_id, [], denied
    customer_id = platform.find_customer(request.principal, shop=request.shop)
    if not customer_id:
        return "", [], ErasureState(outcome=Outcome.ABSENT, reason="unknown_to_platform")
    found = run_precheck(platform, customer_id, request, task, services=services)
    if list_blocking_codes(found):
        return customer_id, found, None
    return customer_id, found, platform.request_erasure(customer_id, shop=request.shop)


def _build_requested_task(
    task: Task, erasure_state: ErasureState, precheck_detail: Mapping[str, Any]
) -> Task:
    return replace(
        task,
        attempts=task.attempts + 1,
        state=TaskState.DONE,
        outcome=erasure_state.outcome,
        last_error="",
        wake_at=None,
        detail={"reason": erasure_state.reason, **precheck_detail},
    )


def _build_blocked_task(
    task: Task, precheck_results: list[PrecheckResult], precheck_detail: Mapping[str, Any]
) -> Task:
    """Nothing was asked. Not WAITING: she can be answered, and the answer says that it is not complete."""
    return replace(
        task,
        attempts=task.attempts + 1,
        state=TaskState.FAILED,
        outcome=Outcome.RETAINED,
        last_error=format_precheck_error(list_blocking_codes(precheck_results)),
        wake_at=None,
        detail=precheck_detail,
    )


def fail_or_retry_task(task: Task, fault: BridgeError | None, services: Services) -> Task:
    """The task after a fault of the system: asked again on the schedule where that may help."""
    attempts = task.attempts + 1
    again = isinstance(fault, Retryable) and attempts < services.settings.connector_attempts
    wait_s = compute_retry_pause_s(attempts, fault.retry_after_s if isinstance(fault, Retryable) else None)
    return replace(
        task,
        attempts=attempts,
        state=TaskState.RETRY if again else TaskState.FAILED,
        outcome=Outcome.UNREACHED if isinstance(fault, Retryable) else Outcome.DENIED,
        last_error=str(fault),
        wake_at=services.clock.now() + timedelta(seconds=wait_s) if again else None,
    )
