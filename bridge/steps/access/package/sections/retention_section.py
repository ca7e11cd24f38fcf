"""How long each category is kept and why, in plain words, with the laws of that day (`04_retention`).

Reads the retention file's rules and puts them into sentences. Never decides that something may go: that is
`rules/retention`, at the moment of erasure and for the single record.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bridge.rules.retention.holds import binds
from bridge.steps.access.package import plain_language
from bridge.steps.access.package.sections.statistics import Survey, Tally
from bridge.steps.access.package.text import plural
from config.retention_file.gdpr_bases import REGIMES

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import date

    from config.retention_file.retention import Category, HoldRule, Retention

_UNITS = ("days", "months", "years")


def document(retention: Retention, survey: Survey, on: date, regimes: Collection[str]) -> Mapping[str, Any]:
    """Make the body of `04_retention.json`."""
    return {
        "valid_on": on.isoformat(),
        "approved_by_counsel": bool(retention.reviewed_by),
        "categories": [
            {
                "category": category.id,
                "title": category.title,
                "records": survey.categories.get(category.id, Tally()).records,
                "when_you_ask_for_erasure": sentence(category, retention, on, regimes),
                "longest_time_without_a_request": longest(category),
                "fields_kept_longer": list(category.keep_fields),
                "held_by": [
                    _hold(retention, hold, category, on, regimes)
                    for hold in _binding(category, retention, on, regimes)
                ],
            }
            for category in retention.categories.values()
        ],
        "rules_that_could_not_be_read": list(retention.broken),
    }


def laws_of(retention: Retention, on: date, regimes: Collection[str]) -> tuple[str, ...]:
    """Titles of the laws behind all holds that apply on that day, in the order of the file."""
    used = {
        retention.holds[hold].law
        for category in retention.categories.values()
        for hold in _binding(category, retention, on, regimes)
        if hold in retention.holds
    }
    return tuple(law.title for law in retention.laws.values() if law.id in used)


def sentence(category: Category, retention: Retention, on: date, regimes: Collection[str]) -> str:
    """Say what happens to the category when the person asks for erasure."""
    now = plain_language.plain(category.on_request, plain_language.ACTIONS)
    holding = _binding(category, retention, on, regimes)
    if not holding:
        return f"When you ask, {now}."
    until = "; ".join(rule_in_words(retention.holds.get(hold)) for hold in holding)
    held = plain_language.plain(category.held_action, plain_language.ACTIONS)
    latest = " The latest of these counts." if len(holding) > 1 else ""
    return f"When nothing stands against it, {now}. Before that, {held}: {until}.{latest}"


def longest(category: Category) -> str:
    """Say the longest time the category is kept without anybody asking; empty where none is set."""
    span = _span(category.max_age)
    event = category.max_age.get("event", "")
    return f"at most {span} after {plain_language.plain(str(event), plain_language.EVENTS)}" if span else ""


def rule_in_words(hold: HoldRule | None) -> str:
    """Say a hold's rule as the end of 'we keep it: …'."""
    if hold is None:
        return "until a rule that cannot be read has been looked at"
    span, event = _span(hold.args), plain_language.plain(hold.from_event, plain_language.EVENTS)
    if hold.last_day_rule == "gst_annual_return_due_plus_months":
        return f"until {span} after the yearly tax return for the year of the invoice is due"
    if hold.last_day_rule == "fy_end_plus_years":
        return f"until {span} after the end of the financial year of the invoice"
    if hold.last_day_rule == "contract_discharged":
        return "until the order is delivered and the time for returns and warranty is over"
    if hold.last_day_rule == "until_released_by_ops":
        return "while a dispute or claim is open; we look again at fixed times whether it still is"
    return f"until {span} after {event}" if span else f"until {hold.last_day_rule.replace('_', ' ')}"


def _span(args: Mapping[str, Any]) -> str:
    parts = [plural(args[unit], unit[:-1]) for unit in _UNITS if isinstance(args.get(unit), int)]
    return " and ".join(parts)


def _binding(category: Category, retention: Retention, on: date, regimes: Collection[str]) -> list[str]:
    """Holds whose law binds this merchant and this person on that day; a broken rule does."""
    return [hold for hold in category.holds if binds(hold, today=on, retention=retention, regimes=regimes)]


def _hold(
    retention: Retention, hold_id: str, category: Category, on: date, regimes: Collection[str]
) -> Mapping[str, Any]:
    hold = retention.holds.get(hold_id)
    law = retention.laws.get(hold.law) if hold else None
    told = {
        "hold": hold_id,
        "rule": rule_in_words(hold),
        "law": law.title if law else "not readable in the retention file",
        "in_force": law is None or law.in_force(on),
        "meanwhile": plain_language.plain(category.held_action, plain_language.ACTIONS),
    }
    if not set(REGIMES).isdisjoint(regimes):  # a law that is no ground of the GDPR is disclosed as such
        told["gdpr_ground"] = hold.gdpr_ground if hold else ""
    return told
