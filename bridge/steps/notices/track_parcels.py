"""Track the parcels of an account in the carrier's batches, then decide which items wait and which are due.

The shop's own status is the cheap source; the carrier is asked with growing pauses and without consignees. The
consignee is read only when an item becomes due and once after it was erased, and stored as a keyed digest.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bridge.errors import BridgeError, Retryable
from bridge.model import ConsigneeClues, Lease, NoticeItem, NoticePurpose, NoticeState, ReferenceKind, RefundAccount
from bridge.ports import Tracker
from bridge.rules.notices.timing import FINAL_PARCEL_STATUSES, UNINFORMATIVE_PARCEL_STATUSES, decide_notice_timing
from bridge.rules.requests.lifecycle import compute_retry_pause_s
from bridge.rules.retention.category_retention import CategoryRetention
from bridge.services import Services
from bridge.steps.erasure.held.held_items import read_item_retentions
from bridge.steps.evidence.record_facts import enqueue_requests
from bridge.steps.index.doubt_parcels import (
    find_item_doubts,
    is_under_review,
    open_item_reviews,
    pause_doubted_items,
    select_undecided,
)
from bridge.steps.notices.tracking import digest_consignee, fetch_tracking_batches, merge_carrier_status
from bridge.steps.notices.verify_erasure import record_unverifiable_items, reopen_retained_items, verify_erasures
from bridge.steps.task_results import SYSTEM_ERRORS

TRACKING_ROWS = 500
MAX_TRACKING_S = 120.0  # then the rest waits for the next job, so that other accounts get a worker
FRESH_STATUS_AGE = timedelta(days=1)  # a fresh status from the shop replaces the first query
VERIFICATION_PERIOD = timedelta(days=30)  # how long an unreachable carrier is asked to verify
REFUSED_PAUSE_S = 3_600.0  # a person has to renew the credentials
ERASED_STATES = (NoticeState.COMPLETED, NoticeState.NOT_FOUND)
TRACKED_STATES = (NoticeState.WAITING, NoticeState.PARTLY_REFUSED, *ERASED_STATES)


def track_account_parcels(account: str, lease: Lease, services: Services) -> bool:
    """Track all due items of an account. Return False if a system did not answer; its items are postponed.

    Raises LeaseLost, StoreUnavailable.
    """
    all_systems_answered = True
    deadline = time.monotonic() + MAX_TRACKING_S
    while time.monotonic() < deadline:
        with services.store.transaction() as tx:
            now = services.clock.now()
            items = tx.notice_items.list_items(account=account, states=TRACKED_STATES, due_at=now, limit=TRACKING_ROWS)
        if not items:
            break
        for system in sorted({item.system for item in items}):
            system_items = [item for item in items if item.system == system]
            try:
                _track_system_parcels(system_items, system, lease, services)
            except SYSTEM_ERRORS as fault:
                _postpone_tracking(system_items, fault, lease, services)
                all_systems_answered = False
    return all_systems_answered


def _track_system_parcels(due_items: Sequence[NoticeItem], system: str, lease: Lease, services: Services) -> None:
    connector = services.connectors.get(system)
    tracker = connector if isinstance(connector, Tracker) and connector.configured else None
    if retained_items := [item for item in due_items if item.state is NoticeState.PARTLY_REFUSED]:
        reopen_retained_items(retained_items, lease, services)
    waiting_items = [item for item in due_items if item.state is NoticeState.WAITING]
    query_items = [item for item in waiting_items if tracker and _is_query_needed(item, services.clock.now())]
    undecided = {item.id: item for item in waiting_items}
    for batch in fetch_tracking_batches(query_items, tracker) if tracker is not None else ():
        merged_items = [merge_carrier_status(item, result, services.clock.now()) for item, result in batch]
        _record_timings(merged_items, tracker, lease, services)
        for item, _ in batch:
            del undecided[item.id]
    _record_timings(list(undecided.values()), tracker, lease, services)
    if erased_items := [item for item in due_items if item.state in ERASED_STATES]:
        verify_erasures(erased_items, tracker, lease, services)


def _is_query_needed(item: NoticeItem, now: datetime) -> bool:
    """Return False if an operator released the item or must decide about it, or if it was under way less than a day ago."""
    if (
        item.purpose is not NoticePurpose.ERASE
        or item.released
        or item.names is not ReferenceKind.WAYBILL
        or is_under_review(item)
    ):
        return False
    is_under_way = item.status not in (*FINAL_PARCEL_STATUSES, *UNINFORMATIVE_PARCEL_STATUSES)
    is_fresh = item.status_at is not None and now - item.status_at <= FRESH_STATUS_AGE
    return not (item.looks == 0 and is_under_way and is_fresh)


def _record_timings(items: Sequence[NoticeItem], tracker: Tracker | None, lease: Lease, services: Services) -> None:
    if not items:
        return
    refunds = _read_refunds_of_items(items, services)
    kept = read_item_retentions(items, services)
    decided_items = [
        _apply_notice_timing(item, tracker, refunds.get(item.order_id, ()), kept.get(item.id), services)
        for item in items
    ]
    queued_items = [item for item in decided_items if item.state is NoticeState.QUEUED]
    newly_queued = [item for item in queued_items if item.names is ReferenceKind.WAYBILL and not item.baseline]
    baselines: dict[str, str] = {}
    records: dict[str, ConsigneeClues | None] = {}
    for batch in fetch_tracking_batches(newly_queued, tracker, consignees=True) if tracker is not None else ():
        baselines |= {
            item.id: digest_consignee(item, result.consignee, services) for item, result in batch if result.consignee
        }
        records |= {item.id: result.clues for item, result in batch}
    doubts = find_item_doubts(newly_queued, records, services)
    decided_items = [replace(item, baseline=baselines.get(item.id, item.baseline)) for item in decided_items]
    item_pairs = zip(items, decided_items, strict=True)
    changed_items = [item for previous, item in item_pairs if _visible_state(item) != _visible_state(previous)]
    with services.store.transaction() as tx:
        tx.notice_accounts.verify_lease(lease)
        doubted_ids = {item.id for item in select_undecided(newly_queued, doubts, tx)}
        # an item in doubt stays as it was: its review blocks it
        tx.notice_items.save_items(item for item in decided_items if item.id not in doubted_ids)
        tx.notice_items.wake_requests_of_items(changed_items)
        doubted_items = [item for item in items if item.id in doubted_ids]
        pause_doubted_items(doubted_items, tx=tx, services=services)
        open_item_reviews(doubted_items, doubts, tx=tx)
    enqueue_requests(changed_items, services)


def _visible_state(item: NoticeItem) -> tuple[object, ...]:
    """Return the fields that a certificate shows of a waiting item: a change of them renews the certificate."""
    return item.state, item.reason, item.not_before


def _read_refunds_of_items(items: Sequence[NoticeItem], services: Services) -> Mapping[str, Sequence[RefundAccount]]:
    """Return the refunds of the items' orders by order id; items of one account are of one shop."""
    shop, order_ids = items[0].shop, {item.order_id for item in items} - {""}
    with services.store.read() as tx:
        accounts = tx.refunds.list_refund_accounts_of_orders(shop, order_ids)
        keys = tx.legal_holds.map_order_keys(shop, order_ids) if accounts else {}
    refunds: dict[str, list[RefundAccount]] = {}
    for account in accounts:
        refunds.setdefault(keys[account.order_key], []).append(account)
    return refunds


