"""Explain how long each category is kept and why, with the laws in force that day (`04_retention.json`).

Puts the rules of the retention file into sentences. Never decides that a record may be erased: `rules/retention`
does, for each record at the time of the erasure.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from bridge.rules.erasure.platform_fields import APP_WRITTEN_FIELDS, PLATFORM_FIELD_PREFIXES, find_residue_kind
from bridge.rules.retention.citations import list_hold_citations
from bridge.rules.retention.holds import UNREADABLE_RULE_CITATION, is_hold_applicable
from bridge.rules.retention.retention_registry import CATEGORY_REGISTRY, StoredCategory
from bridge.steps.access.package import plain_language
from bridge.steps.access.package.sections.recipients import HOME_COUNTRY
from bridge.steps.access.package.sections.statistics import PackageStatistics
from bridge.steps.access.package.text import format_count, format_long_date
from config.retention_file.gdpr_bases import GDPR_REGIMES
from config.retention_file.retention import Category, Retention, RetentionRule

_DURATION_UNITS = ("days", "months", "years")


def build_retention_section(
    retention: Retention, statistics: PackageStatistics, day: date, regimes: Collection[str]
) -> Mapping[str, Any]:
    """Return the body of `04_retention.json`."""
    return {
        "valid_on": day.isoformat(),
        "approved_by_counsel": bool(retention.reviewed_by),
        "categories": [
            {
                "category": category.id,
                "title": category.title,
                "records": statistics.count_category_records(category.id),
                "when_you_ask_for_erasure": describe_category_retention(category, retention, day, regimes),
                "longest_time_without_a_request": describe_end_without_request(category, retention, day, regimes),
                "fields_kept_longer": list(category.keep_fields),
                "held_by": [
                    _build_hold_json(retention, hold, category, day, regimes)
                    for hold in _list_binding_holds(category, retention, day, regimes)
                ],
            }
            for category in retention.categories.values()
        ],
        "rules_that_could_not_be_read": list(retention.broken),
    }


def list_retention_laws(
    categories: Iterable[Category], retention: Retention, day: date, regimes: Collection[str]
) -> tuple[str, ...]:
    """Return what to quote for the holds of these categories on that day, each law once: none that is not in force."""
    rules = [
        retention.holds[hold]
        for category in categories
        for hold in _list_binding_holds(category, retention, day, regimes)
        if hold in retention.holds
    ]
    return tuple(dict.fromkeys(text for rule in rules for text in list_hold_citations(rule, day, retention)))


def describe_gdpr_grounds(
    categories: Iterable[Category], retention: Retention, day: date, regimes: Collection[str]
) -> list[Mapping[str, str]]:
    """Return what laws of India keep of a person in Europe, by the ground that the GDPR has for it: `why`, `what`."""
    if set(GDPR_REGIMES).isdisjoint(regimes):
        return []
    titles: dict[str, list[str]] = {}
    for category in categories:
        for hold in _list_binding_holds(category, retention, day, regimes):
            rule = retention.holds.get(hold)
            law = retention.laws.get(rule.law) if rule else None
            if rule and law and law.jurisdiction == HOME_COUNTRY:
                why = plain_language.GDPR_REASONS.get(rule.gdpr_ground, plain_language.NO_GDPR_REASON)
                titles.setdefault(why, []).append(plain_language.CATEGORY_PHRASES.get(category.id, category.title))
    return [{"why": why, "what": "; ".join(dict.fromkeys(what))} for why, what in titles.items()]


def describe_category_retention(category: Category, retention: Retention, day: date, regimes: Collection[str]) -> str:
    """Return what happens to the category after a request for erasure, in words: what the plan of an erasure does."""
    residue = _describe_platform_residue(category, retention)
    if residue == plain_language.PLATFORM_RESIDUE_SENTENCES["all"]:
        return residue
    action = plain_language.describe_code(category.on_request, plain_language.RETENTION_ACTION_PHRASES)
    ends = _describe_ends(category, retention, day, regimes)
    latest = " The latest of these counts." if len(ends) > 1 else ""
    if not ends:
        text = f"{action[:1].upper()}{action[1:]}."
    elif category.held_action == "evidence" and not _is_stored_here(category):
        # the platform erases it at once; what stays is the proof that it did
        text = f"It is erased. What was asked and done stays on record {'; '.join(ends)}.{latest}"
    else:
        held_action = plain_language.describe_code(category.held_action, plain_language.HELD_ACTION_PHRASES)
        after = "it is destroyed" if category.on_request == "keep" and _is_stored_here(category) else action
        text = f"{held_action} {'; '.join(ends)}.{latest} Then {after}."
    return f"{text} {residue}".strip()


def describe_end_without_request(category: Category, retention: Retention, day: date, regimes: Collection[str]) -> str:
    """Return how long the category stays where nobody asks for erasure, in words: only ends that the bridge brings about.

    An age in the file counts for what the bridge stores itself; what the shop's systems hold expires by no program.
    """
    ends = _describe_ends(category, retention, day, regimes)
    if _is_stored_here(category) and (category.max_age or ends):
        duration = describe_max_age(category)
        return " or, if that is later, ".join(filter(None, (duration, "; ".join(ends))))
    if category.rests_on_consent:
        return plain_language.CONSENT_ENDS_PHRASE
    rules = [retention.holds.get(hold) for hold in _list_binding_holds(category, retention, day, regimes)]
    if any(rule is None or rule.statutory for rule in rules):
        return "as long as the law demands, and then until you ask us to erase it"
    if _describe_platform_residue(category, retention) == plain_language.PLATFORM_RESIDUE_SENTENCES["all"]:
        return "no day is set"
    return "until you ask us to erase it; no day is set"


def _is_stored_here(category: Category) -> bool:
    return isinstance(CATEGORY_REGISTRY.get(category.id), StoredCategory)


def _describe_platform_residue(category: Category, retention: Retention) -> str:
    """Return what the platform's own erasure leaves of the category, in words; '' where that is nothing."""
    fields = [name for name in category.fields if name.startswith(PLATFORM_FIELD_PREFIXES)]
    left = [name for name in fields if _stays_at_platform(name, retention)]
    return plain_language.PLATFORM_RESIDUE_SENTENCES["all" if left == fields else "some"] if left else ""


