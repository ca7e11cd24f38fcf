"""A notice: the written instruction to a processor to erase, the items that it lists, and the answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from bridge.model.parcels import ParcelStatus


class NoticeState(StrEnum):
    """The state of a notice item, or of the notice that lists it. Sent is not done."""

    WAITING = "waiting_not_before"
    QUEUED = "queued"
    SENT = "sent"
    BOUNCED = "bounced"
    REMINDED = "reminded"
    ACKNOWLEDGED = "acknowledged"
    COMPLETED = "completed"
    PARTLY_REFUSED = "partly_refused"
    NOT_FOUND = "not_found"
    REFUSED = "refused"
    EXPIRED = "expired"


class ProcessorAnswer(StrEnum):
    """What a processor answers about one item."""

    ERASED = "erased"
    RETAINED = "retained"
    NOT_FOUND = "not_found"
    REFUSED = "refused"


class NoticePurpose(StrEnum):
    """What an instruction tells a processor to do. One letter has one purpose."""

    ERASE = "erase"
    CORRECT = "correct"
    RESTRICT = "restrict"
    STOP_MESSAGES = "stop_messages"
    LIFT_RESTRICTION = "lift"


class NoticeChannel(StrEnum):
    """How a notice reaches its processor, or how its answer came back."""

    EMAIL = "email"
    PORTAL = "portal"
    API = "api"
    PAGE = "page"
    OPERATOR = "operator"


class ReferenceKind(StrEnum):
    """What an item names the record by. Never a name, an address, a phone or an e-mail."""

    WAYBILL = "waybill"
    ORDER = "order"
    CUSTOMER = "customer"
    EMAIL_SHA256 = "email_sha256"
    PHONE_SHA256 = "phone_sha256"


@dataclass(frozen=True, kw_only=True, slots=True)
class NoticeItem:
    """One record that a processor must erase: mostly a parcel.

    `reference` (sealed) is the record's name at the processor, `also` further waybills of the same parcel, `order` the
    shop's name of the order, `placed_at` (sealed) when each order that it is about was placed, by id, `system` the connector that can track the parcel. `reason` is a code: why the item waits.
    `look_at` is when to look again, `baseline` a keyed digest of the consignee as the carrier showed it before the notice.
    `clues` is JSON of keyed digests that tell whose the parcel is (`rules/notices/parcel_reviews`). `law` and `until` are
    the processor's reasons for what it keeps; `note` (sealed) is free text, `matters` (sealed) the open returns, disputes
    and reviews of its parcel, and the operator's pauses. `version` counts changes: a writer never overwrites what
    another changed since it was read.
    """

    id: str
    shop: str
    request_id: str
    task_id: str
    processor: str
    names: ReferenceKind
    reference: str
    order: str = ""
    order_id: str = ""
    placed_at: tuple[tuple[str, datetime], ...] = ()
    also: tuple[str, ...] = ()
    system: str = ""
    state: NoticeState = NoticeState.WAITING
    reason: str = ""
    not_before: datetime | None = None
    look_at: datetime | None = None
    looks: int = 0
    shipped_at: datetime | None = None
    status: ParcelStatus = ParcelStatus.UNKNOWN
    status_at: datetime | None = None
    cod: bool | None = None
    remitted: bool | None = None
    matters: tuple[str, ...] = ()
    released: bool = False
    baseline: str = ""
    clues: str = ""
    notice_id: str = ""
    answer: ProcessorAnswer | None = None
    answered_at: datetime | None = None
    law: str = ""
    until: date | None = None
    note: str = ""
    read_back: str = ""
    reopened: int = 0
    version: int = 0
    purpose: NoticePurpose = NoticePurpose.ERASE


@dataclass(frozen=True, kw_only=True, slots=True)
class Notice:
    """One instruction to one processor account. `next_at` is when it is due: to send, to remind, to expire.

    `reference` is a ticket number of the processor's portal or of the answer; `message_id` and `body_sha256`
    are of the last letter.
    """

    id: str
    shop: str
    processor: str
    via: NoticeChannel
    created_at: datetime
    state: NoticeState = NoticeState.QUEUED
    sent_at: datetime | None = None
    due_at: datetime | None = None
    next_at: datetime | None = None
    reminders: int = 0
    attempts: int = 0
    message_id: str = ""
    body_sha256: str = ""
    reference: str = ""
    answered_at: datetime | None = None
    answered_via: str = ""
    last_error: str = ""
    purpose: NoticePurpose = NoticePurpose.ERASE


@dataclass(frozen=True, kw_only=True, slots=True)
class AnswerRow:
    """A processor's answer about one item. `until` and `law` belong to RETAINED."""

    answer: ProcessorAnswer
    until: date | None = None
    law: str = ""
    note: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Letter:
    """An e-mail for the mail server. `attachments` are (file name, media type, content)."""

    to: str
    subject: str
    text: str
    html: str
    message_id: str
    reply_to: str = ""
    attachments: tuple[tuple[str, str, bytes], ...] = ()
