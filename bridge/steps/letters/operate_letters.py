"""What operators do with letters: send one again, also to another address, record that one came back. Calls nobody."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bridge.errors import PayloadInvalid
from bridge.model import Fact, Language, LetterState, PersonLetter, ReplyContact
from bridge.services import Services
from bridge.steps.letters.dismiss_letter import record_letter_fact

if TYPE_CHECKING:
    from bridge.store import Tx

BOUNCE_REASON = "delivery status: failed"


def explain_no_letter_resend(letter: PersonLetter) -> str:
    """Return why an operator cannot have the letter sent again; '' where it can be."""
    if letter.state is LetterState.QUEUED and not letter.last_error:
        return "it is sent within seconds already"
    return ""


def resend_letter(letter: PersonLetter, *, tx: Tx, actor: str, reason: str) -> bool:
    """Queue the letter again and record who did it and why; return False where it is being sent, or has changed since."""
    queued = tx.person_letters.change_state(letter, LetterState.QUEUED, is_due=True)
    if queued:
        record_letter_fact(Fact.LETTER_RESENT, letter, tx, actor=actor, reason=reason, was=letter.state)
    return queued


def record_letter_bounce(letter: PersonLetter, *, tx: Tx, actor: str, reason: str = BOUNCE_REASON) -> bool:
    """Record that a letter which was sent did not arrive; what it told counts as not told. Return as `resend_letter`."""
    if letter.state is not LetterState.SENT:
        return False
    bounced = tx.person_letters.change_state(letter, LetterState.BOUNCED, error=reason)
    if bounced:
        if letter.sent_at is not None:
            tx.hand_overs.withdraw_delivery(letter.request_id, letter.sent_at)
        record_letter_fact(Fact.LETTER_BOUNCED, letter, tx, actor=actor, reason=reason)
    return bounced


def change_contact(
    letter: PersonLetter, address: str, language: Language | None, *, tx: Tx, services: Services
) -> None:
    """Store another address, or language, for all further letters of a letter's request; who gave it vouches for it.

    Raises PayloadInvalid: `request_unknown`, `no_contact`.
    """
    request = tx.requests.get_request(letter.request_id)
    if request is None:
        raise PayloadInvalid("request_unknown")
    details = tx.request_details.get_details(request.id, request.kind)
    former = details.contact or ReplyContact(address="", language=Language(services.merchant.letters.language))
    contact = replace(former, address=address or former.address, language=language or former.language)
    if not contact.address:
        raise PayloadInvalid("no_contact")
    if address:
        contact = replace(contact, proven=True)
    tx.request_details.save_details(request.id, request.shop, replace(details, contact=contact))
