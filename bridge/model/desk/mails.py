"""Mail that reaches the merchant: what it is, and where it stands until an officer has read it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class MailKind(StrEnum):
    """What a mail is, by its headers alone. `message` is from somebody who may ask for something."""

    MESSAGE = "message"
    REPLY = "reply"
    PROCESSOR_ANSWER = "processor_answer"
    BOUNCE = "bounce"
    AUTOMATIC = "automatic"


class MailState(StrEnum):
    """Where a mail stands: `open` waits for an officer, `opened` became a request, `handled` needs nothing more."""

    OPEN = "open"
    OPENED = "opened"
    HANDLED = "handled"


@dataclass(frozen=True, kw_only=True, slots=True)
class IncomingMail:
    """A mail as it was read, bounded. `bounced_message_id` is that of the letter that a notification of failure returns.

    `references` are the Message-IDs that it answers, newest first. `is_automatic`: a program wrote it (RFC 3834), and it is
    never answered. `is_cut`: it was longer than what is read.
    """

    message_id: str
    references: tuple[str, ...]
    sender: str
    subject: str
    text: str
    arrived_at: datetime
    size: int
    is_automatic: bool = False
    is_cut: bool = False
    attachments: int = 0
    bounced_message_id: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class MailContent:
    """What of a mail is stored sealed."""

    message_id: str
    sender: str
    subject: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Mail:
    """A mail that was taken in, without its content. `letter_id` is the letter to a person that it answers or returns."""

    id: str
    shop: str
    kind: MailKind
    state: MailState
    arrived_at: datetime
    size: int
    is_cut: bool = False
    attachments: int = 0
    request_id: str = ""
    notice_id: str = ""
    letter_id: str = ""
    handled_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class MailboxPosition:
    """How far a mailbox was read: `last_uid` within `uid_validity` (RFC 3501 section 2.3.1.1); 0 where it never was."""

    uid_validity: int = 0
    last_uid: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class FetchedMail:
    """A mail of a mailbox and where it stands there; `mail` is None where somebody deleted it meanwhile."""

    position: MailboxPosition
    mail: IncomingMail | None
