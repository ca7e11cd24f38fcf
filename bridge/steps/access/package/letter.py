"""Render the letter of the package for the data subject, as HTML and as text.

Puts into words what the sections found. Decides nothing, fetches nothing, and prints no code, no raw id of a
platform and no statute number outside the footnotes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from bridge.model import Finding, Gap, PrivacyRequest, RequestKind, RequestSource, Task
from bridge.rules.erasure.tombstone import PriorErasureSummary
from bridge.rules.requests import regimes
from bridge.rules.retention.citations import list_laws_in_force
from bridge.steps.access.package import plain_language
from bridge.steps.access.package.plain_language import describe_code
from bridge.steps.access.package.sections import missing_data as missing
from bridge.steps.access.package.sections import own_section, prior_erasures, recipients, summary
from bridge.steps.access.package.sections.recipients import Recipient
from bridge.steps.access.package.sections.retention_section import (
    describe_category_retention,
    describe_end_without_request,
    describe_gdpr_grounds,
    describe_own_last_days,
    list_retention_laws,
)
from bridge.steps.access.package.sections.statistics import PackageStatistics
from bridge.steps.access.package.sections.uses import build_uses
from bridge.steps.access.package.text import (
    NOT_PUBLISHED,
    format_long_date,
    format_long_datetime,
    format_setting,
    is_setting_given,
    replace_surrogates,
    wrap_text,
)
from config.merchant_file.merchant import Merchant
from config.retention_file.retention import Category, Retention

MAX_VALUE_CHARS = 600
MAX_NAME_CHARS = 60

_SHOPIFY_GID_PATTERN = re.compile(r"gid:/+\S*", re.IGNORECASE)
_CONTROL_CHARS_PATTERN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_NULL_WORD_PATTERN = re.compile(r"\b(None|null|undefined)\b")
# statute references belong in a footnote
_STATUTE_REFERENCE_PATTERN = re.compile(r"\s*\([^()]*\b(?:ss?|rr?|Art)\.?\s?\d[^()]*\)")
_REGIMES_BY_RIGHTS_LAW = {"spdi": "IN", "dpdp_core": "IN", "gdpr": "EU"}
_REQUEST_KIND_PHRASES = {
    RequestKind.ACCESS: "a copy of your personal data",
    RequestKind.ERASURE: "the erasure of your personal data",
    RequestKind.SHOP_ERASURE: "the erasure of all data of the shop",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class PackageInput:
    """The values that a package is built from.

    `records` yields (system, finding) and may be called more than once; each call starts at the first record.
    `searches_own_records` says that the last of them are what the bridge itself holds, `own_gaps` what is missing of that;
    it is complete after the first call.
    `prior_erasures` are the data subject's earlier erasures, newest first. `csv_bom` starts each table with a byte
    order mark, which older spreadsheet programs need to recognise UTF-8. `signing_key_fingerprint` (SHA-256, hex) is of the
    key that signs certificates and evidence. `is_minor`: a birth date on record says under 18.
    """

    request: PrivacyRequest
    tasks: Sequence[Task]
    records: Callable[[], Iterator[tuple[str, Finding]]]
    merchant: Merchant
    retention: Retention
    prepared_at: datetime
    own_gaps: Sequence[Gap] = ()
    searches_own_records: bool = False
    csv_bom: bool = False
    prior_erasures: Sequence[PriorErasureSummary] = ()
    signing_key_fingerprint: str = ""
    is_minor: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class LetterContents:
    """The values that the letter and the summaries are built from."""

    package: PackageInput
    statistics: PackageStatistics
    gaps: Sequence[Gap]
    searched_systems: Sequence[Mapping[str, Any]]
    headline_answer: tuple[str, str]
    recipients: Sequence[Recipient]
    unnamed_recipients: Sequence[str]
    not_searched: Sequence[Mapping[str, str]]
    regimes: Sequence[str]
    as_of: datetime
    zone: tzinfo

    @property
    def is_complete(self) -> bool:
        """Return True if every system answered in full and every recipient can be named."""
        return not self.gaps and not self.unnamed_recipients


def render_access_letter(contents: LetterContents) -> tuple[str, str]:
    """Return the letter as (HTML, text)."""
    values = _build_template_values(contents)
    html, text = (load_letter_templates().get_template(f"letter.{kind}.j2") for kind in ("html", "txt"))
    return replace_surrogates(html.render(values)), replace_surrogates(text.render(values))


def make_printable(value: Any) -> Any:
    """Return a template value fit to print: no control character, no internal id, no unset or endless text."""
    if isinstance(value, Markup):
        return value
    text = NOT_PUBLISHED if value is None else replace_surrogates(str(value))
    # most values have none of these, and a pattern looks at every character
    if ":/" in text:
        text = _SHOPIFY_GID_PATTERN.sub("a record of the platform", text)
    if not text.isprintable():
        text = _CONTROL_CHARS_PATTERN.sub("", text)
    if "None" in text or "null" in text or "undefined" in text:
        text = _NULL_WORD_PATTERN.sub("nothing", text)
    if len(text) > MAX_VALUE_CHARS:
        text = text[: MAX_VALUE_CHARS - 1] + "…"
    return format_setting(text) if "[" in text and "[insert" in text.casefold() else text


@lru_cache(maxsize=2)
def load_letter_templates(*folders: Path) -> Environment:
    """Return the templates of letters to data subjects: those of `folders`, which extend the letter's, and the letter's."""
    templates = Environment(
        loader=FileSystemLoader([*folders, Path(__file__).parent / "templates"]),
        autoescape=select_autoescape(("html.j2",), default_for_string=True),
        undefined=StrictUndefined,
        finalize=make_printable,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    templates.filters["wordwrap"] = wrap_text
    return templates


def compile_letter_templates(*folders: Path) -> None:
    """Load and compile the templates: a worker does it once, or each of its children would do it anew."""
    templates = load_letter_templates(*folders)
    for name in templates.list_templates():
        templates.get_template(name)


def build_sender_values(merchant: Merchant, signing_key_fingerprint: str) -> dict[str, Any]:
    """Return what every letter to a data subject says of its sender: names, address, contact, policy, signing key."""
    return {
        "shop_name": format_setting(merchant.trading_name),
        "sender": _format_sender(merchant),
        "address": format_setting(merchant.address),
        "website": format_setting(merchant.website_url),
        "signing_key": signing_key_fingerprint,
        "policy_date": format_setting(merchant.policy_last_updated),
        "contact": {
            name: format_setting(getattr(merchant.officer, name)) for name in ("name", "designation", "email", "phone")
        },
        "email_link": merchant.officer.email.strip() if is_setting_given(merchant.officer.email) else "",
    }


def _build_template_values(contents: LetterContents) -> dict[str, Any]:
    package, zone = contents.package, contents.zone
    merchant, request = package.merchant, package.request
    today = package.prepared_at.astimezone(zone).date()
    return {
        **build_sender_values(merchant, contents.package.signing_key_fingerprint),
        "greeting": _build_greeting(contents.statistics.first_name),
        "asked_for": _REQUEST_KIND_PHRASES[request.kind],
        "asked_on": format_long_date(request.received_at.astimezone(zone).date()),
        "by_platform": request.source is RequestSource.WEBHOOK,
        "late_since": format_long_date(request.due_at.astimezone(zone).date())
        if package.prepared_at > request.due_at
        else "",
        "reference": request.id,
        "written_on": format_long_date(today),
        "as_of": format_long_datetime(contents.as_of, zone),
        "answer_code": contents.headline_answer[0],
        "answer": contents.headline_answer[1],
        "earlier": [prior_erasures.describe_prior_erasure(item, zone) for item in contents.package.prior_erasures],
        "sealing_laws": dict.fromkeys(
            (
                *prior_erasures.list_sealing_laws(contents.package.prior_erasures),
                *own_section.list_own_laws(contents.statistics, package.retention),
            )
        ),
        "not_searched": [place["in_words"] for place in contents.not_searched],
        "own_records": own_section.describe_own_records(contents.statistics, zone),
        "excess_data": own_section.describe_excess_data(contents.recipients),
        "gaps": list(dict.fromkeys(map(missing.describe_gap, contents.gaps))),
        "unnamed": [describe_code(item, plain_language.TRADE_NAMES) for item in contents.unnamed_recipients],
        "left_out": [reason for _code, _count, reason in missing.list_masked_data(contents.statistics)],
        "minor": plain_language.MINOR_SENTENCE if package.is_minor else "",
        "other_persons": summary.describe_other_persons(merchant, contents.statistics),
        "lines": summary.build_letter_summary(contents.statistics, len(contents.recipients)),
        "recipients": [_build_recipient_values(item) for item in contents.recipients],
        "authorities": plain_language.AUTHORITIES_SENTENCE,
        "sources": contents.searched_systems,
        "kept": _build_retention_values(contents),
        "routes": [
            describe_code(code, plain_language.COMPLAINT_ROUTE_SENTENCES)
            for code in regimes.list_complaint_routes(merchant.complaint_route, day=today, regimes=contents.regimes)
        ],
        "rights_laws": [
            law.title
            for law in list_laws_in_force(today, package.retention)
            if _REGIMES_BY_RIGHTS_LAW.get(law.id) in contents.regimes
        ],
        "keeping_laws": list_retention_laws(
            _list_found_categories(contents), contents.package.retention, today, contents.regimes
        ),
        "gdpr_grounds": describe_gdpr_grounds(
            _list_found_categories(contents), package.retention, today, contents.regimes
        ),
        "platform_waits": "shopify" in contents.statistics.tallies_by_system,
        "eu": "EU" in contents.regimes,
        **build_uses(merchant, package.retention, contents.statistics),
    }


def _format_sender(merchant: Merchant) -> str:
    trading_name, legal_name = format_setting(merchant.trading_name), format_setting(merchant.legal_name)
    has_two_names = is_setting_given(merchant.legal_name) and legal_name != trading_name
    return f"{legal_name}, trading as {trading_name}" if has_two_names else trading_name


def _build_greeting(first_name: str) -> str:
    name = " ".join(make_printable(first_name[:MAX_NAME_CHARS]).split())
    return f"Dear {name}" if name and name not in ("nothing", NOT_PUBLISHED) else "Hello"


def _omit_statutes(text: str) -> str:
    return _STATUTE_REFERENCE_PATTERN.sub("", text)


def _build_recipient_values(recipient: Recipient) -> Mapping[str, str]:
    days = dict.fromkeys((recipient.first_shared_on, recipient.last_shared_on))
    period = " to ".join(format_long_date(day) for day in days if day)
    is_carrier = recipient.waybill_count is not None
    return {
        "name": recipient.name,
        "service": _omit_statutes(recipient.service),
        "shared": ", ".join(recipient.shared_data) or NOT_PUBLISHED,
        "when": period or ("on a day we do not know" if is_carrier else "we do not know since when"),
        "parcels": str(recipient.waybill_count) if is_carrier else "",
        "where": recipients.describe_countries(recipient),
        "safeguard": _omit_statutes(recipients.describe_safeguard(recipient)),
    }


def _list_found_categories(contents: LetterContents) -> list[Category]:
    categories = contents.package.retention.categories.values()
    return [category for category in categories if category.id in contents.statistics.tallies_by_category]


def _build_retention_values(contents: LetterContents) -> list[Mapping[str, str]]:
    """Return the rows of the table of retention; categories that are treated alike share a row."""
    today = contents.package.prepared_at.astimezone(contents.zone).date()
    titles: dict[tuple[str, str, str], list[str]] = {}
    for category in _list_found_categories(contents):
        values = (
            describe_category_retention(category, contents.package.retention, today, contents.regimes),
            describe_end_without_request(category, contents.package.retention, today, contents.regimes),
            describe_own_last_days(contents.statistics.last_days_by_category.get(category.id, {})),
        )
        title = _omit_statutes(plain_language.CATEGORY_PHRASES.get(category.id, category.title))
        titles.setdefault(values, []).append(title)
    return [
        {"title": "; ".join(named), "rule": rule, "longest": longest, "own": own}
        for (rule, longest, own), named in titles.items()
    ]
