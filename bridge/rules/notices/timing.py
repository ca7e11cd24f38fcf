"""Decides whether a processor may be asked yet to erase a record, and if not: why, until when, when to look again.

Pure. Never while a parcel moves, its cash is out, a return, claim or dispute is open, or a hold runs: what the
carrier needs to deliver must not be taken from it. In doubt it waits; a person may release.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from operator import itemgetter
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from bridge.model import Entry, Names, ParcelStatus
from bridge.rules.retention.holds import holds_on, local_day

if TYPE_CHECKING:
    from collections.abc import Sequence

    from config.merchant_file.notice_rules import Instructions
    from config.retention_file.retention import Retention

CATEGORY = "shipment"  # of the retention file: whose holds bind the carriers' copy as they bind ours
LOOK_DAYS = (1, 1, 2, 3, 5, 7)  # a parcel that moves is asked about with growing pauses, then weekly
OPEN_DAYS = 7  # what has no end in sight is looked at weekly
AT_REST = (ParcelStatus.DELIVERED, ParcelStatus.RETURNED, ParcelStatus.CANCELLED, ParcelStatus.LOST)
SAYS_NOTHING = (ParcelStatus.UNKNOWN, ParcelStatus.NOT_FOUND)
BACK = (ParcelStatus.RETURNING, ParcelStatus.RETURN_BOOKED, ParcelStatus.REDIRECTED)
HELD = "held_by_operator"


@dataclass(frozen=True, kw_only=True, slots=True)
class Asking:
    """`reason` is a code, '' where it may be asked now. `not_before` None beside a reason: the end is open."""

    reason: str = ""
    not_before: datetime | None = None
    look_at: datetime | None = None


def asking(
    entry: Entry, *, now: datetime, tracked: bool, terms: Instructions, retention: Retention
) -> Asking:
    """May the processor be asked about this entry? `tracked`: a system can be asked where the parcel is."""
    if entry.released:
        return Asking()
    waits = _waits(entry, tracked, terms, retention, now)
    still = [(until, reason) for until, reason in waits if until is None or until > now]
    if not still:
        return Asking()
    at_rest, pause = entry.status in AT_REST, LOOK_DAYS[min(entry.looks, len(LOOK_DAYS) - 1)]
    endless = [reason for until, reason in still if until is None]
    if endless:
        return Asking(reason=endless[0], look_at=now + timedelta(days=OPEN_DAYS if at_rest else pause))
    until, reason = max(((until, reason) for until, reason in still if until), key=itemgetter(0))
    look_at = until
    if tracked and not at_rest:  # it may turn up meanwhile
        look_at = min(until, now + timedelta(days=pause))
    return Asking(reason=reason, not_before=until, look_at=look_at)


def _waits(
    entry: Entry, tracked: bool, terms: Instructions, retention: Retention, now: datetime
) -> list[tuple[datetime | None, str]]:
    """Every ground to wait with its end; None has no end in sight. The gravest comes first."""
    if entry.matters:
        return [(None, _code(entry.matters))]
    if entry.names is not Names.WAYBILL:
        return []
    status, since = entry.status, entry.status_at or entry.shipped_at or now
    if status not in AT_REST:
        if status in BACK:
            return [(None, "parcel_returning")]
        if tracked and status not in SAYS_NOTHING:
            return [(None, "parcel_moving")]
        return _untold(entry, tracked, terms, retention, now)
    waits: list[tuple[datetime | None, str]] = list(_holds(entry, since, now, retention))
    if status is ParcelStatus.LOST:
        waits.append((since + timedelta(days=terms.lost_claim_days), "lost_claim"))
    if status in (ParcelStatus.DELIVERED, ParcelStatus.RETURNED):
        waits.append((since + timedelta(days=terms.claim_days), "claim_window"))
    if status is ParcelStatus.DELIVERED and entry.cod is not False and not entry.remitted:
        reason = "cod_unremitted" if entry.cod else "cod_not_known"
        waits.append((since + timedelta(days=terms.cod_hold_days), reason))
    return waits


def _untold(
    entry: Entry, tracked: bool, terms: Instructions, retention: Retention, now: datetime
) -> list[tuple[datetime | None, str]]:
    """Nobody can say where it is: so many days after the last word of it, it counts as delivered."""
    reason = "carrier_does_not_know_it" if tracked else "carrier_not_tracked"
    words = [moment for moment in (entry.shipped_at, entry.status_at) if moment is not None]
    if not words:
        return [(entry.not_before or now + timedelta(days=terms.untracked_days), reason)]
    until = max(words) + timedelta(days=terms.untracked_days)
    there = replace(entry, status=ParcelStatus.DELIVERED, status_at=until)
    return [(until, reason), *_waits(there, tracked, terms, retention, now)]


def _code(matters: Sequence[str]) -> str:
    """The gravest as a code: an operator's word before the shop's."""
    return HELD if HELD in matters else f"{matters[0].partition('/')[0]}_open"


def _holds(
    entry: Entry, since: datetime, now: datetime, retention: Retention
) -> list[tuple[datetime | None, str]]:
    category = retention.categories.get(CATEGORY)
    if category is None:
        return []
    events = {"last_processing_at": since}
    # a parcel that came back or was cancelled leaves no contract open
    if entry.status is ParcelStatus.DELIVERED:
        events |= {"ordered_at": entry.shipped_at or since, "delivered_at": since}
    held = holds_on(category, events=events, today=local_day(now, retention.calendar), retention=retention)
    zone = ZoneInfo(retention.calendar.timezone)
    return [
        (
            datetime.combine(hold.erasable_from, time.min, zone).astimezone(UTC)
            if hold.erasable_from
            else None,
            f"hold_{hold.ground}"[:48],
        )
        for hold in held
    ]
