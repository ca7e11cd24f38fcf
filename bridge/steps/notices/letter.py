"""The words of an instruction: who asks, on what ground, what has to go, by when, how to answer.

Waybills, order names and ids of ours; never a person's name, phone, e-mail or address. Text and HTML say the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import parseaddr
from html import escape
from zoneinfo import ZoneInfo

from bridge.model import Entry, Letter, Names, Notice
from bridge.ports import Services
from bridge.rules.retention.holds import local_day
from bridge.steps.notices.attachments import as_csv
from config.merchant_file.processors import Processor

LISTED = 100  # lines in the letter itself; all of them are in the file beside it
ASKED = {
    "carrier": "the consignee's name, address, telephone numbers and e-mail, receiver's name, signature, photographs, "
    "door-step position and call records, as far as you hold them for the waybills below",
    "payment": "the payer's name, address, telephone, e-mail and stored means of payment, as far as you hold them for "
    "the orders below",
    "messaging": "the recipient's telephone number or e-mail address, her messages and what was recorded of them",
    "advertising": "the person's identifiers, audiences and events that you hold for us",
    "general": "the personal data that you hold for us about the records below",
}
NAMED = {
    Names.WAYBILL: ("Waybill", "Waybills"),
    Names.ORDER: ("Order", "Orders"),
    Names.CUSTOMER: ("Customer id at our shop", "Customer ids at our shop"),
    Names.EMAIL_SHA256: ("SHA-256 of the e-mail address", "SHA-256 of e-mail addresses"),
}


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A heading and its lines; with `listed`, a list."""

    heading: str
    lines: tuple[str, ...]
    listed: bool = False


def letter(
    notice: Notice,
    entries: Sequence[Entry],
    processor: Processor,
    *,
    token: str,
    reminder: int,
    services: Services,
) -> Letter:
    """The instruction as a letter; `reminder` counts from 1. `notice.due_at` is set."""
    link = f"{services.settings.public_base}/notices/{token}"
    parts = content(notice, entries, processor, services=services)
    overdue = notice.due_at is not None and services.clock.now() > notice.due_at
    opening = [f"To {processor.legal_name or processor.id}."]
    if reminder:
        opening.append(
            f"This is reminder {reminder}: we have no answer to our instruction yet"
            + (", and its date has passed." if overdue else ".")
        )
    answer = Paragraph(
        "How to answer",
        (
            "Open this link, which is for you alone, and say for each line what you did. You need no account.",
            link,
            f"Or reply to this letter and quote {notice.id}.",
        ),
    )
    subject = f"{'Reminder: e' if reminder else 'E'}rasure of personal data, instruction {notice.id}"
    paragraphs = [Paragraph("", tuple(opening)), *parts[:-1], answer, parts[-1]]
    return Letter(
        to=processor.privacy_contact,
        subject=subject,
        text=_text(paragraphs),
        html=_html(subject, paragraphs, link),
        message_id=_message_id(notice, services),
        reply_to=services.merchant.officer.email,
        attached=((f"{notice.id}.csv", "text/csv", as_csv(entries)),),
    )


def _message_id(notice: Notice, services: Services) -> str:
    """One for each letter of a notice; a letter that is sent again because nobody recorded it keeps its own."""
    before = notice.message_id.partition("@")[0].rpartition(".")[2]
    return f"<{notice.id}.{int(before) + 1 if before.isdecimal() else 0}@{_domain(services)}>"


def _domain(services: Services) -> str:
    return parseaddr(services.settings.mail_from)[1].rpartition("@")[2] or "localhost"


def content(
    notice: Notice,
    entries: Sequence[Entry],
    processor: Processor,
    *,
    services: Services,
    most: int = LISTED,
) -> list[Paragraph]:
    """What every form of the instruction says, the letter and the paper: without opening and link.

    `most` lines are listed; the rest is in the file beside it.
    """
    merchant = services.merchant
    code = (f"Our account with you: {processor.client_code}.",) if processor.client_code else ()
    contract = (f"Our contract: {processor.contract_ref}.",) if processor.contract_ref else ()
    names = NAMED[entries[0].names if entries else Names.WAYBILL]
    shown = [_line(entry) for entry in entries[:most]]
    if len(entries) > most:
        shown.append(f"and {len(entries) - most} more, in the file {notice.id}.csv")
    return [
        Paragraph(
            "What we instruct you to do",
            (
                f"Erase {ASKED[processor.template]}, in your systems and in those of your own processors.",
                _how_many(len(entries), names),
                "If a law makes you keep something, say which law and until when, and erase the rest.",
            ),
        ),
        Paragraph("Why", _grounds(services, services.clock.now())),
        Paragraph(
            "By when", (f"{_day(notice.due_at, services)}." if notice.due_at else "Within the time agreed.",)
        ),
        Paragraph(names[1], tuple(shown), listed=True),
        Paragraph(
            "Who asks",
            (
                f"{merchant.legal_name or merchant.trading_name}, {merchant.address}.",
                *code,
                *contract,
                f"Instruction {notice.id}.",
                f"Grievance Officer: {merchant.officer.name}, {merchant.officer.email}, {merchant.officer.phone}.",
            ),
        ),
    ]


