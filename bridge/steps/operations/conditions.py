"""Find the conditions that somebody must end, for `doctor`, `status`, metrics, `/readyz?deep`, alerts and the digest.

Changes nothing. Ages come from the database, so that they survive every restart.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bridge.ports.null_queue import NullQueue
from bridge.rules.notices.answers import BLOCKING_REASONS
from bridge.rules.operations.conditions import (
    MAIL_UNREAD_AFTER,
    STANDS_STILL_AFTER,
    WORKER_SILENT_AFTER,
    Condition,
    FoundCondition,
    is_clock_silent,
    is_worker_silent,
)
from bridge.rules.operations.task_troubles import TroubledTask, find_shortfall, find_waiting_for
from bridge.rules.requests.decisions.approval_rules import WARN_BEFORE_DUE
from bridge.services import Services
from bridge.steps.desk.warn_of_deadlines import list_deadline_conditions

if TYPE_CHECKING:
    from bridge.store import Tx

CLOCK, WORKER = "clock", "worker"  # kinds of heartbeats
LISTED_IDS = 20
MAIL_SILENT_AFTER = timedelta(hours=1)  # a letter that is tried for so long needs somebody


@dataclass(frozen=True, kw_only=True, slots=True)
class Liveness:
    """Whether the processes work: the clock's last turn, workers seen, since when the oldest due row of each table waits.

    `worker_awaited_since` is when one was last seen, or the clock that misses it began: a clock may start first.
    """

    last_turn_at: datetime | None
    last_worker_at: datetime | None
    worker_awaited_since: datetime | None
    workers: int
    oldest_due: Mapping[str, datetime | None]


def read_liveness(*, tx: Tx) -> Liveness:
    """Return when the processes were last seen, and since when rows wait."""
    now, last_worker_at = tx.session.now(), tx.heartbeats.find_last_heartbeat(WORKER)
    awaited = [at for at in (last_worker_at, tx.heartbeats.find_last_start(CLOCK)) if at is not None]
    return Liveness(
        last_turn_at=tx.heartbeats.find_last_heartbeat(CLOCK),
        last_worker_at=last_worker_at,
        worker_awaited_since=max(awaited, default=None),
        workers=tx.heartbeats.count_seen_since(WORKER, now - WORKER_SILENT_AFTER),
        oldest_due=tx.standing_still.find_oldest_due(),
    )


def list_liveness_conditions(liveness: Liveness, *, now: datetime, services: Services) -> list[FoundCondition]:
    """Return which processes are silent, and which table has a row that stands still."""
    found = []
    if is_clock_silent(liveness.last_turn_at, now, services.settings.sweep_every_s):
        found.append(FoundCondition(condition=Condition.CLOCK_SILENT, since=liveness.last_turn_at))
    if is_worker_silent(liveness.worker_awaited_since, now):
        found.append(FoundCondition(condition=Condition.WORKER_SILENT, since=liveness.last_worker_at))
    for table, since in liveness.oldest_due.items():
        if since is not None and now - since > STANDS_STILL_AFTER:
            found.append(FoundCondition(condition=Condition.ROWS_STAND_STILL, reason=table, since=since))
    return found


def list_conditions(*, tx: Tx, services: Services) -> list[FoundCondition]:
    """Return every condition that is there now, those of processes first. Raises StoreUnavailable."""
    now = services.clock.now()
    found = list_liveness_conditions(read_liveness(tx=tx), now=now, services=services)
    # a command has no queue of its own
    if not isinstance(services.queue, NullQueue) and services.queue.depth() is None:
        found.append(FoundCondition(condition=Condition.REDIS_UNREACHABLE))
    if services.ledger.configured and tx.ledger_state.read_gate_reason():
        found.append(FoundCondition(condition=Condition.BACKUP_RESTORED))
    return [
        *found,
        *_list_row_conditions(tx, services),
        *_list_approval_conditions(tx, now),
        *_list_restricted_processors(services),
        *list_deadline_conditions(now, tx),
        *_list_task_conditions(tx),
        *_list_letters(tx),
        *_list_messages(tx),
        *_list_mail_conditions(tx, services),
    ]


def _list_row_conditions(tx: Tx, services: Services) -> Iterator[FoundCondition]:
    queries = tx.standing_still
    withdrawn_before = services.clock.now() - timedelta(hours=services.merchant.clocks.consent_withdrawal_hours)
    for condition, (count, ids, since) in (
        (Condition.DELIVERY_FAILED, queries.find_failed_deliveries()),
        (Condition.MANDATORY_WEBHOOK_UNHANDLED, queries.find_unhandled_mandatory()),
        (Condition.REQUEST_FAILED, queries.find_failed_requests()),
        (Condition.REQUEST_LATE, queries.find_late_requests()),
        (Condition.CONSENT_NOT_WITHDRAWN, queries.find_standing_consents(withdrawn_before)),
    ):
        if count:
            yield FoundCondition(condition=condition, count=count, ids=tuple(ids), since=since)
    counts: dict[str, int] = {}
    for row in tx.operator_queries.count_unsent_items():
        if row["reason"] in BLOCKING_REASONS:
            counts[row["reason"]] = counts.get(row["reason"], 0) + row["entries"]
    for reason, count in counts.items():
        yield FoundCondition(condition=Condition.NOTICE_NEEDS_PERSON, reason=reason, count=count)


def _list_approval_conditions(tx: Tx, now: datetime) -> Iterator[FoundCondition]:
    soon = [one for one in tx.approvals.list_awaiting_requests() if one.due_at - now < WARN_BEFORE_DUE]
    if soon:
        ids = tuple(one.request_id for one in soon[:LISTED_IDS])
        since = min(one.received_at for one in soon)
        yield FoundCondition(condition=Condition.REQUEST_AWAITS_APPROVAL, count=len(soon), ids=ids, since=since)


def _list_restricted_processors(services: Services) -> Iterator[FoundCondition]:
    named = [each.id for each in services.merchant.processors if services.merchant.find_restricted(each.id)]
    if named:
        yield FoundCondition(condition=Condition.PROCESSOR_RESTRICTED, count=len(named), systems=tuple(named))


@dataclass(slots=True)
class _Group:
    """The requests with the same trouble, in the order of their receipt."""

    since: datetime
    ids: dict[str, None] = field(default_factory=dict)
    systems: set[str] = field(default_factory=set)


def _list_task_conditions(tx: Tx) -> Iterator[FoundCondition]:
    groups: dict[tuple[Condition, str], _Group] = {}
    for task in tx.standing_still.iterate_troubled_tasks():
        if (key := _judge_task(task)) is not None:
            group = groups.setdefault(key, _Group(since=task.received_at))
            group.ids[task.request_id] = None
            group.systems.add(task.system)
    for (condition, reason), group in groups.items():
        yield FoundCondition(
            condition=condition,
            reason=reason,
            count=len(group.ids),
            ids=tuple(group.ids)[:LISTED_IDS],
            since=group.since,
            systems=tuple(sorted(group.systems)),
        )


def _judge_task(task: TroubledTask) -> tuple[Condition, str] | None:
    if reason := find_waiting_for(task):
        return Condition.REQUEST_NEEDS_PERSON, reason.value
    if outcome := find_shortfall(task):
        return Condition.REQUEST_INCOMPLETE, outcome
    return None


def _list_letters(tx: Tx) -> Iterator[FoundCondition]:
    """Yield the letters that cannot leave, by reason, those that bounced, and the acknowledgements that are about to be late."""
    for condition, reason, ids, since in tx.person_letters.find_troubled_letters(since=MAIL_SILENT_AFTER):
        yield FoundCondition(
            condition=Condition(condition), reason=reason, count=len(ids), ids=tuple(ids[:LISTED_IDS]), since=since
        )
    now = tx.session.now()
    open_requests = [
        (received_at, request_id)
        for request_id, received_at, due_at in tx.person_letters.list_open_acknowledgements()
        if now >= received_at + (due_at - received_at) / 2
    ]
    if open_requests:
        yield FoundCondition(
            condition=Condition.ACKNOWLEDGEMENT_OPEN,
            count=len(open_requests),
            ids=tuple(request_id for _, request_id in open_requests[:LISTED_IDS]),
            since=open_requests[0][0],
        )


def _list_messages(tx: Tx) -> Iterator[FoundCondition]:
    for channel, (attempts, _) in tx.alerts.find_message_failures().items():
        yield FoundCondition(condition=Condition.MESSAGE_NOT_SENT, reason=channel, count=attempts)


def _list_mail_conditions(tx: Tx, services: Services) -> Iterator[FoundCondition]:
    state = tx.mailboxes.read_state() if services.mailbox is not None else None
    if state is not None and state[1]:
        yield FoundCondition(condition=Condition.MAILBOX_UNREADABLE, count=state[2], since=state[0])
    count, ids, since = tx.standing_still.find_unread_mails(services.clock.now() - MAIL_UNREAD_AFTER)
    if count:
        yield FoundCondition(condition=Condition.MAIL_UNREAD, count=count, ids=tuple(ids), since=since)
