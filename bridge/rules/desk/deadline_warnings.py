"""Decide how much of a term is over, of which clocks that counts, and when somebody is warned. Pure.

Everything is computed from what is stored with a request and the present moment: a restart, a replay or a second process
computes the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from bridge.model import IncidentReport, PrivacyRequest, RequestKind
from bridge.rules.desk.incident_clocks import RECIPIENT_BY_RULE, parse_clocks
from bridge.rules.requests.answer_times import find_fulfilled_at, is_answer_required

WARN_AT_PERCENT = (50, 75, 90)
PASSED = 100
ANSWER, ACKNOWLEDGE = "answer", "acknowledge"  # clocks of a request; those of an incident are its recipients
SECONDS_PER_HOUR = 3_600


@dataclass(frozen=True, kw_only=True, slots=True)
class RunningClock:
    """A clock that nobody has stopped: what it is for, and when it began and ends."""

    request_id: str
    clock: str
    begins_at: datetime
    ends_at: datetime

    def list_reached(self, now: datetime) -> tuple[int, ...]:
        """Return the percentages of the term that are over and are warned of; the last is `PASSED`."""
        term, over = self.ends_at - self.begins_at, now - self.begins_at
        return tuple(percent for percent in (*WARN_AT_PERCENT, PASSED) if over * 100 >= term * percent)


def list_running_clocks(
    request: PrivacyRequest, *, acknowledged_at: datetime | None = None, reports: Iterable[IncidentReport] = ()
) -> Iterator[RunningClock]:
    """Yield the clocks of a request that nobody has stopped yet.

    `reports` are those of an incident. Only who asked the merchant waits for an acknowledgement.
    """
    if find_fulfilled_at(request) is not None:
        return
    ends: dict[str, datetime] = {}
    if request.kind is RequestKind.INCIDENT:
        informed = {report.recipient for report in reports}
        by_recipient = {RECIPIENT_BY_RULE[rule]: at for rule, at in parse_clocks(request.clocks).items()}
        ends = {recipient.value: at for recipient, at in by_recipient.items() if recipient not in informed}
    else:
        ends[ANSWER] = request.due_at
        if is_acknowledgement_awaited(request) and acknowledged_at is None:
            ends[ACKNOWLEDGE] = request.acknowledge_due_at
    for clock, ends_at in ends.items():
        yield RunningClock(request_id=request.id, clock=clock, begins_at=request.received_at, ends_at=ends_at)


def is_acknowledgement_awaited(request: PrivacyRequest) -> bool:
    """Return whether somebody waits for the acknowledgement of the receipt, until it is given or the request closed."""
    return request.source.is_merchants and request.kind is not RequestKind.INCIDENT and request.closed_at is None


def is_late_letter_due(request: PrivacyRequest) -> bool:
    """Return whether a person is written to when the day passes: who asked, or is owed an answer."""
    is_of_person = request.kind not in (RequestKind.INCIDENT, RequestKind.SHOP_ERASURE)
    return is_of_person and (request.source.is_merchants or is_answer_required(request))


def compute_hours_left(ends_at: datetime, now: datetime) -> float:
    """Return the hours until a moment, to one decimal; negative by how much it has passed."""
    return round((ends_at - now).total_seconds() / SECONDS_PER_HOUR, 1)


def describe_hours_left(hours: float | None) -> str:
    """Return hours left in words, such as `6 h left`, `12 days left` or `late by 3 h`; '' where no clock runs."""
    if hours is None:
        return ""
    size = abs(hours)
    amount = f"{size / 24:.0f} days" if size >= 72 else f"{size:.0f} h" if size >= 1 else f"{size * 60:.0f} min"
    return f"late by {amount}" if hours < 0 else f"{amount} left"
