"""Reads a customer's consents at the platform and keeps them as proof, before the platform's erasure destroys them.

The retention file says whether (DPDP Act s.6(10)). Kept sealed with the task, with keyed hashes instead of addresses; they
age with the record of the request. What cannot be read is a gap: nothing is lost without a word.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from bridge.model import (
    Absence,
    ConsentEvent,
    ConsentProgress,
    ConsentReading,
    Fact,
    Gap,
    Lease,
    Outcome,
    Principal,
    PrivacyRequest,
    RequestKind,
    RequestSource,
    Task,
    TaskAction,
    TaskState,
    get_progress,
)
from bridge.ports import Platform
from bridge.rules.requests.lifecycle import PLATFORM, is_task_ready
from bridge.rules.retention.consent_evidence import is_consent_kept, merge_consents
from bridge.services import Services
from bridge.steps.new_tasks import build_task
from bridge.steps.task_results import SYSTEM_ERRORS, after_failure, fail_task, finish_task, record_task_result

if TYPE_CHECKING:
    from bridge.store import Tx

CONSENTS_AT_PLATFORM = "consents to marketing"
FIELD_BY_CHANNEL = {"email": "email"}  # of the keyed hash; all other channels are telephones
MAX_READING_AGE = timedelta(days=1)  # of a reading, when the platform is asked to erase


def build_consent_task(request: PrivacyRequest, tasks: Iterable[Task], services: Services) -> Task | None:
    """Return the task of an open erasure that has none yet and whose consents the retention file keeps; else None."""
    actions = {task.action for task in tasks}
    is_due = request.kind is RequestKind.ERASURE and request.source is not RequestSource.LEDGER
    is_platform_asked = TaskAction.LOCATE_PARCELS in actions  # what is asked before it erases
    if request.closed_at or not is_due or not is_platform_asked or TaskAction.KEEP_CONSENTS in actions:
        return None
    if not is_consent_kept(services.retention) or request.principal == Principal():
        return None
    return build_task(request.id, PLATFORM, TaskAction.KEEP_CONSENTS, services)


def keep_consents(request: PrivacyRequest, task: Task, lease: Lease, *, services: Services) -> Task:
    """Ask once. Return the task as saved. Raises LeaseLost and StoreUnavailable."""
    platform, reading, now = services.connectors.get(PLATFORM), ConsentReading(), services.clock.now()
    if not isinstance(platform, Platform):
        after = fail_task(task, Outcome.DENIED, "not_configured", now)
    else:
        try:
            for principal in _list_customers(request.principal):
                one = platform.read_consents(principal, shop=request.shop)
                missing = reading.missing or one.missing
                reading = replace(reading, events=(*reading.events, *one.events), missing=missing)
            after = finish_task(replace(task, attempts=task.attempts + 1), None, now)
        except SYSTEM_ERRORS as fault:
            after = after_failure(task, fault, services)
    with services.store.transaction() as tx:
        tx.requests.verify_lease(lease)
        known = get_progress(task, ConsentProgress)
        progress = merge_consents(known.events, hide_contacts(request.shop, reading.events, tx))
        after = _add_consent_result(replace(after, progress=progress, records=len(progress.events)), reading.missing)
        tx.tasks.save_task(after)
        if progress.sha256 != known.sha256:
            tx.evidence.append_fact(
                Fact.CONSENTS_KEPT,
                shop=request.shop,
                request_id=request.id,
                subject=request.subject,
                count=len(progress.events),
                sha256=progress.sha256,
            )
        if (after.outcome, after.records, after.gaps) != (task.outcome, task.records, task.gaps):
            record_task_result(
                request, after, tx, outcome=after.outcome, records=after.records, reason=after.last_error
            )
    return after


def _list_customers(principal: Principal) -> list[Principal]:
    """Return the data subject as each of its customers at the platform."""
    ids = principal.customer_ids[:1] or ("",)
    ids = (*ids, *principal.further_customer_ids)
    return [replace(principal, customer_id=customer_id, further_customer_ids=()) for customer_id in ids]


def reopen_stale_reading(tasks: Iterable[Task], services: Services) -> Task | None:
    """Return the task as due again where its reading is old and the platform is asked to erase now; else None.

    A consent may have been withdrawn since, and after the platform's erasure nobody can read it.
    """
    tasks = list(tasks)
    now, by_action = services.clock.now(), {task.action: task for task in tasks}
    reading = by_action.get(TaskAction.KEEP_CONSENTS)
    asks = [task for task in tasks if task.action is TaskAction.REQUEST_PLATFORM_ERASURE]  # one for each customer
    if reading is None or not any(is_task_ready(asked, now) for asked in asks):
        return None
    is_old = reading.finished_at is not None and now - reading.finished_at >= MAX_READING_AGE
    return replace(reading, state=TaskState.PENDING, attempts=0, finished_at=None) if is_old else None


def hide_contacts(shop: str, events: Iterable[ConsentEvent], tx: Tx) -> list[ConsentEvent]:
    """Return the consents with the pseudonym of the address or number in its place."""
    return [
        replace(
            event, contact=tx.person_lookup.pseudonym(shop, FIELD_BY_CHANNEL.get(event.channel, "phone"), event.contact)
        )
        for event in events
    ]


def _add_consent_result(task: Task, missing: str) -> Task:
    """Return the task with its outcome, and with the gap of what could not be read."""
    if task.state is TaskState.RETRY:
        return task
    reason = task.last_error if task.state is TaskState.FAILED else missing
    absence = Absence.UNREACHED if task.outcome is Outcome.UNREACHED else Absence.DENIED
    gaps = (Gap(system=PLATFORM, absence=absence, what=CONSENTS_AT_PLATFORM, reason=reason),) if reason else ()
    if task.state is TaskState.FAILED:
        return replace(task, gaps=gaps)
    outcome = Outcome.INCOMPLETE if missing else Outcome.FOUND if task.records else Outcome.ABSENT
    return replace(task, outcome=outcome, gaps=gaps)
