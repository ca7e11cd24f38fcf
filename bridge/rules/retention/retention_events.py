"""Turn what is known of an order into the events of the retention file. Pure: reads no clock and no table.

An event is named only where it happened. What nobody reported is never guessed to be over: an order without a delivery is
an open one, until so many days without news count as one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bridge.model import ParcelStatus, RefundState
from bridge.rules.requests.regimes import list_regimes
from bridge.rules.retention.category_retention import RetentionFacts
from bridge.rules.retention.release import collect_legal_hold_events

if TYPE_CHECKING:
    from bridge.model import Document, LegalHold, RefundAccount

# a parcel that never reached the customer, or came back, leaves no contract open
ENDED_WITHOUT_DELIVERY = (ParcelStatus.RETURNED, ParcelStatus.CANCELLED, ParcelStatus.LOST)


@dataclass(frozen=True, kw_only=True, slots=True)
class ParcelNews:
    """The last that is known of a parcel."""

    status: ParcelStatus = ParcelStatus.UNKNOWN
    status_at: datetime | None = None
    shipped_at: datetime | None = None

    @property
    def last_news_at(self) -> datetime | None:
        """Return when its journey ended, else the time of the last news; None where there is none."""
        if self.status_at and self.status in (ParcelStatus.DELIVERED, *ENDED_WITHOUT_DELIVERY):
            return self.status_at
        return max((time for time in (self.status_at, self.shipped_at) if time), default=None)


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderRecord:
    """What is known of one order, or of data that belongs to no known order.

    `parcels` are those sent to the customer. `placed_at` None: no order is known. `updated_at` is the shop's last change.
    """

    placed_at: datetime | None = None
    updated_at: datetime | None = None
    parcels: tuple[ParcelNews, ...] = ()
    refunds: tuple[RefundAccount, ...] = ()
    legal_holds: tuple[LegalHold, ...] = ()
    documents: tuple[Document, ...] = ()


def build_retention_facts(
    record: OrderRecord, *, requested_at: datetime, now: datetime, untracked_days: float
) -> RetentionFacts:
    """Return the events of the order.

    `requested_at` is when the data subject asked: the latest moment of a processing of which nobody knows when, and of a
    change at the shop, for handling the request lengthens nothing. After `untracked_days` without news a parcel, or an
    order without one, counts as delivered.
    """
    events = {
        **_build_contract_events(record, requested_at, now, untracked_days),
        **build_refund_events(record.refunds),
        **collect_legal_hold_events(record.legal_holds),
    }
    if issued := [document.issued_at for document in record.documents]:
        events["document_issued_at"] = events["transaction_at"] = max(issued)
    moments = [
        record.placed_at,
        min(record.updated_at, requested_at) if record.updated_at else None,
        *(parcel.last_news_at for parcel in record.parcels),
        *(time for refund in record.refunds for time in (refund.opened_at, refund.settled_at)),
        *issued,
    ]
    events["last_processing_at"] = max((time for time in moments if time), default=requested_at)
    return RetentionFacts(events=events, regimes=list_regimes({document.country for document in record.documents}))


def _build_contract_events(
    record: OrderRecord, requested_at: datetime, now: datetime, untracked_days: float
) -> dict[str, datetime]:
    """Return when the order was placed and, once every parcel of it has arrived, when the last one did.

    Nothing where no order is known, and where all parcels were cancelled or came back.
    """
    sent = [parcel for parcel in record.parcels if parcel.status not in ENDED_WITHOUT_DELIVERY]
    if not sent and (record.parcels or record.placed_at is None):
        return {}
    news = [time for parcel in sent if (time := parcel.last_news_at)]
    placed_at = record.placed_at or min(news, default=requested_at)
    delivered_at = max(_find_arrival(parcel, placed_at, untracked_days) for parcel in sent or [ParcelNews()])
    events = {"ordered_at": placed_at}
    return events | ({"delivered_at": delivered_at} if delivered_at <= now else {})


def _find_arrival(parcel: ParcelNews, placed_at: datetime, untracked_days: float) -> datetime:
    """Return when the parcel arrived, or counts as delivered, where nothing more is known of it until then."""
    last_news_at = parcel.last_news_at or placed_at
    return last_news_at if parcel.status is ParcelStatus.DELIVERED else last_news_at + timedelta(days=untracked_days)


def build_refund_events(refunds: Iterable[RefundAccount]) -> Mapping[str, datetime]:
    """Return when a refund was opened and, once all are over, when the last one was settled and reconciled.

    Details that were erased before their refund was settled are no open refund any more.
    """
    counted = [refund for refund in refunds if refund.settled_at or refund.state is RefundState.OPEN]
    if not counted:
        return {}
    events = {"refund_opened_at": max(refund.opened_at for refund in counted)}
    settled = [refund.settled_at for refund in counted if refund.settled_at]
    if len(settled) == len(counted):  # settled is the start of a day: the refund may have been opened later that day
        over_at = max(settled)
        events["refund_opened_at"] = min(events["refund_opened_at"], over_at)
        events["refund_settled_at"] = events["refund_reconciled_at"] = over_at
    return events
