"""Look: where the parcels of an account are, in the system's batches, across all people; then decide what waits.

The shop's own word is the cheap source, the carrier is asked with growing pauses and without asking who it was for.
Only when a record may be told of, and once after it was erased, is the consignee looked at, and kept as a digest.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bridge.errors import BridgeError, Retryable
from bridge.model import NoticeItem, NoticeState, ReferenceKind
from bridge.ports import Lease, Services, Tracker
from bridge.rules.notices.timing import (
    FINAL_PARCEL_STATUSES,
    UNINFORMATIVE_PARCEL_STATUSES,
    decide_notice_timing,
)
from bridge.rules.requests.lifecycle import compute_retry_pause_s
from bridge.steps.erasure.request_platform_erasure import SYSTEM_ERRORS
from bridge.steps.evidence.record_facts import enqueue_requests
from bridge.steps.notices.tracking import digest_consignee, fetch_tracking_batches, merge_carrier_status
from bridge.steps.notices.verify_erasure import (
    record_unverifiable_items,
    reopen_items_after_retention,
    verify_carrier_erasures,
)

TRACKING_BATCH_ROWS = 500
MAX_TRACKING_S = 120.0  # then the account rings for itself again, so that others get their turn
FRESH_STATUS_AGE = timedelta(days=1)  # the shop's word of a parcel under way saves the first question
VERIFICATION_PERIOD = timedelta(days=30)  # so long it is tried
REFUSED_PAUSE_S = 3_600.0  # credentials are mended by a person
ERASED_STATES = (NoticeState.COMPLETED, NoticeState.NOT_FOUND)
TRACKED_STATES = (NoticeState.WAITING, NoticeState.PARTLY_REFUSED, *ERASED_STATES)


def track_account_parcels(account: str, lease: Lease, services: Services) -> bool:
    """Look at all that is due. Returns False where a system could not be asked; what it has is put off."""
    well = True
    until = time.monotonic() + MAX_TRACKING_S
    while time.monotonic() < until:
        with services.store.transaction() as tx:
            now = services.clock.now()
            due = tx.notices.list_items(
                account=account, states=TRACKED_STATES, due_at=now, limit=TRACKING_BATCH_ROWS
            )
        if not due:
            break
        for system in sorted({entry.system for entry in due}):
            theirs = [entry for entry in due if entry.system == system]
            try:
                _track_system_parcels(theirs, system, lease, services)
            except SYSTEM_ERRORS as fault:
                _postpone_tracking(theirs, fault, lease, services)
                well = False
    return well


def _track_system_parcels(
    due_items: Sequence[NoticeItem], system: str, lease: Lease, services: Services
) -> None:
    connector = services.connectors.get(system)
    tracker = connector if isinstance(connector, Tracker) and connector.configured else None
    if kept := [entry for entry in due_items if entry.state is NoticeState.PARTLY_REFUSED]:
        reopen_items_after_retention(kept, lease, services)
    waiting = [entry for entry in due_items if entry.state is NoticeState.WAITING]
    ask = [
        entry
        for entry in waiting
        if tracker is not None and _is_carrier_query_needed(entry, services.clock.now())
    ]
    still = {entry.id: entry for entry in waiting}
    for batch in fetch_tracking_batches(ask, tracker) if tracker is not None else ():
        _record_timing_decisions(
            [merge_carrier_status(entry, told, services.clock.now()) for entry, told in batch],
            tracker,
            lease,
            services,
        )
        for entry, _ in batch:
            del still[entry.id]
    _record_timing_decisions(list(still.values()), tracker, lease, services)
    if erased := [entry for entry in due_items if entry.state in ERASED_STATES]:
        verify_carrier_erasures(erased, tracker, lease, services)


def _is_carrier_query_needed(item: NoticeItem, now: datetime) -> bool:
    """Not where an operator released it, nor at first where the shop said within a day that it is on its way."""
    if item.released or item.names is not ReferenceKind.WAYBILL:
        return False
    under_way = item.status not in (*FINAL_PARCEL_STATUSES, *UNINFORMATIVE_PARCEL_STATUSES)
    fresh = item.status_at is not None and now - item.status_at <= FRESH_STATUS_AGE
    return not (item.looks == 0 and under_way and fresh)


def _record_timing_decisions(
    items: Sequence[NoticeItem], tracker: Tracker | None, lease: Lease, services: Services
) -> None:
    if not items:
        return
    decided = [_apply_notice_timing(entry, tracker, services) for entry in items]
    ready = [entry for entry in decided if entry.state is NoticeState.QUEUED and _is_baseline_needed(entry)]
    seen: dict[str, str] = {}
    for batch in fetch_tracking_batches(ready, tracker, consignees=True) if tracker is not None else ():
        seen |= {
            entry.id: digest_consignee(entry, told.consignee, services)
            for entry, told in batch
            if told.consignee
        }
    decided = [replace(entry, baseline=seen.get(entry.id, entry.baseline)) for entry in decided]
    before = {entry.id: entry for entry in items}
    changed = [
        entry
        for entry in decided
        if _request_visible_state(entry) != _request_visible_state(before[entry.id])
    ]
    with services.store.transaction() as tx:
        tx.notices.verify_lease(lease)
        tx.notices.save_items(decided)
        tx.notices.wake_requests_of_items(changed)
    enqueue_requests(changed, services)


def _is_baseline_needed(item: NoticeItem) -> bool:
    return item.names is ReferenceKind.WAYBILL and not item.baseline


def _request_visible_state(item: NoticeItem) -> tuple[object, ...]:
    """What a request tells of an entry that waits: only a change of it makes a certificate anew."""
    return item.state, item.reason, item.not_before


def _apply_notice_timing(item: NoticeItem, tracker: Tracker | None, services: Services) -> NoticeItem:
    verdict = decide_notice_timing(
        item,
        now=services.clock.now(),
        is_trackable=tracker is not None,
        notice_rules=services.merchant.instructions,
        retention=services.retention,
    )
    return replace(
        item,
        state=NoticeState.WAITING if verdict.reason else NoticeState.QUEUED,
        reason=verdict.reason,
        not_before=verdict.not_before,
        look_at=verdict.look_at,
        looks=item.looks + 1,
    )


def _postpone_tracking(
    items: Sequence[NoticeItem], fault: BridgeError, lease: Lease, services: Services
) -> None:
    """A system that is down, throttles or refuses us: asked again later, and shown meanwhile; not for ever."""
    now, passes = services.clock.now(), isinstance(fault, Retryable)
    wait_s = compute_retry_pause_s(
        3, fault.retry_after_s if isinstance(fault, Retryable) else REFUSED_PAUSE_S
    )
    ids = {entry.id for entry in items}
    with services.store.transaction() as tx:
        tx.notices.verify_lease(lease)
        # what was decided before the fault stands: only what is still due is put off
        still = [
            replace(entry, look_at=now + timedelta(seconds=wait_s))
            for entry in tx.notices.list_items(account=lease.row_id, states=TRACKED_STATES, due_at=now)
            if entry.id in ids
        ]
        waiting = [
            replace(entry, reason="carrier_down" if passes else "carrier_refuses_us")
            for entry in still
            if entry.state is NoticeState.WAITING
        ]
        erased = [entry for entry in still if entry.state in ERASED_STATES]
        over = [
            entry for entry in erased if entry.answered_at and now - entry.answered_at > VERIFICATION_PERIOD
        ]
        tx.notices.save_items([*waiting, *(entry for entry in erased if entry not in over)])
        tx.notices.wake_requests_of_items(waiting)
    if over:
        record_unverifiable_items(over, lease, services)
    enqueue_requests(waiting, services)
