"""The letter on top of the package, for a person: HTML to read and print, text for everything else.

Puts what the other rooms worked out into words. Decides nothing, fetches nothing, and prints no code, no raw
id of a platform and no statute number outside the footnotes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from bridge.model import Gap, Kind, PrivacyRequest, Source
from bridge.rules.requests import regimes
from bridge.steps.access.package import plain_language
from bridge.steps.access.package.sections import missing_data as missing
from bridge.steps.access.package.sections import prior_erasures, recipients, retention_section, summary
from bridge.steps.access.package.text import NOT_PUBLISHED, clean, given, is_given, long_day, long_moment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime, tzinfo

    from bridge.rules.erasure.tombstone import Earlier
    from bridge.steps.access.package.sections.recipients import Recipient
    from bridge.steps.access.package.sections.statistics import Survey
    from config.merchant_file.merchant import Merchant
    from config.retention_file.retention import Retention

LONGEST_VALUE = 600
LONGEST_NAME = 60

_GID = re.compile(r"gid:/+\S*", re.IGNORECASE)
_STEERING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_NO_WORD = re.compile(r"\b(None|null|undefined)\b")
_STATUTE = re.compile(r"\s*\([^()]*\b(?:ss?|rr?|Art)\.?\s?\d[^()]*\)")  # those belong into a footnote
_RIGHTS_LAWS = {"spdi": "IN", "dpdp_core": "IN", "gdpr": "EU"}
_ASKED = {
    Kind.ACCESS: "a copy of your personal data",
    Kind.ERASURE: "the erasure of your personal data",
    Kind.SHOP_ERASURE: "the erasure of all data of the shop",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Contents:
    """Everything the letter speaks about."""

    request: PrivacyRequest
    merchant: Merchant
    retention: Retention
    survey: Survey
    gaps: Sequence[Gap]
    sources: Sequence[Mapping[str, Any]]
    answer: tuple[str, str]
    earlier: Sequence[Earlier]
    recipients: Sequence[Recipient]
    unnamed: Sequence[str]
    regimes: Sequence[str]
    prepared_at: datetime
    as_of: datetime
    zone: tzinfo


def render(contents: Contents) -> tuple[str, str]:
    """Give the letter as (HTML, text)."""
    values = _values(contents)
    html, text = (_environment().get_template(f"letter.{kind}.j2") for kind in ("html", "txt"))
    return clean(html.render(values)), clean(text.render(values))


def printable(value: Any) -> Any:
    """Make the value of an expression fit to print: nothing unset, steering or internal gets through."""
    if isinstance(value, Markup):
        return value
    text = NOT_PUBLISHED if value is None else clean(str(value))
    text = _STEERING.sub("", _GID.sub("a record of the platform", text))
    text = _NO_WORD.sub("nothing", text)
    if len(text) > LONGEST_VALUE:
        text = text[: LONGEST_VALUE - 1] + "…"
    return given(text) if "[insert" in text.casefold() else text


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=select_autoescape(("html.j2",), default_for_string=True),
        undefined=StrictUndefined,
        finalize=printable,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _values(contents: Contents) -> dict[str, Any]:
    merchant, request, zone = contents.merchant, contents.request, contents.zone
    today = contents.prepared_at.astimezone(zone).date()
    return {
        "shop_name": given(merchant.trading_name),
        "legal_name": given(merchant.legal_name),
        "address": given(merchant.address),
        "website": given(merchant.website_url),
        "policy_date": given(merchant.policy_last_updated),
        "greeting": _greeting(contents.survey.first_name),
        "asked_for": _ASKED[request.kind],
        "asked_on": long_day(request.received_at.astimezone(zone).date()),
        "asked_through": "Our shop platform passed on your request"
        if request.source is Source.WEBHOOK
        else "You asked us",
        "reference": request.id,
        "written_on": long_day(today),
        "as_of": long_moment(contents.as_of, zone),
        "answer_code": contents.answer[0],
        "answer": contents.answer[1],
        "earlier": [prior_erasures.told(each, zone) for each in contents.earlier],
        "sealing_laws": prior_erasures.laws(contents.earlier),
        "gaps": list(dict.fromkeys(map(missing.sentence, contents.gaps))),
        "unnamed": [plain_language.plain(each, plain_language.TRADE_NAMES) for each in contents.unnamed],
        "left_out": [reason for _code, _count, reason in missing.left_out(contents.survey)],
        "lines": summary.ten_lines(contents.survey, len(contents.recipients)),
        "recipients": [_recipient(each) for each in contents.recipients],
        "sources": contents.sources,
        "kept": _kept(contents),
        "contact": {
            name: given(getattr(merchant.officer, name)) for name in ("name", "designation", "email", "phone")
        },
        "email_link": merchant.officer.email.strip() if is_given(merchant.officer.email) else "",
        "routes": [
            plain_language.plain(code, plain_language.ROUTES)
            for code in regimes.complaint_routes(merchant.complaint_route, on=today, regimes=contents.regimes)
        ],
        "rights_laws": [
            law.title
            for law in contents.retention.laws.values()
            if law.in_force(today) and _RIGHTS_LAWS.get(law.id) in contents.regimes
        ],
        "keeping_laws": retention_section.laws_of(contents.retention, today, contents.regimes),
        "eu": "EU" in contents.regimes,
    }


def _greeting(first_name: str) -> str:
    name = " ".join(printable(first_name[:LONGEST_NAME]).split())
    return f"Dear {name}" if name and name not in ("nothing", NOT_PUBLISHED) else "Hello"


def _recipient(each: Recipient) -> Mapping[str, str]:
    days = [long_day(edge) for edge in dict.fromkeys((each.first, each.last)) if edge]
    parcel = each.waybills is not None
    return {
        "name": each.name,
        "service": _STATUTE.sub("", each.service),
        "shared": ", ".join(each.shared) or NOT_PUBLISHED,
        "when": " to ".join(days)
        or ("on a day we do not know" if parcel else "since you became our customer"),
        "parcels": str(each.waybills) if parcel else "",
        "where": recipients.countries_of(each),
        "safeguard": _STATUTE.sub("", recipients.safeguard_of(each)),
    }


def _kept(contents: Contents) -> list[Mapping[str, str]]:
    today = contents.prepared_at.astimezone(contents.zone).date()
    return [
        {
            "title": _STATUTE.sub("", plain_language.CATEGORIES.get(category.id, category.title)),
            "rule": retention_section.sentence(category, contents.retention, today, contents.regimes),
            "longest": retention_section.longest(category),
        }
        for category in contents.retention.categories.values()
        if category.id in contents.survey.categories
    ]
