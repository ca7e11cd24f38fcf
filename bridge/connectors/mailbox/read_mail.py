"""Reads one mail (RFC 5322, MIME) into bounded values. Never raises for a malformed one: whatever arrives is kept.

Attachments are counted and not stored: a proof of identity that somebody sends unasked is not taken in.
"""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.message import Message
from email.utils import parseaddr, parsedate_to_datetime
from html.parser import HTMLParser

from bridge.connectors.bounces import find_bounced_message_id
from bridge.model import IncomingMail

MAX_TEXT_CHARS, MAX_SUBJECT_CHARS, MAX_ADDRESS_CHARS = 20_000, 300, 254
MAX_PARTS, MAX_REFERENCES = 200, 20
MESSAGE_ID = re.compile(r"<[!-;=?-~]{3,250}>")
# control and bidirectional characters would change what an officer sees on a terminal
UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
AUTOMATIC_PRECEDENCES = ("bulk", "junk", "list", "auto_reply")
AUTOMATIC_HEADERS = ("List-Id", "X-Autoreply", "X-Autorespond", "X-Auto-Response-Suppress", "Feedback-ID")
BLOCK_TAGS = frozenset({"p", "div", "br", "li", "tr", "h1", "h2", "h3", "blockquote"})
HIDDEN_TAGS = frozenset({"script", "style", "head", "title"})


def read_mail(raw: bytes, *, arrived_at: datetime, size: int = 0) -> IncomingMail:
    """Return a mail's headers and text; `size` is its whole size in bytes where `raw` is only its beginning."""
    message = email.message_from_bytes(raw)  # the older policy accepts any header, where the newer one may raise
    texts, attachments = _read_parts(message)
    text = _clean(texts, MAX_TEXT_CHARS)
    sender = parseaddr(_read_header(message, "From"))[1]
    own_id = MESSAGE_ID.search(_read_header(message, "Message-ID"))
    return IncomingMail(
        message_id=own_id[0] if own_id else "",
        references=_read_references(message),
        sender=sender if len(sender) <= MAX_ADDRESS_CHARS and re.fullmatch(r"[!-~]+@[!-~]+", sender) else "",
        subject=" ".join(_clean(_read_header(message, "Subject"), MAX_SUBJECT_CHARS).split()),
        text=text.strip(),
        arrived_at=arrived_at,
        size=max(size, len(raw)),
        is_automatic=_is_automatic(message),
        is_cut=size > len(raw) or len(texts) > MAX_TEXT_CHARS,
        attachments=attachments,
        bounced_message_id=find_bounced_message_id(raw),
    )


def find_received_time(raw: bytes) -> datetime | None:
    """Return when the last server before us took a mail over, in UTC, by its topmost `Received` line (RFC 5321 section 4.4).

    None where the mail has no such line, or it names no date.
    """
    line = str(email.message_from_bytes(raw).get("Received", ""))
    try:
        received_at = parsedate_to_datetime(line.rpartition(";")[2])
        return received_at.astimezone(UTC) if received_at.tzinfo else received_at.replace(tzinfo=UTC)
    except (ValueError, TypeError, OverflowError):
        return None


def _read_header(message: Message, name: str) -> str:
    value = str(message.get(name, ""))
    try:
        return str(make_header(decode_header(value)))
    except (ValueError, LookupError):  # an unknown charset, or bytes that are none of it
        return value


def _read_references(message: Message) -> tuple[str, ...]:
    found = MESSAGE_ID.findall(str(message.get("In-Reply-To", "")))
    found += reversed(MESSAGE_ID.findall(str(message.get("References", ""))))
    return tuple(dict.fromkeys(found))[:MAX_REFERENCES]


def _is_automatic(message: Message) -> bool:
    """Return whether a program wrote it (RFC 3834 section 2), or a list or the mail system sent it on."""
    submitted = str(message.get("Auto-Submitted", "no")).partition(";")[0].strip().lower()
    precedence = str(message.get("Precedence", "")).strip().lower()
    returns_nowhere = str(message.get("Return-Path", "-")).strip() == "<>"
    return (
        submitted != "no"
        or precedence in AUTOMATIC_PRECEDENCES
        or returns_nowhere
        or any(name in message for name in AUTOMATIC_HEADERS)
    )


def _read_parts(message: Message) -> tuple[str, int]:
    """Return the text of a mail, plain where it has such a part, and how many files are attached."""
    plain, html, attachments = "", "", 0
    for part in _iterate_parts(message):
        if part.is_multipart():
            continue
        if part.get_filename() or part.get_content_disposition() == "attachment":
            attachments += 1
        elif part.get_content_type() == "text/plain":
            plain += _decode_part(part) + "\n"
        elif part.get_content_type() == "text/html":
            html += _decode_part(part)
    return (plain if plain.strip() else _strip_html(html)), attachments


def _iterate_parts(message: Message) -> Iterator[Message]:
    for number, part in enumerate(message.walk()):
        if number >= MAX_PARTS:
            return
        yield part


def _decode_part(part: Message) -> str:
    content = part.get_payload(decode=True)
    if not isinstance(content, bytes):
        return ""
    try:
        return content.decode(part.get_content_charset() or "utf-8", "replace")
    except LookupError:
        return content.decode("utf-8", "replace")


class _TextCollector(HTMLParser):
    """Collects what a browser would show of a document."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        self._hidden += tag in HIDDEN_TAGS
        if tag in BLOCK_TAGS:
            self.pieces.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in HIDDEN_TAGS and self._hidden:
            self._hidden -= 1
        if tag in BLOCK_TAGS:
            self.pieces.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.pieces.append(data)


def _strip_html(html: str) -> str:
    collector = _TextCollector()
    collector.feed(html[: 10 * MAX_TEXT_CHARS])
    lines = (" ".join(line.split()) for line in "".join(collector.pieces).splitlines())
    return "\n".join(line for line in lines if line)


def _clean(text: str, limit: int) -> str:
    return UNPRINTABLE.sub("", text.replace("\r\n", "\n"))[:limit]
