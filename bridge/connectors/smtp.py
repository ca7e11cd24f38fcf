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

from bridge.connectors.bounces import bounced
from bridge.errors import BridgeError, ConnectorRefused, ConnectorUnavailable, CredentialRejected

if TYPE_CHECKING:
    from bridge.model import Letter

__all__ = ["Smtp", "bounced"]

TIMEOUT_S = 20.0
LOCAL = ("localhost", "127.0.0.1", "::1")
PORTS = {"smtp": 587, "smtps": 465}
LONGEST_ENVID = 100  # RFC 3461 section 4.4
# 7bit: a server that is not asked for 8BITMIME need not take eight bits
POLICY = email.policy.SMTP.clone(cte_type="7bit")


class Smtp:
    """`ports.Mailer` over one SMTP account; a connection a letter."""

    def __init__(self, url: str, sender: str, *, trust: ssl.SSLContext | None = None) -> None:
        """`smtp://user:pass@host:587` (STARTTLS) or `smtps://`; empty or malformed, or no sender: letters wait."""
        try:
            parts = urlsplit(url)
            self._scheme, self._host = parts.scheme, parts.hostname or ""
            self._port = parts.port or PORTS.get(parts.scheme, 0)
            self._user, self._password = unquote(parts.username or ""), unquote(parts.password or "")
        except ValueError:  # its text would hold a piece of a password that was not escaped
            self._scheme = self._host = ""
        self._sender = sender
        self._trust = trust
        self.configured = bool(self._scheme in PORTS and self._host and "@" in parseaddr(sender)[1])

    def send(self, letter: Letter) -> None:
        """See ports.Mailer."""
        if not self.configured:
            raise CredentialRejected("mail: SMTP_URL or MAIL_FROM is not set, or malformed")
        message = self._message(letter)
        try:
            self._send(message)
        except (OSError, smtplib.SMTPException, UnicodeError) as fault:
            raise _ours(fault) from None

    def _send(self, message: EmailMessage) -> None:
        server = self._connected()
        try:
            self._encrypt(server)
            self._hand_over(server, message)
        finally:
            # whatever it says to our goodbye: a letter that was taken is sent, and a refusal stays one
            with suppress(OSError, smtplib.SMTPException):
                server.quit()
            server.close()

    def _connected(self) -> smtplib.SMTP:
        if self._scheme == "smtps":
            return smtplib.SMTP_SSL(self._host, self._port, timeout=TIMEOUT_S, context=self._context())
        return smtplib.SMTP(self._host, self._port, timeout=TIMEOUT_S)

    def _context(self) -> ssl.SSLContext:
        """What a server must prove. This machine itself, with the certificate it made at set-up, nothing."""
        trust = self._trust or ssl.create_default_context()
        if self._host in LOCAL and self._trust is None:
            trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
        return trust

    def _encrypt(self, server: smtplib.SMTP) -> None:
        server.ehlo_or_helo_if_needed()
        if self._scheme == "smtps":
            return
        if server.has_extn("starttls"):
            server.starttls(context=self._context())
            server.ehlo_or_helo_if_needed()
        elif self._host not in LOCAL:
            raise CredentialRejected("mail: the server offers no encryption (STARTTLS)")

    def _hand_over(self, server: smtplib.SMTP, message: EmailMessage) -> None:
        if self._user:
            server.login(self._user, self._password)
        mail, rcpt = [], []
        if server.has_extn("dsn"):  # RFC 3461: tell us when it does not arrive, with the headers only
            mail, rcpt = ["RET=HDRS"], ["NOTIFY=FAILURE,DELAY"]
            name = _xtext(str(message["Message-ID"]).strip("<>"))
            if len(name) <= LONGEST_ENVID:
                mail.append(f"ENVID={name}")
        server.send_message(message, mail_options=mail, rcpt_options=rcpt)

    def _message(self, letter: Letter) -> EmailMessage:
        message = EmailMessage(policy=POLICY)
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
        for name, media_type, content in letter.attached:
            kind, _, subtype = media_type.partition("/")
            message.add_attachment(content, maintype=kind, subtype=subtype, filename=name)
        return message


# who is refused, and what lasts of it: the letter and its recipient, or we ourselves
REFUSED: Mapping[type[Exception], tuple[str, type[BridgeError]]] = {
    smtplib.SMTPDataError: ("letter", ConnectorRefused),
    smtplib.SMTPSenderRefused: ("sender", CredentialRejected),
    smtplib.SMTPAuthenticationError: ("login", CredentialRejected),
}
BROKEN: Sequence[tuple[type[Exception], type[BridgeError], str]] = (
    (smtplib.SMTPNotSupportedError, CredentialRejected, "the server offers no login or no UTF-8"),
    (UnicodeError, CredentialRejected, "host, user and password must be ASCII"),
    (ssl.SSLEOFError, ConnectorUnavailable, "hung up while encryption was agreed"),
    (ssl.SSLZeroReturnError, ConnectorUnavailable, "hung up while encryption was agreed"),
    (ssl.SSLError, CredentialRejected, "no trusted encryption"),
)


def _ours(fault: Exception) -> BridgeError:
    """What a fault of the library is to us: its kind and code, never its words."""
    if isinstance(fault, smtplib.SMTPRecipientsRefused):
        code = max((code for code, _ in fault.recipients.values()), default=550)
        return _kind(code, ConnectorRefused)(f"mail: recipient refused, {code}")
    if isinstance(fault, smtplib.SMTPResponseException):
        what, lasting = REFUSED.get(type(fault), ("connection", CredentialRejected))
        return _kind(fault.smtp_code, lasting)(f"mail: {what} refused, {fault.smtp_code}")
    for kind, error, words in BROKEN:
        if isinstance(fault, kind):
            return error(f"mail: {words}, {type(fault).__name__}")
    if type(fault) is smtplib.SMTPException:  # the one that smtplib has no name for
        return CredentialRejected("mail: the server offers no login that we know")
    return ConnectorUnavailable(f"mail: {type(fault).__name__}")


def _kind(code: int, lasting: type[BridgeError]) -> type[BridgeError]:
    """5xx lasts, all else passes: 4xx (RFC 5321 section 4.2.1), and what is no reply of a mail server at all."""
    return lasting if 500 <= code < 600 else ConnectorUnavailable


def _xtext(text: str) -> str:
    """RFC 3461 section 4: what is not printable, `+` and `=` as hexadecimal."""
    return re.sub(r"[^!-*,-<>-~]", lambda found: f"+{ord(found[0]):02X}", text)
