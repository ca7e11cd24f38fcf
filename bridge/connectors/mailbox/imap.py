"""Reads the merchant's mailbox over IMAP (RFC 3501), always encrypted. It changes nothing there: no flag, no folder.

What was read is remembered by the mail's number in the mailbox, so that people may read and sort the same mailbox.
"""

from __future__ import annotations

import imaplib
import re
import ssl
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote, urlsplit

from bridge.connectors.exchange_limits import limit_exchange, open_limited_file
from bridge.connectors.mailbox.read_mail import read_mail
from bridge.errors import BridgeError, ConnectorUnavailable, CredentialRejected
from bridge.model import FetchedMail, MailboxPosition
from bridge.rules.operations.causes import describe_network_error

IMAP_TIMEOUT_S = 20.0
FETCH_TIMEOUT_S = 60.0  # for all replies of one run
MAX_MAIL_BYTES = 2_000_000  # of a longer mail its beginning is read
MAX_REPLY_BYTES = 40_000_000
MAX_MAILS_PER_RUN = 15
DEFAULT_IMAP_PORTS = {"imap": 143, "imaps": 993}
LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")
UID, SIZE = re.compile(rb"\bUID (\d+)"), re.compile(rb"\bRFC822\.SIZE (\d+)")
INTERNAL_DATE = re.compile(rb'INTERNALDATE "[^"]+"')


