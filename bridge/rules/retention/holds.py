"""Decide which law keeps which data, until which day, and from which day on it may be erased.

Reads no clock and no table: today, the events and the retention file are given. Never evaluates an
expression from a file: rules for the last day are functions with names (`statutory_last_days.py`). Never releases in
doubt: a rule that cannot be read, an event that is missing and a fact that nobody decided all hold.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from bridge.rules.retention.citations import is_law_applicable, list_hold_citations
from bridge.rules.retention.statutory_last_days import (
    CONTRACT_LENGTH_FIELDS,
    CONTRACT_RULE,
    compute_erasable_from,
    compute_last_day,
)
from config.retention_file.gdpr_bases import ERASE_ON_CONFLICT, GDPR_REGIMES

if TYPE_CHECKING:
    from config.retention_file.retention_model import Category, Law, Retention, RetentionRule

ALWAYS_OPEN = "always"
UNREADABLE_RULE_CITATION = "the rule in the retention file could not be read: it holds until it is mended"
LEGAL_FORM_FIELD, REVIEWED_ON_FIELD = "merchant.legal_entity_type", "reviewed_on"
HOME_REGIMES = ("IN",)  # the regimes of a data subject without a known address abroad


class RetentionHoldState(StrEnum):
    """The effect of a hold on a day: only `holds` keeps anything."""

    HOLDS = "holds"
    OVER = "over"
    NOT_STARTED = "nothing_began"
    NOT_IN_FORCE = "not_in_force"
    LAW_NOT_APPLICABLE = "not_bound"
    YIELDS_TO_GDPR = "gives_way"


@dataclass(frozen=True, kw_only=True, slots=True)
class RetentionHold:
    """One ground to keep data: the rule's id, its law, what to quote, and the days.

    `last_day` None means that nobody can say yet. `release_needs` names what must be decided before anything
    is released, even after the last day. For people in the EU or the United Kingdom `gdpr_ground` is the article that
    keeps their data; where there is none, they must be informed (`must_disclose`).
    """

    ground: str
    citation: str
    law: str = ""
    last_day: date | None = None
    erasable_from: date | None = None
    release_needs: tuple[str, ...] = ()
    gdpr_ground: str = ""
    must_disclose: bool = False


def find_retention_holds(
    category: Category,
    *,
    events: Mapping[str, datetime],
    today: date,
    retention: Retention,
    regimes: Collection[str] = HOME_REGIMES,
) -> list[RetentionHold]:
    """Return every ground that keeps this category on that day, the longest first; an empty list releases it.

    `events` maps event names of the file (`document_issued_at`, `delivered_at`, …) to the latest moment over
    all linked documents: a credit note of the next year keeps its invoice too. A law counts between its days
    in force and for the merchants it applies to; an undecided legal form counts as the longest. Statutory
    holds outlive their last day until the legal form is known and the file was reviewed. `regimes` are those of
    the data subject: one more never adds a hold.
    """
    holds = []
    for ground in category.holds:
        state, hold = evaluate_retention_hold(ground, events=events, today=today, retention=retention, regimes=regimes)
        if state is RetentionHoldState.HOLDS:
            holds.append(hold)
    if (ground := f"category.{category.id}") in retention.broken:
        holds.append(RetentionHold(ground=ground, citation=UNREADABLE_RULE_CITATION))
    return sorted(holds, key=lambda hold: hold.last_day or date.max, reverse=True)


def evaluate_retention_hold(
    ground: str,
    *,
    events: Mapping[str, datetime],
    today: date,
    retention: Retention,
    regimes: Collection[str] = HOME_REGIMES,
) -> tuple[RetentionHoldState, RetentionHold]:
    """Return what one hold does on that day, with its days where it has begun. See `find_retention_holds`."""
    rule = retention.holds.get(ground)
    law = retention.laws.get(rule.law) if rule else None
    if rule is None or law is None:
        return RetentionHoldState.HOLDS, RetentionHold(ground=ground, citation=UNREADABLE_RULE_CITATION)
    has_begun, under_gdpr = _has_hold_begun(rule, events), not set(GDPR_REGIMES).isdisjoint(regimes)
    last_day = _compute_hold_last_day(rule, events, retention) if has_begun else None
    hold = RetentionHold(
        ground=ground,
        law=law.id,
        citation="; ".join(list_hold_citations(rule, today, retention)),
        last_day=last_day,
        erasable_from=compute_erasable_from(last_day),
        release_needs=list_release_needs(rule, retention),
        gdpr_ground=rule.gdpr_ground if under_gdpr else "",
        must_disclose=under_gdpr and not rule.gdpr_ground,
    )
    if (inapplicable := _find_inapplicable_state(rule, law, today, retention, regimes)) is not None:
        return inapplicable, hold
    if not has_begun:
        return RetentionHoldState.NOT_STARTED, hold
    is_over = hold.erasable_from is not None and today >= hold.erasable_from and not hold.release_needs
    return (RetentionHoldState.OVER if is_over else RetentionHoldState.HOLDS), hold


def find_erasable_from(
    list_holds: Callable[[date], Sequence[RetentionHold]], *, today: date, retention: Retention
) -> date | None:
    """Return the first day from today on which nothing holds: duties end, laws are repealed and begin.

    `list_holds` returns what holds on a day. None where nobody can say yet.
    """
    day = today
    while holds := list_holds(day):
        ends = [_find_hold_end(hold, retention) for hold in holds]
        if None in ends:
            return None
        day = max(end for end in ends if end)
    return day


def _find_hold_end(hold: RetentionHold, retention: Retention) -> date | None:
    """Return the first day without this hold: its own, or the one after its law's last."""
    law = retention.laws.get(hold.law)
    ends = [] if hold.release_needs or hold.erasable_from is None else [hold.erasable_from]
    if law is not None and law.in_force_to is not None:
        ends.append(law.in_force_to + timedelta(days=1))
    return min(ends, default=None)


