"""How long a retention file lets each category rest: plain enough to be stored, and compared with another file.

Pure. In doubt a change counts as nearer: whoever accepts it has seen it. What a file says of the merchant is not
compared here; where it moves the days of sealed documents, that is seen order by order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from config.retention_file.retention import Category, Retention

Ages = Mapping[str, Any]
"""By category: `max_age`, `max_age_failed`, and `holds`, each with what its last day is computed from. JSON-ready."""

BODIES, PACKAGES = ("webhook_payload", "max_age_failed"), ("access_package", "max_age")
PURGED = {BODIES: 90, PACKAGES: 14}  # days, where a file does not say
_BY_HAND = "until_released_by_ops"  # its argument is when to look again
_SHORTEST_MONTH, _LONGEST_MONTH = 28, 31
_NEVER = "9999-12-31"


@dataclass(frozen=True, kw_only=True, slots=True)
class Nearer:
    """One age or hold that lets a category go earlier, or may: as the accepted file has it, as the loaded one."""

    category: str
    what: str
    old: str
    new: str


def ages_of(retention: Retention) -> dict[str, Any]:
    """What the file says of each category's ages."""
    return {category.id: _category(category, retention) for category in retention.categories.values()}


def purge_days(files: Iterable[Ages], what: tuple[str, str]) -> int:
    """The longest of these files' ages in days, for what a purge destroys; a file that does not say has the default."""
    category, name = what
    days = [ages.get(category, {}).get(name, {}).get("days") for ages in files]
    return max(each if isinstance(each, int) and each > 0 else PURGED[what] for each in days)


def nearer(was: Ages, now: Ages) -> list[Nearer]:
    """What goes earlier under the second file. A category that is not there any more does not age."""
    found = []
    for category in sorted(was):
        old, new = was[category], now.get(category)
        if new is not None:
            if _shorter(_span(old), _span(new)):
                found.append(_changed(category, "max_age", _span(old), _span(new)))
            for ground, hold in sorted(old["holds"].items()):
                if ground not in new["holds"] or _lets_go(hold, new["holds"][ground]):
                    words = (_hold_words(hold), _hold_words(new["holds"].get(ground, {})))
                    found.append(Nearer(category=category, what=ground, old=words[0], new=words[1]))
    for category, name in PURGED:
        days = [purge_days([ages], (category, name)) for ages in (was, now)]
        if days[1] < days[0] and (category, name) not in {(one.category, one.what) for one in found}:
            found.append(_changed(category, name, {"days": days[0]}, {"days": days[1]}))
    return found


def _category(category: Category, retention: Retention) -> dict[str, Any]:
    grounds = [*category.holds, *({f"category.{category.id}"} & set(retention.broken))]
    return {
        "max_age": _plain(category.max_age),
        "max_age_failed": _plain(category.max_age_failed),
        "holds": {ground: _hold(ground, retention) for ground in grounds},
    }


def _plain(age: Mapping[str, Any]) -> dict[str, int]:
    return {unit: age[unit] for unit in ("months", "days") if unit in age}


def _hold(ground: str, retention: Retention) -> dict[str, Any] | None:
    """What its last day is computed from; None where it cannot be read: then it holds for ever."""
    rule = retention.holds.get(ground)
    law = retention.laws.get(rule.law) if rule else None
    if rule is None or law is None:
        return None
    more = rule.extend_until
    return {
        "rule": rule.last_day_rule,
        "args": {} if rule.last_day_rule == _BY_HAND else dict(rule.args),
        "from_event": rule.from_event,
        "opened_by": rule.opened_by,
        "extend_if": rule.extend_if,
        "extend_until": [more.event, more.opened_by] if more else [],
        "extend_months": more.months if more else 0,
        "statutory": rule.statutory,
        "gives_way": rule.eu_conflict if not rule.gdpr_ground else "",
        "applies_if": {fact: list(allowed) for fact, allowed in law.applies_if.items()},
        "law_from": law.in_force_from.isoformat(),
        "law_to": law.in_force_to.isoformat() if law.in_force_to else _NEVER,
    }


def _span(ages: Mapping[str, Any]) -> Mapping[str, int] | None:
    """The age; none with holds is over with them, and without either nothing ages (None)."""
    return ages["max_age"] or ({} if ages["holds"] else None)


def _shorter(was: Mapping[str, int] | None, now: Mapping[str, int] | None) -> bool:
    if was is None or now is None:
        return now is not None
    if all(now.get(unit, 0) >= was.get(unit, 0) for unit in ("months", "days")):
        return False
    least = now.get("months", 0) * _SHORTEST_MONTH + now.get("days", 0)
    return least < was.get("months", 0) * _LONGEST_MONTH + was.get("days", 0)


def _lets_go(was: Mapping[str, Any] | None, now: Mapping[str, Any] | None) -> bool:
    """True where the hold may end earlier, or hold less, than before."""
    if was is None or now is None:
        return now is not None
    spans = was["args"].keys() | now["args"].keys()
    return (
        was["rule"] != now["rule"]
        or was["from_event"] != now["from_event"]
        or any(now["args"].get(name, 0) < was["args"].get(name, 0) for name in spans)
        or any(was[name] and now[name] != was[name] for name in ("opened_by", "extend_if", "extend_until"))
        or now["extend_months"] < was["extend_months"]
        or (was["statutory"] and not now["statutory"])
        or (now["gives_way"] == "erase" != was["gives_way"])
        or (bool(now["applies_if"]) and now["applies_if"] != was["applies_if"])
        or now["law_from"] > was["law_from"]
        or now["law_to"] < was["law_to"]
    )


def _changed(
    category: str, what: str, old: Mapping[str, int] | None, new: Mapping[str, int] | None
) -> Nearer:
    return Nearer(category=category, what=what, old=_span_words(old), new=_span_words(new))


def _span_words(span: Mapping[str, int] | None) -> str:
    if span is None:
        return "never"
    return " ".join(f"{count} {unit}" for unit, count in span.items()) or "with its holds"


def _hold_words(hold: Mapping[str, Any] | None) -> str:
    """The hold in a few words; {} is a hold that is not there."""
    if not hold:
        return "for ever" if hold is None else "removed"
    words = [hold["rule"], *(str(value) for value in hold["args"].values())]
    return " ".join(words) + (f", law until {hold['law_to']}" if hold["law_to"] != _NEVER else "")
