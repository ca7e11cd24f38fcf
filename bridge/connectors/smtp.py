"""Sends letters through the merchant's mail server (SMTP, RFC 5321); `bounces` reads the notifications of failure.

A letter that the server accepted is sent, not read. Never sends unencrypted to another machine: without TLS (RFC
3207, or smtps) nothing is sent. Never quotes the server's reply in an error: it may name the recipient.
"""

from __future__ import annotations

import email.policy
import re
import smtplib
import ssl
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from email.message import EmailMessage
from email.utils import formatdate, parseaddr
from urllib.parse import unquote, urlsplit

from bridge.connectors.bounces import find_bounced_message_id
from bridge.connectors.exchange_limits import limit_exchange, open_limited_file
from bridge.errors import BridgeError, ConnectorRefused, ConnectorUnavailable, CredentialRejected
from bridge.model import Letter
from bridge.rules.operations.causes import describe_network_error
from bridge.telemetry import observe

__all__ = ["SmtpMailer", "find_bounced_message_id"]

SMTP_TIMEOUT_S = 20.0
CHECK_TIMEOUT_S = 10.0
LETTER_TIMEOUT_S = 120.0  # for all replies to one letter; SMTP_TIMEOUT_S bounds only the wait for their next byte
MAX_REPLY_BYTES = 65_536
LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")
DEFAULT_SMTP_PORTS = {"smtp": 587, "smtps": 465}
MAX_ENVID_LENGTH = 100  # RFC 3461 section 4.4
# 7bit: a server that is not asked for 8BITMIME need not take eight bits
EMAIL_POLICY = email.policy.SMTP.clone(cte_type="7bit")


class SmtpMailer:
    """A `ports.Mailer` over one SMTP account, with one connection per letter."""

    def __init__(self, url: str, sender: str, *, tls_context: ssl.SSLContext | None = None) -> None:
        """Take `smtp://user:pass@host:587` (STARTTLS) or `smtps://`; if it is malformed or no sender is set, letters wait."""
        try:
            # by hand up to the last @: urlsplit ends the host at a # / or ? of the password, and takes the user for it
            scheme, _, rest = url.partition("://")
            account, _, server = rest.rpartition("@")
            parts = urlsplit(f"//{server}")
            self._scheme = scheme.lower() if not (parts.path.strip("/") or parts.query or parts.fragment) else ""
            self._host, self._port = parts.hostname or "", parts.port or DEFAULT_SMTP_PORTS.get(self._scheme, 0)
            user, _, password = account.partition(":")
            self._user, self._password = unquote(user), unquote(password)
        except ValueError:  # its text would quote a part of an unescaped password
            self._scheme = self._host = ""
        self._sender = sender
        self._tls_context = tls_context
        self.configured = bool(self._scheme in DEFAULT_SMTP_PORTS and self._host and "@" in parseaddr(sender)[1])

    def send_letter(self, letter: Letter) -> None:
        """Send the letter (`ports.Mailer`).

        Raises CredentialRejected (unset, or the account is refused), ConnectorRefused (the letter or its recipient is
        refused), ConnectorUnavailable.
        """
        if not self.configured:
            raise CredentialRejected("mail: SMTP_URL or MAIL_FROM is not set, or malformed")
        message = self._build_message(letter)
        try:
            with (
                observe("outside.call", system="mail", operation="send"),
                limit_exchange(time.monotonic() + LETTER_TIMEOUT_S, MAX_REPLY_BYTES),
            ):
                self._deliver(message)
        except (OSError, smtplib.SMTPException, UnicodeError) as fault:
            raise _translate_smtp_error(fault) from None

    def check_server(self) -> None:
        """Connect, encrypt and log in, and leave without a letter (`ports.Mailer`)."""
        try:
            with limit_exchange(time.monotonic() + CHECK_TIMEOUT_S, MAX_REPLY_BYTES):
                server = self._connect()
                try:
                    self._start_tls(server)
                    if self._user:
                        server.login(self._user, self._password)
                    server.noop()
                finally:
                    with suppress(OSError, smtplib.SMTPException):
                        server.quit()
                    server.close()
        except (OSError, smtplib.SMTPException, UnicodeError) as fault:
            words, known = describe_network_error(fault), _translate_smtp_error(fault)
            why = words or str(known).removeprefix("mail: ")
            raise type(known)(f"{self._host}:{self._port}: {why}") from None

    def _deliver(self, message: EmailMessage) -> None:
        server = self._connect()
        try:
            self._start_tls(server)
            self._submit_message(server, message)
        finally:
            # an error of QUIT changes nothing: an accepted letter is sent, and a refusal stays one
            with suppress(OSError, smtplib.SMTPException):
                server.quit()
            server.close()

    def _connect(self) -> smtplib.SMTP:
        if self._scheme == "smtps":
            return _LimitedTlsSmtp(self._host, self._port, timeout=SMTP_TIMEOUT_S, context=self._create_tls_context())
        return _LimitedSmtp(self._host, self._port, timeout=SMTP_TIMEOUT_S)

    def _create_tls_context(self) -> ssl.SSLContext:
        """Return the TLS context: full verification, but none for this machine, whose certificate is self-signed."""
        context = self._tls_context or ssl.create_default_context()
        if self._host in LOCAL_HOSTS and self._tls_context is None:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context

    def _start_tls(self, server: smtplib.SMTP) -> None:
        server.ehlo_or_helo_if_needed()
        if self._scheme == "smtps":
            return
        if server.has_extn("starttls"):
            server.starttls(context=self._create_tls_context())
            server.ehlo_or_helo_if_needed()
        elif self._host not in LOCAL_HOSTS:
            raise CredentialRejected("mail: the server offers no encryption (STARTTLS)")

    def _submit_message(self, server: smtplib.SMTP, message: EmailMessage) -> None:
        if self._user:
            server.login(self._user, self._password)
        mail, rcpt = [], []
        if server.has_extn("dsn"):  # RFC 3461: request a notification of failure, with the headers only
            mail, rcpt = ["RET=HDRS"], ["NOTIFY=FAILURE,DELAY"]
            name = _encode_xtext(str(message["Message-ID"]).strip("<>"))
            if len(name) <= MAX_ENVID_LENGTH:
                mail.append(f"ENVID={name}")
        server.send_message(message, mail_options=mail, rcpt_options=rcpt)

    def _build_message(self, letter: Letter) -> EmailMessage:
        message = EmailMessage(policy=EMAIL_POLICY)
        try:
            message["From"] = self._sender
            message["To"] = letter.to
            message["Subject"] = letter.subject
            message["Date"] = formatdate(usegmt=True)
            message["Message-ID"] = letter.message_id
            if letter.reply_to:
                message["Reply-To"] = letter.reply_to
        except ValueError:  # a line break would inject a header
            raise ConnectorRefused("mail: a header contains a line break") from None
        if "@" not in parseaddr(letter.to)[1]:
            raise ConnectorRefused("mail: no address to send to")
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: suppresses out-of-office replies
        message.set_content(letter.text)
        message.add_alternative(letter.html, subtype="html")
        for name, media_type, content in letter.attachments:
            kind, _, subtype = media_type.partition("/")
            message.add_attachment(content, maintype=kind, subtype=subtype, filename=name)
        return message


