"""Decide whether a processor may be notified yet, and if not: why, until when, when to check again.

Pure. No erasure while a parcel moves, its cash is unpaid, a return, claim or dispute is open, or a hold runs: the carrier
needs the data to deliver. In doubt it waits; a person may release. A correction or restriction waits for none of that.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from operator import itemgetter
from typing import TYPE_CHECKING, TypeAlias

from bridge.model import NoticeItem, NoticePurpose, ParcelStatus, ReferenceKind
from bridge.rules.notices.parcel_reviews import PARCEL_REVIEW_PREFIX
from bridge.rules.retention.category_retention import CategoryRetention, calculate_category_retention
from bridge.rules.retention.retention_events import OrderRecord, ParcelNews, build_retention_facts
from bridge.rules.retention.statutory_last_days import compute_day_start, local_day

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bridge.model import RefundAccount
    from config.merchant_file.notice_rules import NoticeRules
    from config.retention_file.retention import Retention

SHIPMENT_CATEGORY = "shipment"  # of the retention file: its holds bind the carriers' copy and the bridge's alike
TRACKING_PAUSE_DAYS = (1, 1, 2, 3, 5, 7)  # days between two requests for a moving parcel; then weekly
OPEN_ENDED_PAUSE_DAYS = 7  # an item with an open end is checked weekly
FINAL_PARCEL_STATUSES = (ParcelStatus.DELIVERED, ParcelStatus.RETURNED, ParcelStatus.CANCELLED, ParcelStatus.LOST)
UNINFORMATIVE_PARCEL_STATUSES = (ParcelStatus.UNKNOWN, ParcelStatus.NOT_FOUND)
RETURNING_PARCEL_STATUSES = (ParcelStatus.RETURNING, ParcelStatus.RETURN_BOOKED, ParcelStatus.REDIRECTED)
PAUSED_BY_OPERATOR = "held_by_operator"
# what a person may demand at once, whatever is on its way or kept: nothing is destroyed by it
IMMEDIATE_PURPOSES = frozenset({NoticePurpose.STOP_MESSAGES})
Wait: TypeAlias = tuple[datetime | None, str]  # a reason to wait with its end; None is an open end


@dataclass(frozen=True, kw_only=True, slots=True)
class NoticeTiming:
    """When an item may be sent.

    `reason` is a code, '' where it may be sent now. `not_before` None with a reason: the end is open.
    """

    reason: str = ""
    not_before: datetime | None = None
    look_at: datetime | None = None


def decide_notice_timing(
    item: NoticeItem,
    *,
    now: datetime,
    is_trackable: bool,
    notice_rules: NoticeRules,
    retention: Retention,
    refunds: Sequence[RefundAccount] = (),
    kept: CategoryRetention | None = None,
) -> NoticeTiming:
    """Decide whether the processor may be notified of this item.

    `is_trackable`: a system can be asked where the parcel is. `refunds` are those of its order. `kept` is what keeps the
    record of an item that names no parcel.
    """
    if item.released or (item.purpose in IMMEDIATE_PURPOSES and PAUSED_BY_OPERATOR not in item.matters):
        return NoticeTiming()
    if item.purpose is not NoticePurpose.ERASE:
        return _decide_change_timing(item, now)
    waits = _list_wait_reasons(item, is_trackable, notice_rules, retention, now, refunds)
    waits += _list_hold_waits(kept or CategoryRetention(), retention)
    open_waits = [(until, reason) for until, reason in waits if until is None or until > now]
    if not open_waits:
        return NoticeTiming()
    is_final = item.status in FINAL_PARCEL_STATUSES
    pause_days = TRACKING_PAUSE_DAYS[min(item.looks, len(TRACKING_PAUSE_DAYS) - 1)]
    open_ended = [reason for until, reason in open_waits if until is None]
    if open_ended:
        days = 1 if kept else OPEN_ENDED_PAUSE_DAYS if is_final else pause_days
        return NoticeTiming(reason=open_ended[0], look_at=now + timedelta(days=days))
    until, reason = max(((until, reason) for until, reason in open_waits if until), key=itemgetter(0))
    look_at = until
    if is_trackable and not is_final:  # it may arrive earlier
        look_at = min(until, now + timedelta(days=pause_days))
    return NoticeTiming(reason=reason, not_before=until, look_at=look_at)


def _decide_change_timing(item: NoticeItem, now: datetime) -> NoticeTiming:
    """Decide about an item that erases nothing: at once, also while the parcel moves; not while it may be another person's."""
    blockers = [one for one in item.matters if one == PAUSED_BY_OPERATOR or one.startswith(PARCEL_REVIEW_PREFIX)]
    if not blockers:
        return NoticeTiming()
    return NoticeTiming(reason=_format_blocker_code(blockers), look_at=now + timedelta(days=OPEN_ENDED_PAUSE_DAYS))


