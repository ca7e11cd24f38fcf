"""The mailer against a real mail server: what arrives, what is refused, and that nothing is sent unencrypted."""

from __future__ import annotations

import email
import email.policy
import logging
import socket
import threading
import time
import traceback
from contextlib import contextmanager
from dataclasses import replace
from urllib.parse import quote

import pytest

from bridge.connectors import smtp
from bridge.connectors.smtp import SmtpMailer
from bridge.errors import ConnectorRefused, ConnectorUnavailable, CredentialRejected
from bridge.model import Letter
from tests.kit.fronts.mail_server import HOST, PASSWORD, USER, Postbox, certificates, serving

SENDER = '"MINI MISS, वकील" <privacy@example.com>'
LETTER = Letter(
    to='"Delhivery · Datenschutz" <dpo@carrier.example.in>',
    subject="Erasure instruction ntc_01 · मिटाएँ",
    text="Please erase these.\nधन्यवाद\n.\nFrom here on a line begins with a dot.\n",
    html="<p>Please erase these. धन्यवाद</p>",
    message_id="<ntc_01.1@example.com>",
    reply_to="privacy@example.com",
    attachments=(("waybills.csv", "text/csv", b"waybill\r\n149\r\n\xff\x00"),),
)


@pytest.fixture(scope="module")
def tls(tmp_path_factory):
    return certificates(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def elsewhere(monkeypatch):
    """Resolve mail.example.com to this machine; its name is not local, so that encryption is required."""
    look = socket.getaddrinfo

    def mapped(host, *more, **keywords):
        return look("127.0.0.1" if host == HOST else host, *more, **keywords)

    monkeypatch.setattr(socket, "getaddrinfo", mapped)


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    monkeypatch.setattr(smtp, "SMTP_TIMEOUT_S", 3.0)


def arrived(postbox):
    [envelope] = postbox.letters
    return envelope, email.message_from_bytes(envelope.content, policy=email.policy.default)


# --- Delivery ---------------------------------------------------------------------------------------


def test_a_letter_arrives_complete_through_a_local_server():
    postbox = Postbox()
    with serving(postbox) as port:
        SmtpMailer(f"smtp://localhost:{port}", SENDER).send_letter(LETTER)
    envelope, message = arrived(postbox)
    assert (envelope.mail_from, envelope.rcpt_tos) == ("privacy@example.com", ["dpo@carrier.example.in"])
    assert message["From"] == '"MINI MISS, वकील" <privacy@example.com>'
    assert message["To"].addresses[0].display_name == "Delhivery · Datenschutz"
    assert message["Subject"] == LETTER.subject
    assert message["Message-ID"] == LETTER.message_id
    assert message["Reply-To"] == LETTER.reply_to
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Date"].datetime.tzinfo is not None
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text.get_content().replace("\r\n", "\n") == LETTER.text
    assert html.get_content().strip() == LETTER.html
    [attached] = message.iter_attachments()
    assert attached.get_filename() == "waybills.csv"
    assert attached.get_content_type() == "text/csv"
    assert attached.get_payload(decode=True) == LETTER.attachments[0][2]
    assert all(byte < 128 for byte in envelope.content), "eight bits were not asked for"
    assert "DSN" not in str(envelope.mail_options)


def test_a_connection_to_another_machine_is_encrypted_before_anything_is_sent(tls, elsewhere):
    server, trust = tls
    postbox = Postbox()
    with serving(postbox, tls=server) as port:
        SmtpMailer(f"smtp://{HOST}:{port}", SENDER, tls_context=trust).send_letter(LETTER)
    assert postbox.encrypted == [True]


def test_smtps_is_encrypted_from_the_first_byte(tls, elsewhere):
    server, trust = tls
    postbox = Postbox()
    with serving(postbox, tls=server, smtps=True) as port:
        SmtpMailer(f"smtps://{HOST}:{port}", SENDER, tls_context=trust).send_letter(LETTER)
    arrived(postbox)


@pytest.mark.parametrize("smtps", [False, True])
def test_a_local_server_may_have_a_self_signed_certificate(tls, smtps):
    postbox = Postbox()
    with serving(postbox, tls=tls[0], smtps=smtps) as port:
        SmtpMailer(f"smtp{'s' * smtps}://127.0.0.1:{port}", SENDER).send_letter(LETTER)
    arrived(postbox)


def test_the_login_uses_the_unescaped_user_and_password_of_the_url(tls, elsewhere):
    postbox = Postbox()
    with serving(postbox, tls=tls[0], login=True) as port:
        url = f"smtp://{quote(USER, safe='')}:{quote(PASSWORD, safe='')}@{HOST}:{port}"
        SmtpMailer(url, SENDER, tls_context=tls[1]).send_letter(LETTER)
    arrived(postbox)


def test_a_server_with_dsn_is_asked_to_report_failures():
    postbox = Postbox(dsn="yes")
    with serving(postbox) as port:
        SmtpMailer(f"smtp://localhost:{port}", SENDER).send_letter(
            replace(LETTER, message_id="<ntc_01+a=b@example.com>")
        )
        assert postbox.mail_options == ["RET=HDRS", "ENVID=ntc_01+2Ba+3Db@example.com"]
        assert postbox.rcpt_options == ["NOTIFY=FAILURE,DELAY"]
        SmtpMailer(f"smtp://localhost:{port}", SENDER).send_letter(
            replace(LETTER, message_id=f"<{'x' * 120}@example.com>")
        )
        assert postbox.mail_options == ["RET=HDRS"], "a name that is longer than the rules allow"


@pytest.mark.parametrize("goodbye", ["500 What", "421 Busy", "250 Fine"])
def test_an_accepted_letter_is_sent_whatever_the_answer_to_quit(goodbye):
    postbox = Postbox(quit=goodbye)
    with serving(postbox) as port:
        SmtpMailer(f"smtp://localhost:{port}", SENDER).send_letter(LETTER)
    arrived(postbox)


# --- Refusals ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("replies", "error", "words"),
    [
        ({"rcpt": "550 5.1.1 dpo@carrier.example.in unknown"}, ConnectorRefused, "recipient refused, 550"),
        ({"rcpt": "450 4.2.1 dpo@carrier.example.in later"}, ConnectorUnavailable, "recipient refused, 450"),
        ({"rcpt": "421 4.3.2 dpo@carrier.example.in closing"}, ConnectorUnavailable, "recipient refused, 421"),
        ({"rcpt": "550 dpo@carrier.example.in", "quit": "421 x"}, ConnectorRefused, "recipient refused, 550"),
        ({"mail": "550 privacy@example.com may not"}, CredentialRejected, "sender refused, 550"),
        ({"mail": "421 4.3.2 closing"}, ConnectorUnavailable, "sender refused, 421"),
        ({"data": "554 5.7.1 dpo@carrier.example.in spam"}, ConnectorRefused, "letter refused, 554"),
        ({"data": "451 4.7.1 dpo@carrier.example.in greylisted"}, ConnectorUnavailable, "letter refused, 451"),
    ],
)
def test_each_reply_of_the_server_becomes_an_error_that_does_not_quote_it(replies, error, words, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    logging.getLogger("mail.log").setLevel(logging.ERROR)  # the stand-in's own
    postbox = Postbox(**replies)
    with serving(postbox) as port, pytest.raises(error) as fault:
        SmtpMailer(f"smtp://localhost:{port}", SENDER).send_letter(LETTER)
    assert str(fault.value) == f"mail: {words}"
    shown = "".join(traceback.format_exception(fault.value)) + caplog.text + "".join(capfd.readouterr())
    for word in ("carrier.example.in", "privacy@", "spam", "greylisted", "unknown"):
        assert word not in shown
    assert not postbox.letters


def test_a_refused_login_needs_a_person(tls, elsewhere):
    postbox = Postbox()
    with serving(postbox, tls=tls[0], login=True) as port, pytest.raises(CredentialRejected) as fault:
        SmtpMailer(f"smtp://{quote(USER)}:wrong@{HOST}:{port}", SENDER, tls_context=tls[1]).send_letter(LETTER)
    assert str(fault.value) == "mail: login refused, 535"
    assert not postbox.letters


def test_an_unsupported_or_unencodable_login_needs_a_person(tls):
    postbox = Postbox()
    with serving(postbox) as port, pytest.raises(CredentialRejected, match="offers no login"):
        SmtpMailer(f"smtp://user:pass@localhost:{port}", SENDER).send_letter(LETTER)
    with serving(postbox, login=True) as port, pytest.raises(CredentialRejected, match="must be ASCII") as fault:
        SmtpMailer(f"smtp://user:{quote('pässphrase')}@localhost:{port}", SENDER).send_letter(LETTER)
    assert "ssphrase" not in str(fault.value)


# --- No encryption ------------------------------------------------------------------------------------


def test_nothing_is_sent_to_another_machine_without_encryption(elsewhere):
    postbox = Postbox()
    with serving(postbox) as port, pytest.raises(CredentialRejected, match="no encryption"):
        SmtpMailer(f"smtp://user:pass@{HOST}:{port}", SENDER).send_letter(LETTER)
    assert not postbox.letters


@pytest.mark.parametrize("smtps", [False, True])
def test_nothing_is_sent_to_a_server_with_an_untrusted_certificate(tls, elsewhere, smtps):
    postbox = Postbox()
    with serving(postbox, tls=tls[0], smtps=smtps) as port, pytest.raises(CredentialRejected) as fault:
        SmtpMailer(f"smtp{'s' * smtps}://{HOST}:{port}", SENDER).send_letter(LETTER)
    assert "no trusted encryption" in str(fault.value)
    assert not postbox.letters


def test_nothing_is_sent_to_a_server_with_a_certificate_of_another_name(tmp_path, elsewhere):
    server, trust = certificates(tmp_path, "other.example.com")
    with serving(Postbox(), tls=server) as port, pytest.raises(CredentialRejected):
        SmtpMailer(f"smtp://{HOST}:{port}", SENDER, tls_context=trust).send_letter(LETTER)


# --- Unreachable servers ------------------------------------------------------------------


@contextmanager
def saying(*pieces: bytes, hang: bool = False):
    """Run a server that sends these pieces, one at first and one after each line, then disconnects or is silent."""
    door, end = socket.create_server(("127.0.0.1", 0)), threading.Event()

    def serve():
        talk, _ = door.accept()
        with talk:
            for number, piece in enumerate(pieces):
                if number:
                    talk.recv(1000)
                talk.sendall(piece)
            if hang:
                end.wait(20)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield door.getsockname()[1]
    finally:
        end.set()
        thread.join(5)
        door.close()


@pytest.mark.parametrize(
    ("pieces", "error"),
    [
        ((), ConnectorUnavailable),
        ((b"421 4.3.2 too busy\r\n",), ConnectorUnavailable),
        ((b"554 5.3.2 your address is listed\r\n",), CredentialRejected),
        ((b"HTTP/1.1 400 Bad Request\r\n\r\n",), ConnectorUnavailable),
        ((b"220 hello\r\n",), ConnectorUnavailable),
        ((b"220 hello\r\n", b"421 busy\r\n"), ConnectorUnavailable),
        ((b"220 hello\r\n", b"250-there\r\n250 STARTTLS\r\n", b"454 no TLS now\r\n"), ConnectorUnavailable),
        ((b"220 hello\r\n", b"250-there\r\n250 STARTTLS\r\n", b"220 go\r\n"), ConnectorUnavailable),
    ],
    ids=range(8),
)
def test_a_server_that_disconnects_is_retried_later(elsewhere, pieces, error):
    with saying(*pieces) as port, pytest.raises(error) as fault:
        SmtpMailer(f"smtp://{HOST}:{port}", SENDER).send_letter(LETTER)
    assert "listed" not in str(fault.value)


@pytest.mark.parametrize("pieces", [(), (b"220 hello\r\n",), (b"220 hello\r\n", b"250-x\r\n250 STARTTLS\r\n")])
@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_a_silent_server_times_out(monkeypatch, elsewhere, pieces, scheme):
    monkeypatch.setattr(smtp, "SMTP_TIMEOUT_S", 0.3)
    began = time.monotonic()
    with saying(*(pieces if scheme == "smtp" else ()), hang=True) as port, pytest.raises(ConnectorUnavailable):
        SmtpMailer(f"{scheme}://{HOST}:{port}", SENDER).send_letter(LETTER)
    assert time.monotonic() - began < 3


def test_a_closed_port_is_retried_later():
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]
    with pytest.raises(ConnectorUnavailable, match="ConnectionRefusedError"):
        SmtpMailer(f"smtp://localhost:{port}", SENDER).send_letter(LETTER)


