"""What an earlier erasure of a person left: which sealed papers and bank details, under which law, until which day.

Pure: what is kept is given, the day and the retention file too. Opens nothing, and decides nothing about releasing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from bridge.model import Erasure
from bridge.rules.erasure.plan import bank, last_day, sealed
from bridge.rules.requests.deadlines import shift_months
from bridge.rules.retention.holds import local_day
from bridge.rules.retention.release import CATEGORY

if TYPE_CHECKING:
    from bridge.model import Document, LegalClaim, RefundAccount
    from config.retention_file.retention import Retention

SUPPRESSION = "suppression"  # of the retention file


@dataclass(frozen=True, kw_only=True, slots=True)
class Rest:
    """One kind of what is still kept. `until` is the last day of the duty, None where nobody can say yet.

    `erasable_from` is the first day on which nothing holds; `grounds` are the ids of what holds today: none lets it go.
    """

    category: str
    what: str
    count: int
    laws: tuple[str, ...]
    grounds: tuple[str, ...]
    until: date | None
    erasable_from: date | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Earlier:
    """One earlier erasure. `removed` counts rows by table; `finished` is False while orders of hers are spared.

    `codes_until` is the last day of the suppression keys, None where the retention file names no age.
    """

    erasure: Erasure
    finished: bool
    removed: Mapping[str, int]
    rests: tuple[Rest, ...]
    codes_until: date | None


def rests(
    documents: Mapping[str, Sequence[Document]],
    claims: Mapping[str, Sequence[LegalClaim]],
    refunds: Sequence[RefundAccount],
    claimed: Collection[str],
    *,
    retention: Retention,
    now: datetime,
) -> tuple[Rest, ...]:
    """What is still kept, grouped: sealed documents by order with their claims, then bank details of refunds."""
    papers = [
        Rest(
            category=CATEGORY,
            what=what,
            count=count,
            laws=tuple(dict.fromkeys(hold.citation for hold in kept.holds)),
            grounds=tuple(hold.ground for hold in kept.holds),
            until=last_day(kept),
            erasable_from=kept.erasable_from,
        )
        for what, kept, count in sealed(documents, claims, retention=retention, now=now)
    ]
    today = local_day(now, retention.calendar)
    details = [
        Rest(
            category=line.category,
            what=line.what,
            count=line.count,
            laws=(line.law,) if line.law else (),
            grounds=line.holds,
            until=line.until,
            erasable_from=line.until + timedelta(days=1) if line.until else None if line.holds else today,
        )
        for line in bank(refunds, claimed, retention=retention, now=now)
    ]
    return (*papers, *details)


def codes_until(erased_at: datetime, retention: Retention) -> date | None:
    """The last day of the suppression keys, by the age in the retention file."""
    category = retention.categories.get(SUPPRESSION)
    months = category.max_age.get("months") if category else None
    return shift_months(local_day(erased_at, retention.calendar), months) if isinstance(months, int) else None
