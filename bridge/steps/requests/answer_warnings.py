"""Lists what is about to be lost or late while nobody hands an answer over, for `doctor`, metrics and the log.

Changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

import structlog

from bridge.rules.requests.access_wait import is_ending_soon
from bridge.rules.retention.max_ages import ACCESS_PACKAGE_AGE, find_expiry_days
from bridge.services import Services
from bridge.steps.retention.accept_policy import list_binding_ages

if TYPE_CHECKING:
    from bridge.store import Tx

log = structlog.get_logger()


class AnswerEnd(StrEnum):
    """What ends if nobody acts: a package that never left the bridge, the time to answer, the wait of an erasure."""

    PACKAGE_NOT_HANDED_OVER = "package_not_handed_over"
    ANSWER_NOT_DELIVERED = "answer_not_delivered"
    ERASURE_WAITS_FOR_PACKAGE = "erasure_waits_for_package"


@dataclass(frozen=True, kw_only=True, slots=True)
class AnswerWarning:
    """One request whose answer is on its way: what ends when, and whether an operator must act now."""

    end: AnswerEnd
    request_id: str
    ends_at: datetime
    is_urgent: bool


def list_answer_warnings(*, tx: Tx, services: Services) -> list[AnswerWarning]:
    """Return what is open, urgent or not, the earliest end first."""
    now = services.clock.now()
    return sorted(
        (
            AnswerWarning(end=end, request_id=request_id, ends_at=ends_at, is_urgent=is_ending_soon(ends_at, now))
            for end, request_id, ends_at in _list_ends(tx, services)
        ),
        key=lambda warning: (warning.ends_at, warning.request_id, warning.end),
    )


def _list_ends(tx: Tx, services: Services) -> Iterator[tuple[AnswerEnd, str, datetime]]:
    kept_for = timedelta(days=find_expiry_days(list_binding_ages(tx, services), ACCESS_PACKAGE_AGE))
    for package in tx.hand_overs.list_pending_packages():
        if package.ready_at is not None:
            yield AnswerEnd.PACKAGE_NOT_HANDED_OVER, package.request_id, package.ready_at + kept_for
    for request_id, due_at in tx.hand_overs.list_unfulfilled_requests():
        yield AnswerEnd.ANSWER_NOT_DELIVERED, request_id, due_at
    for request_id, until in tx.hand_overs.list_waiting_erasures():
        yield AnswerEnd.ERASURE_WAITS_FOR_PACKAGE, request_id, until


def log_urgent_answers(*, services: Services) -> int:
    """Log a line for each request on which an operator must act now. Return how many. Raises StoreUnavailable."""
    with services.store.read() as tx:
        urgent = [warning for warning in list_answer_warnings(tx=tx, services=services) if warning.is_urgent]
    for warning in urgent:
        log.warning("answer.ends_soon", end=warning.end, id=warning.request_id, ends_at=warning.ends_at.isoformat())
    return len(urgent)
