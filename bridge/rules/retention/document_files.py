"""Decide whether a shop's own document is acceptable: its media type, its size and its day. Pure.

The bytes stay as they are (CGST r.56(8)); a name that promises another media type than the bytes have is refused.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import PurePath
from zoneinfo import ZoneInfo

from bridge.errors import PayloadInvalid

MAX_DOCUMENT_BYTES = 10_000_000
_FILE_TYPES = {
    ".pdf": ("application/pdf", b"%PDF-"),
    ".png": ("image/png", b"\x89PNG\r\n"),
    ".jpg": ("image/jpeg", b"\xff\xd8\xff"),
    ".jpeg": ("image/jpeg", b"\xff\xd8\xff"),
    ".xml": ("application/xml", b"<"),
    ".html": ("text/html", b"<"),
    ".json": ("application/json", b"{"),
}
SUFFIX_BY_MEDIA_TYPE = {media: suffix for suffix, (media, _) in reversed(_FILE_TYPES.items())}
_LEADING_TEXT_BYTES = b"\xef\xbb\xbf \t\r\n"  # a byte order mark, blanks


def detect_media_type(name: str, content: bytes) -> str:
    """Return the media type of a document.

    Raises PayloadInvalid: `empty`, `too_large`, `kind_unknown`, `not_its_kind`.
    """
    if not content:
        raise PayloadInvalid("empty")
    if len(content) > MAX_DOCUMENT_BYTES:
        raise PayloadInvalid("too_large")
    suffix = PurePath(name).suffix.lower()
    if suffix not in _FILE_TYPES:
        raise PayloadInvalid("kind_unknown")
    media, start = _FILE_TYPES[suffix]
    if not (content.lstrip(_LEADING_TEXT_BYTES) if len(start) == 1 else content).startswith(start):
        raise PayloadInvalid("not_its_kind")
    return media


def name_by_content(content: bytes) -> str:
    """Return a file name that fits a document without one, by its first bytes; '' where no media type begins so."""
    text = content.lstrip(_LEADING_TEXT_BYTES)
    if text[:14].lower().startswith((b"<!doctype html", b"<html")):
        return "document.html"
    is_of = (
        suffix for suffix, (_, start) in _FILE_TYPES.items() if (text if len(start) == 1 else content).startswith(start)
    )
    return next((f"document{suffix}" for suffix in is_of), "")


def parse_issued_at(text: str, *, timezone: str, now: datetime) -> datetime:
    """Return when a document was issued, from an ISO date or moment.

    Without a zone it is the time where the merchant keeps its books: the day decides the financial year. Raises
    PayloadInvalid: `issued_at_unreadable`, `issued_in_the_future`.
    """
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise PayloadInvalid("issued_at_unreadable") from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(timezone))
    if moment > now + timedelta(days=1):
        raise PayloadInvalid("issued_in_the_future")
    return moment
