"""Hands letters to the merchant's mail server (SMTP, RFC 5321); what bounces is read in `bounces`.

A letter that the server took is sent, not read. Never talks in the clear to another machine: without TLS (RFC
3207, or smtps) nothing is sent. No message of an error repeats what the server said: it may name the recipient.
"""

from __future__ import annotations

import email.policy
import re
import smtplib
import ssl
from collections.abc import Mapping, Sequence
from contextlib import suppress
from email.message import EmailMessage
from email.utils import formatdate, parseaddr
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from bridge.connectors.bounces import find_bounced_message_id
from bridge.errors import BridgeError, ConnectorRefused, ConnectorUnavailable, CredentialRejected

if TYPE_CHECKING:
    from bridge.model import Letter

__all__ = ["SmtpMailer", "find_bounced_message_id"]

TIMEOUT_S = 20.0
LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")
DEFAULT_SMTP_PORTS = {"smtp": 587, "smtps": 465}
MAX_ENVID_LENGTH = 100  # RFC 3461 section 4.4
# 7bit: a server that is not asked for 8BITMIME need not take eight bits
EMAIL_POLICY = email.policy.SMTP.clone(cte_type="7bit")


class SmtpMailer:
    """`ports.Mailer` over one SMTP account; a connection a letter."""

    def __init__(self, url: str, sender: str, *, tls_context: ssl.SSLContext | None = None) -> None:
        """`smtp://user:pass@host:587` (STARTTLS) or `smtps://`; empty or malformed, or no sender: letters wait."""
        try:
            parts = urlsplit(url)
            self._scheme, self._host = parts.scheme, parts.hostname or ""
            self._port = parts.port or DEFAULT_SMTP_PORTS.get(parts.scheme, 0)
            self._user, self._password = unquote(parts.username or ""), unquote(parts.password or "")
        except ValueError:  # its text would hold a piece of a password that was not escaped
            self._scheme = self._host = ""
        self._sender = sender
        self._tls_context = tls_context
        self.configured = bool(
            self._scheme in DEFAULT_SMTP_PORTS and self._host and "@" in parseaddr(sender)[1]
        )

    def send_letter(self, letter: Letter) -> None:
        """See ports.Mailer."""
        if not self.configured:
            raise CredentialRejected("mail: SMTP_URL or MAIL_FROM is not set, or malformed")
        message = self._build_message(letter)
        try:
            self._deliver(message)
        except (OSError, smtplib.SMTPException, UnicodeError) as fault:
            raise _translate_smtp_error(fault) from None

    def _deliver(self, message: EmailMessage) -> None:
        server = self._connect()
        try:
            self._start_tls(server)
            self._submit_message(server, message)
        finally:
            # whatever it says to our goodbye: a letter that was taken is sent, and a refusal stays one
            with suppress(OSError, smtplib.SMTPException):
                server.quit()
            server.close()

    def _connect(self) -> smtplib.SMTP:
        if self._scheme == "smtps":
            return smtplib.SMTP_SSL(
                self._host, self._port, timeout=TIMEOUT_S, context=self._create_tls_context()
            )
        return smtplib.SMTP(self._host, self._port, timeout=TIMEOUT_S)

    def _create_tls_context(self) -> ssl.SSLContext:
        """What a server must prove. This machine itself, with the certificate it made at set-up, nothing."""
        trust = self._tls_context or ssl.create_default_context()
        if self._host in LOCAL_HOSTS and self._tls_context is None:
            trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
        return trust

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
        if server.has_extn("dsn"):  # RFC 3461: tell us when it does not arrive, with the headers only
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
        except ValueError:  # the end of a line would begin a header of somebody else's
            raise ConnectorRefused("mail: a header has the end of a line in it") from None
        if "@" not in parseaddr(letter.to)[1]:
            raise ConnectorRefused("mail: no address to send to")
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: out-of-office machines keep still
        message.set_content(letter.text)
        message.add_alternative(letter.html, subtype="html")
        for name, media_type, content in letter.attachments:
            kind, _, subtype = media_type.partition("/")
            message.add_attachment(content, maintype=kind, subtype=subtype, filename=name)
        return message


# who is refused, and what lasts of it: the letter and its recipient, or we ourselves
SMTP_REFUSAL_ERRORS: Mapping[type[Exception], tuple[str, type[BridgeError]]] = {
    smtplib.SMTPDataError: ("letter", ConnectorRefused),
    smtplib.SMTPSenderRefused: ("sender", CredentialRejected),
    smtplib.SMTPAuthenticationError: ("login", CredentialRejected),
}
SMTP_FAILURE_ERRORS: Sequence[tuple[type[Exception], type[BridgeError], str]] = (
    (smtplib.SMTPNotSupportedError, CredentialRejected, "the server offers no login or no UTF-8"),
    (UnicodeError, CredentialRejected, "host, user and password must be ASCII"),
    (ssl.SSLEOFError, ConnectorUnavailable, "hung up while encryption was agreed"),
    (ssl.SSLZeroReturnError, ConnectorUnavailable, "hung up while encryption was agreed"),
    (ssl.SSLError, CredentialRejected, "no trusted encryption"),
)


def _translate_smtp_error(fault: Exception) -> BridgeError:
    """What a fault of the library is to us: its kind and code, never its words."""
    if isinstance(fault, smtplib.SMTPRecipientsRefused):
        code = max((code for code, _ in fault.recipients.values()), default=550)
        return _classify_smtp_code(code, ConnectorRefused)(f"mail: recipient refused, {code}")
    if isinstance(fault, smtplib.SMTPResponseException):
        what, lasting = SMTP_REFUSAL_ERRORS.get(type(fault), ("connection", CredentialRejected))
        return _classify_smtp_code(fault.smtp_code, lasting)(f"mail: {what} refused, {fault.smtp_code}")
    for kind, error, words in SMTP_FAILURE_ERRORS:
        if isinstance(fault, kind):
            return error(f"mail: {words}, {type(fault).__name__}")
    if type(fault) is smtplib.SMTPException:  # the one that smtplib has no name for
        return CredentialRejected("mail: the server offers no login that we know")
    return ConnectorUnavailable(f"mail: {type(fault).__name__}")


def _classify_smtp_code(code: int, permanent_error: type[BridgeError]) -> type[BridgeError]:
    """5xx lasts, all else passes: 4xx (RFC 5321 section 4.2.1), and what is no reply of a mail server at all."""
    return permanent_error if 500 <= code < 600 else ConnectorUnavailable


def _encode_xtext(text: str) -> str:
    """RFC 3461 section 4: what is not printable, `+` and `=` as hexadecimal."""
    return re.sub(r"[^!-*,-<>-~]", lambda found: f"+{ord(found[0]):02X}", text)
