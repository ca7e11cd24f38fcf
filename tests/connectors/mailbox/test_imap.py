"""The mailbox is read over IMAP on a real server: in order, once, encrypted, and without changing anything there."""

import imaplib
import socket
import ssl
import threading

import pytest

from bridge.connectors.mailbox import imap
from bridge.connectors.mailbox.imap import ImapMailbox
from bridge.errors import ConnectorUnavailable, CredentialRejected
from bridge.model import MailboxPosition
from tests.kit.fronts.mailbox_server import PASSWORD, USER, run_mailbox_server, write_mail


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with run_mailbox_server(tmp_path_factory.mktemp("imap")) as server:
        yield server


def test_new_mails_are_read_in_order_and_nothing_is_marked(server, monkeypatch):
    mailbox = ImapMailbox(server.url)
    start = MailboxPosition()
    if found := mailbox.fetch_mails(start):
        start = found[-1].position
    server.put(*(write_mail(message_id=f"<{number}@example.in>", text=f"mail {number}") for number in range(5)))
    flags = server.list_flags()
    monkeypatch.setattr(imap, "MAX_MAILS_PER_RUN", 2)
    texts, position = [], start
    while found := mailbox.fetch_mails(position):
        assert len(found) <= 2
        texts += [each.mail.text for each in found]
        position = found[-1].position
    assert texts == [f"mail {number}" for number in range(5)]
    assert mailbox.fetch_mails(position) == []
    assert server.list_flags() == flags
    # a mailbox that its server made anew has other numbers: it is read from its beginning
    again = mailbox.fetch_mails(MailboxPosition(uid_validity=position.uid_validity + 1, last_uid=position.last_uid))
    assert again


def test_a_long_mail_is_read_to_its_limit_and_says_so(server, monkeypatch):
    monkeypatch.setattr(imap, "MAX_MAIL_BYTES", 2_000)
    mailbox, before = ImapMailbox(server.url), MailboxPosition()
    while found := mailbox.fetch_mails(before):
        before = found[-1].position
    server.put(write_mail(text="x " * 5_000))
    (found,) = mailbox.fetch_mails(before)
    assert found.mail.is_cut
    assert found.mail.size > 10_000
    assert found.mail.text.startswith("x x")


def test_a_wrong_password_or_folder_is_refused_in_words_without_either(server):
    for url in (server.url.replace(":p", ":q", 1) if ":p" in server.url else "", server.url + "/Nowhere"):
        with pytest.raises(CredentialRejected, match="login or folder refused") as refusal:
            ImapMailbox(url).check_server()
        assert "Nowhere" not in str(refusal.value)
        assert USER not in str(refusal.value)
    ImapMailbox(server.url).check_server()


def test_a_certificate_that_nobody_vouches_for_is_refused(server, monkeypatch):
    monkeypatch.setattr(imap, "LOCAL_HOSTS", ())
    with pytest.raises(CredentialRejected, match="certificate"):
        ImapMailbox(server.url, tls_context=ssl.create_default_context()).check_server()


@pytest.mark.parametrize("url", ["imap://host/INBOX", "http://a:b@host/", "imaps://a:b@/INBOX", "imaps://a:b@host:x/"])
def test_a_malformed_address_is_refused_without_repeating_it(url):
    with pytest.raises(CredentialRejected, match="MAILBOX_URL is malformed"):
        ImapMailbox(url)


@pytest.fixture
def odd_server():
    """Return a function that starts a server which greets with these bytes and goes on to send them."""
    servers = []

    def start(greeting, *, repeat=1):
        listening = socket.create_server(("127.0.0.1", 0))
        servers.append(listening)

        def serve():
            try:
                peer, _ = listening.accept()
                with peer:
                    for _ in range(repeat):
                        peer.sendall(greeting)
                    peer.settimeout(2)
                    while peer.recv(1000):
                        peer.sendall(b"* BYE\r\n")
            except OSError:
                return

        threading.Thread(target=serve, name="odd-imap", daemon=True).start()
        return f"imap://{USER.replace('@', '%40')}:x@127.0.0.1:{listening.getsockname()[1]}/INBOX"

    yield start
    for listening in servers:
        listening.close()


@pytest.mark.parametrize(
    "greeting",
    [
        b"",
        b"220 smtp.example.in ESMTP\r\n",
        b"* BYE shutting down\r\n",
        b"\xff\xfe\x00\r\n",
        b"HTTP/1.1 400 Bad\r\n\r\n",
    ],
)
def test_what_speaks_no_imap_is_unavailable_or_refused_and_never_quoted(odd_server, greeting, monkeypatch):
    monkeypatch.setattr(imap, "IMAP_TIMEOUT_S", 1.0)
    monkeypatch.setattr(imap, "FETCH_TIMEOUT_S", 3.0)
    with pytest.raises((ConnectorUnavailable, CredentialRejected)) as fault:
        ImapMailbox(odd_server(greeting)).check_server()
    assert "smtp.example" not in str(fault.value)


def test_a_server_that_never_stops_talking_ends_at_the_limit(odd_server, monkeypatch):
    monkeypatch.setattr(imap, "FETCH_TIMEOUT_S", 3.0)
    monkeypatch.setattr(imap, "MAX_REPLY_BYTES", 10_000)
    with pytest.raises((ConnectorUnavailable, CredentialRejected)):
        ImapMailbox(odd_server(b"* OK hello\r\n" + b"* OK more\r\n" * 50_000, repeat=8)).check_server()


def test_the_library_has_the_parts_that_are_limited():
    """The limit stands on two names of imaplib that no document promises."""
    assert hasattr(imaplib.IMAP4, "_get_capabilities")
    assert PASSWORD
