"""What of a notice a page shows: who asks whom for what, until when, and the records by their references.

Never a person: nothing here reads more of an entry than its reference, further waybills and the order's name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bridge.model import Answer, Entry, Names, Notice, NoticeState
from bridge.ports import Services

NAMED = {
    Names.WAYBILL: "Waybill",
    Names.ORDER: "Order",
    Names.CUSTOMER: "Customer",
    Names.EMAIL_SHA256: "SHA-256 of an e-mail address:",
}
# the answer, its name, what it means
CHOICES = (
    (Answer.ERASED, "Erased", "You hold nothing of it any more."),
    (Answer.RETAINED, "Kept under a law", "A law makes you keep some of it, until a day."),
    (Answer.NOT_FOUND, "Not found", "You looked, and hold nothing under this reference."),
    (Answer.REFUSED, "Refused", "You will not erase it. Please say why in the note."),
)
LABELS = {answer: label for answer, label, _ in CHOICES}


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One record as it is shown. `key` begins the names of its fields."""

    key: str
    title: str
    order: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Asker:
    """The merchant and its officer: who asks, and whom to write to."""

    name: str
    address: str
    officer: str
    designation: str
    email: str
    phone: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Head:
    """A notice without its records."""

    id: str
    processor: str
    client_code: str
    data: str
    sent: str
    due: str
    is_late: bool
    is_acknowledged: bool


def asker(services: Services) -> Asker:
    """Who asks, as the merchant's file says."""
    merchant = services.merchant
    return Asker(
        name=merchant.legal_name or merchant.trading_name,
        address=merchant.address,
        officer=merchant.officer.name,
        designation=merchant.officer.designation or "Grievance Officer",
        email=merchant.officer.email,
        phone=merchant.officer.phone,
    )


def head(notice: Notice, services: Services) -> Head:
    """The notice as its processor reads it."""
    processor = next((each for each in services.merchant.processors if each.id == notice.processor), None)
    data = (processor.fields or processor.data) if processor else ()
    return Head(
        id=notice.id,
        processor=(processor.legal_name if processor else "") or notice.processor,
        client_code=processor.client_code if processor else "",
        data=", ".join(data).replace("_", " "),
        sent=moment(notice.sent_at, zone(services)) if notice.sent_at else "",
        due=moment(notice.due_at, zone(services)) if notice.due_at else "",
        is_late=bool(notice.due_at and notice.due_at < services.clock.now()),
        is_acknowledged=notice.state is NoticeState.ACKNOWLEDGED,
    )


def lines(entries: Sequence[Entry]) -> list[Line]:
    """The records, in the order of the letter."""
    return [
        Line(
            key=entry.id,
            title=title(entry),
            order=entry.order if entry.names is not Names.ORDER else "",
        )
        for entry in entries
    ]


def title(entry: Entry) -> str:
    """A record by its references."""
    return ", ".join((f"{NAMED[entry.names]} {entry.reference}", *entry.also))


def zone(services: Services) -> ZoneInfo:
    """The zone in which days are counted, here as where an answer is taken in."""
    return ZoneInfo(services.retention.calendar.timezone)


def moment(at: datetime, where: ZoneInfo) -> str:
    """`Monday, 7 December 2026, 15:30 CET (UTC+01:00)`."""
    local = at.astimezone(where)
    minutes = (local.utcoffset() or timedelta()) // timedelta(minutes=1)
    offset = f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
    return f"{local:%A}, {local.day} {local:%B %Y, %H:%M} {local:%Z} (UTC{offset})"
