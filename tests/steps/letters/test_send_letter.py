"""Letters leave once, under one Message-ID, or stand withheld or bounced with a reason until somebody heals it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bridge.errors import ConnectorRefused, ConnectorUnavailable, CredentialRejected, LeaseLost, StoreUnavailable
from bridge.model import (
    AnswerBasis,
    Language,
    LetterKind,
    LetterState,
    Principal,
    ReplyContact,
    RequestDetails,
    RequestKind,
    RequestSource,
)
from bridge.steps.letters import send_letter
from bridge.steps.letters.letter_links import LINK_BY_LETTER
from bridge.steps.letters.operate_letters import record_letter_bounce, resend_letter
from bridge.steps.letters.queue_letter import queue_letter
from bridge.steps.letters.send_letter import send_due_letter
from bridge.steps.requests.open_for_person import open_person_request
from bridge.steps.requests.record_answer_given import record_receipt_acknowledgement
from bridge.steps.webhooks.enqueue_due import enqueue_due
from tests.factories import ASHA, NOW, SHOP, make_request, opened
from tests.steps.letters.letter_case import with_contact

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

WRITER = ReplyContact(address="writer@qwertzuiop.example", language=Language.HINDI)


@pytest.fixture
def sender(services):
    return with_contact(services)


def open_person_letter_request(services, *, contact=WRITER, principal=ASHA, kind=RequestKind.ACCESS):
    details = RequestDetails(contact=contact) if contact else None
    return open_person_request(
        kind,
        SHOP,
        principal,
        services.clock.now(),
        actor="operator:test",
        reason="a letter",
        services=services,
        details=details,
    )


def queue(services, kind, *, request=None, contact=WRITER, **given):
    """Queue a letter of a stored request; return its id."""
    request = request or make_request(source=RequestSource.OPERATOR)
    with services.store.transaction() as tx:
        if not tx.requests.is_known(request.id):
            opened(tx, request)
        if contact:
            tx.request_details.save_details(request.id, request.shop, RequestDetails(contact=contact))
        queue_letter(request, kind, tx=tx, **given)
        return tx.person_letters.list_letters(request.id)[-1].id


def find(services, letter_id):
    with services.store.read() as tx:
        return tx.person_letters.find_letter(letter_id)


def list_facts(services, request_id):
    with services.store.read() as tx:
        return [(event.fact, event.detail) for event in tx.evidence.list_facts_of_request(request_id)]


def test_p17_an_acknowledgement_is_on_the_queue_when_the_request_is_opened_and_leaves_once(sender):
    """Requirement P-17: at once, in the language of the writer, to the address that was given, and the register counts it."""
    request_id = open_person_letter_request(sender)
    (job,) = [row_id for name, row_id, _ in sender.queue.jobs if name == "letter"]
    assert open_person_letter_request(sender) == request_id  # asked again: no second letter
    assert send_due_letter(job, services=sender)
    assert not send_due_letter(job, services=sender)
    (mail,) = sender.mailer.letters
    assert (mail.to, mail.reply_to) == (WRITER.address, sender.merchant.officer.email)
    assert request_id in mail.subject
    assert "आपके अनुरोध के लिए धन्यवाद" in mail.text
    assert "<html lang='hi'>" in mail.html
    letter = find(sender, job)
    assert (letter.state, letter.sent_at, letter.message_id) == (LetterState.SENT, NOW, mail.message_id)
    assert mail.message_id.startswith(f"<{job}.0@")
    facts = dict(list_facts(sender, request_id))
    sent = facts["letter.sent"]
    assert (sent["message_id"], sent["language"], sent["to"]) == (mail.message_id, "hi", "person")
    assert len(sent["text_sha256"]) == 64
    assert sent["template"]
    assert facts["request.acknowledged"] == facts["request.acknowledged"] | {"channel": "e-mail", "late": False}


def test_who_named_no_contact_is_written_to_by_the_e_mail_that_the_request_goes_by(sender):
    letter_of = {}
    for principal in (ASHA, Principal(customer_id="7009")):
        request_id = open_person_letter_request(sender, contact=None, principal=principal)
        with sender.store.read() as tx:
            (letter,) = tx.person_letters.list_letters(request_id)
        send_due_letter(letter.id, services=sender)
        letter_of[principal.email] = find(sender, letter.id)
    assert [mail.to for mail in sender.mailer.letters] == [ASHA.email]
    assert (letter_of[""].state, letter_of[""].last_error) == (LetterState.WITHHELD, "no_contact")


@pytest.mark.parametrize(
    ("fault", "state", "error"),
    [
        (ConnectorRefused("mail: recipient refused, 550"), LetterState.BOUNCED, "mail: recipient refused, 550"),
        (ConnectorUnavailable("mail: no answer"), LetterState.QUEUED, "mail: no answer"),
        (CredentialRejected("mail: login refused"), LetterState.WITHHELD, "mail_refuses_us"),
        (RuntimeError("private"), LetterState.QUEUED, "RuntimeError"),
    ],
)
def test_what_the_mail_server_does_ends_in_a_state(sender, clock, fault, state, error):
    letter_id = queue(sender, LetterKind.WITHDRAWN)
    sender.mailer.faults = [fault]
    try:
        send_due_letter(letter_id, services=sender)
    except RuntimeError:
        assert isinstance(fault, RuntimeError)
    letter = find(sender, letter_id)
    assert letter.state is state
    assert letter.last_error.startswith(error)
    assert "private" not in letter.last_error
    assert not send_due_letter(letter_id, services=sender)  # not before its time
    clock.at = NOW + timedelta(hours=2)
    assert send_due_letter(letter_id, services=sender) is (state is not LetterState.BOUNCED)
    assert len(sender.mailer.letters) == (state is not LetterState.BOUNCED)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda services: replace(services.merchant.officer, domain_control_verified=False), "domain_not_verified"),
        (lambda services: replace(services.merchant.officer, phone=" "), "officer_not_named"),
    ],
)
def test_p04_p05_what_the_merchant_owes_withholds_a_letter_until_it_is_there(sender, clock, change, reason):
    """Requirements P-04, P-05: the reason is recorded once, and the letter leaves by itself within an hour."""
    incomplete = replace(sender, merchant=replace(sender.merchant, officer=change(sender)))
    letter_id = queue(sender, LetterKind.WITHDRAWN)
    for hour in range(3):
        clock.at = NOW + timedelta(hours=hour)
        assert send_due_letter(letter_id, services=incomplete)
    letter = find(sender, letter_id)
    assert (letter.state, letter.last_error) == (LetterState.WITHHELD, reason)
    facts = [fact for fact, _ in list_facts(sender, letter.request_id)]
    assert facts.count("letter.withheld") == 1
    clock.at = NOW + timedelta(hours=3)
    assert enqueue_due(services=sender) >= 1
    assert ("letter", letter_id, False) in sender.queue.jobs
    assert send_due_letter(letter_id, services=sender)
    assert find(sender, letter_id).state is LetterState.SENT
    assert len(sender.mailer.letters) == 1


def test_an_unset_mail_server_and_a_code_without_words_withhold_too(sender):
    sender.mailer.configured = False
    letter_id = queue(sender, LetterKind.WITHDRAWN)
    send_due_letter(letter_id, services=sender)
    assert find(sender, letter_id).last_error == "mail_not_configured"
    sender.mailer.configured = True
    other = queue(
        sender, LetterKind.REFUSAL, request=make_request(subject="subject-bikram"), values={"reason": "new_code"}
    )
    send_due_letter(other, services=sender)
    assert find(sender, other).last_error == "text_missing: hi: reasons.new_code"
    assert sender.mailer.letters == []


def test_a_crash_after_the_server_accepted_sends_the_same_message_id_again(sender, clock, monkeypatch):
    letter_id = queue(sender, LetterKind.WITHDRAWN)
    monkeypatch.setattr(send_letter, "_save_sent_letter", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        send_due_letter(letter_id, services=sender)
    monkeypatch.undo()
    assert find(sender, letter_id).state is LetterState.QUEUED
    clock.at = NOW + timedelta(minutes=2)  # the lease of the killed worker has ended
    assert send_due_letter(letter_id, services=sender)
    first, second = sender.mailer.letters
    assert first.message_id == second.message_id == find(sender, letter_id).message_id


def test_a_busy_database_does_not_send_a_letter_twice(sender, monkeypatch):
    letter_id = queue(sender, LetterKind.WITHDRAWN)
    transaction, failures = type(sender.store).transaction, [1, 2]

    def fail_after_sending(store):
        if sender.mailer.letters and failures:
            failures.pop()
            raise StoreUnavailable("busy")
        return transaction(store)

    monkeypatch.setattr(type(sender.store), "transaction", fail_after_sending)
    send_due_letter(letter_id, services=sender)
    monkeypatch.undo()
    assert find(sender, letter_id).state is LetterState.SENT
    assert len(sender.mailer.letters) == 1


def test_two_workers_send_one_letter(sender):
    letter_id = queue(sender, LetterKind.WITHDRAWN)
    with sender.store.transaction() as tx:
        lease = tx.person_letters.acquire_lease(letter_id)
    assert not send_due_letter(letter_id, services=sender)
    letter = find(sender, letter_id)
    with sender.store.transaction() as tx:
        assert not resend_letter(letter, tx=tx, actor="operator:test", reason="in between")
        tx.person_letters.release_lease(lease, letter, wake_at=NOW)
    with sender.store.transaction() as tx, pytest.raises(LeaseLost):
        tx.person_letters.verify_lease(lease)
    assert send_due_letter(letter_id, services=sender)
    assert len(sender.mailer.letters) == 1


def test_a_link_is_made_only_when_its_letter_leaves(sender, monkeypatch):
    made = []

    def make(request, tx, services):
        made.append(request.id)
        return "https://privacy.example.in/x/token"

    monkeypatch.setitem(LINK_BY_LETTER, LetterKind.WITHDRAWN, make)
    monkeypatch.setitem(LINK_BY_LETTER, LetterKind.ACKNOWLEDGEMENT, make)
    letter_id = queue(sender, LetterKind.ACKNOWLEDGEMENT)
    unverified = replace(sender.merchant.officer, domain_control_verified=False)
    send_due_letter(letter_id, services=replace(sender, merchant=replace(sender.merchant, officer=unverified)))
    assert made == []
    sender.clock.at = NOW + timedelta(hours=1)
    send_due_letter(letter_id, services=sender)
    assert len(made) == 1
    assert "https://privacy.example.in/x/token" in sender.mailer.letters[0].text


def test_an_unproven_address_of_the_public_page_is_told_nothing_of_the_person(sender):
    request = make_request(source=RequestSource.PAGE)
    disclosing = queue(sender, LetterKind.CORRECTED, request=request, values={"fields": "phone"})
    neutral = queue(sender, LetterKind.ACKNOWLEDGEMENT, request=request)
    for letter_id in (disclosing, neutral):
        send_due_letter(letter_id, services=sender)
    assert find(sender, disclosing).last_error == "contact_not_proven"
    assert find(sender, neutral).state is LetterState.SENT
    sender.clock.at = NOW + timedelta(hours=1)
    with sender.store.transaction() as tx:
        proven = RequestDetails(contact=replace(WRITER, proven=True))
        tx.request_details.save_details(request.id, request.shop, proven)
    send_due_letter(disclosing, services=sender)
    assert find(sender, disclosing).state is LetterState.SENT


@pytest.mark.parametrize("answers_person", [False, True])
def test_a_request_of_shopify_is_answered_to_whom_the_merchants_file_says(sender, answers_person):
    if answers_person:
        rules = replace(sender.merchant.letters, shopify_requests="person")
        sender = replace(sender, merchant=replace(sender.merchant, letters=rules))
    letter_id = queue(sender, LetterKind.LATE, request=make_request(), contact=None, values={"due": "2026-12-22"})
    send_due_letter(letter_id, services=sender)
    if answers_person:
        assert find(sender, letter_id).last_error == "no_contact"
    else:
        (mail,) = sender.mailer.letters
        assert mail.to == sender.merchant.officer.email
        assert "For the owner of the shop" in mail.text


def test_an_answer_that_bounced_later_counts_as_not_given_and_can_be_sent_again(sender, clock):
    request = make_request(source=RequestSource.OPERATOR, kind=RequestKind.ACCESS, closed_at=NOW)
    letter_id = queue(sender, LetterKind.REFUSAL, request=request, values={"reason": "identity_not_proven"})
    with sender.store.transaction() as tx:
        lease = tx.requests.acquire_lease(request.id)
        tx.requests.release_lease(lease, state="done", wake_at=None, complete=True, closed_at=NOW)
    send_due_letter(letter_id, services=sender)
    with sender.store.transaction() as tx:
        answered = tx.requests.get_request(request.id)
        assert (answered.answered_at, answered.answer_basis) == (NOW, AnswerBasis.DELIVERED)
        letter = tx.person_letters.find_letter_by_message_id(sender.mailer.letters[0].message_id)
        assert record_letter_bounce(letter, tx=tx, actor="operator:test", reason="delivery status: failed")
        assert tx.requests.get_request(request.id).answered_at is None
    clock.at = NOW + timedelta(days=1)
    with sender.store.transaction() as tx:
        assert resend_letter(find(sender, letter_id), tx=tx, actor="operator:test", reason="the address was corrected")
    send_due_letter(letter_id, services=sender)
    first, second = sender.mailer.letters
    assert (first.message_id.startswith(f"<{letter_id}.0@"), second.message_id.startswith(f"<{letter_id}.1@")) == (
        True,
        True,
    )
    facts = [fact for fact, _ in list_facts(sender, request.id) if fact.startswith("letter.")]
    assert facts == ["letter.queued", "letter.sent", "letter.bounced", "letter.resent", "letter.sent"]


def test_what_an_operator_said_by_telephone_is_not_written_too(sender):
    request_id = open_person_letter_request(sender, contact=None, principal=Principal(customer_id="7009"))
    record_receipt_acknowledgement(request_id, channel="telephone", on=None, actor="operator:test", services=sender)
    with sender.store.read() as tx:
        (letter,) = tx.person_letters.list_letters(request_id)
    assert letter.state is LetterState.DISMISSED
    assert not send_due_letter(letter.id, services=sender)
