"""Who asks: what waits on the public page for its code, and doubts about the person of a request."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bridge.model.desk.particulars import Language, RequestDetails
from bridge.model.requests import RequestKind


class IdentityDoubt(StrEnum):
    """Why it is not sure that the person of a request is who asks (GDPR Art 12(6): reasonable doubt, and recorded)."""

    ADDRESS_NOT_ON_RECORD = "address_not_on_record"
    NAMES_SEVERAL_PERSONS = "names_several_persons"
    ORDER_NOT_FOUND = "order_not_found"
    CONTRADICTS_RECORD = "contradicts_record"
    UNUSUAL_REQUEST = "unusual_request"
    PERSON_IS_MINOR = "person_is_minor"  # under 18: a parent or guardian asks


class IdentityMethod(StrEnum):
    """By what it became sure who asks."""

    LINK_TO_RECORDED_CONTACT = "link_to_recorded_contact"
    ON_RECORD_REPLY = "on_record_reply"
    DOCUMENT_SEEN = "document_seen"
    ATTESTED_BY_OFFICER = "attested_by_officer"
    PARENT_OR_GUARDIAN = "parent_or_guardian"
    OF_AGE = "of_age"  # the birth date on record is wrong


@dataclass(frozen=True, kw_only=True, slots=True)
class IdentityCheck:
    """A recorded doubt about who asks, and its end. It is open until `decided_at`; at `failed_at` the term had passed."""

    request_id: str
    shop: str
    doubt: IdentityDoubt
    times_asked: int
    asked_at: datetime
    remind_at: datetime
    reminded_at: datetime | None = None
    failed_at: datetime | None = None
    method: IdentityMethod | None = None
    decided_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class PageSubmission:
    """What somebody sent on the public page, until a code proves the address. Sealed at rest, for an hour at most.

    `order` is the number that the shop's letters name an order by, such as `#1001`. `code_ends_at` is None while no code
    was sent.
    """

    id: str
    shop: str
    kind: RequestKind
    email: str
    language: Language
    created_at: datetime
    phone: str = ""
    order: str = ""
    details: RequestDetails = field(default_factory=RequestDetails)
    code_ends_at: datetime | None = None
    attempts: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class PersonLink:
    """A link that a letter gave to a person. It is open until it was used or its time is over."""

    request_id: str
    expires_at: datetime
    is_open: bool
