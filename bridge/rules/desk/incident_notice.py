"""Writes what each recipient of a breach notice is told, and names what is still missing for it. Pure.

What the merchant must state stands in the incident's particulars and in the merchant file; nothing is made up in its place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo

from bridge.model import AffectedPersons, IncidentParticulars, IncidentRecipient
from config.merchant_file.merchant import Merchant

HEADINGS: Mapping[str, str] = {
    "text": "What happened: nature and extent",
    "occurred": "When it occurred",
    "location": "Where it occurred",
    "consequences": "What may come of it",
    "measures": "What was done, and is being done, against its risks",
    "advice": "What you can do to protect yourself",
    "causes": "Events, circumstances and reasons that led to it",
    "culprit": "What was found about who caused it",
    "prevention": "What keeps it from happening again",
}
# CERT-In's first report may be partial. The Board: DPDP Rules r.7(2), people: r.7(1)(a)-(d), authority: GDPR Art 33(3)
NEEDED_FIELDS: Mapping[IncidentRecipient, tuple[str, ...]] = {
    IncidentRecipient.CERTIN: ("text",),
    IncidentRecipient.BOARD: (
        "text",
        "occurred",
        "location",
        "consequences",
        "causes",
        "measures",
        "culprit",
        "prevention",
    ),
    IncidentRecipient.AUTHORITY: ("text", "consequences", "measures"),
    IncidentRecipient.PEOPLE: ("text", "occurred", "consequences", "measures", "advice"),
}
# what is written too where it is known
FURTHER_FIELDS: Mapping[IncidentRecipient, tuple[str, ...]] = {
    IncidentRecipient.CERTIN: ("occurred", "location", "consequences", "causes", "measures"),
    IncidentRecipient.AUTHORITY: ("occurred", "location", "causes", "prevention"),
}
# "without delay", before the rest is known: DPDP Rules r.7(2)(a), GDPR Art 33(4)
FIRST_FIELDS: Mapping[IncidentRecipient, tuple[str, ...]] = {
    IncidentRecipient.BOARD: ("text", "occurred", "location", "consequences"),
    IncidentRecipient.AUTHORITY: ("text",),
}
NAMES: Mapping[IncidentRecipient, str] = {
    IncidentRecipient.CERTIN: "Indian Computer Emergency Response Team (CERT-In)",
    IncidentRecipient.BOARD: "Data Protection Board of India",
    IncidentRecipient.AUTHORITY: "Supervisory authority",
    IncidentRecipient.PEOPLE: "You",
}
AUTHORITIES = frozenset(IncidentRecipient) - {IncidentRecipient.PEOPLE}


@dataclass(frozen=True, kw_only=True, slots=True)
class IncidentAccount:
    """What is known of an incident now; `informed_persons` counts those who were written to."""

    request_id: str
    particulars: IncidentParticulars
    affected: AffectedPersons
    informed_persons: int
    merchant: Merchant


def list_missing_fields(account: IncidentAccount, to: IncidentRecipient, *, is_first: bool = False) -> list[str]:
    """Return what this notice cannot be written without: names of particulars, of the merchant file, or `persons`."""
    needed = FIRST_FIELDS.get(to, NEEDED_FIELDS[to]) if is_first else NEEDED_FIELDS[to]
    missing = [name for name in needed if not getattr(account.particulars, name)]
    officer, merchant = account.merchant.officer, account.merchant
    missing += [] if officer.is_complete else ["grievance_officer"]
    missing += [] if merchant.legal_name or to is IncidentRecipient.PEOPLE else ["legal_name"]
    needs_count = to in (IncidentRecipient.BOARD, IncidentRecipient.AUTHORITY) and not is_first
    return missing + (["persons"] if needs_count and account.affected.counted_at is None else [])


def list_notice_sections(
    account: IncidentAccount, to: IncidentRecipient, *, is_first: bool = False
) -> list[tuple[str, str]]:
    """Return heading and text of each part that this recipient is told; parts that are not known are left out."""
    names = [*(FIRST_FIELDS.get(to, ()) if is_first else NEEDED_FIELDS[to]), *FURTHER_FIELDS.get(to, ())]
    texts = [(name, getattr(account.particulars, name)) for name in dict.fromkeys(names)]
    return [(HEADINGS[name], text) for name, text in texts if text]


def render_notice(
    account: IncidentAccount, to: IncidentRecipient, *, now: datetime, zone: tzinfo, is_first: bool = False
) -> str:
    """Return a notice as text. Call where `list_missing_fields` is empty."""
    merchant, officer = account.merchant, account.merchant.officer
    sender = merchant.legal_name or merchant.trading_name
    noticed = account.particulars.noticed_at.astimezone(zone)
    title = "First notice of a breach of personal data" if is_first else "Notice of a breach of personal data"
    head = [title, "", f"To: {NAMES[to]}", f"From: {sender}", f"Reference: {account.request_id}"]
    head += [f"Date: {now.astimezone(zone):%d %B %Y, %H:%M %Z}", f"Noticed: {noticed:%d %B %Y, %H:%M %Z}"]
    lines = [
        line for heading, text in list_notice_sections(account, to, is_first=is_first) for line in ("", heading, text)
    ]
    if to in AUTHORITIES and account.affected.counted_at is not None:
        persons = len(account.affected.persons)
        lines += ["", "Persons concerned", f"{persons} found so far; {account.informed_persons} of them written to."]
    contact = f"{officer.name}, {officer.designation}, {officer.email}, {officer.phone}"
    lines += ["", "Who answers questions", contact, merchant.address]
    return "\n".join([*head, *lines]) + "\n"
