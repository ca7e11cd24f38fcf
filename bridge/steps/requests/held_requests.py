"""Lists the erasures that wait because a law holds data, for `doctor`, metrics and the log.

Changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from bridge.model import HeldTask, LegalHold
from bridge.rules.retention.holds import list_release_needs
from bridge.rules.retention.release import LEGAL_HOLD_GROUND
from bridge.services import Services

if TYPE_CHECKING:
    from bridge.store import Tx

WAKES_WITHIN = timedelta(hours=1)  # the clock enqueues what is due each minute; a worker may be busy
FOLLOWS_WITHIN = timedelta(days=1)
UNKNOWN_HOLD = "unknown"  # of a task that an earlier release put off
log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True, slots=True)
class HeldRequest:
    """One erasure of which a law holds something.

    `ends_at` is the first day on which something is released, None where nobody can say; `looks_at` is when it looks again,
    which is `is_overdue` where nothing has followed an hour later, and `has_failed` a day later. Without a known end, `needs` names the settings
    to decide, and `overdue_legal_hold_ids` the legal holds that nobody has reviewed in time.
    """

    request_id: str
    holds: tuple[str, ...]
    received_at: datetime
    due_at: datetime
    looks_at: datetime
    ends_at: datetime | None
    is_overdue: bool
    has_failed: bool
    needs: tuple[str, ...] = ()
    overdue_legal_hold_ids: tuple[str, ...] = ()


def list_held_requests(*, tx: Tx, services: Services) -> list[HeldRequest]:
    """Return them, the first to look again first."""
    by_request: dict[str, list[HeldTask]] = {}
    for task in tx.tasks.list_held_tasks():
        by_request.setdefault(task.request_id, []).append(task)
    found = (_describe_held_request(tasks, tx, services) for tasks in by_request.values())
    return sorted(found, key=lambda held: (held.looks_at, held.request_id))


def log_overdue_holds(*, services: Services) -> int:
    """Log a line for each request whose day has passed without the deed. Return how many. Raises StoreUnavailable."""
    with services.store.read() as tx:
        overdue = [held for held in list_held_requests(tx=tx, services=services) if held.is_overdue]
    for held in overdue:
        log.warning("hold.overdue", id=held.request_id, holds=list(held.holds), since=held.looks_at.isoformat())
    return len(overdue)


def _describe_held_request(tasks: list[HeldTask], tx: Tx, services: Services) -> HeldRequest:
    now, first = services.clock.now(), tasks[0]
    holds = tuple(dict.fromkeys(hold for task in tasks for hold in task.held_by)) or (UNKNOWN_HOLD,)
    looks_at = min(task.looks_at for task in tasks)
    is_open_ended = any(not task.has_end for task in tasks)
    rules = [services.retention.holds[hold] for hold in holds if hold in services.retention.holds]
    needs = [need for rule in rules for need in list_release_needs(rule, services.retention)] if is_open_ended else []
    legal_holds = (
        _list_legal_holds_of_request(first.request_id, tx) if is_open_ended and LEGAL_HOLD_GROUND in holds else []
    )
    return HeldRequest(
        request_id=first.request_id,
        holds=holds,
        received_at=first.received_at,
        due_at=first.due_at,
        looks_at=looks_at,
        ends_at=min((task.looks_at for task in tasks if task.has_end), default=None),
        is_overdue=looks_at < now - WAKES_WITHIN,
        has_failed=looks_at < now - FOLLOWS_WITHIN,
        needs=tuple(dict.fromkeys(needs)),
        overdue_legal_hold_ids=tuple(sorted(each.id for each in legal_holds if each.review_due_at < now)),
    )


def _list_legal_holds_of_request(request_id: str, tx: Tx) -> Iterable[LegalHold]:
    request = tx.requests.get_request(request_id)
    if request is None:
        return []
    order_keys = tx.legal_holds.find_order_keys_of_request(request)
    return tx.legal_holds.list_active_legal_holds(
        shop=request.shop, request_id=request.id, subject=request.subject, order_keys=order_keys
    )
