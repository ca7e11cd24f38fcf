"""Warns once when half, three quarters and nine tenths of a term are over, and when it has passed.

What was warned of is in the database: a restart repeats nothing. A day that passed is a fact, a page to operators and a
letter that explains to the person, each once.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

import structlog

from bridge.model import Fact, LetterKind, PrivacyRequest, RequestKind
from bridge.rules.desk.deadline_warnings import (
    ANSWER,
    PASSED,
    RunningClock,
    is_acknowledgement_awaited,
    is_late_letter_due,
    list_running_clocks,
)
from bridge.rules.operations.conditions import Condition, FoundCondition
from bridge.services import Services
from bridge.steps.desk.incidents.report_incident import read_incident_progress
from bridge.steps.letters.queue_letter import queue_letter

if TYPE_CHECKING:
    from bridge.store import Tx

log = structlog.get_logger()

LISTED_IDS = 20
ConditionKey = tuple[Condition, str]


def list_deadline_conditions(now: datetime, tx: Tx) -> Iterator[FoundCondition]:
    """Yield what is near its end or has passed, by clock and share of the term; answers that are late stand elsewhere."""
    groups: dict[ConditionKey, list[RunningClock]] = {}
    for clock, _ in _iterate_clocks(tx):
        reached = clock.list_reached(now)
        if reached and (reached[-1], clock.clock) != (PASSED, ANSWER):
            groups.setdefault(_find_condition(clock, reached[-1]), []).append(clock)
    for (condition, reason), clocks in groups.items():
        first = sorted(clocks, key=lambda each: (each.ends_at, each.request_id))
        yield FoundCondition(
            condition=condition,
            reason=reason,
            count=len(first),
            ids=tuple(each.request_id for each in first)[:LISTED_IDS],
            since=min(each.begins_at for each in first),
        )


def warn_of_deadlines(*, services: Services) -> int:
    """Give the warnings that are due and were not given. Return how many. Raises StoreUnavailable."""
    now = services.clock.now()
    with services.store.read() as tx:
        running = [(clock, request, clock.list_reached(now)) for clock, request in _iterate_clocks(tx)]
        given = tx.deadline_warnings.list_given({request.id for _, request, reached in running if reached})
    due = [
        (clock, request, new)
        for clock, request, reached in running
        if (new := [percent for percent in reached if (request.id, clock.clock, percent) not in given])
    ]
    if not due:
        return 0
    with services.store.transaction() as tx:
        tx.deadline_warnings.save_warnings((one.request_id, one.clock, each) for one, _, new in due for each in new)
        for condition, reason in {_find_condition(clock, new[-1]) for clock, _, new in due}:
            tx.alerts.announce_again(condition, reason)
        for clock, request, new in due:
            if new[-1] == PASSED:
                _record_passed(clock, request, tx)
    for clock, _, new in due:
        event = log.error if new[-1] == PASSED else log.warning
        about = {"id": clock.request_id, "clock": clock.clock, "due_at": clock.ends_at.isoformat()}
        event("deadline.passed" if new[-1] == PASSED else "deadline.near", **about, percent=new[-1])
    return len(due)


def _record_passed(clock: RunningClock, request: PrivacyRequest, tx: Tx) -> None:
    """Record that a day passed, and have the person written to where it was the day of the answer."""
    if clock.clock == ANSWER and is_late_letter_due(request):
        queue_letter(request, LetterKind.LATE, tx=tx, values={"due": clock.ends_at.date().isoformat()})
    about = {"shop": request.shop, "request_id": request.id, "subject": request.subject}
    tx.evidence.append_fact(Fact.DEADLINE_PASSED, **about, clock=clock.clock, due_at=clock.ends_at.isoformat())


def _find_condition(clock: RunningClock, percent: int) -> ConditionKey:
    """Return the condition and reason under which a warning is seen."""
    if percent < PASSED:
        return Condition.DEADLINE_NEAR, f"{clock.clock}_{percent}"
    return (Condition.REQUEST_LATE, "") if clock.clock == ANSWER else (Condition.DEADLINE_MISSED, clock.clock)


def _iterate_clocks(tx: Tx) -> Iterator[tuple[RunningClock, PrivacyRequest]]:
    """Yield every clock that runs, with its request."""
    requests = tx.deadline_warnings.list_unfulfilled()
    acknowledged = tx.deadline_warnings.find_acknowledged(
        {request.id for request in requests if is_acknowledgement_awaited(request)}
    )
    for request in requests:
        reports = read_incident_progress(request.id, tx).reports if request.kind is RequestKind.INCIDENT else ()
        clocks = list_running_clocks(request, acknowledged_at=acknowledged.get(request.id), reports=reports)
        yield from ((clock, request) for clock in clocks)
