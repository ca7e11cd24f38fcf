"""Send a letter to the person of a request when it is due, once.

It is recorded after the mail server accepted it. A crash between the two sends it again under the same Message-ID, by which
mail programs recognise it. What cannot be sent is withheld with a reason and looked at again after an hour.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from bridge.errors import ConnectorRefused, ConnectorUnavailable, CredentialRejected, LeaseLost, StoreUnavailable
from bridge.logs import describe_exception
from bridge.model import (
    Fact,
    Lease,
    Letter,
    LetterKind,
    LetterState,
    Particulars,
    PersonLetter,
    PrivacyRequest,
    RequestDetails,
    RequestKind,
)
from bridge.rules.requests.lifecycle import compute_retry_pause_s
from bridge.services import Services
from bridge.steps.evidence.record_facts import enqueue_request_ids
from bridge.steps.letters.build_letter import LetterInput, build_letter_page
from bridge.steps.letters.dismiss_letter import ANSWERING_LETTERS, record_letter_fact
from bridge.steps.letters.find_recipient import Recipient, find_letter_blocker, find_recipient
from bridge.steps.letters.letter_forms import render_letter_html, render_letter_text
from bridge.steps.letters.letter_links import LINK_BY_LETTER
from bridge.steps.letters.letter_page import LetterPage
from bridge.steps.letters.letter_texts import TextMissing, load_letter_texts
from bridge.steps.letters.pdf.write_pdf import render_letter_pdf
from bridge.steps.mailbox.mail_receipts import read_answered_mail
from bridge.steps.notices.batch import RECHECK_DELAY
from bridge.steps.notices.letter import read_mail_domain
from bridge.steps.notices.send import RECORD_ATTEMPTS
from bridge.steps.requests.record_answer_given import save_acknowledgement, save_delivery

if TYPE_CHECKING:
    from bridge.store import Tx

CHANNEL = "e-mail"


def send_due_letter(letter_id: str, *, services: Services) -> bool:
    """Send one letter. Return False where another worker holds it or it is not due. Raises LeaseLost, StoreUnavailable."""
    with services.store.transaction() as tx:
        lease, letter = tx.person_letters.acquire_lease(letter_id), tx.person_letters.find_letter(letter_id)
    if lease is None or letter is None:
        return False
    try:
        with services.store.renewing_lease(lease, "person_letters"):
            _send_leased_letter(letter, lease, services)
    except (LeaseLost, StoreUnavailable):
        raise
    except Exception as fault:
        _save_retry(letter, describe_exception(fault), lease, services)
        raise
    return True


def _send_leased_letter(letter: PersonLetter, lease: Lease, services: Services) -> None:
    with services.store.transaction() as tx:
        given = read_letter_input(letter.request_id, letter, tx=tx, services=services, makes_link=True)
        if given is None:  # the request was erased with its shop, or is older than requests are kept
            _withhold_letter(letter, "request_gone", lease, tx, services)
            return
        if blocker := find_letter_blocker(given.request, letter.kind, given.details, services):
            _withhold_letter(letter, blocker, lease, tx, services)
            return
        tx.person_letters.verify_lease(lease)
    try:
        page = build_letter_page(given)
    except TextMissing as missing:
        with services.store.transaction() as tx:
            _withhold_letter(letter, f"text_missing: {missing}", lease, tx, services)
        return
    recipient = find_recipient(given.request, given.details, services)
    mail = _build_mail(letter, page, recipient, services)
    try:
        services.mailer.send_letter(mail)
    except CredentialRejected:
        with services.store.transaction() as tx:
            _withhold_letter(letter, "mail_refuses_us", lease, tx, services)
    except ConnectorRefused as fault:
        _save_bounce(letter, str(fault), lease, services)
    except ConnectorUnavailable as fault:
        _save_retry(letter, str(fault), lease, services)
    else:
        _save_sent_letter(letter, given.request, mail, recipient, lease, services)


def read_letter_input(
    request_id: str, letter: PersonLetter, *, tx: Tx, services: Services, makes_link: bool = False
) -> LetterInput | None:
    """Return what a letter is built from now; None where its request is gone. A link is made only for one that is sent."""
    found = _find_asked(request_id, letter, tx=tx, services=services)
    if found is None:
        return None
    request, details = found
    recipient = find_recipient(request, details, services)
    may_go = makes_link and not find_letter_blocker(request, letter.kind, details, services)
    make_link = LINK_BY_LETTER.get(letter.kind) if may_go else None
    return LetterInput(
        request=request,
        kind=letter.kind,
        language=recipient.language,
        merchant=services.merchant,
        retention=services.retention,
        written_at=services.clock.now(),
        values=dict(letter.values),
        details=details,
        incident=_read_incident(request, letter, details, tx),
        certificate=tx.packages.find_certificate(request_id) if letter.kind is LetterKind.OUTCOME else None,
        link=(make_link(request, tx, services) if make_link else None) or "",
        for_store_owner=recipient.is_store_owner,
    )


def _find_asked(
    request_id: str, letter: PersonLetter, *, tx: Tx, services: Services
) -> tuple[PrivacyRequest, RequestDetails] | None:
    """Return what the letter answers, a request or a mail, and what was stated with it; None where it is gone."""
    if letter.kind is LetterKind.MAIL_RECEIPT:
        return read_answered_mail(request_id, tx=tx, services=services)
    request = tx.requests.get_request(request_id)
    return (request, tx.request_details.get_details(request_id, request.kind)) if request else None


def _read_incident(
    request: PrivacyRequest, letter: PersonLetter, details: RequestDetails, tx: Tx
) -> Particulars | None:
    """Return what is known of a breach: of the incident that the letter names, or of the request itself."""
    if letter.kind is not LetterKind.BREACH:
        return None
    incident_id = dict(letter.values).get("incident", request.id)
    if incident_id == request.id:
        return details.particulars
    return tx.request_details.get_details(incident_id, RequestKind.INCIDENT).particulars


def _build_mail(letter: PersonLetter, page: LetterPage, recipient: Recipient, services: Services) -> Letter:
    return Letter(
        to=recipient.address,
        subject=page.title,
        text=render_letter_text(page),
        html=render_letter_html(page),
        message_id=_build_letter_message_id(letter, services),
        reply_to=services.merchant.officer.email,
        attachments=_attach_pdf(letter, page),
    )


def _attach_pdf(letter: PersonLetter, page: LetterPage) -> tuple[tuple[str, str, bytes], ...]:
    """Return the letter as a file that says the same as the mail; nothing where a host lacks what makes it."""
    try:
        return ((f"{letter.request_id}.pdf", "application/pdf", render_letter_pdf(page)),)
    except ImportError:
        return ()


def _build_letter_message_id(letter: PersonLetter, services: Services) -> str:
    """Return the Message-ID, with the number of times that the letter was sent before."""
    former = letter.message_id.partition("@")[0].rpartition(".")[2]
    number = int(former) + 1 if former.isdecimal() else 0
    return f"<{letter.id}.{number}@{read_mail_domain(services)}>"


def _save_sent_letter(
    letter: PersonLetter, request: PrivacyRequest, mail: Letter, recipient: Recipient, lease: Lease, services: Services
) -> None:
    """Record a letter that was sent, at the third attempt at the latest: a busy database must not send it twice."""
    now, woken = services.clock.now(), list[str]()
    sent = replace(
        letter,
        state=LetterState.SENT,
        sent_at=now,
        message_id=mail.message_id,
        text_sha256=hashlib.sha256(mail.text.encode()).hexdigest(),
        attempts=0,
        last_error="",
    )
    for attempt in range(1, RECORD_ATTEMPTS + 1):
        try:
            with services.store.transaction() as tx:
                tx.person_letters.release_lease(lease, sent, wake_at=None)
                if letter.kind is LetterKind.ACKNOWLEDGEMENT:
                    save_acknowledgement(request, now, channel=CHANNEL, tx=tx)
                is_answer = letter.kind in ANSWERING_LETTERS - {LetterKind.ANSWER} and not recipient.is_store_owner
                if is_answer and request.closed_at and request.answered_at is None:
                    woken = save_delivery(request, now, channel=CHANNEL, tx=tx, services=services)
                record_letter_fact(
                    Fact.LETTER_SENT,
                    letter,
                    tx,
                    message_id=sent.message_id,
                    text_sha256=sent.text_sha256,
                    template=load_letter_texts(recipient.language).version,
                    language=recipient.language,
                    to="store_owner" if recipient.is_store_owner else "person",
                )
        except StoreUnavailable:
            if attempt == RECORD_ATTEMPTS:
                raise
        else:
            break
    enqueue_request_ids(woken, services)


def _withhold_letter(letter: PersonLetter, reason: str, lease: Lease, tx: Tx, services: Services) -> None:
    """Record why a letter cannot go out, once for each reason, and look again after an hour."""
    withheld = replace(letter, state=LetterState.WITHHELD, last_error=reason)
    tx.person_letters.release_lease(lease, withheld, wake_at=services.clock.now() + RECHECK_DELAY)
    if (letter.state, letter.last_error) != (withheld.state, reason[:200]):
        record_letter_fact(Fact.LETTER_WITHHELD, letter, tx, reason=reason)


def _save_bounce(letter: PersonLetter, reason: str, lease: Lease, services: Services) -> None:
    bounced = replace(letter, state=LetterState.BOUNCED, attempts=letter.attempts + 1, last_error=reason)
    with services.store.transaction() as tx:
        tx.person_letters.release_lease(lease, bounced, wake_at=None)
        record_letter_fact(Fact.LETTER_BOUNCED, letter, tx, reason=reason)


def _save_retry(letter: PersonLetter, error: str, lease: Lease, services: Services) -> None:
    attempts = letter.attempts + 1
    pause = timedelta(seconds=compute_retry_pause_s(attempts, None))
    retrying = replace(letter, state=LetterState.QUEUED, attempts=attempts, last_error=error)
    with services.store.transaction() as tx:
        tx.person_letters.release_lease(lease, retrying, wake_at=services.clock.now() + pause)