def is_hold_applicable(
    ground: str, *, today: date, retention: Retention, regimes: Collection[str] = HOME_REGIMES
) -> bool:
    """Return True where the hold can keep anything of this merchant and data subject on that day; a broken one can."""
    rule = retention.holds.get(ground)
    law = retention.laws.get(rule.law) if rule else None
    return rule is None or law is None or _find_inapplicable_state(rule, law, today, retention, regimes) is None


def compute_contract_end(events: Mapping[str, datetime], retention: Retention) -> date | None:
    """Return the last day of the contract (policy s.6): returns and warranty are over and every refund is settled.

    By the file's own rule: `delivered_at` with the longer of both lengths, `refund_settled_at` where that is
    later. None where nobody can say yet: it was not delivered, a refund is open, a length is undecided, or the rule
    could not be read.
    """
    rules = [rule for rule in retention.holds.values() if rule.last_day_rule == CONTRACT_RULE]
    last_days = [_compute_hold_last_day(rule, events, retention) for rule in rules]
    return None if None in last_days else max(filter(None, last_days), default=None)


def list_region_requirements(region: str, retention: Retention, today: date) -> list[str]:
    """Return ids of the holds and categories that require this region, of laws that bind this merchant on that day.

    Income-tax Rules 2026 r.46(8): books of account are accessible in India, with a daily backup on servers in India.
    """
    used_holds = {ground for category in retention.categories.values() for ground in category.holds}
    required = []
    for hold in retention.holds.values():
        law = retention.laws.get(hold.law)
        binds = law is None or (law.is_in_force(today) and is_law_applicable(law, retention.merchant))
        if hold.storage_region == region and hold.id in used_holds and binds:
            required.append(hold.id)
    required += [each.id for each in retention.categories.values() if each.storage_region == region]
    return required


def _find_inapplicable_state(
    rule: RetentionRule, law: Law, today: date, retention: Retention, regimes: Collection[str]
) -> RetentionHoldState | None:
    """Return why a hold cannot keep anything; None where it can."""
    if not law.is_in_force(today):
        return RetentionHoldState.NOT_IN_FORCE
    if not is_law_applicable(law, retention.merchant):
        return RetentionHoldState.LAW_NOT_APPLICABLE
    conflict = not rule.gdpr_ground and not set(GDPR_REGIMES).isdisjoint(regimes)
    return RetentionHoldState.YIELDS_TO_GDPR if conflict and rule.eu_conflict == ERASE_ON_CONFLICT else None


def _has_hold_begun(rule: RetentionRule, events: Mapping[str, datetime]) -> bool:
    """Return True where the hold's event, or the event that opens it, has happened.

    Without invoice or claim there is no hold; an order without delivery or a refund without end is an open one.
    """
    return rule.from_event in events or rule.opened_by == ALWAYS_OPEN or rule.opened_by in events


def _compute_hold_last_day(rule: RetentionRule, events: Mapping[str, datetime], retention: Retention) -> date | None:
    if rule.extend_if and rule.extend_if in events:
        return None
    args = dict(rule.args)
    if rule.last_day_rule == CONTRACT_RULE:
        args |= {each: days for each in CONTRACT_LENGTH_FIELDS if (days := retention.merchant.get(each)) is not None}
    last_day = compute_last_day(rule.last_day_rule, args, events.get(rule.from_event), calendar=retention.calendar)
    extension = rule.extend_until
    if last_day is None or extension is None:
        return last_day
    ended, opened = events.get(extension.event), events.get(extension.opened_by)
    if opened is not None and (ended is None or ended < opened):
        return None
    if ended is None:
        return last_day
    extended = compute_last_day("event_plus_months", {"months": extension.months}, ended, calendar=retention.calendar)
    return None if extended is None else max(last_day, extended)


def list_release_needs(rule: RetentionRule, retention: Retention) -> tuple[str, ...]:
    """Return what must be decided first: the lengths of the contract; for books the legal form and the review."""
    if rule.last_day_rule == CONTRACT_RULE:
        return tuple(f"merchant.{each}" for each in CONTRACT_LENGTH_FIELDS if retention.merchant.get(each) is None)
    if not rule.statutory:
        return ()
    undecided = retention.merchant.get("legal_entity_type", "unknown") == "unknown"
    return ((LEGAL_FORM_FIELD,) if undecided else ()) + (() if retention.reviewed_on else (REVIEWED_ON_FIELD,))