def _stays_at_platform(name: str, retention: Retention) -> bool:
    kind = find_residue_kind(name)
    return name in APP_WRITTEN_FIELDS if kind is None else not retention.residue.removes_kind(kind)


def _describe_ends(category: Category, retention: Retention, day: date, regimes: Collection[str]) -> list[str]:
    hold_ids = _list_binding_holds(category, retention, day, regimes)
    return _describe_longest_rules([retention.holds.get(hold) for hold in hold_ids])


def _describe_longest_rules(rules: Sequence[RetentionRule | None]) -> list[str]:
    """Return the rules in words; of those that count alike from the same event only the longest."""
    longest: dict[object, RetentionRule | None] = {}
    for rule in rules:
        key = (rule.last_day_rule, rule.from_event, tuple(rule.args)) if rule else None
        known = longest.get(key)
        if rule is None or known is None or tuple(rule.args.values()) > tuple(known.args.values()):
            longest[key] = rule
    return [describe_hold_rule(rule) for rule in longest.values()]


def describe_own_last_days(counts: Mapping[date, int]) -> str:
    """Return until which days records of the data subject are kept, the first day first; '' where none is known."""
    days = [f"{count} until {format_long_date(day)}" for day, count in sorted(counts.items())]
    return f"Yours: {', '.join(days)}." if days else ""


def describe_max_age(category: Category) -> str:
    """Return the maximum age of the category without a request, in words; empty if none is set."""
    duration = _describe_duration(category.max_age)
    event = str(category.max_age.get("event", ""))
    event_phrase = plain_language.describe_code(event, plain_language.RETENTION_EVENT_PHRASES)
    return f"at most {duration} after {event_phrase}" if duration else ""


def describe_hold_rule(hold_rule: RetentionRule | None) -> str:
    """Return the rule of a hold as the end of the sentence 'we keep it: …'."""
    if hold_rule is None:
        return "until a rule that cannot be read has been looked at"
    duration = _describe_duration(hold_rule.args)
    event = plain_language.describe_code(hold_rule.from_event, plain_language.RETENTION_EVENT_PHRASES)
    if hold_rule.last_day_rule in plain_language.LAST_DAY_RULE_PHRASES:
        return plain_language.LAST_DAY_RULE_PHRASES[hold_rule.last_day_rule].format(duration=duration)
    return f"until {duration} after {event}" if duration else f"until {hold_rule.last_day_rule.replace('_', ' ')}"


def _describe_duration(durations: Mapping[str, Any]) -> str:
    counted_units = [unit for unit in _DURATION_UNITS if isinstance(durations.get(unit), int)]
    return " and ".join(format_count(durations[unit], unit[:-1]) for unit in counted_units)


def _list_binding_holds(category: Category, retention: Retention, day: date, regimes: Collection[str]) -> list[str]:
    """Return the holds that apply to this data subject on that day; an unreadable rule applies."""
    return [
        hold for hold in category.holds if is_hold_applicable(hold, today=day, retention=retention, regimes=regimes)
    ]


def _build_hold_json(
    retention: Retention, hold_id: str, category: Category, day: date, regimes: Collection[str]
) -> Mapping[str, Any]:
    hold = retention.holds.get(hold_id)
    citations = list_hold_citations(hold, day, retention) if hold else ()
    hold_json = {
        "hold": hold_id,
        "rule": describe_hold_rule(hold),
        "law": "; ".join(citations) or UNREADABLE_RULE_CITATION,
        "in_force": True,  # a hold whose law is not in force is not among the binding ones
        "meanwhile": plain_language.describe_code(category.held_action, plain_language.RETENTION_ACTION_PHRASES),
    }
    if not set(GDPR_REGIMES).isdisjoint(regimes):  # discloses an empty ground if the law is none under the GDPR
        hold_json["gdpr_ground"] = hold.gdpr_ground if hold else ""
    return hold_json
