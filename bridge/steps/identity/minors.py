"""Marks a request as one of a person under 18: a parent or guardian must ask, and marketing stops once the law says so.

Keeps no birth date: the mark says that one on record was below 18, and the officer's word ends what waits for it. An erasure
that a child asks for needs nobody, and goes on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from bridge.errors import PayloadInvalid
from bridge.model import (
    Finding,
    IdentityDoubt,
    Principal,
    PrivacyRequest,
    RequestKind,
    RequestSource,
    RequestState,
    WaitReason,
)
from bridge.rules.identity.minor_reviews import MINOR_REVIEW_KIND, MINOR_REVIEW_SUBJECT
from bridge.rules.identity.minors import find_majority_day, find_marketing_stop_day, list_birth_texts
from bridge.rules.index.identity import normalise_identifier
from bridge.rules.requests.deadlines import compute_clocks
from bridge.rules.retention.statutory_last_days import compute_day_start, local_day
from bridge.services import Services
from bridge.steps.evidence.record_facts import enqueue_request_ids
from bridge.steps.identity.doubts import open_identity_doubt
from bridge.steps.requests.open_or_join import open_or_join
from bridge.steps.task_results import wait_task

if TYPE_CHECKING:
    from bridge.store import Tx

FOUND_ON_RECORD = "found in a birth date on record"
LAW_BINDS = "law_binds"  # since when the clock of a stop runs that nobody asked for


def mark_minor_findings(request: PrivacyRequest, findings: Sequence[Finding], tx: Tx, services: Services) -> None:
    """Mark the request where a birth date of its customer says under 18 today. Writes evidence: call it last."""
    calendar = services.retention.calendar
    today, zone = local_day(services.clock.now(), calendar), ZoneInfo(calendar.timezone)
    minors: dict[str, date | None] = {}
    for finding in findings:
        texts = list_birth_texts(finding.body) if finding.kind == "customer" else []
        majority_day = find_majority_day(texts, today, zone)
        if majority_day is not None:
            minors[normalise_identifier("customer", finding.ref)] = majority_day
    if minors:
        _mark(request, minors, FOUND_ON_RECORD, "bridge", tx, services)


def mark_minor_by_officer(request_id: str, *, actor: str, reason: str, services: Services) -> int:
    """Mark a request of which an officer knows that the person is under 18. Return how often the person was asked for proof.

    One that is marked is asked for again. Raises PayloadInvalid: `request_unknown`, `minor_needs_nobody` (only a copy waits for
    a parent), `answered_already`, `marked_already` (and it is decided), `asked_too_often`.
    """
    with services.store.transaction() as tx:
        tx.requests.lock_request(request_id)
        request = tx.requests.get_request(request_id)
        if request is None:
            raise PayloadInvalid("request_unknown")
        if request.kind is not RequestKind.ACCESS:
            raise PayloadInvalid("minor_needs_nobody")
        if request.closed_at is not None:
            raise PayloadInvalid("answered_already")
        customers = dict.fromkeys(request.principal.customer_ids)
        times_asked = _mark(request, customers, reason, actor, tx, services)
        if not times_asked and tx.identity_checks.find_open_check(request_id) is not None:
            doubt = IdentityDoubt.PERSON_IS_MINOR
            times_asked = open_identity_doubt(request, doubt, actor=actor, reason=reason, tx=tx, services=services)
        if not times_asked:
            raise PayloadInvalid("marked_already")
    enqueue_request_ids([request_id], services)
    return times_asked


def _mark(
    request: PrivacyRequest, customers: Mapping[str, date | None], reason: str, actor: str, tx: Tx, services: Services
) -> int:
    """Mark once: a replay reads the same birth date again, and an officer may have decided meanwhile.

    `customers` says of each number when the person will be of age, None where that is not known. Return how often the
    person was asked for proof now, 0 where the request is marked already or waits for nobody.
    """
    principals = {number: Principal(customer_id=number) for number in customers if number}
    subjects = {number: tx.person_lookup.find_subject(request.shop, one) for number, one in principals.items()}
    for subject in subjects.values():  # keys are locked before evidence everywhere
        tx.session.get_or_create_data_key(request.shop, subject)
    for number, subject in subjects.items():
        _open_marketing_stop(request, principals[number], subject, customers[number], tx, services)
    opened = tx.reviews.open_review(
        request.shop, MINOR_REVIEW_KIND, MINOR_REVIEW_SUBJECT, request_id=request.id, idempotency_key=request.id
    )
    if not opened or request.kind is not RequestKind.ACCESS or request.closed_at is not None:
        return 0
    doubt = IdentityDoubt.PERSON_IS_MINOR
    return open_identity_doubt(request, doubt, actor=actor, reason=reason, tx=tx, services=services)


def _open_marketing_stop(
    request: PrivacyRequest, principal: Principal, subject: str, majority_day: date | None, tx: Tx, services: Services
) -> None:
    """Open a withdrawal of all consents of this customer, once, that runs on the day from which the law forbids offers.

    Only the customer's number is named: a phone or an address may be the parent's.
    """
    now, retention = services.clock.now(), services.retention
    day = find_marketing_stop_day(majority_day, local_day(now, retention.calendar), retention)
    idempotency_key = f"{request.shop}|minor|{subject}"
    if day is None or tx.requests.find_request_by_idempotency_key(idempotency_key):
        return
    begins_at = max(now, compute_day_start(day, retention))
    kind = RequestKind.CONSENT_WITHDRAWAL
    clocks = compute_clocks(received_at=begins_at, webhook_received_at=None, rules=services.merchant.clocks, kind=kind)
    stop = PrivacyRequest(
        id=services.store.new_id("req"),
        shop=request.shop,
        kind=kind,
        source=RequestSource.LAW,
        state=RequestState.IN_PROGRESS,
        subject=subject,
        principal=principal,
        received_at=now,
        received_at_basis=LAW_BINDS,
        webhook_received_at=None,
        **clocks.build_request_values(),
        policy_sha256=request.policy_sha256,
        retention_sha256=retention.sha256,
    )
    open_or_join(stop, {"reason": MINOR_REVIEW_SUBJECT}, tx=tx, services=services, idempotency_key=idempotency_key)
    if begins_at > now:
        reason = WaitReason.LAW_NOT_IN_FORCE
        for task in tx.tasks.list_tasks(stop.id):
            tx.tasks.save_task(replace(wait_task(task, reason, begins_at, wait_reason=reason), expected_by=begins_at))
