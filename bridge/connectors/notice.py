"""Hands letters to the merchant's mail server (SMTP, RFC 5321) and reads what bounced (DSN, RFC 3464).

A letter that the server took is sent, not read. Never talks in the clear to another machine: without TLS (RFC
3207, or smtps) nothing is sent. No message of an error repeats what the server said: it may name the recipient.
"""

from __future__ import annotations

import email
import email.policy
import smtplib
import ssl
from email.message import EmailMessage
from email.utils import formatdate, parseaddr
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from bridge.errors import BridgeError, ConnectorRefused, ConnectorUnavailable, CredentialRejected

if TYPE_CHECKING:
    from bridge.model import Letter

TIMEOUT_S = 20.0
LOCAL = ("localhost", "127.0.0.1", "::1")
PORTS = {"smtp": 587, "smtps": 465}


class Smtp:
    """`ports.Mailer` over one SMTP account; a connection a letter."""

    def __init__(self, url: str, sender: str, *, trust: ssl.SSLContext | None = None) -> None:
        """`smtp://user:pass@host:587` (STARTTLS) or `smtps://`; empty, or without sender: letters wait."""
        parts = urlsplit(url)
        self._scheme, self._host = parts.scheme, parts.hostname or ""
        self._port = parts.port or PORTS.get(parts.scheme, 0)
        self._user, self._password = unquote(parts.username or ""), unquote(parts.password or "")
        self._sender = sender
        self._trust = trust
        self.configured = bool(self._host and parseaddr(sender)[1])

    def send(self, letter: Letter) -> None:
        """See ports.Mailer."""
        if not self.configured:
            raise CredentialRejected("mail: SMTP_URL and MAIL_FROM are not set")
        message = self._message(letter)
        try:
            with self._connected() as server:
                self._hand_over(server, message)
        except smtplib.SMTPRecipientsRefused as fault:
            code = max((code for code, _ in fault.recipients.values()), default=550)
            raise _kind(code, ConnectorRefused)(f"mail: recipient refused, {code}") from None
        except smtplib.SMTPSenderRefused as fault:
            raise _kind(fault.smtp_code, CredentialRejected)(
                f"mail: sender refused, {fault.smtp_code}"
            ) from None
        except smtplib.SMTPAuthenticationError as fault:
            raise _kind(fault.smtp_code, CredentialRejected)(
                f"mail: login refused, {fault.smtp_code}"
            ) from None
        except smtplib.SMTPResponseException as fault:
            raise _kind(fault.smtp_code, ConnectorRefused)(f"mail: refused, {fault.smtp_code}") from None
        except smtplib.SMTPNotSupportedError:
            raise CredentialRejected("mail: the server offers no login or no UTF-8") from None
        except ssl.SSLError as fault:
            raise CredentialRejected(f"mail: no trusted encryption, {type(fault).__name__}") from None
        except (OSError, smtplib.SMTPException) as fault:
            raise ConnectorUnavailable(f"mail: {type(fault).__name__}") from None

    def _connected(self) -> smtplib.SMTP:
        trust = self._trust or ssl.create_default_context()
        if self._scheme == "smtps":
            return smtplib.SMTP_SSL(self._host, self._port, timeout=TIMEOUT_S, context=trust)
        server = smtplib.SMTP(self._host, self._port, timeout=TIMEOUT_S)
        try:
            self._encrypt(server, trust)
        except BaseException:
            server.close()
            raise
        return server

    def _encrypt(self, server: smtplib.SMTP, trust: ssl.SSLContext) -> None:
        server.ehlo()
        if server.has_extn("starttls"):
            server.starttls(context=trust)
            server.ehlo()
        elif self._host not in LOCAL:
            raise CredentialRejected("mail: the server offers no encryption (STARTTLS)")

    def _hand_over(self, server: smtplib.SMTP, message: EmailMessage) -> None:
        if self._user:
            server.login(self._user, self._password)
        mail, rcpt = [], []
        if server.has_extn("dsn"):  # RFC 3461: tell us when it does not arrive, with the headers only
            mail, rcpt = ["RET=HDRS", f"ENVID={message['Message-ID'].strip('<>')}"], ["NOTIFY=FAILURE,DELAY"]
        server.send_message(message, mail_options=mail, rcpt_options=rcpt)

    def _message(self, letter: Letter) -> EmailMessage:
        message = EmailMessage(policy=email.policy.SMTP)
        message["From"] = self._sender
        message["To"] = letter.to
        message["Subject"] = letter.subject
        message["Date"] = formatdate(usegmt=True)
        message["Message-ID"] = letter.message_id
        if letter.reply_to:
            message["Reply-To"] = letter.reply_to
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: out-of-office machines keep still
        message.set_content(letter.text)
        message.add_alternative(letter.html, subtype="html")
        for name, media_type, content in letter.attached:
            kind, _, subtype = media_type.partition("/")
            message.add_attachment(content, maintype=kind, subtype=subtype, filename=name)
        return message


def _kind(code: int, lasting: type[BridgeError]) -> type[BridgeError]:
    """4xx passes, 5xx lasts (RFC 5321 section 4.2.1)."""
    return ConnectorUnavailable if 400 <= code < 500 else lasting


def bounced(raw: bytes) -> str:
    """The Message-ID of the letter that a delivery status notification says did not arrive; '' for other mail.

    Looks at `Action: failed` of `message/delivery-status`, then at `Original-Envelope-Id` or the returned headers.
    """
    message = email.message_from_bytes(raw, policy=email.policy.default)
    failed, found = False, ""
    for part in message.walk():
        kind = part.get_content_type()
        if kind == "message/delivery-status":
            for block in part.iter_parts():
                failed |= str(block.get("Action", "")).strip().lower() == "failed"
                found = found or str(block.get("Original-Envelope-Id", "")).strip()
        elif kind in ("text/rfc822-headers", "message/rfc822"):
            inner = part.get_payload(0) if part.is_multipart() else part.get_content()
            told = email.message_from_string(inner) if isinstance(inner, str) else inner
            found = str(told.get("Message-ID", "")).strip("<> \r\n") or found
    return f"<{found.strip('<>')}>" if failed and found else ""
