"""Takes back a person's consents to marketing: here at once, at the platform, at every processor of messages.

First nobody writes to the person any more, whatever answers or not; then the platform's consents are read, kept as proof
and taken back, and read again. Whoever is no customer gets the same. What was done before stays lawful (GDPR Art 7(3),
DPDP Act s.6(5)).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from bridge.model import (
    Absence,
    ConsentEvent,
    Contact,
    CustomerConsents,
    Fact,
    Gap,
    Lease,
    LetterKind,
    NoticePurpose,
    ObjectionParticulars,
    Outcome,
    Particulars,
    Principal,
    PrivacyRequest,
    RequestKind,
    StopMarketingProgress,
    Task,
    TaskState,
    WithdrawalParticulars,
    get_progress,
)
from bridge.ports import Platform
from bridge.rules.consents.channels import list_standing_channels, list_withdrawn_channels
from bridge.rules.index.identity import list_normal_forms
from bridge.rules.requests.lifecycle import PLATFORM
from bridge.rules.retention.consent_evidence import merge_consents
from bridge.services import Services
from bridge.steps.consents.read_consent_data import select_channels
from bridge.steps.consents.withdrawal_letter import list_targets, queue_withdrawal_letter
from bridge.steps.letters.queue_letter import queue_letter
from bridge.steps.notices.open_notice_items import NoticePlan, open_items_of_plan, record_opened_items
from bridge.steps.retention.keep_consents import CONSENTS_AT_PLATFORM, hide_contacts
from bridge.steps.task_results import SYSTEM_ERRORS, after_failure, fail_task, finish_task, record_task_result

if TYPE_CHECKING:
    from bridge.store import Tx

CONSENT_STANDS, MARKETING = "consent_stands", "marketing"


def stop_marketing(request: PrivacyRequest, task: Task, lease: Lease, *, services: Services) -> Task:
    """Take the consents back. Return the task as saved. An objection to something else leaves them.

    Raises LeaseLost and StoreUnavailable.
    """
    stated = _read_statement(request, services)
    if isinstance(stated, ObjectionParticulars) and MARKETING not in stated.purposes:
        return _save_end(request, task, finish_task(task, Outcome.ABSENT, services.clock.now()), lease, services)
    task = _stop_here(request, task, stated, lease, services)
    platform = services.connectors.get(PLATFORM)
    if not isinstance(platform, Platform):
        after = fail_task(task, Outcome.DENIED, "not_configured", services.clock.now())
    else:
        try:
            channels = get_progress(task, StopMarketingProgress).channels
            customers = platform.list_customer_consents(request.principal, channels, shop=request.shop)
            task = _keep_proof(request, task, customers, lease, services)
            after = _take_back(request, task, customers, platform, services)
        except SYSTEM_ERRORS as fault:
            after = after_failure(task, fault, services)
    return _save_end(request, task, after, lease, services)


def _read_statement(request: PrivacyRequest, services: Services) -> Particulars | None:
    with services.store.read() as tx:
        return tx.request_details.get_details(request.id, request.kind).particulars


def _save_end(request: PrivacyRequest, task: Task, after: Task, lease: Lease, services: Services) -> Task:
    """Save how the task ends, with the letter where it is done. Return the task as saved."""
    with services.store.transaction() as tx:
        tx.requests.verify_lease(lease)
        tx.tasks.save_task(after)
        progress = get_progress(after, StopMarketingProgress)
        if after.state is TaskState.DONE and progress.stopped_at is not None:
            _queue_answer(request, tx, services)
        if (after.state, after.outcome, after.gaps) != (task.state, task.outcome, task.gaps):
            record_task_result(request, after, tx, outcome=after.outcome, records=after.records)
    return after


def _queue_answer(request: PrivacyRequest, tx: Tx, services: Services) -> None:
    if request.kind is RequestKind.CONSENT_WITHDRAWAL:
        queue_withdrawal_letter(request, tx, services)
    if request.kind is RequestKind.OBJECTION:
        # nothing is weighed: GDPR Art 21(3)
        values = {"outcome": "upheld", "purposes": MARKETING, "reason": "absolute"}
        queue_letter(request, LetterKind.OBJECTION_DECIDED, tx=tx, values=values)


def _stop_here(
    request: PrivacyRequest, task: Task, stated: Particulars | None, lease: Lease, services: Services
) -> Task:
    """Remember, once, that nobody writes to the person any more. Return the task as saved."""
    if get_progress(task, StopMarketingProgress).stopped_at is not None:
        return task
    now = services.clock.now()
    with services.store.transaction() as tx:
        tx.requests.verify_lease(lease)
        channels = list_withdrawn_channels(stated.channels if isinstance(stated, WithdrawalParticulars) else ())
        progress = StopMarketingProgress(stopped_at=now, channels=channels)
        task = replace(task, progress=progress)
        tx.tasks.save_task(task)
        keys = _remember_stop(request, progress, request.principal, channels, (), tx)
        plan, opened = _open_instructions(request, request.principal, channels, tx, services)
        tx.evidence.append_fact(
            Fact.MARKETING_STOPPED,
            shop=request.shop,
            request_id=request.id,
            subject=request.subject,
            channels=list(channels),
            keys=keys,
        )
        record_opened_items(request, plan, opened, tx=tx)
    return task


def _take_back(
    request: PrivacyRequest, task: Task, customers: Sequence[CustomerConsents], platform: Platform, services: Services
) -> Task:
    """Take back what stands. Return the task as it ends. Raises as `Platform.take_back_consents`."""
    left: set[str] = set()
    for customer in customers:
        if standing := list_standing_channels(customer.events):
            left |= platform.take_back_consents(customer.customer_id, standing, shop=request.shop)
    reasons = sorted(
        {*(f"{CONSENT_STANDS}: {channel}" for channel in left), *(one.missing for one in customers)} - {""}
    )
    now, attempted = services.clock.now(), replace(task, attempts=task.attempts + 1)
    if reasons:
        gaps = tuple(
            Gap(system=PLATFORM, absence=Absence.NOT_REMOVED, what=CONSENTS_AT_PLATFORM, reason=reason)
            for reason in reasons
        )
        return replace(fail_task(attempted, Outcome.DENIED, ", ".join(reasons), now), gaps=gaps)
    outcome = Outcome.FOUND if task.records else Outcome.ABSENT
    return replace(finish_task(attempted, outcome, now), gaps=())


def _keep_proof(
    request: PrivacyRequest, task: Task, customers: Sequence[CustomerConsents], lease: Lease, services: Services
) -> Task:
    """Keep what stood before anything is taken back, and stop also by what the platform knows of the customer."""
    progress = get_progress(task, StopMarketingProgress)
    events = [event for customer in customers for event in customer.events]
    known = _list_known(request.principal, customers, progress.channels)
    with services.store.transaction() as tx:
        tx.requests.verify_lease(lease)
        proof = merge_consents(progress.events, hide_contacts(request.shop, events, tx))
        progress = replace(progress, events=proof.events, sha256=proof.sha256)
        kept = replace(task, progress=progress, records=len(proof.events))
        tx.tasks.save_task(kept)
        for principal, channels in known:
            _remember_stop(request, progress, principal, channels, events, tx)
        opened = [_open_instructions(request, *each, tx, services) for each in known]
        if proof.sha256 != get_progress(task, StopMarketingProgress).sha256:
            tx.evidence.append_fact(
                Fact.CONSENTS_KEPT,
                shop=request.shop,
                request_id=request.id,
                subject=request.subject,
                count=len(proof.events),
                sha256=proof.sha256,
            )
        for plan, counts in opened:
            record_opened_items(request, plan, counts, tx=tx)
    return kept


def _list_known(
    principal: Principal, customers: Sequence[CustomerConsents], channels: Sequence[str]
) -> list[tuple[Principal, Sequence[str]]]:
    """Return the person with the customers found, and the channels that are withdrawn for these.

    Apart are customers that only a phone leads to: it may be another person's, who is still written to by e-mail.
    """
    sure = [one.customer_id for one in customers if not one.is_by_phone_only]
    further = tuple(dict.fromkeys((*principal.further_customer_ids, *sure)))
    known = [(replace(principal, further_customer_ids=further), channels)]
    return known + [
        (Principal(customer_id=one.customer_id), select_channels(one, channels))
        for one in customers
        if one.is_by_phone_only
    ]


def _remember_stop(
    request: PrivacyRequest,
    progress: StopMarketingProgress,
    principal: Principal,
    channels: Sequence[str],
    events: Sequence[ConsentEvent],
    tx: Tx,
) -> int:
    """Remember that nobody writes to the person on these channels. Return by how many keys the person is recognised."""
    contacts: dict[Contact, None] = {("customer", number): None for number in principal.customer_ids}
    for field in ("email", "phone"):
        contacts |= {(field, form): None for form in list_normal_forms(field, getattr(principal, field))}
    contacts |= {("email" if event.channel == "email" else "phone", event.contact): None for event in events}
    return tx.marketing_stops.add_stops(
        request.shop, contacts, channels, since=progress.stopped_at or tx.session.now(), request_id=request.id
    )


def _open_instructions(
    request: PrivacyRequest, principal: Principal, channels: Sequence[str], tx: Tx, services: Services
) -> tuple[NoticePlan, dict[str, int]]:
    """Open an item for each record at a processor of messages. Return the plan, and how many are new by processor."""
    targets = list_targets(principal, channels, services)
    counts = Counter(target.processor for target in targets)
    plan = NoticePlan(parcels=(), targets=targets, orders={}, record_counts=counts, purpose=NoticePurpose.STOP_MESSAGES)
    return plan, open_items_of_plan(request, plan, (), tx=tx, services=services)
