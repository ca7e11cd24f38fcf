"""Decide what keeps the sealed documents of an order on a day, and from which day on nothing does.

Pure: documents, legal holds, the day and the retention file are given. Never releases in doubt: a legal hold that is
not released keeps whatever the file says, and what has no known end is kept. A tax proceeding is an event of the file
besides: while it is open, and from the day of its final disposal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeAlias

from bridge.model import Proceeding
from bridge.rules.requests.regimes import list_regimes
from bridge.rules.retention.holds import RetentionHold, find_erasable_from, find_retention_holds
from bridge.rules.retention.statutory_last_days import local_day

if TYPE_CHECKING:
    from bridge.model import Document, LegalHold
    from config.retention_file.retention import Retention

INVOICE_CATEGORY = "invoice_document"  # of the retention file
LEGAL_HOLD_GROUND = "legal_claim"
# events of the file
# those of the proviso of CGST Act s.36
GST_PROCEEDINGS = (Proceeding.APPEAL, Proceeding.REVISION, Proceeding.TAX, Proceeding.INVESTIGATION)
PROCEEDING_OPEN_EVENTS = {
    **dict.fromkeys(GST_PROCEEDINGS, "tax_proceeding_open"),
    Proceeding.ASSESSMENT: "assessment_reopened",
}
PROCEEDING_DISPOSED_EVENT = "tax_proceeding_disposed_at"
NO_INVOICE_CATEGORY = "the retention file has no category invoice_document: held until it has"
OPEN_LEGAL_HOLD_CITATION = "a claim that nobody released"
_ONE_DAY = timedelta(days=1)
HoldEvents: TypeAlias = Mapping[str, datetime]  # when each event of the retention file happened


class ReleaseDayChange(StrEnum):
    """How another retention file moves a day of release."""

    EARLIER = "earlier"
    LATER = "later"
    SAME = "same"


@dataclass(frozen=True, kw_only=True, slots=True)
class DocumentRetention:
    """What keeps documents on a day. `holds` has the longest first: an empty one releases the documents.

    `erasable_from` is the first day on which nothing holds, None where nobody can say yet; `grounds` are the ids of
    what keeps them, or, where nothing does any more, of what kept them.
    """

    holds: tuple[RetentionHold, ...]
    erasable_from: date | None
    grounds: tuple[str, ...]

    @property
    def is_erasable(self) -> bool:
        """Return True where the documents may be destroyed."""
        return not self.holds

    @property
    def last_day(self) -> date | None:
        """Return the last day of the duty."""
        return self.erasable_from - _ONE_DAY if self.erasable_from else None

    @property
    def release_needs(self) -> tuple[str, ...]:
        """Return what must be decided before anything is released, even after the last day."""
        return tuple(dict.fromkeys(need for hold in self.holds for need in hold.release_needs))

    @property
    def legal_end_day(self) -> date | None:
        """Return the day on which the duties would end if all were decided: what an alarm is measured by."""
        days = [hold.erasable_from for hold in self.holds]
        return max((day for day in days if day), default=None) if None not in days else None

    @property
    def citation(self) -> str:
        """Return what to quote for the longest hold."""
        return self.holds[0].citation if self.holds else ""


class DocumentRetentionCalculator:
    """A calculator for many orders on one day. Documents of the same day are computed once."""

    def __init__(self, *, today: date, retention: Retention) -> None:
        self._today, self._retention = today, retention
        self._results: dict[tuple[Any, ...], DocumentRetention] = {}

    def calculate_retention(
        self, documents: Sequence[Document], legal_holds: Sequence[LegalHold] = ()
    ) -> DocumentRetention:
        """Return what keeps these linked documents of one order: the latest counts for all (CGST r.53, T11)."""
        latest = max(document.issued_at for document in documents)
        regimes = list_regimes({document.country for document in documents})
        hold_events, issued_on = collect_legal_hold_events(legal_holds), local_day(latest, self._retention.calendar)
        key = (issued_on, tuple(sorted(hold_events)), hold_events.get(PROCEEDING_DISPOSED_EVENT), regimes)
        if key not in self._results:
            events = {"document_issued_at": latest, "transaction_at": latest, **hold_events}
            self._results[key] = self._build_retention(events, issued_on, regimes)
        return self._results[key]

    def _build_retention(self, events: HoldEvents, issued_on: date, regimes: tuple[str, ...]) -> DocumentRetention:
        holds = self._list_retention_holds(events, self._today, regimes)
        if holds:
            free_from = find_erasable_from(
                lambda day: self._list_retention_holds(events, day, regimes),
                today=self._today,
                retention=self._retention,
            )
            grounds = holds
        else:
            grounds = self._list_retention_holds(events, issued_on, regimes)
            days = [hold.erasable_from for hold in grounds if hold.erasable_from]
            free_from = min(self._today, max(days, default=self._today))
        ids = tuple(hold.ground for hold in grounds)
        return DocumentRetention(holds=tuple(holds), erasable_from=free_from, grounds=ids)

    def _list_retention_holds(self, events: HoldEvents, day: date, regimes: tuple[str, ...]) -> list[RetentionHold]:
        category = self._retention.categories.get(INVOICE_CATEGORY)
        if category is None:
            return [RetentionHold(ground="quarantine", citation=NO_INVOICE_CATEGORY)]
        holds = find_retention_holds(category, events=events, today=day, retention=self._retention, regimes=regimes)
        if "claim_opened_at" in events and LEGAL_HOLD_GROUND not in {hold.ground for hold in holds}:
            holds.insert(0, RetentionHold(ground=LEGAL_HOLD_GROUND, citation=OPEN_LEGAL_HOLD_CITATION))
        return holds


def collect_legal_hold_events(legal_holds: Sequence[LegalHold]) -> dict[str, datetime]:
    """Return the events that legal holds and proceedings are to the file. One that nobody released is open."""
    events: dict[str, datetime] = {}
    for legal_hold in legal_holds:
        if legal_hold.released_at is None:
            of_kind = [PROCEEDING_OPEN_EVENTS[Proceeding(legal_hold.kind)]] if legal_hold.kind else []
            for event in ("claim_opened_at", *of_kind):
                events[event] = min(legal_hold.opened_at, events.get(event, legal_hold.opened_at))
        elif legal_hold.kind in GST_PROCEEDINGS and (disposed_at := legal_hold.disposed_at) is not None:
            events[PROCEEDING_DISPOSED_EVENT] = max(disposed_at, events.get(PROCEEDING_DISPOSED_EVENT, disposed_at))
    return events


def compare_release_days(old: date | None, new: date | None, *, today: date) -> ReleaseDayChange:
    """Return how a day moves; None is later than any day, and all days before today are the same."""
    old_day, new_day = (max(day or date.max, today) for day in (old, new))
    if old_day == new_day:
        return ReleaseDayChange.SAME
    return ReleaseDayChange.EARLIER if new_day < old_day else ReleaseDayChange.LATER
