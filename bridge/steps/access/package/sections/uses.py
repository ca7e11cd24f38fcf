"""Put into words why data is held, what is done with it, where it comes from, which consents and decisions there are.

Pure. Purposes come from the retention file, the rest from `[access]` of the merchant's file and from the records: what
neither states is printed as 'not stated', never guessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo
from typing import Any

from bridge.steps.access.package import plain_language
from bridge.steps.access.package.plain_language import describe_code
from bridge.steps.access.package.sections.statistics import PackageStatistics
from bridge.steps.access.package.sections.summary import is_consent_outdated, list_activities, list_purposes
from bridge.steps.access.package.text import NOT_STATED, format_count, format_long_date, parse_local_date
from config.merchant_file.access_rules import NO_DECISIONS
from config.merchant_file.merchant import Merchant
from config.retention_file.retention import Retention


def build_uses(merchant: Merchant, retention: Retention, statistics: PackageStatistics) -> Mapping[str, Any]:
    """Return the template values `uses`, `consents`, `no_consent`, `decisions` and `decisions_stated`."""
    has_data = bool(statistics.found_count)
    return {
        "uses": [
            {
                "title": describe_code(category.id, {category.id: category.title} | plain_language.CATEGORY_PHRASES),
                "purposes": "; ".join(purpose["in_words"] for purpose in list_purposes(category, retention)),
                "activities": "; ".join(list_activities(category, merchant, statistics)),
                "source": merchant.access.source.get(category.id) or NOT_STATED,
            }
            for category in retention.categories.values()
            if category.id in statistics.tallies_by_category
        ],
        "consents": [_describe_consent(consent, retention, statistics.zone) for consent in statistics.consents],
        "no_consent": bool(statistics.records_by_kind["customer"]) and not statistics.consents,
        "decisions": _build_decision_values(merchant, statistics) if has_data else [],
        "decisions_stated": _describe_decisions(merchant) if has_data else "",
    }


def _describe_consent(consent: Mapping[str, str], retention: Retention, zone: tzinfo) -> str:
    channel = describe_code(consent["channel"], plain_language.CHANNEL_NAMES)
    state = describe_code(consent["state"], plain_language.CONSENT_STATE_PHRASES)
    day = parse_local_date(consent["at"], zone)
    method = describe_code(consent["method"], plain_language.CONSENT_METHOD_PHRASES)
    particulars = (f"last changed on {format_long_date(day)}" if day else "", method)
    outdated = " " + plain_language.OUTDATED_CONSENT_SENTENCE if is_consent_outdated(consent, retention, zone) else ""
    return "; ".join(filter(None, (f"{channel}: {state}", *particulars))) + "." + outdated


def _build_decision_values(merchant: Merchant, statistics: PackageStatistics) -> list[Mapping[str, str]]:
    scored = statistics.scored_order_count
    return [
        {
            "about": decision.about,
            "logic": decision.logic,
            "inputs": ", ".join(decision.inputs),
            "effect": decision.effect,
            "human_review": decision.human_review,
            "marks": f"{format_count(scored, 'order')} of yours {'carries' if scored == 1 else 'carry'} a mark about risk."
            if decision.purpose == plain_language.RISK_PURPOSE_ID and scored
            else "",
        }
        for decision in merchant.access.decisions
    ]


def _describe_decisions(merchant: Merchant) -> str:
    """Return the sentence for a merchant who describes no decision; '' where there are descriptions."""
    if merchant.access.decisions:
        return ""
    if merchant.access.automated_decisions == NO_DECISIONS:
        return "No program makes or prepares a decision about you."
    return f"Whether a program makes or prepares decisions about you is {NOT_STATED}."
