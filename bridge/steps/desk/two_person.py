"""Records that somebody approves a deed that needs two people (E-09), and tells whether enough did.

An approval is of what stands now: where that changes afterwards, it no longer counts.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from bridge.errors import PayloadInvalid
from bridge.model import Fact, NomineeParticulars, PrivacyRequest, RequestKind, RequestState
from bridge.rules.desk.nominees import find_matching_nomination
from bridge.rules.requests.decisions.two_person_kinds import has_enough_approvers, needs_two
from bridge.rules.requests.particulars import encode_request_details
from bridge.services import Services
from bridge.steps.evidence.record_facts import enqueue_request_ids

if TYPE_CHECKING:
    from bridge.store import Tx


def approve_by_two(request_id: str, *, actor: str, reason: str, services: Services) -> list[str]:
    """Record that an actor approves what stands now, and let the request run. Return all who did.

    Raises PayloadInvalid: `request_unknown`, `needs_no_two`, `not_waiting`, `approved_already`.
    """
    with services.store.transaction() as tx:
        tx.requests.lock_request(request_id)
        request = tx.requests.get_request(request_id)
        if request is None:
            raise PayloadInvalid("request_unknown")
        if not needs_two(request.kind):
            raise PayloadInvalid("needs_no_two")
        if request.state is RequestState.DONE:
            raise PayloadInvalid("not_waiting")
        digest = _compute_digest(request, tx)
        if actor in tx.two_person.list_approvers(request_id, digest):
            raise PayloadInvalid("approved_already")
        tx.two_person.save_approval(request_id, actor, digest)
        approvers = tx.two_person.list_approvers(request_id, digest)
        tx.request_changes.restart_request(request_id)
        tx.evidence.append_fact(
            Fact.TWO_PERSON_APPROVED,
            shop=request.shop,
            actor=actor,
            request_id=request_id,
            subject=request.subject,
            approvals=len(approvers),
            digest=digest,
            reason=reason,
        )
    enqueue_request_ids([request_id], services)
    return approvers


def list_approvers(request: PrivacyRequest, tx: Tx) -> list[str]:
    """Return who approved what a request says now."""
    return tx.two_person.list_approvers(request.id, _compute_digest(request, tx))


def is_approved_by_two(request: PrivacyRequest, tx: Tx) -> bool:
    """Return whether enough people approved what a request says now."""
    return has_enough_approvers(request.kind, list_approvers(request, tx))


def _compute_digest(request: PrivacyRequest, tx: Tx) -> str:
    """Return a keyed digest of what is approved: the particulars, and which nomination or which persons they are about."""
    details = tx.request_details.get_details(request.id, request.kind)
    about: object = request.subject
    if request.kind is RequestKind.INCIDENT:
        about = sorted(tx.incident_persons.get_persons(request.id).persons)
    elif isinstance(details.particulars, NomineeParticulars):
        known = tx.nominations.list_nominations_of_person(request.shop, request.principal, request.subject)
        match = find_matching_nomination(known, details.particulars)
        about = [request.subject, match.id if match else ""]
    content = json.dumps([encode_request_details(details)["particulars"], about], sort_keys=True).encode()
    return tx.session.keyring.digest(f"two_person|{request.id}", content)
