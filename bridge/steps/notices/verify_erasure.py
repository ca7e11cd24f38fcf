"""Verify an erasure: ask a carrier that shows consignees once more after it answered "erased".

A blank or changed consignee supports the answer but proves nothing; an unchanged one contradicts it and reopens the
item. Items that a processor retained under a law are reopened when the retention has ended.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bridge.errors import ConnectorUnavailable
from bridge.model import Fact, Lease, NoticeItem, NoticeState, ParcelStatus, ProcessorAnswer, TrackingResult
from bridge.ports import Tracker
from bridge.rules.notices.answers import reopen_notice_item
from bridge.services import Services
from bridge.steps.evidence.record_facts import enqueue_requests, record_notice_fact
from bridge.steps.notices.tracking import digest_consignee, fetch_tracking_batches

MAX_REOPENINGS = 2  # then a person has to contact the processor


def verify_erasures(items: Sequence[NoticeItem], tracker: Tracker | None, lease: Lease, services: Services) -> None:
    """Compare each consignee with the baseline and record the result, batch by batch.

    Raises as `Tracker.track_parcels`, and ConnectorUnavailable after all other items for those whose answer is
    unreadable; what was recorded before the fault stays recorded.
    """
    unverified = {item.id: item for item in items}
    unreadable = 0
    for batch in fetch_tracking_batches(items, tracker, consignees=True) if tracker is not None else ():
        readable = [(item, result) for item, result in batch if not _is_unreadable(result)]
        _record_verifications(
            [_compare_consignee(item, result, services) for item, result in readable], lease, services
        )
        unreadable += len(batch) - len(readable)
        for item, _ in batch:
            del unverified[item.id]
    record_unverifiable_items(list(unverified.values()), lease, services)
    if unreadable:
        raise ConnectorUnavailable("the consignee of a parcel could not be read")


def _is_unreadable(tracking: TrackingResult) -> bool:
    """Return whether the answer says nothing: an unread consignee is not a blank one."""
    return tracking.consignee is None and tracking.status is ParcelStatus.UNKNOWN


def record_unverifiable_items(items: Sequence[NoticeItem], lease: Lease, services: Services) -> None:
    """Record that these items cannot be verified: the processor's answer is the only source."""
    _record_verifications([replace(item, read_back="not_possible") for item in items], lease, services)


def _compare_consignee(item: NoticeItem, tracking: TrackingResult, services: Services) -> NoticeItem:
    if tracking.status is ParcelStatus.NOT_FOUND:
        return replace(item, read_back="gone")
    if not tracking.consignee:
        return replace(item, read_back="blank")
    is_unchanged = digest_consignee(item, tracking.consignee, services) == item.baseline
    return replace(item, read_back="unchanged" if is_unchanged else "changed")


def _record_verifications(verified_items: Sequence[NoticeItem], lease: Lease, services: Services) -> None:
    if not verified_items:
        return
    contradicted = [item for item in verified_items if item.read_back == "unchanged"]
    settled = [item for item in verified_items if item.read_back != "unchanged"]
    settled_items = [replace(item, look_at=None, reference="", baseline="") for item in settled]
    refused_items = [_mark_item_refused(item) for item in contradicted if item.reopened >= MAX_REOPENINGS]
    now = services.clock.now()
    reopened_items = [_reopen_item(item, now) for item in contradicted if item.reopened < MAX_REOPENINGS]
    with services.store.transaction() as tx:
        tx.notice_accounts.verify_lease(lease)
        tx.notice_items.save_items([*settled_items, *refused_items, *reopened_items])
        tx.notice_items.wake_requests_of_items(verified_items)
        for read_back in sorted({item.read_back for item in settled_items}):
            items = [item for item in settled_items if item.read_back == read_back]
            record_notice_fact(Fact.NOTICE_VERIFIED, items, tx, found=read_back)
        record_notice_fact(Fact.NOTICE_REOPENED, [*refused_items, *reopened_items], tx, found="unchanged")
    enqueue_requests(verified_items, services)


def _reopen_item(item: NoticeItem, now: datetime) -> NoticeItem:
    """Return the item queued again, because the carrier still shows the consignee; its status was read just now."""
    reopened = reopen_notice_item(item, "still_readable", now)
    return replace(reopened, state=NoticeState.QUEUED, look_at=None, reopened=item.reopened + 1)


def _mark_item_refused(item: NoticeItem) -> NoticeItem:
    """Return the item as refused, because the carrier still shows the consignee after all reopenings."""
    refused = ProcessorAnswer.REFUSED
    return replace(item, state=NoticeState.REFUSED, answer=refused, reason="still_readable", look_at=None)


def reopen_retained_items(items: Sequence[NoticeItem], lease: Lease, services: Services) -> None:
    """Reopen items whose retention at the processor has ended. Raises LeaseLost, StoreUnavailable."""
    reopened_items = [reopen_notice_item(item, "kept_until_now", services.clock.now()) for item in items]
    with services.store.transaction() as tx:
        tx.notice_accounts.verify_lease(lease)
        tx.notice_items.save_items(reopened_items)
        tx.notice_items.wake_requests_of_items(reopened_items)
        record_notice_fact(Fact.NOTICE_REOPENED, reopened_items, tx, found="kept_until_now")
    enqueue_requests(reopened_items, services)
