"""The mailbox is read by a worker: each mail taken in once, linked to what it answers, and nothing done by a mail alone."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bridge.connectors.mailbox.read_mail import read_mail
from bridge.errors import ConnectorUnavailable, PayloadInvalid
from bridge.model import (
    Fact,
    FetchedMail,
    Language,
    LetterKind,
    LetterState,
    MailboxPosition,
    MailKind,
    MailState,
    NoticeState,
    Principal,
    RequestDetails,
    RequestKind,
    RequestSource,
)
from bridge.steps.letters.build_letter import build_letter_page
from bridge.steps.letters.letter_forms import render_letter_text
from bridge.steps.letters.queue_letter import queue_letter
from bridge.steps.letters.send_letter import read_letter_input
from bridge.steps.mailbox.mail_receipts import MAX_RECEIPTS_PER_DAY
from bridge.steps.mailbox.open_mail import open_mail
from bridge.steps.mailbox.read_mailbox import READ_EVERY, RETRY_AFTER, ensure_mailbox, read_mailbox
from bridge.steps.mailbox.take_in_mail import take_in_mail
from tests.factories import CANARIES, NOW, SHOP, make_entry, make_notice, make_request, opened
from tests.kit.fronts.mailbox_server import write_mail

BOUNCE = """Content-Type: multipart/report; report-type=delivery-status; boundary=b
From: MAILER-DAEMON@example.in

--b
Content-Type: text/plain

Not delivered.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; example.in

Final-Recipient: rfc822; privacy@delhivery.example
Action: failed
--b
Content-Type: text/rfc822-headers