def _apply_notice_timing(
    item: NoticeItem,
    tracker: Tracker | None,
    refunds: Sequence[RefundAccount],
    kept: CategoryRetention | None,
    services: Services,
) -> NoticeItem:
    timing = decide_notice_timing(
        item,
        now=services.clock.now(),
        is_trackable=tracker is not None,
        notice_rules=services.merchant.instructions,
        retention=services.retention,
        refunds=refunds,
        kept=kept,
    )
    return replace(
        item,
        state=NoticeState.WAITING if timing.reason else NoticeState.QUEUED,
        reason=timing.reason,
        not_before=timing.not_before,
        look_at=timing.look_at,
        looks=item.looks + 1,
    )


def _postpone_tracking(items: Sequence[NoticeItem], fault: BridgeError, lease: Lease, services: Services) -> None:
    """Postpone the items of a system that failed; give up verifying 30 days after the answer."""
    now, is_retryable = services.clock.now(), isinstance(fault, Retryable)
    wait_s = compute_retry_pause_s(3, fault.retry_after_s if isinstance(fault, Retryable) else REFUSED_PAUSE_S)
    ids = {item.id for item in items}
    with services.store.transaction() as tx:
        tx.notice_accounts.verify_lease(lease)
        # decisions saved before the fault stay: only items still due are postponed
        still_due = [
            replace(item, look_at=now + timedelta(seconds=wait_s))
            for item in tx.notice_items.list_items(account=lease.row_id, states=TRACKED_STATES, due_at=now)
            if item.id in ids
        ]
        waiting_items = [
            replace(item, reason="carrier_down" if is_retryable else "carrier_refuses_us")
            for item in still_due
            if item.state is NoticeState.WAITING
        ]
        erased = [item for item in still_due if item.state in ERASED_STATES]
        expired_items = [item for item in erased if item.answered_at and now - item.answered_at > VERIFICATION_PERIOD]
        tx.notice_items.save_items([*waiting_items, *(item for item in erased if item not in expired_items)])
        tx.notice_items.wake_requests_of_items(waiting_items)
    if expired_items:
        record_unverifiable_items(expired_items, lease, services)
    enqueue_requests(waiting_items, services)
