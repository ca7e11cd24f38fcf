"""What keeps the sealed documents of an order on a day, and from which day on nothing does.

Pure: documents, claims, the day and the retention file are given. Never releases in doubt: a claim that lives
holds whatever the file says, and what has no end that can be named is kept. A proceeding of the tax authorities is told
to the file beside: while it lives, and from the day of its final disposal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from bridge.model import Proceeding
from bridge.rules.requests.regimes import regimes
from bridge.rules.retention.holds import Hold, holds_on, local_day

if TYPE_CHECKING:
    from bridge.model import Document, LegalClaim
    from config.retention_file.retention import Retention

CATEGORY = "invoice_document"  # of the retention file
CLAIM = "legal_claim"
OPEN = {
    Proceeding.TAX: "tax_proceeding_open",
    Proceeding.ASSESSMENT: "assessment_reopened",
}  # events of the file
DISPOSED = "tax_proceeding_disposed_at"
NO_CATEGORY = "the retention file has no category invoice_document: held until it has"
NOT_IN_FILE = "a claim that nobody released"
_ONE_DAY = timedelta(days=1)


class Moved(StrEnum):
    """How a day of release moves under another retention file."""

    EARLIER = "earlier"
    LATER = "later"
    SAME = "same"


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """`holds` are those of the day, the longest first: none lets the documents go.

    `erasable_from` is the first day on which nothing holds, None where nobody can say yet; `grounds` are the ids of
    what keeps them, or, where nothing does any more, of what kept them.
    """

    holds: tuple[Hold, ...]
    erasable_from: date | None
    grounds: tuple[str, ...]

    @property
    def free(self) -> bool:
        """True where the documents go."""
        return not self.holds

    @property
    def last_day(self) -> date | None:
        """The last day of the duty."""
        return self.erasable_from - _ONE_DAY if self.erasable_from else None

    @property
    def needs(self) -> tuple[str, ...]:
        """What must be decided before anything goes, even after the last day."""
        return tuple(dict.fromkeys(need for hold in self.holds for need in hold.release_needs))

    @property
    def day_of_law(self) -> date | None:
        """The day on which the duties end if what must be decided were: what an alarm is measured by."""
        days = [hold.erasable_from for hold in self.holds]
        return max((day for day in days if day), default=None) if None not in days else None

    @property
    def citation(self) -> str:
        """What to quote for the longest of them."""
        return self.holds[0].citation if self.holds else ""


class Keeping:
    """Says for many orders what keeps their documents on one day. Documents of the same day ask the rules once."""

    def __init__(self, *, today: date, retention: Retention) -> None:
        self._today, self._retention = today, retention
        self._known: dict[tuple[Any, ...], Kept] = {}

    def of(self, documents: Sequence[Document], claims: Sequence[LegalClaim] = ()) -> Kept:
        """What keeps these linked documents of one order: the latest counts for all (CGST r.53, T11)."""
        latest = max(document.issued_at for document in documents)
        speak = regimes({document.country for document in documents})
        claimed, issued_on = _events(claims), local_day(latest, self._retention.calendar)
        key = (issued_on, tuple(sorted(claimed)), claimed.get(DISPOSED), speak)
        if key not in self._known:
            events = {"document_issued_at": latest, "transaction_at": latest, **claimed}
            self._known[key] = self._kept(events, issued_on, speak)
        return self._known[key]

    def _kept(self, events: Mapping[str, datetime], issued_on: date, speak: tuple[str, ...]) -> Kept:
        holds = self._holds(events, self._today, speak)
        if holds:
            free_from, grounds = self._free_from(events, speak), holds
        else:
            grounds = self._holds(events, issued_on, speak)
            days = [hold.erasable_from for hold in grounds if hold.erasable_from]
            free_from = min(self._today, max(days, default=self._today))
        return Kept(
            holds=tuple(holds), erasable_from=free_from, grounds=tuple(hold.ground for hold in grounds)
        )

    def _holds(self, events: Mapping[str, datetime], day: date, speak: tuple[str, ...]) -> list[Hold]:
        category = self._retention.categories.get(CATEGORY)
        if category is None:
            return [_without_end("quarantine", NO_CATEGORY)]
        holds = holds_on(category, events=events, today=day, retention=self._retention, regimes=speak)
        if "claim_opened_at" in events and CLAIM not in {hold.ground for hold in holds}:
            holds.insert(0, _without_end(CLAIM, NOT_IN_FILE))
        return holds

    def _free_from(self, events: Mapping[str, datetime], speak: tuple[str, ...]) -> date | None:
        """The first day from today on which nothing holds: duties end, laws are repealed and begin."""
        day = self._today
        while holds := self._holds(events, day, speak):
            ends = [self._ends(hold) for hold in holds]
            if None in ends:
                return None
            day = max(end for end in ends if end)
        return day

    def _ends(self, hold: Hold) -> date | None:
        """The first day without this hold: its own, or the one after its law's last."""
        law = self._retention.laws.get(hold.law)
        days = [] if hold.release_needs or hold.erasable_from is None else [hold.erasable_from]
        if law is not None and law.in_force_to is not None:
            days.append(law.in_force_to + _ONE_DAY)
        return min(days, default=None)


def _events(claims: Sequence[LegalClaim]) -> dict[str, datetime]:
    """What claims and proceedings are to the file. One that nobody released lives."""
    told: dict[str, datetime] = {}
    for claim in claims:
        if claim.released_at is None:
            for event in filter(
                None, ("claim_opened_at", OPEN.get(Proceeding(claim.kind)) if claim.kind else None)
            ):
                told[event] = min(claim.opened_at, told.get(event, claim.opened_at))
        elif claim.kind == Proceeding.TAX and claim.disposed_at is not None:
            told[DISPOSED] = max(claim.disposed_at, told.get(DISPOSED, claim.disposed_at))
    return told


def moved(old: date | None, new: date | None, *, today: date) -> Moved:
    """How a day moves; None is later than any day, and what lies behind us is all one."""
    was, becomes = (max(day or date.max, today) for day in (old, new))
    if was == becomes:
        return Moved.SAME
    return Moved.EARLIER if becomes < was else Moved.LATER


def _without_end(ground: str, citation: str) -> Hold:
    return Hold(ground=ground, law="", citation=citation, last_day=None, erasable_from=None)
