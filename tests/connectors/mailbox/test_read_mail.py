"""Any mail is read: its text, who wrote it, what it answers, whether a program wrote it; nothing raises."""

from datetime import UTC, datetime
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.connectors.mailbox.read_mail import MAX_SUBJECT_CHARS, MAX_TEXT_CHARS, read_mail
from tests.kit.fronts.mailbox_server import write_mail

AT = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


def read_one(mail, **more):
    return read_mail(mail if isinstance(mail, bytes) else mail.as_bytes(), arrived_at=AT, **more)


def test_sender_subject_text_and_references_are_read():
    mail = write_mail(
        "Asha Qwertzuiop <asha@qwertzuiop.example>",
        subject="Meine Daten: größte, हिन्दी",
        text="Bitte löschen.\nDanke",
        In_Reply_To="<ltr_2@example.in>",
        References="<a@example.in> <ltr_1@example.in> <ltr_2@example.in>",
    )
    found = read_one(mail)
    assert (found.sender, found.subject) == ("asha@qwertzuiop.example", "Meine Daten: größte, हिन्दी")
    assert found.text == "Bitte löschen.\nDanke"
    assert found.references == ("<ltr_2@example.in>", "<ltr_1@example.in>", "<a@example.in>")
    assert (found.arrived_at, found.is_automatic, found.is_cut, found.bounced_message_id) == (AT, False, False, "")


def test_html_is_read_as_it_is_seen_and_attachments_are_counted():
    mail = EmailMessage()
    mail["From"] = "asha@qwertzuiop.example"
    mail.set_content(
        "<style>p{color:red}</style><p>Erase&nbsp;my data</p><script>x</script>please<br>now", subtype="html"
    )
    mail.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="aadhaar.pdf")
    found = read_one(mail)
    assert found.text.splitlines() == ["Erase my data", "please", "now"]
    assert found.attachments == 1
    assert "aadhaar" not in repr(found)


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Auto_Submitted": "auto-generated; x=1"},
        {"Precedence": "bulk"},
        {"Precedence": "auto_reply"},
        {"List_Id": "<news.example.com>"},
        {"X_Autoreply": "yes"},
        {"Return_Path": "<>"},
    ],
)
def test_what_a_program_wrote_is_known(headers):
    assert read_one(write_mail(**headers)).is_automatic
    assert not read_one(write_mail(Auto_Submitted="no")).is_automatic


def test_characters_that_change_what_is_seen_are_left_out():
    found = read_one(write_mail(subject="a\u202eb\x1b[2J", text="x\x1b[31m\u2066y\tz"))
    assert found.subject == "ab[2J"
    assert found.text == "x[31my\tz"


def test_long_values_are_cut_and_said_to_be():
    found = read_one(write_mail(subject="s" * 1_000, text="t" * (MAX_TEXT_CHARS + 5)))
    assert (len(found.subject), len(found.text), found.is_cut) == (MAX_SUBJECT_CHARS, MAX_TEXT_CHARS, True)
    assert read_one(write_mail(), size=5_000_000).is_cut


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff\xfe",
        b"Subject: =?x-none?B?????=\n\ntext",
        b"From: a@b@c\nMessage-ID: none\n\n",
        b"Content-Type: text/plain; charset=klingon\n\n\xff\xfe text",
        b"Content-Type: multipart/mixed; boundary=a\n\n--a\n--a\n--a--",
        b"Content-Type: multipart/mixed\n\nno boundary",
        b"From: =?utf-8?Q?=00?= <x>\nReferences: <<<>>>\n\n",
    ],
)
def test_a_malformed_mail_is_read_as_far_as_it_can_be(raw):
    assert read_one(raw).sender in ("", "a@b@c")


@given(st.binary(max_size=2_000))
def test_whatever_arrives_is_read(raw):
    found = read_one(raw)
    assert found.size == len(raw)


@given(
    st.dictionaries(
        st.sampled_from(["From", "Subject", "References", "Content-Type", "Message-ID"]), st.text(max_size=80)
    )
)
def test_whatever_the_headers_are_they_are_read(headers):
    raw = b"".join(f"{name}: {value}\n".encode() for name, value in headers.items()) + b"\ntext"
    found = read_one(raw)
    assert all(reference.startswith("<") for reference in found.references)
