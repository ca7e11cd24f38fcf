"""Lets the person take an erasure back by the link of the acknowledgement, while nothing was done for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from bridge.errors import LinkInvalid, PayloadInvalid
from bridge.model import Language, LinkPurpose, PrivacyRequest, RequestKind, RequestState
from bridge.services import Services
from bridge.steps.requests.approval.end_early import end_as_withdrawn, lock_open_request

if TYPE_CHECKING:
    from bridge.store import Tx

log = structlog.get_logger()
TAKEN_BACK_BY = "data_subject"  # the actor: who has the link
BY_LINK = "by_link"


def build_take_back_link(request: PrivacyRequest, tx: Tx, services: Services) -> str | None:
    """Return the address under which the person takes the request back; None where there is no time for it.

    A former link ends.
    """
    gate = tx.approvals.find_gate(request.id)
    if gate is None or gate.begun_at is not None or request.state is RequestState.DONE:
        return None
    if gate.free_at is None or gate.free_at <= services.clock.now():
        return None
    tx.person_links.delete_links(request.id, LinkPurpose.TAKE_BACK)
    token = tx.person_links.create_link(request.id, LinkPurpose.TAKE_BACK, expires_at=request.due_at)
    return f"{services.settings.public_base_url}/requests/{token}"


def find_request_to_take_back(token: str, *, services: Services) -> PrivacyRequest:
    """Return the request that a link takes back. Raises LinkInvalid for every reason alike, and StoreUnavailable."""
    with services.store.read() as tx:
        request_id = tx.person_links.find_linked_request(token, LinkPurpose.TAKE_BACK)
        request = tx.requests.get_sealed_request(request_id) if request_id else None
        gate = tx.approvals.find_gate(request.id) if request else None
        if request is None or gate is None or gate.begun_at is not None or request.state is RequestState.DONE:
            raise LinkInvalid
        return request


def take_back_request(token: str, *, services: Services) -> PrivacyRequest:
    """End the request of a link as withdrawn, and return it. Raises LinkInvalid for every reason alike, StoreUnavailable."""
    with services.store.transaction() as tx:
        request_id = tx.person_links.use_link(token, LinkPurpose.TAKE_BACK)
        if request_id is None:
            raise LinkInvalid
        try:
            request = lock_open_request(request_id, tx)
            end_as_withdrawn(request, TAKEN_BACK_BY, tx, via=BY_LINK)
        except PayloadInvalid:
            raise LinkInvalid from None
    log.info("request.withdrawn", id=request_id, kind=request.kind, via=BY_LINK)
    return request


def read_language(request_id: str, kind: RequestKind, *, services: Services) -> Language:
    """Return the language in which the person is written to. Raises StoreUnavailable."""
    with services.store.read() as tx:
        contact = tx.request_details.get_details(request_id, kind).contact
    return contact.language if contact else Language.ENGLISH
