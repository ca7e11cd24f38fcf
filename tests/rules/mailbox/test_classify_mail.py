"""What a mail is, by its headers alone: its text decides nothing."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bridge.model import IncomingMail, MailKind
from bridge.rules.mailbox.classify_mail import MailReferences, classify_mail, find_mail_references, needs_officer

ID = "01M84N6EY20CZ9W2PB73FKRKAY"
MAIL = IncomingMail(
    message_id="<1@example.com>",
    references=(),
    sender="asha@example.com",
    subject="My data",
    text=f"ntc_{ID} req_{ID} ltr_{ID}",
    arrived_at=datetime(2026, 11, 22, tzinfo=UTC),
    size=100,
)


def test_ids_are_found_in_headers_only_and_the_answered_letter_first():
    assert find_mail_references(MAIL) == MailReferences()
    other = ID[:-1] + "B"
    found = find_mail_references(
        replace(MAIL, references=(f"<ltr_{other}.0@example.in>",), subject=f"Re: [req_{ID}] and ltr_{ID} xntc_{ID}")
    )
    assert found == MailReferences(letter_ids=(f"ltr_{other}", f"ltr_{ID}"), request_ids=(f"req_{ID}",))


@pytest.mark.parametrize(
    ("change", "links", "kind"),
    [
        ({}, (False, False), MailKind.MESSAGE),
        ({}, (False, True), MailKind.REPLY),
        ({}, (True, False), MailKind.PROCESSOR_ANSWER),
        ({"is_automatic": True}, (True, False), MailKind.PROCESSOR_ANSWER),
        ({"is_automatic": True}, (False, False), MailKind.AUTOMATIC),
        ({"is_automatic": True}, (False, True), MailKind.AUTOMATIC),
        ({"bounced_message_id": f"<ntc_{ID}.0@example.in>", "is_automatic": True}, (True, False), MailKind.BOUNCE),
    ],
)
def test_the_kind_follows_from_form_and_references(change, links, kind):
    found = classify_mail(replace(MAIL, **change), answers_notice=links[0], answers_letter=links[1])
    assert found is kind
    assert needs_officer(found) == (kind not in (MailKind.BOUNCE, MailKind.AUTOMATIC))
