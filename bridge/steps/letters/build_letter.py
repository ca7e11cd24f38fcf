"""Build the page of a letter to a person: what its kind says, where to complain on that day, how to reach the merchant.

Fetches nothing and sends nothing. What only the person stated (a complaint) is printed where the letter is a copy of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from bridge.model import (
    GrievanceParticulars,
    IdentityDoubt,
    IncidentParticulars,
    Language,
    LetterKind,
    Particulars,
    PrivacyRequest,
    RequestDetails,
)
from bridge.rules.requests.regimes import list_complaint_routes
from bridge.rules.retention.statutory_last_days import local_day
from bridge.steps.access.package.letter import build_sender_values
from bridge.steps.access.package.plain_language import TRADE_NAMES, describe_code
from bridge.steps.erasure.outcome.outcome_letter import HOME_REGIMES, REGION_PREFIXES
from bridge.steps.letters.letter_page import BlockKind, LetterBlock, LetterPage, read_blocks
from bridge.steps.letters.letter_texts import LetterTexts, TextMissing, fill_text, load_letter_texts
from bridge.steps.letters.outcome_blocks import list_outcome_blocks
from config.merchant_file.merchant import Merchant
from config.retention_file.retention import Retention

# from this day on whoever complains gets a copy of the complaint as it was recorded (G.S.R. 789(E))
COPIES_FROM = date(2027, 1, 1)
# of a breach, in the order in which a person is told
BREACH_TEXTS = ("text", "occurred", "consequences", "measures", "advice")
UNASKED_LETTERS = (LetterKind.BREACH, LetterKind.MAIL_RECEIPT)  # they begin without what was asked when
DAY_VALUES = {"by": "by_on", "until": "until_on", "from": "from_on", "due": "due_on", "noticed": "noticed_on"}
CODE_VALUES = {
    "reason": ("reasons", "reason"),
    "ground": ("grounds", "ground"),
    "purposes": ("purposes", "purposes"),
    "channels": ("channels", "channels"),
    "fields": ("fields", "fields"),
    "erased": ("consent_data", "erased"),
    "held": ("consent_data", "held"),
    "stays": ("consent_data", "stays"),
    "standing": ("channels", "standing"),
}
SYSTEM_VALUES = ("systems", "recipients")


@dataclass(frozen=True, kw_only=True, slots=True)
class LetterInput:
    """What a letter is built from.

    `values` are codes, counts and days by the name that `queue_letter` gave them. `certificate` is the request's latest, for
    an outcome, `incident` what is known of the breach that a letter tells of. `for_store_owner` says that the owner of the shop hands the letter on.
    """

    request: PrivacyRequest
    kind: LetterKind
    language: Language
    merchant: Merchant
    retention: Retention
    written_at: datetime
    values: Mapping[str, str] = field(default_factory=dict)
    details: RequestDetails = field(default_factory=RequestDetails)
    incident: Particulars | None = None
    certificate: Mapping[str, Any] | None = None
    link: str = ""
    for_store_owner: bool = False


def build_letter_page(given: LetterInput) -> LetterPage:
    """Return the page. Raises TextMissing."""
    texts = load_letter_texts(given.language)
    values = _build_letter_values(given, texts)
    conditions = {
        name for name in ("link", "copy", "reason", "fields", "erased", "stays", *SYSTEM_VALUES) if values.get(name)
    }
    if given.written_at > given.request.due_at:
        conditions.add("late")
    conditions |= {given.values[name] for name in ("outcome", "data") if given.values.get(name)}
    if given.values.get("held"):  # of a withdrawal: a law keeps it until a day, or nobody can say until when
        conditions.add("held until" if given.values.get("until") else "held open")
    lists = {"processors": _list_named_firms(given.merchant), "declined": _list_declined(given, texts)}
    if lists["declined"]:
        conditions.add("declined")
    # of a person under 18 a parent or guardian is asked to write
    variant = "_guardian" if given.values.get("doubt") == IdentityDoubt.PERSON_IS_MINOR else ""
    body = read_blocks(texts.get_letter_text(given.kind, f"body{variant}"), values, lists, conditions)
    return LetterPage(
        language=given.language,
        sender=values["shop_name"],
        title=fill_text(texts.get_letter_text(given.kind, f"subject{variant}"), values),
        blocks=(
            *_open_letter(given, texts, values),
            *body,
            *(list_outcome_blocks(given, texts) if given.kind is LetterKind.OUTCOME else ()),
            *_close_letter(given, texts, values),
        ),
    )


def _open_letter(given: LetterInput, texts: LetterTexts, values: Mapping[str, str]) -> Iterator[LetterBlock]:
    if given.for_store_owner:
        yield LetterBlock(BlockKind.NOTE, texts.get_text("frame", "for_store_owner"))
    yield LetterBlock(BlockKind.PARAGRAPH, texts.get_text("frame", "greeting"))
    if given.kind not in UNASKED_LETTERS:
        yield LetterBlock(BlockKind.PARAGRAPH, fill_text(texts.get_text("frame", "asked_on"), values))


def _close_letter(given: LetterInput, texts: LetterTexts, values: Mapping[str, str]) -> Iterator[LetterBlock]:
    frame = texts.tables["frame"]
    yield LetterBlock(BlockKind.HEADING, texts.get_text("frame", "routes"))
    for code in list_letter_routes(given.merchant, local_day(given.written_at, given.merchant.clocks)):
        yield LetterBlock(BlockKind.ITEM, texts.get_text("routes", code))
    yield LetterBlock(BlockKind.HEADING, texts.get_text("frame", "contact"))
    yield LetterBlock(BlockKind.PARAGRAPH, "\n".join(fill_text(line, values) for line in frame["contact_lines"]))
    yield LetterBlock(BlockKind.PARAGRAPH, fill_text(texts.get_text("frame", "contact_note"), values))
    yield LetterBlock(BlockKind.NOTE, fill_text(texts.get_text("frame", "policy"), values))


def list_letter_routes(merchant: Merchant, day: date) -> list[str]:
    """Return the codes of the routes that are open on that day: those of India, then of regions that the file names.

    Where the person lives is not known after an erasure: the words of a region's route say who may use it.
    """
    regimes = (HOME_REGIMES, *((region,) for region in REGION_PREFIXES))
    routes = [
        code for each in regimes for code in list_complaint_routes(merchant.complaint_route, day=day, regimes=each)
    ]
    return list(dict.fromkeys(routes))


def _build_letter_values(given: LetterInput, texts: LetterTexts) -> dict[str, str]:
    request, zone = given.request, ZoneInfo(given.merchant.clocks.timezone)
    sender = build_sender_values(given.merchant, "")

    def format_local(at: datetime) -> str:
        return texts.format_day(at.astimezone(zone).date())

    values = {
        **{name: sender[name] for name in ("shop_name", "sender", "address", "website")},
        "policy_date": texts.rewrite_day(sender["policy_date"]),
        **{name: sender["contact"][name] for name in ("designation", "email", "phone")},
        "officer_name": sender["contact"]["name"],
        "reference": request.id,
        "asked_on": format_local(request.received_at),
        "asked_for": texts.get_text("asked_for", request.kind) if given.kind is not LetterKind.BREACH else "",
        "due_on": format_local(request.due_at),
        "written_on": format_local(given.written_at),
        "link": given.link,
        "copy": _find_copy(given),
    }
    for name, day in given.values.items():
        if name in DAY_VALUES:
            values[DAY_VALUES[name]] = texts.format_day(_read_day(name, day))
    for name, (table, value) in CODE_VALUES.items():
        if codes := given.values.get(name, ""):
            values[value] = texts.describe_codes(table, codes)
    if given.kind is LetterKind.CONSENT_WITHDRAWN and not given.values.get("channels"):
        values["channels"] = texts.get_text("channels", "all")
    for name in SYSTEM_VALUES:
        if systems := given.values.get(name, ""):
            values[name] = texts.join_words([name_system(each.strip(), given.merchant) for each in systems.split(",")])
    return values


def _read_day(name: str, day: str) -> date:
    try:
        return date.fromisoformat(day[:10])
    except ValueError:
        raise TextMissing(f"value {name}") from None


def _find_copy(given: LetterInput) -> str:
    """Return what the letter quotes: the complaint of an acknowledgement, or the text that is sealed for this letter."""
    stated = given.details.particulars
    if given.kind is LetterKind.ACKNOWLEDGEMENT and isinstance(stated, GrievanceParticulars):
        return stated.text if local_day(given.written_at, given.merchant.clocks) >= COPIES_FROM else ""
    if given.kind is LetterKind.BREACH and isinstance(given.incident, IncidentParticulars):
        parts = (getattr(given.incident, name, "") for name in BREACH_TEXTS)
        return "\n".join(filter(None, parts))
    if given.kind is LetterKind.GRIEVANCE_ANSWERED and isinstance(stated, GrievanceParticulars):
        return str(getattr(stated, "answer", ""))
    return ""


def _list_declined(given: LetterInput, texts: LetterTexts) -> list[str]:
    """Return a line for each field that was not corrected: its name and the reason."""
    pairs = [each.partition(":") for each in given.values.get("declined", "").split(",") if each.strip()]
    return [
        f"{texts.get_text('fields', name.strip())}: {texts.get_text('reasons', code.strip())}"
        for name, _, code in pairs
    ]


def _list_named_firms(merchant: Merchant) -> Sequence[str]:
    """Return the firms that the merchant file names, each with what it does for the merchant."""
    return [
        f"{each.legal_name}: {each.services}" if each.services else each.legal_name
        for each in merchant.processors
        if each.named and each.legal_name
    ]


def name_system(system: str, merchant: Merchant) -> str:
    """Return the legal name of a system's firm, or the name by which people know it."""
    named = (each.legal_name for each in merchant.processors if each.named and system in (each.id, *each.carries))
    return next(filter(None, named), "") or describe_code(system, TRADE_NAMES)
