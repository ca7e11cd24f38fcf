"""Ends direct marketing to a person at once: the platform's consents are withdrawn, and who sends in our name is told to stop.

An objection to marketing is absolute (GDPR Art 21(3)): nothing is weighed, and no reason is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from bridge.model import (
    Fact,
    Lease,
    LetterKind,
    NoticePurpose,
    ObjectionParticulars,
    Outcome,
    PrivacyRequest,
    RequestKind,
    StopMarketingProgress,
    Task,
    TaskState,
)
from bridge.ports import ChangesCustomers, Platform
from bridge.rules.requests.lifecycle import PLATFORM
from bridge.services import Services
from bridge.steps.letters.queue_letter import queue_letter
from bridge.steps.rights.inform_recipients import RecipientNotices, inform_recipients
from bridge.steps.task_results import SYSTEM_ERRORS, after_failure, fail_task, finish_task, record_task_result

if TYPE_CHECKING:
    from bridge.store import Tx

MARKETING = "marketing"


def stop_marketing(request: PrivacyRequest, task: Task, lease: Lease, *, services: Services) -> Task:
    """Withdraw the consents of every customer that the request leads to. Return the task as saved.

    An objection to something else leaves them. Raises LeaseLost and StoreUnavailable.
    """
    if not _is_wanted(request, services):
        with services.store.transaction() as tx:
            tx.requests.verify_lease(lease)
            task = finish_task(task, Outcome.ABSENT, services.clock.now())
            tx.tasks.save_task(task)
        return task
    platform, now = services.connectors.get(PLATFORM), services.clock.now()
    channels, customer_ids = dict[str, str](), list[str]()
    if not isinstance(platform, Platform) or not isinstance(platform, ChangesCustomers):
        after = fail_task(task, Outcome.DENIED, "not_configured", now)
    else:
        try:
            for customer in platform.list_customers(request.principal, shop=request.shop):
                customer_ids.append(customer.id)
                _add_results(channels, platform.stop_marketing(customer.id, shop=request.shop))
            after = _end_stop(task, channels, services)
        except SYSTEM_ERRORS as fault:
            after = after_failure(task, fault, services)
    with services.store.transaction() as tx:
        tx.requests.verify_lease(lease)
        notices = None
        if after.state is TaskState.DONE:
            principal = replace(request.principal, customer_id=customer_ids[0]) if customer_ids else request.principal
            notices = inform_recipients(request, principal, NoticePurpose.STOP_MESSAGES, tx=tx, services=services)
        tx.tasks.save_task(after)
        if notices:
            _record(request, channels, notices, tx)
        record_task_result(request, after, tx, outcome=after.outcome, reason=after.last_error)
    return after


def _is_wanted(request: PrivacyRequest, services: Services) -> bool:
    if request.kind is not RequestKind.OBJECTION:
        return True
    with services.store.read() as tx:
        particulars = tx.request_details.get_details(request.id, request.kind).particulars
    return isinstance(particulars, ObjectionParticulars) and MARKETING in particulars.purposes


def _add_results(channels: dict[str, str], found: Mapping[str, str]) -> None:
    """Add what one of several customers gave: a refusal outweighs a stop, and a stop that there was nothing."""
    for channel, result in found.items():
        known = channels.get(channel, "none")
        channels[channel] = result if known in ("none", "stopped") and result != "none" else known


def _end_stop(task: Task, channels: Mapping[str, str], services: Services) -> Task:
    """Return the task as done, or failed where the platform refuses a channel: marketing may go on there."""
    now, refused = (
        services.clock.now(),
        [name for name, result in channels.items() if result not in ("stopped", "none")],
    )
    stopped = sum(result == "stopped" for result in channels.values())
    task = replace(task, records=stopped, progress=StopMarketingProgress(channels=dict(channels)))
    if refused:
        return fail_task(task, Outcome.DENIED, f"refused: {', '.join(sorted(refused))}", now)
    return finish_task(task, Outcome.CHANGED if stopped else Outcome.ABSENT, now)


def _record(request: PrivacyRequest, channels: Mapping[str, str], notices: RecipientNotices, tx: Tx) -> None:
    notices.record(tx)
    tx.evidence.append_fact(
        Fact.MARKETING_STOPPED,
        shop=request.shop,
        request_id=request.id,
        subject=request.subject,
        channels=dict(channels),
        recipients=notices.counts,
    )
    if request.kind is RequestKind.OBJECTION:
        values = {"outcome": "upheld", "purposes": MARKETING, "reason": "absolute"}
        queue_letter(request, LetterKind.OBJECTION_DECIDED, tx=tx, values=values)