def test_an_unknown_host_is_retried_later():
    with pytest.raises(ConnectorUnavailable):
        SmtpMailer("smtp://nowhere.invalid", SENDER).send_letter(LETTER)


# --- Invalid settings and letters ----------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "sender"),
    [
        ("", SENDER),
        ("smtp://localhost", ""),
        ("smtp://localhost", "nobody"),
        ("http://localhost", SENDER),
        ("smtp://user:pass@localhost:587#fragment", SENDER),
        ("smtp://us#er", SENDER),
        ("smtp://user:pass@local/host", SENDER),
        ("smtp://localhost:99999", SENDER),
        ("smtp://[::1", SENDER),
    ],
)
def test_without_a_valid_url_and_a_sender_letters_wait(url, sender):
    mailer = SmtpMailer(url, sender)
    assert not mailer.configured
    with pytest.raises(CredentialRejected, match="not set, or malformed"):
        mailer.send_letter(LETTER)


@pytest.mark.parametrize(
    "change",
    [
        {"subject": "Erasure\r\nBcc: everybody@example.com"},
        {"subject": "Erasure\nBcc: everybody@example.com"},
        {"to": "dpo@carrier.example.in\r\nBcc: everybody@example.com"},
        {"to": "dpo@carrier.example.in\rRCPT TO:<everybody@example.com>"},
        {"reply_to": "privacy@example.com\nBcc: everybody@example.com"},
        {"message_id": "<a@b>\r\n\r\nbody"},
        {"to": ""},
        {"to": "nobody"},
    ],
    ids=range(8),
)
def test_a_letter_cannot_inject_a_header_or_lack_a_recipient(change):
    postbox = Postbox()
    with serving(postbox) as port, pytest.raises(ConnectorRefused) as fault:
        SmtpMailer(f"smtp://localhost:{port}", SENDER).send_letter(replace(LETTER, **change))
    assert "everybody" not in "".join(traceback.format_exception(fault.value))
    assert not postbox.letters


@pytest.mark.parametrize("password", ["p#ss", "587#x", "p/ss", "p?s", "p@ss", "a:b", "#", "/@?#:"])
def test_a_password_that_nobody_escaped_is_no_host(password):
    mailer = SmtpMailer(f"smtp://user:{password}@mail.example.com:2525", SENDER)

    assert mailer.configured
    assert (mailer._host, mailer._port, mailer._user, mailer._password) == ("mail.example.com", 2525, "user", password)