Message-ID: {}
--b--
"""


class Box:
    """A mailbox with some mails, read in batches of two; `fault` is raised after so many."""

    def __init__(self, *mails, fault_after=None):
        self.mails, self.fault_after = list(mails), fault_after

    def fetch_mails(self, after):
        if self.fault_after == 0:
            raise ConnectorUnavailable("mailbox: nothing listens there")
        start = after.last_uid if after.uid_validity == 7 else 0
        return [
            FetchedMail(position=MailboxPosition(uid_validity=7, last_uid=number + 1), mail=mail)
            for number, mail in list(enumerate(self.mails))[start : start + 2]
        ]


def arrived(mail, at=NOW):
    return read_mail(mail if isinstance(mail, bytes) else mail.as_bytes(), arrived_at=at)


def with_box(services, *mails, **more):
    box = Box(*mails, **more)
    return replace(services, mailbox=box, merchant=replace(services.merchant, shops=(SHOP,)))


def list_stored_mails(services):
    with services.store.read() as tx:
        return tx.mails.list_mails()


def test_each_mail_is_taken_in_once_and_the_position_is_kept(services, clock):
    services = with_box(services, *(arrived(write_mail(message_id=f"<{n}@a.example>")) for n in range(3)), None)
    ensure_mailbox(services=services)
    ensure_mailbox(services=services)
    assert read_mailbox(services=services) == 2
    assert read_mailbox(services=services) == 1, "a full batch: it goes on at once"
    assert read_mailbox(services=services) == 0, "the last one was deleted meanwhile"
    assert read_mailbox(services=services) is None, "it is not due"
    clock.at = NOW + READ_EVERY
    assert read_mailbox(services=services) == 0
    assert [(mail.kind, mail.state, mail.shop) for mail in list_stored_mails(services)] == [
        (MailKind.MESSAGE, MailState.OPEN, SHOP)
    ] * 3


def test_a_mailbox_that_cannot_be_read_says_why_and_is_tried_again(services, clock):
    services = with_box(services, fault_after=0)
    ensure_mailbox(services=services)
    assert read_mailbox(services=services) == 0
    with services.store.read() as tx:
        checked_at, error, attempts = tx.mailboxes.read_state()
    assert (checked_at, error, attempts) == (None, "mailbox: nothing listens there", 1)
    assert read_mailbox(services=services) is None
    clock.at = NOW + RETRY_AFTER
    services.mailbox.fault_after = None
    assert read_mailbox(services=services) == 0
    with services.store.read() as tx:
        assert tx.mailboxes.read_state() == (clock.at, "", 0)


def test_the_same_mail_by_another_way_is_taken_in_once(services):
    mail = arrived(write_mail())
    assert take_in_mail(mail, services=services)
    assert take_in_mail(replace(mail, arrived_at=NOW - timedelta(hours=1)), services=services) is None
    assert take_in_mail(replace(mail, text="something else"), services=services), "an id can be copied"


def test_a_mail_that_claims_to_come_from_the_future_or_from_nowhen_arrived_now(services):
    for at in (NOW + timedelta(days=3), NOW - timedelta(days=10_000)):
        mail = take_in_mail(arrived(write_mail(text=str(at)), at), services=services)
        assert mail.arrived_at == NOW


def test_an_answer_of_a_processor_is_linked_and_changes_nothing(services):
    notice, entry = make_notice(state=NoticeState.SENT), make_entry(state=NoticeState.SENT)
    with services.store.transaction() as tx:
        tx.notice_items.add_items([entry])
        tx.notices.open_notice(notice, [entry])
    mail = take_in_mail(
        arrived(write_mail(In_Reply_To=f"<{notice.id}.0@example.in>", Auto_Submitted="auto-replied")), services=services
    )
    assert (mail.kind, mail.state, mail.notice_id) == (MailKind.PROCESSOR_ANSWER, MailState.OPEN, notice.id)
    with services.store.read() as tx:
        assert tx.notices.find_notice(notice.id) == notice


def test_a_returned_letter_is_a_bounce_of_its_notice(services):
    notice = make_notice(state=NoticeState.SENT)
    notice = replace(notice, message_id=f"<{notice.id}.0@example.in>")
    entry = make_entry(state=NoticeState.SENT)
    with services.store.transaction() as tx:
        tx.notice_items.add_items([entry])
        tx.notices.open_notice(notice, [entry])
    mail = take_in_mail(arrived(BOUNCE.format(notice.message_id).encode()), services=services)
    assert (mail.kind, mail.state) == (MailKind.BOUNCE, MailState.HANDLED)
    with services.store.read() as tx:
        assert tx.notices.find_notice(notice.id).state is NoticeState.BOUNCED


def test_a_letter_to_a_person_that_came_back_has_bounced(services):
    request = make_request()
    with services.store.transaction() as tx:
        opened(tx, request)
        queue_letter(request, LetterKind.ACKNOWLEDGEMENT, tx=tx)
        (letter,) = tx.person_letters.list_letters(request.id)
        lease = tx.person_letters.acquire_lease(letter.id)
        sent = replace(letter, state=LetterState.SENT, sent_at=NOW, message_id=f"<{letter.id}.0@example.in>")
        tx.person_letters.release_lease(lease, sent, wake_at=None)
    take_in_mail(arrived(BOUNCE.format(sent.message_id).encode()), services=services)
    with services.store.read() as tx:
        assert tx.person_letters.find_letter(letter.id).state is LetterState.BOUNCED


def test_a_reply_to_a_letter_belongs_to_its_request_and_invented_ids_to_none(services):
    request = make_request()
    with services.store.transaction() as tx:
        opened(tx, request)
        queue_letter(request, LetterKind.ACKNOWLEDGEMENT, tx=tx)
        (letter,) = tx.person_letters.list_letters(request.id)
    mail = take_in_mail(arrived(write_mail(References=f"<{letter.id}.0@example.in>")), services=services)
    assert (mail.kind, mail.request_id, mail.letter_id) == (MailKind.REPLY, request.id, letter.id)
    invented = take_in_mail(arrived(write_mail(subject=f"Re: {letter.id[:-1]}Z")), services=services)
    assert (invented.kind, invented.request_id) == (MailKind.MESSAGE, "")


def test_no_personal_value_is_in_a_fact_of_a_mail(services):
    take_in_mail(arrived(write_mail(subject="Qwertzuiop")), services=services)
    with services.store.read() as tx:
        (fact,) = [event for event in tx.evidence.iterate_facts() if event.fact == Fact.MAIL_TAKEN_IN]
    assert not [canary for canary in CANARIES if canary.lower() in repr(fact).lower()]


@pytest.fixture
def mail(services):
    return take_in_mail(arrived(write_mail(), NOW - timedelta(days=5)), services=services)


def open_as(mail, services, kind=RequestKind.ACCESS, **more):
    given = {"shop": SHOP, "principal": None, "details": RequestDetails(), "language": Language.HINDI, **more}
    return open_mail(mail, kind, **given, actor="operator:test", services=services)


def test_an_opened_mail_counts_from_its_arrival_and_letters_go_to_its_sender(services, mail):
    request = open_as(mail, services)
    assert (request.source, request.received_at) == (RequestSource.MAIL, NOW - timedelta(days=5))
    assert request.received_at_basis == "mail_arrived"
    assert request.principal == Principal(email="asha@qwertzuiop.example")
    with services.store.read() as tx:
        contact = tx.request_details.get_details(request.id, request.kind).contact
        assert (contact.address, contact.language, contact.proven) == ("asha@qwertzuiop.example", Language.HINDI, False)
        assert tx.mails.find_mail(mail.id).state is MailState.OPENED
    with pytest.raises(PayloadInvalid, match="mail_ended"):
        open_as(mail, services)


def test_t01_a_webhook_that_comes_later_joins_what_a_mail_opened(services, mail):
    first = open_as(mail, services, principal=Principal(customer_id="7001", email="asha@qwertzuiop.example"))
    second = take_in_mail(arrived(write_mail(message_id="<2@a.example>")), services=services)
    assert open_as(second, services, principal=Principal(customer_id="7001")).id == first.id


def test_an_erasure_destroys_what_its_mail_says(services, mail):
    request = open_as(mail, services, kind=RequestKind.ERASURE)
    open_mail_of_today = take_in_mail(arrived(write_mail(text="One more thing.")), services=services)
    with services.store.transaction() as tx:
        counts = tx.person_eraser.preview_erasure(SHOP, request.principal, request_id=request.id)
        removed = tx.person_eraser.erase_person(SHOP, request.principal, request_id=request.id)
        assert counts["mails"] == removed["mails"] == 1
        assert tx.mails.open_content(tx.mails.find_mail(mail.id)) is None
        assert tx.mails.open_content(open_mail_of_today).text.startswith("One more"), "nobody has read it yet"


def test_old_mails_that_were_done_with_lose_their_text(services, clock, mail):
    open_as(mail, services)
    with services.store.transaction() as tx:
        assert tx.mails.destroy_contents(handled_before=NOW, limit=10) == 0
        assert tx.mails.destroy_contents(handled_before=NOW + timedelta(seconds=1), limit=10) == 1
        assert tx.mails.open_content(mail) is None


def list_receipts(services, *mails):
    with services.store.read() as tx:
        return [letter for mail in mails for letter in tx.person_letters.list_letters(mail.id)]


def test_who_writes_is_told_that_the_mail_arrived_and_a_program_is_not(services):
    services.mailer.configured = True
    written = take_in_mail(arrived(write_mail(), NOW - timedelta(days=1)), services=services)
    by_program = take_in_mail(arrived(write_mail(text="Away.", Auto_Submitted="auto-replied")), services=services)
    anonymous = take_in_mail(arrived(write_mail("nobody", text="Hello")), services=services)
    (receipt,) = list_receipts(services, written, by_program, anonymous)
    with services.store.read() as tx:
        given = read_letter_input(written.id, receipt, tx=tx, services=services)
    text = render_letter_text(build_letter_page(given))
    assert written.id in text
    assert "21 December 2026" in text, "thirty days since it arrived"
    assert given.details.contact.address == "asha@qwertzuiop.example"


def test_two_programs_do_not_write_to_each_other_for_ever(services):
    services.mailer.configured = True
    mails = [take_in_mail(arrived(write_mail(text=f"Reply {n}")), services=services) for n in range(9)]
    assert len(list_receipts(services, *mails)) == MAX_RECEIPTS_PER_DAY