def _how_many(count: int, names: tuple[str, str]) -> str:
    told = (
        f"1 {names[0][:1].lower()}{names[0][1:]} is"
        if count == 1
        else f"{count} {names[1][:1].lower()}{names[1][1:]} are"
    )
    return f"{told} listed below; what they were needed for is settled."


def escalation(notice: Notice, entries: Sequence[Entry], *, services: Services) -> Letter | None:
    """Tells the merchant's own person that nobody answered; None where nobody is named for it."""
    to = services.merchant.instructions.escalate_to or services.merchant.officer.email
    if not to:
        return None
    subject = f"No answer to erasure instruction {notice.id}"
    paragraphs = [
        Paragraph(
            "",
            (
                f"{notice.processor} has not answered instruction {notice.id} ({len(entries)} records).",
                f"Sent on {_day(notice.sent_at, services)}, due on {_day(notice.due_at, services)}.",
                f"Reminders: {notice.reminders}.",
                "Please reach them another way, and record what they say:",
                f"python -m bridge notice answer {notice.id} --all erased --reference TICKET",
            ),
        )
    ]
    return Letter(
        to=to,
        subject=subject,
        text=_text(paragraphs),
        html=_html(subject, paragraphs, ""),
        message_id=f"<{notice.id}.expired@{_domain(services)}>",
    )


def _grounds(services: Services, now: datetime) -> tuple[str, ...]:
    """The sentences whose law is in force on this day; a law that the retention file does not know counts not."""
    today = local_day(now, services.retention.calendar)
    laws = services.retention.laws
    told = [
        basis.text
        for basis in services.merchant.instructions.basis
        if basis.law in laws and laws[basis.law].in_force(today)
    ]
    return (
        "The persons concerned asked us to erase their data, and the purpose for which you got it is fulfilled.",
        *(f"{text[:1].upper()}{text[1:]}." for text in told),
    )


def _line(entry: Entry) -> str:
    also = f" (with {', '.join(entry.also)})" if entry.also else ""
    order = f", order {entry.order}" if entry.order and entry.names is Names.WAYBILL else ""
    return " ".join(f"{entry.reference}{also}{order}".split())  # one line, whatever was typed into it


def _day(moment: datetime | None, services: Services) -> str:
    if moment is None:
        return "-"
    zone = services.retention.calendar.timezone
    return f"{moment.astimezone(ZoneInfo(zone)):%d %B %Y, %H:%M} ({zone})"


def _text(paragraphs: Sequence[Paragraph]) -> str:
    blocks = []
    for each in paragraphs:
        head = [each.heading, "-" * len(each.heading)] if each.heading else []
        mark = "  " if each.listed else ""
        blocks.append("\n".join([*head, *(f"{mark}{line}" for line in each.lines)]))
    return "\n\n".join(blocks) + "\n"


def _html(title: str, paragraphs: Sequence[Paragraph], link: str) -> str:
    body = []
    for each in paragraphs:
        if each.heading:
            body.append(f"<h2 style='font-size:17px;margin:28px 0 6px'>{escape(each.heading)}</h2>")
        if each.listed:
            rows = "".join(f"<li style='font-family:monospace'>{escape(line)}</li>" for line in each.lines)
            body.append(f"<ul style='padding-left:20px'>{rows}</ul>")
            continue
        for line in each.lines:
            inner = escape(line)
            if link and line == link:
                style = (
                    "display:inline-block;background:#14532d;color:#fff;padding:12px 20px;border-radius:6px"
                )
                inner = f"<a href='{escape(link, quote=True)}' style='{style}'>Answer this instruction</a>"
            body.append(f"<p style='margin:6px 0'>{inner}</p>")
    return (
        f"<!doctype html><html lang='en'><head><meta charset='utf-8'><title>{escape(title)}</title></head>"
        "<body style='font:16px/1.5 sans-serif;color:#1c2430;max-width:640px;margin:24px auto;padding:0 16px'>"
        f"<h1 style='font-size:21px'>{escape(title)}</h1>{''.join(body)}</body></html>"
    )