class ImapMailbox:
    """A `ports.Mailbox` over one IMAP account, with one connection for each run."""

    def __init__(self, url: str, *, tls_context: ssl.SSLContext | None = None) -> None:
        """Take `imaps://user:pass@host:993/Folder` or `imap://…` (STARTTLS). Raises CredentialRejected if malformed."""
        # by hand up to the last @: urlsplit ends the host at a # / or ? of the password
        scheme, _, rest = url.partition("://")
        account, _, server = rest.rpartition("@")
        user, _, password = account.partition(":")
        try:
            parts = urlsplit(f"//{server}")
            self._host, self._port = parts.hostname or "", parts.port or DEFAULT_IMAP_PORTS.get(scheme.lower(), 0)
        except ValueError:  # its text would quote a part of an unescaped password
            raise CredentialRejected("mailbox: MAILBOX_URL is malformed") from None
        self._scheme, self._tls_context = scheme.lower(), tls_context
        self._user, self._password = unquote(user), unquote(password)
        self._folder = unquote(parts.path.strip("/")) or "INBOX"
        if self._scheme not in DEFAULT_IMAP_PORTS or not self._host or not self._user:
            raise CredentialRejected("mailbox: MAILBOX_URL is malformed")

    def fetch_mails(self, after: MailboxPosition) -> Sequence[FetchedMail]:
        """Return the next mails after a position, oldest first, at most MAX_MAILS_PER_RUN (`ports.Mailbox`).

        A mailbox that was never read, or was made anew by its server, is read from its first mail that is there.
        """
        with self._logged_in() as (server, validity):
            last = after.last_uid if after.uid_validity == validity else 0
            uids = [uid for uid in self._search(server, last) if uid > last][:MAX_MAILS_PER_RUN]
            return [self._fetch(server, uid, validity) for uid in uids]

    def check_server(self) -> None:
        """Connect, encrypt, log in and open the folder (`ports.Mailbox`)."""
        with self._logged_in():
            pass

    def _search(self, server: imaplib.IMAP4, last: int) -> list[int]:
        _, found = _expect(server.uid("SEARCH", "UID", f"{last + 1}:*"))
        return sorted(int(uid) for uid in (found[0] or b"").split())

    def _fetch(self, server: imaplib.IMAP4, uid: int, validity: int) -> FetchedMail:
        _, parts = _expect(
            server.uid("FETCH", str(uid), f"(UID RFC822.SIZE INTERNALDATE BODY.PEEK[]<0.{MAX_MAIL_BYTES}>)")
        )
        position = MailboxPosition(uid_validity=validity, last_uid=uid)
        for part in parts:
            if isinstance(part, tuple) and (number := UID.search(part[0])) and int(number[1]) == uid:
                size = SIZE.search(part[0])
                arrived_at = _read_internal_date(part[0])
                mail = read_mail(part[1], arrived_at=arrived_at, size=int(size[1]) if size else 0)
                return FetchedMail(position=position, mail=mail)
        return FetchedMail(position=position, mail=None)  # deleted meanwhile

    @contextmanager
    def _logged_in(self) -> Iterator[tuple[imaplib.IMAP4, int]]:
        try:
            with limit_exchange(time.monotonic() + FETCH_TIMEOUT_S, MAX_REPLY_BYTES):
                server = self._connect()
                try:
                    server.login(self._user, self._password)
                    _expect(server.select(_quote(self._folder), readonly=True))
                    validity = int((server.response("UIDVALIDITY")[1] or [b"0"])[0] or 0)
                    yield server, validity
                finally:
                    with suppress(OSError, imaplib.IMAP4.error):
                        server.logout()
        except (OSError, imaplib.IMAP4.error, UnicodeError, ValueError) as fault:
            raise self._translate(fault) from None

    def _connect(self) -> imaplib.IMAP4:
        context = self._create_tls_context()
        if self._scheme == "imaps":
            return _LimitedTlsImap(self._host, self._port, ssl_context=context, timeout=IMAP_TIMEOUT_S)
        server = _LimitedImap(self._host, self._port, timeout=IMAP_TIMEOUT_S)
        if "STARTTLS" in server.capabilities:
            server.starttls(context)
        elif self._host not in LOCAL_HOSTS:
            raise CredentialRejected("mailbox: the server offers no encryption (STARTTLS)")
        return server

    def _create_tls_context(self) -> ssl.SSLContext:
        context = self._tls_context or ssl.create_default_context()
        if self._host in LOCAL_HOSTS and self._tls_context is None:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context

    def _translate(self, fault: Exception) -> BridgeError:
        """Return our error for a fault of imaplib: its type and where, never its text, which may quote a mail."""
        where = f"mailbox {self._host}:{self._port}"
        if isinstance(fault, ssl.SSLCertVerificationError):
            return CredentialRejected(f"{where}: {describe_network_error(fault) or 'no trusted encryption'}")
        if isinstance(fault, imaplib.IMAP4.abort | OSError):
            return ConnectorUnavailable(f"{where}: {describe_network_error(fault) or type(fault).__name__}")
        if isinstance(fault, imaplib.IMAP4.error):
            return CredentialRejected(f"{where}: login or folder refused")
        return ConnectorUnavailable(f"{where}: answers what is no IMAP, {type(fault).__name__}")


class _LimitedImap(imaplib.IMAP4):
    """A connection whose replies keep the limits of the exchange: the library reads lines as long as they come."""

    def open(self, *where: Any, **options: Any) -> None:
        super().open(*where, **options)
        self._limit_replies()

    def _get_capabilities(self) -> None:
        self._limit_replies()  # first of all after STARTTLS, when the library has made a file anew
        super()._get_capabilities()  # type: ignore[misc]

    def _limit_replies(self) -> None:
        # the attribute has an underscore since Python 3.14
        setattr(self, "_file" if "_file" in vars(self) else "file", open_limited_file(self.sock))


class _LimitedTlsImap(_LimitedImap, imaplib.IMAP4_SSL):
    """The same over TLS from the first byte."""


def _expect(answer: Any) -> Any:
    if answer[0] != "OK":
        raise imaplib.IMAP4.error("refused")
    return answer


def _quote(folder: str) -> str:
    return '"' + folder.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _read_internal_date(header: bytes) -> datetime:
    """Return when the server got the mail, in UTC; the epoch where it does not say, which a caller takes for now."""
    found = INTERNAL_DATE.search(header)
    parsed = imaplib.Internaldate2tuple(found[0]) if found else None
    return datetime.fromtimestamp(time.mktime(parsed), UTC) if parsed else datetime.fromtimestamp(0, UTC)
