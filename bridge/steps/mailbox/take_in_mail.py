"""Takes in one mail: stores it sealed, finds out what it belongs to, and records what its form alone proves.

A mail by itself changes no request: who reads it decides, and its sender is told that it arrived. Only a notification that a letter of ours was returned counts by
itself. Calls nobody.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bridge.model import Fact, IncomingMail, Mail, MailKind, MailState
from bridge.rules.mailbox.classify_mail import MailReferences, classify_mail, find_mail_references, needs_officer
from bridge.services import Services
from bridge.steps.letters.operate_letters import record_letter_bounce
from bridge.steps.mailbox.mail_receipts import queue_mail_receipt
from bridge.steps.notices.record_answer import record_notice_bounce

if TYPE_CHECKING:
    from bridge.store import Tx

MAILBOX_ACTOR = "mailbox"


def take_in_mail(mail: IncomingMail, *, services: Services) -> Mail | None:
    """Store a mail. Return None where it came before, whichever way. Raises StoreUnavailable, ConcurrentChange."""
    with services.store.transaction() as tx:
        return take_in_mail_within(mail, tx=tx, services=services)


def take_in_mail_within(mail: IncomingMail, *, tx: Tx, services: Services) -> Mail | None:
    """Do the same in the caller's transaction, which also stores how far the mailbox was read."""
    now = services.clock.now()
    # a server's clock may be wrong: nobody writes in the future, and no date is none
    mail = replace(mail, arrived_at=now if not _is_plausible(mail, services) else min(mail.arrived_at, now))
    references = find_mail_references(mail)
    notice = next((found for one in references.notice_ids if (found := tx.notices.find_notice(one))), None)
    request_id, letter_id = _find_request(references, tx)
    is_ours = bool(letter_id or request_id)
    kind = classify_mail(mail, answers_notice=notice is not None, answers_letter=is_ours)
    stored = tx.mails.add_mail(
        mail,
        shop=notice.shop if notice else _find_shop(request_id, tx, services),
        kind=kind,
        state=MailState.OPEN if needs_officer(kind) else MailState.HANDLED,
        request_id=request_id,
        notice_id=notice.id if notice else "",
        letter_id=letter_id,
    )
    if stored is None:
        return None
    if kind is MailKind.BOUNCE and notice is not None:
        record_notice_bounce(mail.bounced_message_id, tx=tx, actor=MAILBOX_ACTOR)
    if kind is MailKind.BOUNCE and (letter := tx.person_letters.find_letter_by_message_id(mail.bounced_message_id)):
        record_letter_bounce(letter, tx=tx, actor=MAILBOX_ACTOR)
    tx.evidence.append_fact(
        Fact.MAIL_TAKEN_IN,
        shop=stored.shop,
        actor=MAILBOX_ACTOR,
        request_id=request_id,
        mail=stored.id,
        mail_kind=kind,
        arrived_at=stored.arrived_at.isoformat(),
        **({"notice": notice.id} if notice else {}),
    )
    queue_mail_receipt(stored, mail.sender, tx=tx, services=services)
    return stored


def _is_plausible(mail: IncomingMail, services: Services) -> bool:
    return mail.arrived_at.year > services.clock.now().year - 2


def _find_request(references: MailReferences, tx: Tx) -> tuple[str, str]:
    """Return the request and the letter that a mail answers, '' where the store knows none of its references."""
    for letter_id in references.letter_ids:
        letter = tx.person_letters.find_letter(letter_id)
        if letter is not None:
            return letter.request_id, letter.id
    return next((one for one in references.request_ids if tx.requests.is_known(one)), ""), ""


def _find_shop(request_id: str, tx: Tx, services: Services) -> str:
    """Return the shop of the request, else the merchant's only one, else ''."""
    if request_id and (request := tx.requests.get_sealed_request(request_id)):
        return request.shop
    shops = services.merchant.shops
    return tx.shop_names.directory.find_key(shops[0]) if len(shops) == 1 else ""
