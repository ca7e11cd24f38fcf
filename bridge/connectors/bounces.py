"""Reads delivery status notifications (bounces; RFC 3464, within RFC 6522). Never raises for a malformed mail."""

from __future__ import annotations

import email
import re
from collections.abc import Iterator
from email.message import Message

RETURNED_MEDIA_TYPES = ("text/rfc822-headers", "message/rfc822")


def find_bounced_message_id(raw: bytes) -> str:
    """Return the Message-ID of the letter that a notification reports as not delivered; '' for all other mail.

    Only `Action: failed` counts: a delayed letter may still arrive. The letter is identified by the envelope id, which
    is ours (RFC 3461), or by the returned headers. A report inside a forwarded mail is ignored. Never raises.
    """
    # the older policy of the package accepts any header, where the newer one may raise
    message = email.message_from_bytes(raw)
    if message.get_content_type() != "multipart/report":
        return ""
    has_failed, envelope_id, returned_id = False, "", ""
    for part in _iterate_message_parts(message):
        if part.get_content_type() == "message/delivery-status":
            for block in _iterate_message_parts(part):
                has_failed |= _read_mail_header(block, "Action").lower() == "failed"
                envelope_id = envelope_id or _decode_xtext(_read_mail_header(block, "Original-Envelope-Id"))
        elif part.get_content_type() in RETURNED_MEDIA_TYPES:
            returned_id = returned_id or _read_returned_message_id(part)
    message_id = envelope_id if "@" in envelope_id else returned_id
    # the text is foreign: accept no characters that a terminal interprets
    return f"<{message_id}>" if has_failed and re.fullmatch(r"[!-~]{3,200}", message_id) else ""


def _read_returned_message_id(returned_part: Message) -> str:
    """Return the Message-ID of a returned letter, or of its headers alone."""
    headers = next(_iterate_message_parts(returned_part), None)
    if headers is None:
        content = returned_part.get_payload(decode=True)
        headers = email.message_from_bytes(content if isinstance(content, bytes) else b"")
    return _read_mail_header(headers, "Message-ID").strip("<>")


def _iterate_message_parts(message: Message) -> Iterator[Message]:
    payload = message.get_payload()
    if isinstance(payload, list):
        yield from (part for part in payload if isinstance(part, Message))


def _read_mail_header(message: Message, name: str) -> str:
    return re.sub(r"\s+", "", str(message.get(name, "")))


def _decode_xtext(xtext: str) -> str:
    """Decode xtext (RFC 3461 section 4); some servers return it unencoded."""
    return re.sub(r"\+([0-9A-F]{2})", lambda match: chr(int(match[1], 16)), xtext).strip("<>")
