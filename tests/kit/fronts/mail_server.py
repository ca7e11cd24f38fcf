"""A real mail server on a socket, with a certificate of its own authority and configurable refusals."""

from __future__ import annotations

import datetime as dt
import ipaddress
import socket
import ssl
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HOST = "mail.example.com"
USER, PASSWORD = "bridge@example.com", "p:/s@s%3D"


class Postbox:
    """Stores the received letters. `replies` replace the usual reply to a command once."""

    def __init__(self, **replies: str) -> None:
        self.replies = replies
        self.letters: list[Any] = []
        self.mail_options: list[str] = []
        self.rcpt_options: list[str] = []
        self.encrypted: list[bool] = []

    def _reply(self, command: str, usual: str) -> str:
        return self.replies.pop(command, usual)

    async def handle_EHLO(self, server, session, envelope, hostname, responses):  # noqa: N802
        session.host_name = hostname
        if "dsn" in self.replies:
            responses.insert(1, "250-DSN")
        return responses

    async def handle_MAIL(self, server, session, envelope, address, options):  # noqa: N802
        envelope.mail_from = address
        return self._reply("mail", "250 OK")

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        envelope.rcpt_tos.append(address)
        return self._reply("rcpt", "250 OK")

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        reply = self._reply("data", "250 OK")
        if reply.startswith("250"):
            self.letters.append(envelope)
            self.encrypted.append(session.ssl is not None)
        return reply

    async def handle_QUIT(self, server, session, envelope):  # noqa: N802
        return self._reply("quit", "221 Bye")


class _Server(SMTP):
    """aiosmtpd with the DSN options, which it does not implement."""

    async def smtp_MAIL(self, arg):  # noqa: N802
        options, self.event_handler.mail_options = _options(arg)
        await super().smtp_MAIL(options)

    async def smtp_RCPT(self, arg):  # noqa: N802
        options, self.event_handler.rcpt_options = _options(arg)
        await super().smtp_RCPT(options)


def _options(arg: str) -> tuple[str, list[str]]:
    address, *options = arg.split(" ")
    dsn_options = [each for each in options if each.startswith(("RET=", "ENVID=", "NOTIFY="))]
    return " ".join([address, *(each for each in options if each not in dsn_options)]), dsn_options


class _Controller(Controller):
    def factory(self):
        return _Server(self.handler, **self.SMTP_kwargs)


@contextmanager
def serving(postbox: Postbox, *, tls: ssl.SSLContext | None = None, smtps: bool = False, login: bool = False):
    """Yield the port. `tls` is offered by STARTTLS, or used from the first byte (`smtps`)."""

    def authenticate(server, session, envelope, mechanism, given):
        good = (given.login, given.password) == (USER.encode(), PASSWORD.encode())
        return AuthResult(success=good, handled=False)

    options: dict[str, Any] = {"tls_context": None if smtps else tls}
    if login:
        options |= {
            "authenticator": authenticate,
            "auth_required": tls is not None,
            "auth_require_tls": tls is not None and not smtps,
        }
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = _Controller(postbox, hostname="127.0.0.1", port=port, ssl_context=tls if smtps else None, **options)
    server.start()
    try:
        yield port
    finally:
        server.stop()


def certificates(folder: Path, name: str = HOST) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return the server's TLS context and that of a client that trusts it, for this name and 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    called = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(called)
        .issuer_name(called)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(name), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return server, ssl.create_default_context(cafile=str(folder / "cert.pem"))