def _list_wait_reasons(
    item: NoticeItem,
    is_trackable: bool,
    notice_rules: NoticeRules,
    retention: Retention,
    now: datetime,
    refunds: Sequence[RefundAccount],
) -> list[Wait]:
    """Return every reason to wait with its end; None is an open end. The gravest comes first."""
    if item.matters:
        return [(None, _format_blocker_code(item.matters))]
    if item.names is not ReferenceKind.WAYBILL:
        return []
    status, since = item.status, item.status_at or item.shipped_at or now
    if status not in FINAL_PARCEL_STATUSES:
        if status in RETURNING_PARCEL_STATUSES:
            return [(None, "parcel_returning")]
        if is_trackable and status not in UNINFORMATIVE_PARCEL_STATUSES:
            return [(None, "parcel_moving")]
        return _list_untracked_waits(item, is_trackable, notice_rules, retention, now, refunds)
    waits = _list_retention_waits(item, now, retention, refunds)
    if status is ParcelStatus.LOST:
        waits.append((since + timedelta(days=notice_rules.lost_claim_days), "lost_claim"))
    if status in (ParcelStatus.DELIVERED, ParcelStatus.RETURNED):
        waits.append((since + timedelta(days=notice_rules.claim_days), "claim_window"))
    if status is ParcelStatus.DELIVERED and item.cod is not False and not item.remitted:
        reason = "cod_unremitted" if item.cod else "cod_not_known"
        waits.append((since + timedelta(days=notice_rules.cod_hold_days), reason))
    return waits


def _list_untracked_waits(
    item: NoticeItem,
    is_trackable: bool,
    notice_rules: NoticeRules,
    retention: Retention,
    now: datetime,
    refunds: Sequence[RefundAccount],
) -> list[Wait]:
    """Return the waits of a parcel without known status: so many days after its last news it counts as delivered."""
    reason = "carrier_does_not_know_it" if is_trackable else "carrier_not_tracked"
    news = [moment for moment in (item.shipped_at, item.status_at) if moment is not None]
    if not news:
        return [(item.not_before or now + timedelta(days=notice_rules.untracked_days), reason)]
    until = max(news) + timedelta(days=notice_rules.untracked_days)
    delivered_item = replace(item, status=ParcelStatus.DELIVERED, status_at=until)
    return [(until, reason), *_list_wait_reasons(delivered_item, is_trackable, notice_rules, retention, now, refunds)]


def _format_blocker_code(blockers: Sequence[str]) -> str:
    """Return the gravest blocker as a code: an operator's before the shop's."""
    return PAUSED_BY_OPERATOR if PAUSED_BY_OPERATOR in blockers else f"{blockers[0].partition('/')[0]}_open"


def _list_retention_waits(
    item: NoticeItem, now: datetime, retention: Retention, refunds: Sequence[RefundAccount]
) -> list[Wait]:
    """Return what the retention file keeps the record for: the plan of the erasure asks the same calculator."""
    category = retention.categories.get(SHIPMENT_CATEGORY)
    if category is None:
        return []
    news = ParcelNews(status=item.status, status_at=item.status_at, shipped_at=item.shipped_at)
    record = OrderRecord(parcels=(news,), refunds=tuple(refunds))
    # what counts as delivered in days to come is given as delivered
    day_of_delivery = max(now, news.last_news_at or now)
    facts = build_retention_facts(record, requested_at=now, now=day_of_delivery, untracked_days=0)
    kept = calculate_category_retention(
        category, [facts], today=local_day(now, retention.calendar), retention=retention
    )
    return _list_hold_waits(kept, retention)


def _list_hold_waits(kept: CategoryRetention, retention: Retention) -> list[Wait]:
    if not kept.holds:
        return []
    is_known = kept.erasable_from is not None and not kept.release_needs
    until = compute_day_start(kept.erasable_from, retention) if kept.erasable_from and is_known else None
    return [(until, f"hold_{kept.grounds[0]}"[:48])]
