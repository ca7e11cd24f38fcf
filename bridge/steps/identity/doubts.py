"""Records that it is doubted who asks, asks for proof, and records what ended the doubt. Calls nobody.

While a doubt is open nothing of the request is read, sent or destroyed; its term runs on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from bridge.errors import PayloadInvalid
from bridge.model import (
    Fact,
    IdentityCheck,
    IdentityDoubt,
    IdentityMethod,
    LetterKind,
    LinkPurpose,
    PrivacyRequest,
    RequestDetails,
    RequestSource,
    TaskState,
)
from bridge.rules.identity.minor_reviews import GUARDIAN_ASKED, MINOR_REVIEW_KIND, OF_AGE
from bridge.rules.requests.identity_doubt import (
    IDENTITY_FREE_KINDS,
    MAX_TIMES_ASKED,
    compute_reminder_time,
    find_identity_doubt,
    is_clock_paused,
    is_fitting_method,
    pause_clocks,
)
from bridge.rules.requests.lifecycle import IDENTITY_WAITS
from bridge.rules.requests.regimes import list_regimes
from bridge.services import Services
from bridge.steps.evidence.record_facts import enqueue_request_ids
from bridge.steps.identity.recorded_contact import find_owners
from bridge.steps.letters.queue_letter import queue_letter

if TYPE_CHECKING:
    from bridge.store import Tx


def ask_for_identity(request_id: str, doubt: IdentityDoubt, *, actor: str, reason: str, services: Services) -> int:
    """Record a doubt about who asks, and have the person asked for proof. Return how often they were asked now.

    Raises PayloadInvalid: `request_unknown`, `identity_not_asked` (a kind that needs none), `answered_already`, `asked_too_often`.
    """
    with services.store.transaction() as tx:
        tx.requests.lock_request(request_id)
        request = tx.requests.get_request(request_id)
        if request is None:
            raise PayloadInvalid("request_unknown")
        times_asked = open_identity_doubt(request, doubt, actor=actor, reason=reason, tx=tx, services=services)
    enqueue_request_ids([request_id], services)
    return times_asked


def open_identity_doubt(
    request: PrivacyRequest, doubt: IdentityDoubt, *, actor: str, reason: str, tx: Tx, services: Services
) -> int:
    """Do the same in the caller's transaction, for a request that was read in it."""
    if request.kind in IDENTITY_FREE_KINDS:
        raise PayloadInvalid("identity_not_asked")
    if request.closed_at is not None:
        raise PayloadInvalid("answered_already")
    before, now = tx.identity_checks.find_check(request.id), services.clock.now()
    times_asked = before.times_asked + 1 if before else 1
    awaits_guardian = before is not None and before.decided_at is None and before.doubt is IdentityDoubt.PERSON_IS_MINOR
    if awaits_guardian:
        doubt = IdentityDoubt.PERSON_IS_MINOR  # what a child could end does not take its place
    is_new_minor = doubt is IdentityDoubt.PERSON_IS_MINOR and not awaits_guardian
    if times_asked > MAX_TIMES_ASKED and not is_new_minor:
        raise PayloadInvalid("asked_too_often")
    remind_at = compute_reminder_time(received_at=request.received_at, due_at=request.due_at, asked_at=now)
    check = IdentityCheck(
        request_id=request.id,
        shop=request.shop,
        doubt=doubt,
        times_asked=times_asked,
        asked_at=before.asked_at if before and before.decided_at is None else now,
        remind_at=remind_at,
    )
    tx.identity_checks.save_check(check)
    tx.person_links.delete_links(request.id, LinkPurpose.PROVE_IDENTITY)
    values = {"by": format_last_day(request.due_at, services)}
    number, asked = times_asked - 1, values | describe_doubt(doubt)
    queue_letter(request, LetterKind.IDENTITY_REQUEST, tx=tx, number=number, values=asked, actor=actor)
    tx.request_changes.wake_request(request.id)
    record_identity_fact(Fact.IDENTITY_ASKED, request, tx, actor, doubt=doubt, number=number, reason=reason, **values)
    return times_asked


def judge_remote_request(
    request_id: str,
    source: RequestSource,
    details: RequestDetails | None,
    doubt: IdentityDoubt | None,
    *,
    tx: Tx,
    services: Services,
) -> None:
    """Decide about a request whose sender is known by an address alone, in the transaction that opens or joins it.

    `doubt` is what its door found. An address that a code proved, and that is on the records that the request names, counts
    as a reply from them.
    """
    request = tx.requests.get_request(request_id)
    if request is None or request.kind in IDENTITY_FREE_KINDS or request.closed_at is not None:
        return
    contact = details.contact if details else None
    address_owners, named_owners = find_owners(request, contact.address if contact else "", tx)
    doubt = doubt or find_identity_doubt(request.kind, source, address_owners=address_owners, named_owners=named_owners)
    if doubt is None:
        if contact and contact.proven and address_owners:
            method = IdentityMethod.ON_RECORD_REPLY
            record_identity_fact(Fact.IDENTITY_PROVEN, request, tx, "bridge", method=method)
    elif tx.identity_checks.find_open_check(request_id) is None:
        reason = "found when it was opened"
        open_identity_doubt(request, doubt, actor="bridge", reason=reason, tx=tx, services=services)


