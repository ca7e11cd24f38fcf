"""Tells who wrote that the mail arrived, with its number and the day of an answer: the one thing that a mail does by itself.

A mail that a program wrote is never answered (RFC 3834 section 2), nor one without a sender; of one address no more than a few
a day are, so that two programs do not go on writing to each other.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from bridge.model import (
    Language,
    LetterKind,
    Mail,
    MailKind,
    Principal,
    PrivacyRequest,
    ReplyContact,
    RequestDetails,
    RequestKind,
    RequestSource,
    RequestState,
)
from bridge.rules.requests.deadlines import compute_clocks
from bridge.services import Services

if TYPE_CHECKING:
    from bridge.store import Tx

MAX_RECEIPTS_PER_DAY = 3


def queue_mail_receipt(mail: Mail, sender: str, *, tx: Tx, services: Services) -> bool:
    """Queue the receipt of a mail that was just stored, in the same transaction. Return whether one is sent."""
    if mail.kind is not MailKind.MESSAGE or not sender or not services.mailer.configured:
        return False
    since = services.clock.now() - timedelta(days=1)
    if tx.mails.count_of_sender(mail.shop, sender, since=since) > MAX_RECEIPTS_PER_DAY:
        return False
    letter_id = tx.person_letters.queue_letter(mail.shop, mail.id, LetterKind.MAIL_RECEIPT, number=0, values={})
    return letter_id is not None


def read_answered_mail(mail_id: str, *, tx: Tx, services: Services) -> tuple[PrivacyRequest, RequestDetails] | None:
    """Return a mail as the request that it may be, and where to answer; None where what it says was destroyed."""
    mail = tx.mails.find_mail(mail_id)
    content = tx.mails.open_content(mail) if mail else None
    if mail is None or content is None:
        return None
    clocks = compute_clocks(received_at=mail.arrived_at, webhook_received_at=None, rules=services.merchant.clocks)
    language = Language(services.merchant.letters.language)
    return (
        PrivacyRequest(
            id=mail.id,
            shop=mail.shop,
            kind=RequestKind.GRIEVANCE,
            source=RequestSource.MAIL,
            state=RequestState.IN_PROGRESS,
            subject="",
            principal=Principal(),
            received_at=mail.arrived_at,
            received_at_basis="mail_arrived",
            webhook_received_at=None,
            acknowledge_due_at=clocks.acknowledge_due_at,
            due_at=clocks.due_at,
            due_governed_by=clocks.due_governed_by,
            clocks={},
        ),
        RequestDetails(contact=ReplyContact(address=content.sender, language=language)),
    )
