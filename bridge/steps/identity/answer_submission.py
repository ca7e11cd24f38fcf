"""Works on what was sent on the public page: sends the code that proves the address, or opens what needs no proof.

A job does it, so that the page answers customers and strangers alike, and as fast. What waits is destroyed after an hour.
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from bridge.errors import ConnectorRefused, ConnectorUnavailable, CredentialRejected, PayloadInvalid
from bridge.model import (
    Fact,
    IdentityDoubt,
    Lease,
    PageSubmission,
    Principal,
    PrivacyRequest,
    ReplyContact,
    RequestDetails,
    RequestSource,
)
from bridge.rules.requests.identity_doubt import IDENTITY_FREE_KINDS
from bridge.services import Services
from bridge.steps.identity.code_letter import CODE_MINUTES, build_code_letter
from bridge.steps.requests.open_for_person import open_person_request

if TYPE_CHECKING:
    from bridge.store import Tx

log = structlog.get_logger()
SUBMISSION_LIFETIME = timedelta(hours=1)
RETRY_PAUSE = timedelta(minutes=1)
CODE_DIGITS = 6
PAGE_ACTOR = "person"


def add_submission(submission: PageSubmission, *, services: Services) -> str:
    """Store what was sent, and have a worker go on with it. Return the token by which its code is entered."""
    with services.store.transaction() as tx:
        submission_id, token = tx.page_submissions.add_submission(submission)
    services.queue.enqueue("submission", submission_id, at_front=True)
    return token


def answer_submission(submission_id: str, *, services: Services) -> bool:
    """Work on one submission. Return False where it is gone, not due, or worked on. Raises StoreUnavailable, LeaseLost."""
    with services.store.transaction() as tx:
        lease = tx.page_submissions.acquire_lease(submission_id)
        submission = tx.page_submissions.get_submission(submission_id) if lease else None
    if lease is None or submission is None:
        return False
    if submission.kind not in IDENTITY_FREE_KINDS:
        _send_code(submission, lease, services)
        return True
    try:
        _open_from_page(submission, is_proven=False, services=services)
    except PayloadInvalid as fault:  # a kind or shop that was taken away since the form was sent
        log.warning("submission.refused", id=submission_id, reason=fault.reason)
    with services.store.transaction() as tx:
        tx.page_submissions.delete_submission(submission_id)
    return True


def open_by_code(token: str, code: str, *, services: Services) -> PrivacyRequest | None:
    """Open the request of a submission whose code this is, and return it; None where the code is wrong or too old.

    Five guesses, fifteen minutes. Raises PayloadInvalid as `open_person_request`, StoreUnavailable.
    """
    with services.store.transaction() as tx:
        submission = tx.page_submissions.find_submission(token)
        digest = _digest_code(submission.id if submission else "", code, services)
        if submission is None or not tx.page_submissions.check_code(submission.id, digest):
            return None
    request_id = _open_from_page(submission, is_proven=True, services=services)
    with services.store.transaction() as tx:
        tx.page_submissions.delete_submission(submission.id)
        return tx.requests.get_request(request_id)


def expire_submissions(*, services: Services) -> int:
    """Destroy what waited for its code for an hour. Record how many never got one. Return how many."""
    with services.store.transaction() as tx:
        counts = tx.page_submissions.delete_submissions_before(services.clock.now() - SUBMISSION_LIFETIME)
        if lost := counts.get(False, 0):
            log.warning("submission.lost", count=lost)
            tx.evidence.append_fact(Fact.SUBMISSION_LOST, shop="", count=lost, reason="no code could be sent")
    return sum(counts.values())


def _send_code(submission: PageSubmission, lease: Lease, services: Services) -> None:
    code, now = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}", services.clock.now()
    with services.store.transaction() as tx:
        digest = _digest_code(submission.id, code, services)
        tx.page_submissions.save_code(submission.id, digest, ends_at=now + timedelta(minutes=CODE_MINUTES))
    error, retry_at = "", None
    try:
        services.mailer.send_letter(build_code_letter(submission, code, services))
    except (ConnectorUnavailable, CredentialRejected) as fault:
        error, retry_at = str(fault), now + RETRY_PAUSE
    except ConnectorRefused as fault:
        error = str(fault)
    with services.store.transaction() as tx:
        if error:
            tx.page_submissions.save_code(submission.id, "", ends_at=now)
            log.warning("submission.code_not_sent", id=submission.id, error=error)
        tx.page_submissions.release_lease(lease, wake_at=retry_at, error=error)


def _open_from_page(submission: PageSubmission, *, is_proven: bool, services: Services) -> str:
    contact = ReplyContact(address=submission.email, language=submission.language, proven=is_proven)
    with services.store.read() as tx:
        doubt = _find_order_doubt(submission, tx)
    return open_person_request(
        submission.kind,
        submission.shop,
        Principal(email=submission.email, phone=submission.phone),
        submission.created_at,
        actor=PAGE_ACTOR,
        reason="sent on the public page",
        services=services,
        source=RequestSource.PAGE,
        details=RequestDetails(particulars=submission.details.particulars, contact=contact),
        doubt=doubt,
    )


def _find_order_doubt(submission: PageSubmission, tx: Tx) -> IdentityDoubt | None:
    """Return a doubt where an order was named that no order of this address is called."""
    if not submission.order or submission.kind in IDENTITY_FREE_KINDS:
        return None
    shop = tx.shop_names.directory.find_key(submission.shop)
    names = {order.name for order in tx.index.list_orders(shop, Principal(email=submission.email)).values()}
    known = {_simplify_order_name(name) for name in names}
    return None if _simplify_order_name(submission.order) in known else IdentityDoubt.ORDER_NOT_FOUND


def _simplify_order_name(name: str) -> str:
    return "".join(sign for sign in name.casefold() if sign.isalnum())


def _digest_code(submission_id: str, code: str, services: Services) -> str:
    return services.digest("page|code", f"{submission_id}|{code}".encode())
