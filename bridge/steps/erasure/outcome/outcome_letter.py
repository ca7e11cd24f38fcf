"""Render the outcome of an erasure from its certificate. Fetches nothing and decides nothing.

Extends the template of the access letter, so that both look and sound alike. The country of the data subject is not known
any more: routes and grounds that hold in one region only say so.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from bridge.model import Language, PrivacyRequest, RequestSource
from bridge.rules.requests.regimes import list_complaint_routes
from bridge.rules.retention.citations import list_laws_in_force
from bridge.rules.retention.statutory_last_days import local_day
from bridge.steps.access.package.letter import build_sender_values, load_letter_templates
from bridge.steps.access.package.plain_language import (
    COMPLAINT_ROUTE_SENTENCES,
    GDPR_REASONS,
    NO_GDPR_REASON,
    SUPPRESSION_KEYS_SENTENCE,
    describe_code,
)
from bridge.steps.access.package.text import format_long_date, format_long_datetime
from bridge.steps.erasure.outcome.certificate_reader import (
    has_remnants,
    is_gone_at_platform,
    is_merged_away,
    list_polls,
)
from bridge.steps.erasure.outcome.erased_and_kept import RemainingRow, list_erased_data, list_remaining_data_rows
from bridge.steps.erasure.outcome.open_answers import list_open_answers, list_uninstructed_recipients
from bridge.steps.erasure.outcome.outcome_words import OutcomeWords
from config.merchant_file.merchant import Merchant
from config.retention_file.gdpr_bases import GDPR_REGIMES
from config.retention_file.retention import Retention

TEMPLATES = Path(__file__).parent / "templates"
HOME_REGIMES = ("IN",)
REGION_PREFIXES = {"EU": "If you live in the European Union: ", "UK": ""}  # the sentences of the UK name it themselves
RIGHTS_LAWS = ("spdi", "dpdp_core", "gdpr")
# What a certificate says as its outcome, where letters have words for it.
HEADLINE_OUTCOMES = ("erased", "nothing_held", "erased_in_part", "not_erased", "retained")


@dataclass(frozen=True, kw_only=True, slots=True)
class OutcomeInput:
    """The values that an outcome is rendered from.

    `certificate` is the request's latest one as it is stored. `signing_key_fingerprint` (SHA-256, hex) is of the key that
    signed it. The pages themselves are in English; the lines of the certificate are in `language`.
    """

    request: PrivacyRequest
    certificate: Mapping[str, Any]
    merchant: Merchant
    retention: Retention
    written_at: datetime
    signing_key_fingerprint: str = ""
    language: Language = Language.ENGLISH


def list_missing_settings(merchant: Merchant, *, day: date) -> list[str]:
    """Return the keys of the merchant file without which no outcome is rendered on that day."""
    missing = [f"[{table}] {key}" for table, key in merchant.list_blank_contacts()]
    if not list_complaint_routes(merchant.complaint_route, day=day, regimes=HOME_REGIMES):
        missing.append(f"[notices.complaint_route] a route for {day}")
    return missing


def render_erasure_outcome(outcome: OutcomeInput) -> tuple[str, str]:
    """Return the outcome as (HTML, text). The caller has checked that no setting is missing."""
    values = build_outcome_values(outcome)
    templates = load_letter_templates(TEMPLATES)
    html, text = (templates.get_template(f"outcome.{kind}.j2").render(values) for kind in ("html", "txt"))
    return html, text


def build_outcome_values(outcome: OutcomeInput) -> dict[str, Any]:
    """Return what an outcome says, by the names that its templates use."""
    certificate, merchant, request = outcome.certificate, outcome.merchant, outcome.request
    zone = ZoneInfo(merchant.clocks.timezone)
    words = OutcomeWords(outcome.language, zone)
    today = local_day(outcome.written_at, merchant.clocks)
    remaining = list_remaining_data_rows(certificate, words)
    open_answers, headline_code = list_open_answers(certificate, words), find_headline_code(certificate)
    return {
        **build_sender_values(merchant, outcome.signing_key_fingerprint),
        "reference": request.id,
        "written_on": format_long_date(today),
        "as_of": format_long_datetime(datetime.fromisoformat(certificate["issued_at"]), zone),
        "asked_on": words.format_moment(certificate["clock"]["received_at"]),
        "is_asked_by_platform": request.source is RequestSource.WEBHOOK,
        "late_since": words.format_moment(certificate["clock"]["due_at"]) if certificate["clock"]["late"] else "",
        "answer_code": "yes" if headline_code == "erased" else "",
        "answer": words.get_headline(headline_code),
        "open_names": [row["who"] for row in open_answers],
        "reason": words.find("not_erased", _find_reason(certificate)),
        "cutoff": words.format_moment(certificate.get("limited_to_known_at")),
        "erased": list_erased_data(certificate, words),
        "remnants": words.say("remnants") if has_remnants(certificate) else "",
        "remaining": remaining,
        "codes": any(line["category"] == "suppression" for line in certificate["kept"]) and SUPPRESSION_KEYS_SENTENCE,
        "open_answers": open_answers,
        "uninstructed": list_uninstructed_recipients(certificate, words),
        "gdpr": _describe_gdpr_grounds(remaining, outcome.retention) if _has_gdpr_routes(merchant) else [],
        "routes": _list_routes(merchant, today),
        "rights_laws": [law.title for law in list_laws_in_force(today, outcome.retention) if law.id in RIGHTS_LAWS],
        "keeping_laws": list(dict.fromkeys(law for row in remaining for law in row.laws)),
    }


def find_headline_code(certificate: Mapping[str, Any]) -> str:
    """Return the code of the answer: `merged`, or an outcome that letters have a headline for."""
    if is_merged_away(certificate):
        return "merged"
    is_open = certificate["outcome"] == "erased" and not all(map(is_gone_at_platform, list_polls(certificate)))
    known = certificate["outcome"] in HEADLINE_OUTCOMES and not is_open
    return str(certificate["outcome"]) if known else "erased_here_others_must_answer"


def _find_reason(certificate: Mapping[str, Any]) -> str:
    unsearched = certificate.get("not_searched", ())
    return str(unsearched[0]["reason"]) if unsearched else ""


def _has_gdpr_routes(merchant: Merchant) -> bool:
    return any(key.upper() in GDPR_REGIMES for key in merchant.complaint_route)


def _describe_gdpr_grounds(remaining: Sequence[RemainingRow], retention: Retention) -> list[dict[str, str]]:
    """Return what laws of India keep by the article that the GDPR has for it: `why`, `article` ('' for none), `what`."""
    subjects: dict[str, list[str]] = {}
    for row in remaining:
        holds = [retention.holds[ground] for ground in row.grounds if ground in retention.holds]
        articles = [hold.gdpr_ground for hold in holds if hold.gdpr_ground in GDPR_REASONS]
        if holds:
            subjects.setdefault(articles[0] if articles else "", []).append(row.what)
    return [
        {"why": GDPR_REASONS.get(article, NO_GDPR_REASON), "article": article, "what": "; ".join(what)}
        for article, what in subjects.items()
    ]


def _list_routes(merchant: Merchant, day: date) -> list[str]:
    """Return the routes of India, then those of each other region with its name in front."""

    def list_codes(*regimes: str) -> Collection[str]:
        return list_complaint_routes(merchant.complaint_route, day=day, regimes=regimes)

    home = list_codes(*HOME_REGIMES)
    routes = [describe_code(code, COMPLAINT_ROUTE_SENTENCES) for code in home]
    for regime, prefix in REGION_PREFIXES.items():
        routes += [
            prefix + describe_code(code, COMPLAINT_ROUTE_SENTENCES) for code in list_codes(regime) if code not in home
        ]
    return list(dict.fromkeys(routes))
