"""Build the letters to processors: who asks, on which ground, what to erase, by when and how to answer.

They contain waybills, order names and the shop's ids; never a person's name, phone, e-mail or address, but for what a
correction tells in its attached file. The text and the HTML part say the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import parseaddr
from html import escape
from zoneinfo import ZoneInfo

from bridge.model import Letter, Notice, NoticeItem, NoticePurpose, ReferenceKind
from bridge.rules.retention.statutory_last_days import local_day
from bridge.services import Services
from bridge.steps.notices.attachments import NO_CORRECTIONS, Corrections, render_items_csv
from config.merchant_file.processors import Processor

MAX_LINES = 100  # lines in the letter itself; the attached file lists all
REQUESTED_DATA_PHRASES = {
    "carrier": "the consignee's name, address, telephone numbers and e-mail, receiver's name, signature, photographs, "
    "door-step position and call records, as far as you hold them for the waybills below",
    "payment": "the payer's name, address, telephone, e-mail and stored means of payment, as far as you hold them for "
    "the orders below",
    "messaging": "the recipient's telephone number or e-mail address, their messages and what was recorded of them",
    "advertising": "the person's identifiers, audiences and events that you hold for us",
    "general": "the personal data that you hold for us about the records below",
}
REFERENCE_KIND_LABELS = {
    ReferenceKind.WAYBILL: ("Waybill", "Waybills"),
    ReferenceKind.ORDER: ("Order", "Orders"),
    ReferenceKind.CUSTOMER: ("Customer id at our shop", "Customer ids at our shop"),
    ReferenceKind.PHONE_SHA256: ("SHA-256 of the phone number", "SHA-256 of phone numbers"),
    ReferenceKind.EMAIL_SHA256: ("SHA-256 of the e-mail address", "SHA-256 of e-mail addresses"),
}
SUBJECTS = {
    NoticePurpose.ERASE: "Erasure of personal data",
    NoticePurpose.CORRECT: "Correction of personal data",
    NoticePurpose.RESTRICT: "Restriction of the use of personal data",
    NoticePurpose.STOP_MESSAGES: "Withdrawal of consent to messages",
    NoticePurpose.LIFT_RESTRICTION: "End of a restriction of the use of personal data",
}
REASONS = {
    NoticePurpose.ERASE: "The persons concerned asked us to erase their data, and the purpose for which you got it is fulfilled.",
    NoticePurpose.CORRECT: "The persons concerned asked us to correct their data.",
    NoticePurpose.RESTRICT: "The persons concerned asked us to restrict the use of their data.",
    NoticePurpose.STOP_MESSAGES: "The persons concerned took back their consent, or object to messages.",
    NoticePurpose.LIFT_RESTRICTION: "The reason for which we asked you to restrict the use of these data has ended.",
}


@dataclass(frozen=True, slots=True)
class InstructionParagraph:
    """A heading and its lines; `is_list` prints the lines as list items."""

    heading: str
    lines: tuple[str, ...]
    is_list: bool = False


def build_instruction_letter(
    notice: Notice,
    items: Sequence[NoticeItem],
    processor: Processor,
    *,
    token: str,
    reminder: int,
    services: Services,
    corrections: Corrections = NO_CORRECTIONS,
) -> Letter:
    """Return the instruction as a letter.

    `token` is the secret of the answer link. `reminder` counts from 1; 0 is the first letter. `notice.due_at` is set.
    `corrections` are what `read_corrections` returns; its values stand in the attached file only.
    """
    link = f"{services.settings.public_base_url}/notices/{token}"
    instruction = build_instruction_paragraphs(notice, items, processor, services=services, corrections=corrections)
    overdue = notice.due_at is not None and services.clock.now() > notice.due_at
    opening = [f"To {processor.legal_name or processor.id}."]
    if reminder:
        opening.append(
            f"This is reminder {reminder}: we have no answer to our instruction yet"
            + (", and its date has passed." if overdue else ".")
        )
    answer = InstructionParagraph(
        "How to answer",
        (
            "Open this link, which is for you alone, and say for each line what you did. You need no account.",
            link,
            f"Or reply to this letter and quote {notice.id}.",
        ),
    )
    what = SUBJECTS[notice.purpose]
    subject = f"{'Reminder: ' + what[:1].lower() + what[1:] if reminder else what}, instruction {notice.id}"
    paragraphs = [InstructionParagraph("", tuple(opening)), *instruction[:-1], answer, instruction[-1]]
    return Letter(
        to=processor.privacy_contact,
        subject=subject,
        text=_render_letter_text(paragraphs),
        html=_render_letter_html(subject, paragraphs, link),
        message_id=_build_message_id(notice, services),
        reply_to=services.merchant.officer.email,
        attachments=((f"{notice.id}.csv", "text/csv", render_items_csv(items, corrections)),),
    )


def _build_message_id(notice: Notice, services: Services) -> str:
    """Return a Message-ID with the number of the letter; a letter sent again after a crash gets the same id."""
    previous_number = notice.message_id.partition("@")[0].rpartition(".")[2]
    number = int(previous_number) + 1 if previous_number.isdecimal() else 0
    return f"<{notice.id}.{number}@{read_mail_domain(services)}>"


def read_mail_domain(services: Services) -> str:
    """Return the domain of the sender's address, in which Message-IDs are unique."""
    return parseaddr(services.settings.mail_from)[1].rpartition("@")[2] or "localhost"


