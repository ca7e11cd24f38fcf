"""Calculate what keeps one category of data on a day, by which law, and from which day on nothing does. Pure.

The one calculator: `law release` prints it, the plan of an erasure is made of it, and deeds here, at the platform and at
processors wait by it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from bridge.rules.retention.holds import HOME_REGIMES, RetentionHold, find_erasable_from, find_retention_holds

if TYPE_CHECKING:
    from config.retention_file.retention_model import Category, Retention


@dataclass(frozen=True, kw_only=True, slots=True)
class RetentionFacts:
    """What happened to one set of linked data, mostly an order: the events of the retention file, each at its latest.

    `regimes` are those of its data subject.
    """

    events: Mapping[str, datetime] = field(default_factory=dict)
    regimes: tuple[str, ...] = HOME_REGIMES


@dataclass(frozen=True, kw_only=True, slots=True)
class CategoryRetention:
    """What keeps a category on a day. `holds` has the longest first: an empty one releases it.

    `erasable_from` is the first day from then on which nothing holds if all is decided that `release_needs` names; None
    where nobody can say yet. `governing` holds to the end: it may be of a law that begins to bind before.
    """

    holds: tuple[RetentionHold, ...] = ()
    erasable_from: date | None = None
    governing: RetentionHold | None = None

    @property
    def release_needs(self) -> tuple[str, ...]:
        """Return what must be decided before anything is released, even after the last day."""
        return tuple(dict.fromkeys(need for hold in self.holds for need in hold.release_needs))

    @property
    def last_day(self) -> date | None:
        """Return the last day of the duty; None where there is none, or nobody can say it yet."""
        return self.erasable_from - timedelta(days=1) if self.holds and self.erasable_from else None

    @property
    def grounds(self) -> tuple[str, ...]:
        """Return the ids of the holds, the governing one first."""
        return tuple(hold.ground for hold in self.list_governing_first())

    @property
    def citation(self) -> str:
        """Return what to quote for all of the holds, each law once."""
        return "; ".join(dict.fromkeys(hold.citation for hold in self.list_governing_first()))

    def list_governing_first(self) -> list[RetentionHold]:
        """Return each hold once, the governing one first."""
        governing = {self.governing.ground: self.governing} if self.governing else {}
        return list((governing | {hold.ground: hold for hold in self.holds}).values())


def calculate_category_retention(
    category: Category, facts: Iterable[RetentionFacts], *, today: date, retention: Retention
) -> CategoryRetention:
    """Return what keeps the category of any of these sets of data; of one ground the longest counts."""
    return combine_retentions(_calculate_one_retention(category, each, today, retention) for each in facts)


def combine_retentions(retentions: Iterable[CategoryRetention]) -> CategoryRetention:
    """Return what keeps data as long as any of these is kept. Those that nothing keeps count for nothing."""
    kept = [retention for retention in retentions if retention.holds]
    longest: dict[str, RetentionHold] = {}
    for hold in sorted((hold for retention in kept for hold in retention.holds), key=_get_sort_day, reverse=True):
        longest.setdefault(hold.ground, hold)
    days = [retention.erasable_from for retention in kept]
    erasable_from = None if None in days else max((day for day in days if day), default=None)
    governing = next((retention.governing for retention in kept if retention.erasable_from == erasable_from), None)
    return CategoryRetention(holds=tuple(longest.values()), erasable_from=erasable_from, governing=governing)


def _calculate_one_retention(
    category: Category, facts: RetentionFacts, today: date, retention: Retention
) -> CategoryRetention:
    def list_holds(day: date) -> list[RetentionHold]:
        return find_retention_holds(
            category, events=facts.events, today=day, retention=retention, regimes=facts.regimes
        )

    def list_holds_if_decided(day: date) -> list[RetentionHold]:
        return [
            replace(hold, release_needs=())
            for hold in list_holds(day)
            if hold.erasable_from is None or hold.erasable_from > day
        ]

    holds = list_holds(today)
    if not holds:
        return CategoryRetention()
    governing = holds[0]
    if list_holds_if_decided(today):
        free_from = find_erasable_from(list_holds_if_decided, today=today, retention=retention)
        if free_from is not None:
            governing = list_holds_if_decided(free_from - timedelta(days=1))[0]
    else:  # over, and something is still to be decided
        free_from = governing.erasable_from
    return CategoryRetention(holds=tuple(holds), erasable_from=free_from, governing=governing)


def _get_sort_day(hold: RetentionHold) -> date:
    return hold.last_day or date.max
