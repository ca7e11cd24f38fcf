"""Reads what came back to the sender of a letter: delivery status notifications (RFC 3464, within RFC 6522)."""

from __future__ import annotations

import email
import re
from collections.abc import Iterator
from email.message import Message

RETURNED_MEDIA_TYPES = ("text/rfc822-headers", "message/rfc822")


def find_bounced_message_id(raw: bytes) -> str:
    """The Message-ID of the letter that a notification says did not arrive; '' for all other mail. Never raises.

    Counts `Action: failed` only: a delay is no end. The letter is named by the envelope id, which is ours (RFC 3461),
    or by the headers that came back. A report inside of a forwarded mail is somebody's, and not looked at.
    """
    # the older policy of the package: it takes any header as it is, where the newer one may stumble
    message = email.message_from_bytes(raw)
    if message.get_content_type() != "multipart/report":
        return ""
    failed, envelope, returned = False, "", ""
    for part in _iterate_message_parts(message):
        if part.get_content_type() == "message/delivery-status":
            for block in _iterate_message_parts(part):
                failed |= _read_mail_header(block, "Action").lower() == "failed"
                envelope = envelope or _decode_xtext(_read_mail_header(block, "Original-Envelope-Id"))
        elif part.get_content_type() in RETURNED_MEDIA_TYPES:
            returned = returned or _read_returned_message_id(part)
    found = envelope if "@" in envelope else returned
    # a stranger wrote it: nothing that a terminal obeys
    return f"<{found}>" if failed and re.fullmatch(r"[!-~]{3,200}", found) else ""


def _read_returned_message_id(returned_part: Message) -> str:
    """The Message-ID of a returned letter, or of its headers alone."""
    inner = next(_iterate_message_parts(returned_part), None)
    if inner is None:
        content = returned_part.get_payload(decode=True)
        inner = email.message_from_bytes(content if isinstance(content, bytes) else b"")
    return _read_mail_header(inner, "Message-ID").strip("<>")


def _iterate_message_parts(message: Message) -> Iterator[Message]:
    payload = message.get_payload()
    if isinstance(payload, list):
        yield from (part for part in payload if isinstance(part, Message))


def _read_mail_header(message: Message, name: str) -> str:
    return re.sub(r"\s+", "", str(message.get(name, "")))


def _decode_xtext(xtext: str) -> str:
    """RFC 3461 section 4, back; some servers hand it on as it came."""
    return re.sub(r"\+([0-9A-F]{2})", lambda found: chr(int(found[1], 16)), xtext).strip("<>")
