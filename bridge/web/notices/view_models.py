"""What the answer page shows of a notice: requester, processor, data, due date, and the records by their references.

Never reads more of an item than its reference, further waybills and the order's name: no data of the data subject.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bridge.model import Notice, NoticeItem, NoticeState, ReferenceKind
from bridge.services import Services
from bridge.web.notices.purpose_texts import HEADINGS

REFERENCE_LABELS = {
    ReferenceKind.WAYBILL: "Waybill",
    ReferenceKind.ORDER: "Order",
    ReferenceKind.CUSTOMER: "Customer",
    ReferenceKind.EMAIL_SHA256: "SHA-256 of an e-mail address:",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordLine:
    """One record as it is shown. `key` is the prefix of its form fields' names."""

    key: str
    title: str
    order: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Requester:
    """The merchant and its officer, the contact of a processor."""

    name: str
    address: str
    officer: str
    designation: str
    email: str
    phone: str


@dataclass(frozen=True, kw_only=True, slots=True)
class NoticeHeader:
    """A notice without its records."""

    id: str
    processor: str
    client_code: str
    data: str
    sent: str
    due: str
    is_late: bool
    is_acknowledged: bool
    verb: str
    asks: str


def build_requester(services: Services) -> Requester:
    """Return the requester that the merchant's file names."""
    merchant = services.merchant
    return Requester(
        name=merchant.legal_name or merchant.trading_name,
        address=merchant.address,
        officer=merchant.officer.name,
        designation=merchant.officer.designation or "Grievance Officer",
        email=merchant.officer.email,
        phone=merchant.officer.phone,
    )


def build_notice_header(notice: Notice, services: Services) -> NoticeHeader:
    """Return what the page shows of the notice itself."""
    processor = next((each for each in services.merchant.processors if each.id == notice.processor), None)
    data = (processor.fields or processor.data) if processor else ()
    verb, asks = HEADINGS[notice.purpose]
    return NoticeHeader(
        id=notice.id,
        processor=(processor.legal_name if processor else "") or notice.processor,
        client_code=processor.client_code if processor else "",
        data=", ".join(data).replace("_", " "),
        sent=format_local_time(notice.sent_at, read_answer_time_zone(services)) if notice.sent_at else "",
        due=format_local_time(notice.due_at, read_answer_time_zone(services)) if notice.due_at else "",
        is_late=bool(notice.due_at and notice.due_at < services.clock.now()),
        is_acknowledged=notice.state is NoticeState.ACKNOWLEDGED,
        verb=verb,
        asks=asks,
    )


def build_record_lines(items: Sequence[NoticeItem]) -> list[RecordLine]:
    """Return the records, in the order of the letter."""
    return [
        RecordLine(
            key=item.id,
            title=format_record_title(item),
            order=item.order if item.names is not ReferenceKind.ORDER else "",
        )
        for item in items
    ]


def format_record_title(item: NoticeItem) -> str:
    """Return the references of a record as its title."""
    return ", ".join((f"{REFERENCE_LABELS[item.names]} {item.reference}", *item.also))


def read_answer_time_zone(services: Services) -> ZoneInfo:
    """Return the time zone in which days are counted, on this page and when an answer is recorded."""
    return ZoneInfo(services.retention.calendar.timezone)


def format_local_time(at: datetime, time_zone: ZoneInfo) -> str:
    """Format a moment like `Monday, 7 December 2026, 15:30 CET (UTC+01:00)`."""
    local = at.astimezone(time_zone)
    minutes = (local.utcoffset() or timedelta()) // timedelta(minutes=1)
    offset = f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
    return f"{local:%A}, {local.day} {local:%B %Y, %H:%M} {local:%Z} (UTC{offset})"
