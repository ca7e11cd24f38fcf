"""Compare how long two retention files keep each category; the result is plain enough to be stored.

Pure. In doubt a change counts as a shorter retention: whoever accepts it has seen it. What a file says of the merchant
is not compared by these functions; where it moves the days of sealed documents, that is seen order by order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from config.retention_file.retention import Category, Retention

MaxAges = Mapping[str, Any]
"""By category: `max_age`, `max_age_failed`, and `holds`, each with what its last day is computed from. JSON-ready."""

WEBHOOK_BODY_AGE, ACCESS_PACKAGE_AGE = ("webhook_payload", "max_age_failed"), ("access_package", "max_age")
DEFAULT_EXPIRY_DAYS = {WEBHOOK_BODY_AGE: 90, ACCESS_PACKAGE_AGE: 14}  # days, where a file does not say
_RELEASED_BY_OPS_RULE = "until_released_by_ops"  # its argument is the days until the next review
_SHORTEST_MONTH_DAYS, _LONGEST_MONTH_DAYS = 28, 31
_NO_END_DATE = "9999-12-31"


@dataclass(frozen=True, kw_only=True, slots=True)
class ShortenedRetention:
    """One age or hold that ends earlier, or may: in the accepted file, and in the loaded one."""

    category: str
    what: str
    old: str
    new: str


def collect_max_ages(retention: Retention) -> dict[str, Any]:
    """Return what the file says of each category's ages."""
    return {category.id: _describe_category_ages(category, retention) for category in retention.categories.values()}


def find_expiry_days(max_ages: Iterable[MaxAges], age_key: tuple[str, str]) -> int:
    """Return the longest of these files' ages in days; a file without the age has the default."""
    category, name = age_key
    days = [ages.get(category, {}).get(name, {}).get("days") for ages in max_ages]
    return max(each if isinstance(each, int) and each > 0 else DEFAULT_EXPIRY_DAYS[age_key] for each in days)


def find_shortened_retention(accepted: MaxAges, loaded: MaxAges) -> list[ShortenedRetention]:
    """Return what ends earlier under the second file. A category that is not there any more does not expire."""
    shortened = []
    for category in sorted(accepted):
        old, new = accepted[category], loaded.get(category)
        if new is not None:
            age_change = _get_effective_age(old), _get_effective_age(new)
            if _is_age_shorter(*age_change):
                shortened.append(_build_age_change(category, "max_age", *age_change))
            for ground, hold in sorted(old["holds"].items()):
                if ground not in new["holds"] or _is_hold_weaker(hold, new["holds"][ground]):
                    texts = (_format_hold_rule(hold), _format_hold_rule(new["holds"].get(ground, {})))
                    shortened.append(ShortenedRetention(category=category, what=ground, old=texts[0], new=texts[1]))
    for category, name in DEFAULT_EXPIRY_DAYS:
        days = [find_expiry_days([ages], (category, name)) for ages in (accepted, loaded)]
        if days[1] < days[0] and (category, name) not in {(one.category, one.what) for one in shortened}:
            shortened.append(_build_age_change(category, name, {"days": days[0]}, {"days": days[1]}))
    return shortened


def _describe_category_ages(category: Category, retention: Retention) -> dict[str, Any]:
    grounds = [*category.holds, *({f"category.{category.id}"} & set(retention.broken))]
    return {
        "max_age": _extract_age_units(category.max_age),
        "max_age_failed": _extract_age_units(category.max_age_failed),
        "holds": {ground: _describe_hold_rule(ground, retention) for ground in grounds},
    }


def _extract_age_units(age: Mapping[str, Any]) -> dict[str, int]:
    return {unit: age[unit] for unit in ("months", "days") if unit in age}


def _describe_hold_rule(ground: str, retention: Retention) -> dict[str, Any] | None:
    """Return what the last day is computed from; None where it cannot be read, which holds for ever."""
    rule = retention.holds.get(ground)
    law = retention.laws.get(rule.law) if rule else None
    if rule is None or law is None:
        return None
    extension = rule.extend_until
    return {
        "rule": rule.last_day_rule,
        "args": {} if rule.last_day_rule == _RELEASED_BY_OPS_RULE else dict(rule.args),
        "from_event": rule.from_event,
        "opened_by": rule.opened_by,
        "extend_if": rule.extend_if,
        "extend_until": [extension.event, extension.opened_by] if extension else [],
        "extend_months": extension.months if extension else 0,
        "statutory": rule.statutory,
        "gives_way": rule.eu_conflict if not rule.gdpr_ground else "",
        "applies_if": {fact: list(allowed) for fact, allowed in law.applies_if.items()},
        "law_from": law.in_force_from.isoformat(),
        "law_to": law.in_force_to.isoformat() if law.in_force_to else _NO_END_DATE,
    }


def _get_effective_age(ages: Mapping[str, Any]) -> Mapping[str, int] | None:
    """Return the age; {} where the holds decide alone, None where there are none either and nothing expires."""
    return ages["max_age"] or ({} if ages["holds"] else None)


def _is_age_shorter(accepted: Mapping[str, int] | None, loaded: Mapping[str, int] | None) -> bool:
    if accepted is None or loaded is None:
        return loaded is not None
    if all(loaded.get(unit, 0) >= accepted.get(unit, 0) for unit in ("months", "days")):
        return False
    least = loaded.get("months", 0) * _SHORTEST_MONTH_DAYS + loaded.get("days", 0)
    return least < accepted.get("months", 0) * _LONGEST_MONTH_DAYS + accepted.get("days", 0)


def _is_hold_weaker(accepted: Mapping[str, Any] | None, loaded: Mapping[str, Any] | None) -> bool:
    """Return True where the hold may end earlier, or hold less, than before."""
    if accepted is None or loaded is None:
        return loaded is not None
    spans = accepted["args"].keys() | loaded["args"].keys()
    return (
        accepted["rule"] != loaded["rule"]
        or accepted["from_event"] != loaded["from_event"]
        or any(loaded["args"].get(name, 0) < accepted["args"].get(name, 0) for name in spans)
        or any(accepted[name] and loaded[name] != accepted[name] for name in ("opened_by", "extend_if", "extend_until"))
        or loaded["extend_months"] < accepted["extend_months"]
        or (accepted["statutory"] and not loaded["statutory"])
        or (loaded["gives_way"] == "erase" != accepted["gives_way"])
        or (bool(loaded["applies_if"]) and loaded["applies_if"] != accepted["applies_if"])
        or loaded["law_from"] > accepted["law_from"]
        or loaded["law_to"] < accepted["law_to"]
    )


def _build_age_change(
    category: str, what: str, old: Mapping[str, int] | None, new: Mapping[str, int] | None
) -> ShortenedRetention:
    return ShortenedRetention(category=category, what=what, old=_format_max_age(old), new=_format_max_age(new))


def _format_max_age(span: Mapping[str, int] | None) -> str:
    if span is None:
        return "never"
    return " ".join(f"{count} {unit}" for unit, count in span.items()) or "with its holds"


def _format_hold_rule(hold: Mapping[str, Any] | None) -> str:
    """Return the hold in a few words; {} is a hold that is not there."""
    if not hold:
        return "for ever" if hold is None else "removed"
    words = [hold["rule"], *(str(value) for value in hold["args"].values())]
    return " ".join(words) + (f", law until {hold['law_to']}" if hold["law_to"] != _NO_END_DATE else "")
