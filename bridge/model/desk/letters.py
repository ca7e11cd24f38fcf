"""The letters that the merchant writes to a person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class LetterKind(StrEnum):
    """Why the merchant writes to the person."""

    ACKNOWLEDGEMENT = "acknowledgement"
    IDENTITY_REQUEST = "identity_request"
    IDENTITY_REMINDER = "identity_reminder"
    ANSWER = "answer"
    OUTCOME = "outcome"
    SUPPLEMENT = "supplement"
    EXTENSION = "extension"
    REFUSAL = "refusal"
    WITHDRAWN = "withdrawn"
    LATE = "late"
    CORRECTED = "corrected"
    RESTRICTED = "restricted"
    RESTRICTION_LIFTED = "restriction_lifted"
    OBJECTION_DECIDED = "objection_decided"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    NOMINATION_RECORDED = "nomination_recorded"
    GRIEVANCE_ANSWERED = "grievance_answered"
    PROCESSORS = "processors"
    BREACH = "breach"
    MAIL_RECEIPT = "mail_receipt"


class LetterState(StrEnum):
    """Where a letter to the person stands.

    `withheld`: it cannot be sent as things are, and an operator must act. `dismissed`: nobody needs it any more, because the
    person was told another way.
    """

    QUEUED = "queued"
    SENT = "sent"
    BOUNCED = "bounced"
    WITHHELD = "withheld"
    DISMISSED = "dismissed"


class LinkPurpose(StrEnum):
    """What a link in a letter lets its reader do."""

    TAKE_BACK = "take_back"
    DOWNLOAD = "download"
    PROVE_IDENTITY = "prove_identity"


@dataclass(frozen=True, kw_only=True, slots=True)
class PersonLetter:
    """One letter to the person. `number` counts letters of a kind within a request; `values` are codes, counts and days."""

    id: str
    shop: str
    request_id: str
    kind: LetterKind
    number: int
    state: LetterState
    values: tuple[tuple[str, str], ...]
    created_at: datetime
    sent_at: datetime | None = None
    message_id: str = ""
    text_sha256: str = ""
    attempts: int = 0
    last_error: str = ""
