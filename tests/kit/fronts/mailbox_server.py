"""A real mailbox server (pymap) on a socket, empty at first, with a certificate of its own authority."""

from __future__ import annotations

import imaplib
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import quote

from tests.kit.fronts.mail_server import certificates

HOST, USER, PASSWORD = "127.0.0.1", "privacy@example.in", "p:/s@s%3D"


class MailboxServer:
    """One account; `url` is what MAILBOX_URL is set to."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.url = f"imap://{quote(USER, safe='')}:{quote(PASSWORD, safe='')}@{HOST}:{port}/INBOX"

    def connect(self) -> imaplib.IMAP4:
        """Log in as a mail program does."""
        server = imaplib.IMAP4(HOST, self.port, timeout=10)
        server.starttls(_trust_all())
        server.login(USER, PASSWORD)
        return server

    def put(self, *mails: bytes | EmailMessage) -> None:
        """Put mails into the inbox."""
        server = self.connect()
        for mail in mails:
            raw = mail if isinstance(mail, bytes) else mail.as_bytes()
            server.append("INBOX", None, imaplib.Time2Internaldate(time.time()), raw.replace(b"\n", b"\r\n"))
        server.logout()

    def list_flags(self) -> list[bytes]:
        """Return the flags of each mail: reading must set none."""
        server = self.connect()
        server.select("INBOX", readonly=True)
        _, found = server.fetch("1:*", "(FLAGS)")
        server.logout()
        return found


@contextmanager
def run_mailbox_server(folder: Path) -> Iterator[MailboxServer]:
    """Run the server with a new certificate of its own."""
    certificates(folder)
    with socket.socket() as free:
        free.bind((HOST, 0))
        port = free.getsockname()[1]
    command = [
        sys.executable,
        "-c",
        "from pymap.main import main; main()",
        "--host",
        HOST,
        "--port",
        str(port),
        "--cert",
        str(folder / "cert.pem"),
    ]
    command += ["--key", str(folder / "key.pem"), "dict", "--demo-user", USER, "--demo-password", PASSWORD]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            try:
                socket.create_connection((HOST, port), 1).close()
                break
            except OSError:
                time.sleep(0.05)
        yield MailboxServer(port)
    finally:
        process.terminate()
        process.wait(10)


def _trust_all() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def write_mail(sender: str = "asha@qwertzuiop.example", **given: str) -> EmailMessage:
    """Write a mail; `given` are text, subject and further headers, with _ for -."""
    mail = EmailMessage()
    mail["From"], mail["To"] = sender, USER
    mail["Subject"] = given.pop("subject", "My data")
    mail["Message-ID"] = given.pop("message_id", "<1@qwertzuiop.example>")
    text = given.pop("text", "Please send me a copy of my data.")
    for name, value in given.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    return mail