class _LimitedSmtp(smtplib.SMTP):
    """A connection whose replies keep the limits of the exchange: the library reads lines as long as they come."""

    def getreply(self) -> tuple[int, bytes]:
        if self.file is None and self.sock is not None:  # at first, and again after STARTTLS
            self.file = open_limited_file(self.sock)
        return super().getreply()


class _LimitedTlsSmtp(_LimitedSmtp, smtplib.SMTP_SSL):
    pass


# What was refused, and the error of a permanent refusal.
SMTP_REFUSAL_ERRORS: Mapping[type[Exception], tuple[str, type[BridgeError]]] = {
    smtplib.SMTPDataError: ("letter", ConnectorRefused),
    smtplib.SMTPSenderRefused: ("sender", CredentialRejected),
    smtplib.SMTPAuthenticationError: ("login", CredentialRejected),
}
SMTP_FAILURE_ERRORS: Sequence[tuple[type[Exception], type[BridgeError], str]] = (
    (smtplib.SMTPNotSupportedError, CredentialRejected, "the server offers no login or no UTF-8"),
    (UnicodeError, CredentialRejected, "host, user and password must be ASCII"),
    (ssl.SSLEOFError, ConnectorUnavailable, "disconnected during the TLS handshake"),
    (ssl.SSLZeroReturnError, ConnectorUnavailable, "disconnected during the TLS handshake"),
    (ssl.SSLError, CredentialRejected, "no trusted encryption"),
)


def _translate_smtp_error(fault: Exception) -> BridgeError:
    """Return our error for a fault of smtplib, with its type and code, never its text."""
    if isinstance(fault, smtplib.SMTPRecipientsRefused):
        code = max((code for code, _ in fault.recipients.values()), default=550)
        return _classify_smtp_code(code, ConnectorRefused)(f"mail: recipient refused, {code}")
    if isinstance(fault, smtplib.SMTPResponseException):
        what, permanent_error = SMTP_REFUSAL_ERRORS.get(type(fault), ("connection", CredentialRejected))
        return _classify_smtp_code(fault.smtp_code, permanent_error)(f"mail: {what} refused, {fault.smtp_code}")
    for kind, error, words in SMTP_FAILURE_ERRORS:
        if isinstance(fault, kind):
            return error(f"mail: {words}, {type(fault).__name__}")
    if type(fault) is smtplib.SMTPException:  # smtplib raises the bare class if no login method is common
        return CredentialRejected("mail: the server offers no login that we know")
    return ConnectorUnavailable(f"mail: {type(fault).__name__}")


def _classify_smtp_code(code: int, permanent_error: type[BridgeError]) -> type[BridgeError]:
    """Return `permanent_error` for 5xx; ConnectorUnavailable for 4xx (RFC 5321 section 4.2.1) and any other code."""
    return permanent_error if 500 <= code < 600 else ConnectorUnavailable


def _encode_xtext(text: str) -> str:
    """Encode xtext (RFC 3461 section 4): unprintable characters, `+` and `=` as hexadecimal."""
    return re.sub(r"[^!-*,-<>-~]", lambda match: f"+{ord(match[0]):02X}", text)