def confirm_identity(
    request_id: str, method: IdentityMethod, *, actor: str, reason: str, proof: Mapping[str, str], services: Services
) -> None:
    """Record by what it became sure who asks: the request goes on. `proof` is kept sealed for some days.

    Raises PayloadInvalid: `no_open_doubt`, `method_unfit` (a parent or guardian asks for a person under 18, and for no other).
    """
    with services.store.transaction() as tx:
        request, check = lock_doubted_request(request_id, tx)
        if not is_fitting_method(check.doubt, method):
            raise PayloadInvalid("method_unfit")
        now = services.clock.now()
        ended = replace(check, method=method, decided_at=now)
        tx.identity_checks.save_check(ended)
        tx.identity_checks.save_proof(ended, proof)
        tx.person_links.delete_links(request_id, LinkPurpose.PROVE_IDENTITY)
        for task in tx.tasks.list_tasks(request_id):
            if task.wait_reason in IDENTITY_WAITS:
                tx.tasks.save_task(
                    replace(task, state=TaskState.PENDING, wait_reason=None, last_error="", wake_at=None)
                )
        if check.doubt is IdentityDoubt.PERSON_IS_MINOR:
            _end_minor_review(request_id, method, actor=actor, reason=reason, tx=tx)
        paused = _pause_clocks_of_request(request, check, now, tx, services)
        tx.request_changes.wake_request(request_id)
        why = {"reason": reason} if reason else {}
        record_identity_fact(
            Fact.IDENTITY_PROVEN, request, tx, actor, method=method, doubt=check.doubt, **why, **paused
        )
    enqueue_request_ids([request_id], services)


def _end_minor_review(request_id: str, method: IdentityMethod, *, actor: str, reason: str, tx: Tx) -> None:
    """Close the review of a mark by the officer's word: a parent or guardian asked, or the person is of age."""
    decision = OF_AGE if method is IdentityMethod.OF_AGE else GUARDIAN_ASKED
    for review in tx.reviews.list_reviews(kind=MINOR_REVIEW_KIND, request_id=request_id):
        tx.reviews.close_review(review.id, actor=actor, reason=reason, decision=decision)


def deny_identity(request_id: str, *, actor: str, services: Services) -> None:
    """Record that the person on record did not ask for this: an officer decides. Raises PayloadInvalid: `no_open_doubt`."""
    with services.store.transaction() as tx:
        request, check = lock_doubted_request(request_id, tx)
        tx.identity_checks.save_check(replace(check, failed_at=check.failed_at or services.clock.now()))
        tx.request_changes.wake_request(request_id)
        record_identity_fact(Fact.IDENTITY_DENIED, request, tx, actor, doubt=check.doubt)
    enqueue_request_ids([request_id], services)


def lock_doubted_request(request_id: str, tx: Tx) -> tuple[PrivacyRequest, IdentityCheck]:
    """Return the request and its open doubt, locked until commit. Raises PayloadInvalid: `no_open_doubt`."""
    tx.requests.lock_request(request_id)
    request, check = tx.requests.get_request(request_id), tx.identity_checks.find_open_check(request_id)
    if request is None or check is None:
        raise PayloadInvalid("no_open_doubt")
    return request, check


def describe_doubt(doubt: IdentityDoubt) -> dict[str, str]:
    """Return the value by which a letter asks for a parent or guardian; nothing for any other doubt."""
    return {"doubt": doubt.value} if doubt is IdentityDoubt.PERSON_IS_MINOR else {}


def format_last_day(due_at: datetime, services: Services) -> str:
    """Return the day of a deadline where the merchant is (ISO 8601), as letters name it."""
    return due_at.astimezone(ZoneInfo(services.merchant.clocks.timezone)).date().isoformat()


def record_identity_fact(fact: Fact, request: PrivacyRequest, tx: Tx, actor: str = "bridge", **detail: Any) -> None:
    """Record what became of a doubt about who asks."""
    tx.evidence.append_fact(
        fact, shop=request.shop, actor=actor, request_id=request.id, subject=request.subject, **detail
    )


def _pause_clocks_of_request(
    request: PrivacyRequest, check: IdentityCheck, now: datetime, tx: Tx, services: Services
) -> dict[str, str]:
    """Move the clocks of a request whose law stops them meanwhile. Return what the fact says of that."""
    regimes = list_regimes(request.principal.stated_countries)
    if not is_clock_paused(regimes, pausing=services.merchant.clocks.pause_while_identity_pending):
        return {}
    clocks = {rule: datetime.fromisoformat(at) for rule, at in request.clocks.items()}
    moved = pause_clocks(clocks, now - check.asked_at)
    governed_by = min(moved, key=lambda rule: moved[rule])
    tx.request_changes.move_clocks(request.id, moved, governed_by=governed_by)
    return {"due_at": moved[governed_by].isoformat(), "due_governed_by": governed_by}
