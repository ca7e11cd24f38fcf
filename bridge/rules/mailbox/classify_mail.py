"""Decides what an incoming mail is, by its headers alone: nothing that a text says counts. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from bridge.model import IncomingMail, MailKind

ID_LENGTH = 26  # of a ULID
NOTICE_ID = re.compile(rf"\bntc_[0-9A-Z]{{{ID_LENGTH}}}\b")
LETTER_ID = re.compile(rf"\bltr_[0-9A-Z]{{{ID_LENGTH}}}\b")
REQUEST_ID = re.compile(rf"\breq_[0-9A-Z]{{{ID_LENGTH}}}\b")


@dataclass(frozen=True, kw_only=True, slots=True)
class MailReferences:
    """The ids of ours that a mail names, in the order of trust: Message-IDs that it answers, then its subject.

    They are hints until the store has found them: anybody can write an id.
    """

    notice_ids: tuple[str, ...] = ()
    letter_ids: tuple[str, ...] = ()
    request_ids: tuple[str, ...] = ()


def find_mail_references(mail: IncomingMail) -> MailReferences:
    """Return the ids of ours that the mail's headers name."""
    places = (mail.bounced_message_id, *mail.references, mail.subject)
    return MailReferences(
        notice_ids=_find_ids(NOTICE_ID, places),
        letter_ids=_find_ids(LETTER_ID, places),
        request_ids=_find_ids(REQUEST_ID, places),
    )


def _find_ids(pattern: re.Pattern[str], places: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(found for place in places for found in pattern.findall(place)))


def classify_mail(mail: IncomingMail, *, answers_notice: bool, answers_letter: bool) -> MailKind:
    """Return what a mail is; the arguments say which of its references the store has found.

    A bounce is one by its form (RFC 3464). An answer of a processor counts even where a program wrote it: many firms
    answer by their ticket system.
    """
    if mail.bounced_message_id:
        return MailKind.BOUNCE
    if answers_notice:
        return MailKind.PROCESSOR_ANSWER
    if mail.is_automatic:
        return MailKind.AUTOMATIC
    return MailKind.REPLY if answers_letter else MailKind.MESSAGE


def needs_officer(kind: MailKind) -> bool:
    """Return whether somebody must read a mail of this kind. Bounces and what programs wrote need nobody."""
    return kind in (MailKind.MESSAGE, MailKind.REPLY, MailKind.PROCESSOR_ANSWER)