def build_instruction_paragraphs(
    notice: Notice,
    items: Sequence[NoticeItem],
    processor: Processor,
    *,
    services: Services,
    max_lines: int = MAX_LINES,
    corrections: Corrections = NO_CORRECTIONS,
) -> list[InstructionParagraph]:
    """Return the paragraphs that letter and PDF have in common, without opening and answer link.

    At most `max_lines` items are listed; the attached file lists all.
    """
    merchant = services.merchant
    code = (f"Our account with you: {processor.client_code}.",) if processor.client_code else ()
    contract = (f"Our contract: {processor.contract_ref}.",) if processor.contract_ref else ()
    names = REFERENCE_KIND_LABELS[items[0].names if items else ReferenceKind.WAYBILL]
    label, verb = (names[0], "is") if len(items) == 1 else (names[1], "are")
    item_count = f"{len(items)} {label[:1].lower()}{label[1:]} {verb}"
    listed_lines = [_format_item_line(item, corrections.get(item.request_id, {})) for item in items[:max_lines]]
    if len(items) > max_lines:
        listed_lines.append(f"and {len(items) - max_lines} more, in the file {notice.id}.csv")
    return [
        InstructionParagraph(
            "What we instruct you to do", _build_orders(notice.purpose, f"{item_count} listed below", processor)
        ),
        InstructionParagraph("Why", _list_legal_grounds(notice.purpose, services)),
        InstructionParagraph(
            "By when",
            (f"{_format_local_time(notice.due_at, services)}." if notice.due_at else "Within the time agreed.",),
        ),
        InstructionParagraph(names[1], tuple(listed_lines), is_list=True),
        InstructionParagraph(
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


def build_escalation_letter(notice: Notice, items: Sequence[NoticeItem], *, services: Services) -> Letter | None:
    """Return the letter that tells the merchant's contact that the processor did not answer; None without a contact."""
    to = services.merchant.instructions.escalate_to or services.merchant.officer.email
    if not to:
        return None
    subject = f"No answer to instruction {notice.id}: {SUBJECTS[notice.purpose].lower()}"
    paragraphs = [
        InstructionParagraph(
            "",
            (
                f"{notice.processor} has not answered instruction {notice.id} ({len(items)} records).",
                f"Sent on {_format_local_time(notice.sent_at, services)}, due on {_format_local_time(notice.due_at, services)}.",
                f"Reminders: {notice.reminders}.",
                "Please reach them another way, and record what they say:",
                f"bridge notice answer {notice.id} --all erased --reference TICKET",
            ),
        )
    ]
    return Letter(
        to=to,
        subject=subject,
        text=_render_letter_text(paragraphs),
        html=_render_letter_html(subject, paragraphs, ""),
        message_id=f"<{notice.id}.expired@{read_mail_domain(services)}>",
    )


def _build_orders(purpose: NoticePurpose, items_listed: str, processor: Processor) -> tuple[str, ...]:
    """Return what the processor is told to do with the records of the list, a sentence a line."""
    data, everywhere = REQUESTED_DATA_PHRASES[processor.template], "in your systems and in those of your own processors"
    if purpose is NoticePurpose.CORRECT:
        return (
            f"Correct {data}, {everywhere}: the list says which, the attached file what is right as far as you may have it.",
            f"{items_listed}.",
            "Use the corrected data from now on, also for what is still on its way. Change no document that was issued.",
        )
    if purpose is NoticePurpose.RESTRICT:
        return (
            f"Store {data}, and use it for nothing but what is on its way, legal claims and what the person consents to.",
            f"{items_listed}. This holds until we write that the restriction has ended.",
        )
    if purpose is NoticePurpose.LIFT_RESTRICTION:
        return (
            f"You may use {data} again as our contract says. We had asked you to store them only.",
            f"{items_listed}.",
        )
    if purpose is NoticePurpose.STOP_MESSAGES:
        return (
            f"Send no more offers to these persons in our name, and take them off every list of ours, {everywhere}.",
            f"{items_listed}.",
            "Keep what is needed to remember that they are not to be written to, and no more.",
        )
    return (
        f"Erase {data}, {everywhere}.",
        f"{items_listed}; what they were needed for is settled.",
        "If a law makes you keep something, say which law and until when, and erase the rest.",
    )


def _list_legal_grounds(purpose: NoticePurpose, services: Services) -> tuple[str, ...]:
    """Return the reason, then, of an erasure, the ground of each law that is in the retention file and in force now."""
    if purpose is not NoticePurpose.ERASE:
        return (REASONS[purpose],)
    today = local_day(services.clock.now(), services.retention.calendar)
    laws, bases = services.retention.laws, services.merchant.instructions.basis
    sentences = [basis.text for basis in bases if basis.law in laws and laws[basis.law].is_in_force(today)]
    return (REASONS[purpose], *(f"{text[:1].upper()}{text[1:]}." for text in sentences))


def _format_item_line(item: NoticeItem, corrected: Mapping[str, str]) -> str:
    with_waybills = f" (with {', '.join(item.also)})" if item.also else ""
    order = f", order {item.order}" if item.order and item.names is ReferenceKind.WAYBILL else ""
    # no line break of a typed value starts a new line
    fields = f": {', '.join(name.replace('_', ' ') for name in corrected)}" if corrected else ""
    return " ".join(f"{item.reference}{with_waybills}{order}{fields}".split())


def _format_local_time(utc_datetime: datetime | None, services: Services) -> str:
    if utc_datetime is None:
        return "-"
    zone = services.retention.calendar.timezone
    return f"{utc_datetime.astimezone(ZoneInfo(zone)):%d %B %Y, %H:%M} ({zone})"


def _render_letter_text(paragraphs: Sequence[InstructionParagraph]) -> str:
    blocks = []
    for paragraph in paragraphs:
        heading_lines = [paragraph.heading, "-" * len(paragraph.heading)] if paragraph.heading else []
        indent = "  " if paragraph.is_list else ""
        blocks.append("\n".join([*heading_lines, *(f"{indent}{line}" for line in paragraph.lines)]))
    return "\n\n".join(blocks) + "\n"


def _render_letter_html(title: str, paragraphs: Sequence[InstructionParagraph], link: str) -> str:
    body = []
    for paragraph in paragraphs:
        if paragraph.heading:
            body.append(f"<h2 style='font-size:17px;margin:28px 0 6px'>{escape(paragraph.heading)}</h2>")
        if paragraph.is_list:
            rows = "".join(f"<li style='font-family:monospace'>{escape(line)}</li>" for line in paragraph.lines)
            body.append(f"<ul style='padding-left:20px'>{rows}</ul>")
            continue
        for line in paragraph.lines:
            inner = escape(line)
            if link and line == link:
                style = "display:inline-block;background:#14532d;color:#fff;padding:12px 20px;border-radius:6px"
                inner = f"<a href='{escape(link, quote=True)}' style='{style}'>Answer this instruction</a>"
            body.append(f"<p style='margin:6px 0'>{inner}</p>")
    return (
        f"<!doctype html><html lang='en'><head><meta charset='utf-8'><title>{escape(title)}</title></head>"
        "<body style='font:16px/1.5 sans-serif;color:#1c2430;max-width:640px;margin:24px auto;padding:0 16px'>"
        f"<h1 style='font-size:21px'>{escape(title)}</h1>{''.join(body)}</body></html>"
    )
