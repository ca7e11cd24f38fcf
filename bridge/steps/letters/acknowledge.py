"""Queue the acknowledgement of a request that the merchant received, once, with the contact to which letters go. Sends nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.model import LetterKind, PrivacyRequest, RequestDetails, RequestKind
from bridge.services import Services
from bridge.steps.letters.find_recipient import add_contact
from bridge.steps.letters.queue_letter import queue_letter

if TYPE_CHECKING:
    from bridge.store import Tx

UNACKNOWLEDGED_KINDS = (RequestKind.SHOP_ERASURE, RequestKind.INCIDENT)  # no person asked


def queue_acknowledgement(
    request_id: str, asked: PrivacyRequest, details: RequestDetails | None, *, tx: Tx, services: Services, actor: str
) -> None:
    """Save what `asked` states beside identifiers, and queue the acknowledgement of the request that it opened or joined.

    Where no contact is stated, letters go to the e-mail address by which the person is known: it is stored with the
    details, so that the outcome of an erasure still reaches it. What is stated later replaces what was stated before.
    """
    known = tx.request_details.get_details(request_id, asked.kind)
    stated = add_contact(details or known, asked, services)
    if stated != known:
        tx.request_details.save_details(request_id, asked.shop, stated)
    request = tx.requests.get_request(request_id)
    if request is not None and request.kind not in UNACKNOWLEDGED_KINDS:
        queue_letter(request, LetterKind.ACKNOWLEDGEMENT, tx=tx, actor=actor)


def enqueue_letters(request_id: str, *, services: Services) -> None:
    """Put the letters of a request that are due on the queue at once; `enqueue_due` does it later where that fails."""
    with services.store.read() as tx:
        letter_ids = tx.person_letters.list_due_ids(request_id)
    if letter_ids:
        services.queue.enqueue_all([("letter", letter_id, True) for letter_id in letter_ids])
