"""Which law keeps which data, until which day, and from which day on it may be erased.

Reads no clock and no table: today, the events and the retention file are given. Never evaluates an
expression from a file: rules for the last day are functions with names (`rules/last_days`). Never releases in
doubt: a rule that cannot be read, an event that is missing and a fact that nobody decided all hold.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from bridge.rules.retention.statutory_last_days import (
    CONTRACT,
    LAST_DAY_RULES,
    LENGTHS,
    age_ends,
    erasable_from,
    fy_end,
    gst_return_due,
    last_day,
    local_day,
)
from config.retention_file.gdpr_bases import GIVE_WAY, REGIMES

if TYPE_CHECKING:
    from config.retention_file.retention_model import Category, HoldRule, Law, Retention

__all__ = [
    "LAST_DAY_RULES",
    "Hold",
    "HoldState",
    "age_ends",
    "applies",
    "binds",
    "discharged_on",
    "erasable_from",
    "fy_end",
    "gst_return_due",
    "holds_on",
    "judged",
    "last_day",
    "local_day",
]

ALWAYS = "always"
UNREADABLE = "the rule in the retention file could not be read: it holds until it is mended"
LEGAL_FORM, REVIEWED_ON = "merchant.legal_entity_type", "reviewed_on"
HOME = ("IN",)  # the regimes of somebody of whom no address abroad is known


class HoldState(StrEnum):
    """What a hold does on a day: only `holds` keeps anything."""

    HOLDS = "holds"
    OVER = "over"
    NOTHING_BEGAN = "nothing_began"
    NOT_IN_FORCE = "not_in_force"
    NOT_BOUND = "not_bound"
    GIVES_WAY = "gives_way"


@dataclass(frozen=True, kw_only=True, slots=True)
class Hold:
    """One ground to keep data: the rule's id, its law, what to quote, and the days.

    `last_day` None means nobody can say yet. `release_needs` names what must be decided before anything
    goes, even after the last day. For people in the EU or the United Kingdom `gdpr_ground` is the article that
    keeps their data; where there is none, `disclose` asks to tell them.
    """

    ground: str
    law: str
    citation: str
    last_day: date | None
    erasable_from: date | None
    release_needs: tuple[str, ...] = ()
    gdpr_ground: str = ""
    disclose: bool = False


def holds_on(
    category: Category,
    *,
    events: Mapping[str, datetime],
    today: date,
    retention: Retention,
    regimes: Collection[str] = HOME,
) -> list[Hold]:
    """Every ground that keeps this category on that day, the longest first; an empty list lets it go.

    `events` maps event names of the file (`document_issued_at`, `delivered_at`, …) to the latest moment over
    all linked documents: a credit note of the next year keeps its invoice too. A law counts between its days
    in force and for the merchants it applies to; an undecided legal form counts as the longest. Statutory
    holds outlive their last day until the legal form is known and the file was reviewed. `regimes` are those of
    the person: one more never adds a hold.
    """
    found = [
        hold
        for ground in category.holds
        for state, hold in [judged(ground, events=events, today=today, retention=retention, regimes=regimes)]
        if state is HoldState.HOLDS
    ]
    if f"category.{category.id}" in retention.broken:
        found.append(_unreadable(f"category.{category.id}"))
    return sorted(found, key=lambda hold: hold.last_day or date.max, reverse=True)


def judged(
    ground: str,
    *,
    events: Mapping[str, datetime],
    today: date,
    retention: Retention,
    regimes: Collection[str] = HOME,
) -> tuple[HoldState, Hold]:
    """What one hold does on that day, with its days where it has begun. See `holds_on`."""
    rule = retention.holds.get(ground)
    law = retention.laws.get(rule.law) if rule else None
    if rule is None or law is None:
        return HoldState.HOLDS, _unreadable(ground)
    begun, under_gdpr = _begun(rule, events), not set(REGIMES).isdisjoint(regimes)
    last = _last(rule, events, retention) if begun else None
    hold = Hold(
        ground=ground,
        law=law.id,
        citation=law.title,
        last_day=last,
        erasable_from=erasable_from(last),
        release_needs=_needs(rule, retention),
        gdpr_ground=rule.gdpr_ground if under_gdpr else "",
        disclose=under_gdpr and not rule.gdpr_ground,
    )
    if (loose := _unbound(rule, law, today, retention, regimes)) is not None:
        return loose, hold
    if not begun:
        return HoldState.NOTHING_BEGAN, hold
    return (HoldState.OVER if _over(hold, today) else HoldState.HOLDS), hold


def binds(ground: str, *, today: date, retention: Retention, regimes: Collection[str] = HOME) -> bool:
    """True where the hold can keep anything on that day, of this merchant and this person; a broken rule does."""
    rule = retention.holds.get(ground)
    law = retention.laws.get(rule.law) if rule else None
    return rule is None or law is None or _unbound(rule, law, today, retention, regimes) is None


def discharged_on(events: Mapping[str, datetime], retention: Retention) -> date | None:
    """The last day of the contract (policy s.6): returns and warranty are over and every refund is settled.

    By the file's own rule: `delivered_at` with the longer of both lengths, `refund_settled_at` where that is
    later. None: nobody can say yet. It was not delivered, a refund is open, a length is undecided, or the rule
    could not be read.
    """
    rules = [rule for rule in retention.holds.values() if rule.last_day_rule == CONTRACT]
    last = [_last(rule, events, retention) for rule in rules]
    known = [day for day in last if day is not None]
    return max(known) if known and len(known) == len(last) else None


def applies(law: Law, merchant: Mapping[str, object]) -> bool:
    """True where the law binds this merchant. A fact the file does not tell counts as if it did."""
    return all(
        (fact := path.removeprefix("merchant.")) not in merchant or merchant[fact] in allowed
        for path, allowed in law.applies_if.items()
    )


def _unbound(
    rule: HoldRule, law: Law, today: date, retention: Retention, regimes: Collection[str]
) -> HoldState | None:
    """Why a hold that is read cannot keep anything; None where it can."""
    if not law.in_force(today):
        return HoldState.NOT_IN_FORCE
    if not applies(law, retention.merchant):
        return HoldState.NOT_BOUND
    conflict = not rule.gdpr_ground and not set(REGIMES).isdisjoint(regimes)
    return HoldState.GIVES_WAY if conflict and rule.eu_conflict == GIVE_WAY else None


def _unreadable(ground: str) -> Hold:
    return Hold(ground=ground, law="", citation=UNREADABLE, last_day=None, erasable_from=None)


def _over(hold: Hold, today: date) -> bool:
    free = hold.erasable_from
    return free is not None and today >= free and not hold.release_needs


def _begun(rule: HoldRule, events: Mapping[str, datetime]) -> bool:
    """No invoice, no claim: no hold. An order without delivery or a refund without end: an open one."""
    return rule.from_event in events or rule.opened_by == ALWAYS or rule.opened_by in events


def _last(rule: HoldRule, events: Mapping[str, datetime], retention: Retention) -> date | None:
    if rule.extend_if and rule.extend_if in events:
        return None
    args = dict(rule.args)
    if rule.last_day_rule == CONTRACT:
        args |= {length: days for length in LENGTHS if (days := retention.merchant.get(length)) is not None}
    last = last_day(rule.last_day_rule, args, events.get(rule.from_event), calendar=retention.calendar)
    more = rule.extend_until
    if last is None or more is None:
        return last
    ended, opened = events.get(more.event), events.get(more.opened_by)
    if opened is not None and (ended is None or ended < opened):
        return None
    if ended is None:
        return last
    longer = last_day("event_plus_months", {"months": more.months}, ended, calendar=retention.calendar)
    return None if longer is None else max(last, longer)


def _needs(rule: HoldRule, retention: Retention) -> tuple[str, ...]:
    """What somebody has to decide first: the lengths of the contract, for books the legal form and the review."""
    if rule.last_day_rule == CONTRACT:
        return tuple(f"merchant.{length}" for length in LENGTHS if retention.merchant.get(length) is None)
    if not rule.statutory:
        return ()
    undecided = retention.merchant.get("legal_entity_type", "unknown") == "unknown"
    return ((LEGAL_FORM,) if undecided else ()) + (() if retention.reviewed_on else (REVIEWED_ON,))
