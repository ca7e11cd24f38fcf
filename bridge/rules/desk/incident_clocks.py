"""Compute by when each recipient must be told of a breach, and which of these clocks governs now. Pure.

A clock runs from the moment in which the breach was noticed, where its law is in force on that day. No clock is moved:
what was reported in time leaves the next one to govern, and what was reported late stays late.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bridge.model import Deadlines, IncidentRecipient, IncidentReport
from config.retention_file.retention_model import Law


@dataclass(frozen=True, kw_only=True, slots=True)
class IncidentClock:
    """By when a recipient must be told; `law` is one of the retention file, '' where none sets the hours."""

    recipient: IncidentRecipient
    rule: str
    law: str
    hours: int


INCIDENT_CLOCKS = (
    # CERT-In Directions of 28 April 2022, direction (ii)
    IncidentClock(recipient=IncidentRecipient.CERTIN, rule="certin_6_hours", law="certin", hours=6),
    # DPDP Rules 2025 r.7(2)(b)
    IncidentClock(recipient=IncidentRecipient.BOARD, rule="dpdp_board_72_hours", law="dpdp_core", hours=72),
    # Regulation (EU) 2016/679 Art 33(1)
    IncidentClock(recipient=IncidentRecipient.AUTHORITY, rule="gdpr_authority_72_hours", law="gdpr", hours=72),
    # "without delay" (DPDP Rules r.7(1), GDPR Art 34) has no hours: the merchant's own measure, like that of authorities
    IncidentClock(recipient=IncidentRecipient.PEOPLE, rule="people_without_delay", law="", hours=72),
)
RECIPIENT_BY_RULE = {clock.rule: clock.recipient for clock in INCIDENT_CLOCKS}


@dataclass(frozen=True, kw_only=True, slots=True)
class GoverningClock:
    """The clock of an incident that counts now; `fulfilled_at` is set once every recipient was told in time or at all."""

    rule: str
    due_at: datetime
    fulfilled_at: datetime | None = None


def compute_incident_clocks(noticed_at: datetime, *, laws: Mapping[str, Law]) -> Deadlines:
    """Return the clocks of a breach that was noticed then. Nobody is waiting for an acknowledgement of it."""
    due = {
        clock.rule: noticed_at + timedelta(hours=clock.hours)
        for clock in INCIDENT_CLOCKS
        if not clock.law or (clock.law in laws and laws[clock.law].is_in_force(noticed_at.date()))
    }
    governs = min(due, key=lambda rule: due[rule])
    return Deadlines(acknowledge_due_at=due[governs], due_at=due[governs], due_governed_by=governs, due_by_rule=due)


def find_governing_clock(clocks: Mapping[str, datetime], reports: Iterable[IncidentReport]) -> GoverningClock:
    """Return the earliest clock that is open or was missed; where each was kept, the last one."""
    informed = {report.recipient: report for report in reports}
    by_rule = {rule: informed.get(RECIPIENT_BY_RULE[rule]) for rule in clocks}
    unkept = [
        rule for rule, report in by_rule.items() if report is None or (report.is_needed and report.at > clocks[rule])
    ]
    rule = min(unkept, key=lambda one: clocks[one]) if unkept else max(clocks, key=lambda one: clocks[one])
    reported_at = [report.at for report in by_rule.values() if report]
    is_done = len(reported_at) == len(by_rule)
    return GoverningClock(rule=rule, due_at=clocks[rule], fulfilled_at=max(reported_at) if is_done else None)


def parse_clocks(stored: Mapping[str, str]) -> dict[str, datetime]:
    """Return the clocks of an incident as they are stored with its request, by rule."""
    return {rule: datetime.fromisoformat(at) for rule, at in stored.items() if rule in RECIPIENT_BY_RULE}
