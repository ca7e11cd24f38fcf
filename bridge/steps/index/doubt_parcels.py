"""Lays a parcel that may be another person's before an operator, and carries out what the operator decides.

Until then no notice names its waybill, by letter or API, and no carrier is asked where it is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from bridge.errors import ConcurrentChange
from bridge.model import ConsigneeClues, Fact, NoticeItem, ParcelListing, Review, Waybill
from bridge.rules.index.consignee.clues import build_digester
from bridge.rules.index.listings import FulfillmentListing
from bridge.rules.notices.parcel_reviews import (
    DOUBT_SENTENCES,
    PARCEL_REVIEW_PREFIX,
    Doubt,
    ParcelDecision,
    find_doubt,
    select_superseded,
)
from bridge.services import Services
from bridge.steps.evidence.record_facts import record_notice_fact
from bridge.steps.notices.pause_items import UNSENT_STATES, pause_items, resume_items

if TYPE_CHECKING:
    from bridge.store import Tx


def is_under_review(item: NoticeItem) -> bool:
    """Return whether an operator must decide first whose the item's parcel is."""
    return any(blocker.startswith(PARCEL_REVIEW_PREFIX) for blocker in item.matters)


def add_review_blockers(shop: str, parcels: Sequence[Waybill], tx: Tx) -> list[Waybill]:
    """Return the parcels without those that were decided to be another person's; those in doubt get a blocker.

    Of a number that several orders name, the one whose fulfilment lists it comes first.
    """
    reviews = tx.reviews.find_parcel_reviews(shop, [(one.order_id, one.number) for one in parcels])
    listed = {parcel.number for parcel in parcels if parcel.listing is not ParcelListing.SUPERSEDED}
    kept = []
    for parcel in parcels:
        review = reviews.get((parcel.order_id, parcel.number))
        is_superseded = parcel.listing is ParcelListing.SUPERSEDED
        if (review and review.decision == ParcelDecision.REFUSED) or (is_superseded and parcel.number in listed):
            continue
        if review.decision != ParcelDecision.RELEASED if review else is_superseded:
            about = {"order_id": parcel.order_id, "waybill": parcel.number}
            blocker = tx.reviews.build_parcel_blocker(shop, **about)
            kept.append(replace(parcel, matters=tuple(sorted({*parcel.matters, blocker}))))
        else:
            kept.append(parcel)
    return kept


def open_superseded_reviews(shop: str, parcels: Iterable[Waybill], request_id: str, tx: Tx) -> None:
    """Open a review for each parcel that its fulfilment no longer lists. Writes evidence."""
    for parcel in parcels:
        if parcel.listing is ParcelListing.SUPERSEDED:
            _open_review(shop, parcel.order_id, parcel.number, Doubt.SUPERSEDED, request_id, tx)


def find_item_doubts(
    items: Iterable[NoticeItem], records: Mapping[str, ConsigneeClues | None], services: Services
) -> dict[str, Doubt]:
    """Return by item id why its parcel may be another person's. `records` are what carriers show, by item id."""
    doubts = {}
    for item in items:
        doubt = find_doubt(item, records.get(item.id), build_digester(services.digest, item.shop))
        if doubt:
            doubts[item.id] = doubt
    return doubts


def select_undecided(items: Sequence[NoticeItem], doubted_ids: Collection[str], tx: Tx) -> list[NoticeItem]:
    """Return the items in doubt that no operator released, and those whose parcel is in doubt at another processor."""
    if not items:
        return []
    reviews = tx.reviews.find_parcel_reviews(items[0].shop, [(item.order_id, item.reference) for item in items])
    undecided = []
    for item in items:
        review = reviews.get((item.order_id, item.reference))
        if review.decision != ParcelDecision.RELEASED if review else item.id in doubted_ids:
            undecided.append(item)
    return undecided


def pause_doubted_items(items: Sequence[NoticeItem], *, tx: Tx, services: Services) -> None:
    """Let these items wait for the review of their parcel. Raises ConcurrentChange."""
    for item in items:
        about = {"order_id": item.order_id, "waybill": item.reference}
        pause_items([item], tx.reviews.build_parcel_blocker(item.shop, **about), tx=tx, services=services)


def pause_superseded_items(
    shop: str, order_id: str, listings: Sequence[FulfillmentListing], *, tx: Tx, services: Services
) -> list[NoticeItem]:
    """Pause the unsent items of an order whose numbers its fulfilments no longer list. Return them, for `open_item_reviews`.

    Raises ConcurrentChange.
    """
    if not listings:
        return []
    items = [item for item in tx.notice_items.lock_items_of_order(shop, order_id) if item.state in UNSENT_STATES]
    superseded = select_superseded(items, listings, build_digester(services.digest, shop))
    undecided = select_undecided(superseded, {item.id for item in superseded}, tx)
    pause_doubted_items(undecided, tx=tx, services=services)
    return undecided


def open_item_reviews(items: Iterable[NoticeItem], doubts: Mapping[str, Doubt], *, tx: Tx) -> None:
    """Open a review for the parcel of each item; without a doubt it is superseded. Writes evidence: call it last."""
    for item in items:
        doubt = doubts.get(item.id, Doubt.SUPERSEDED)
        _open_review(item.shop, item.order_id, item.reference, doubt, item.request_id, tx)


def _open_review(shop: str, order_id: str, waybill: str, doubt: Doubt, request_id: str, tx: Tx) -> None:
    what = f"parcel of an erasure: {DOUBT_SENTENCES[doubt]}"
    tx.reviews.open_parcel_review(shop, what, order_id=order_id, waybill=waybill, request_id=request_id)


def release_parcel(item: NoticeItem, *, actor: str, reason: str, tx: Tx, services: Services) -> None:
    """Decide the review of an item's parcel: it is the data subject's. Raises ConcurrentChange."""
    review = tx.reviews.find_parcel_review(item.shop, order_id=item.order_id, waybill=item.reference)
    if review is not None:
        decide_parcel_review(review, ParcelDecision.RELEASED, actor=actor, reason=reason, tx=tx, services=services)


def decide_parcel_review(
    review: Review, decision: ParcelDecision, *, actor: str, reason: str, tx: Tx, services: Services
) -> int:
    """Close the review; release its notice items, or discard them. Return how many.

    Discarded items are as if they had never been: the parcel is another person's. Raises ConcurrentChange.
    """
    blocker, items = tx.reviews.find_blocked_items(review)
    if decision is ParcelDecision.RELEASED:
        resume_items(items, blocker, tx=tx, services=services)
        fact = Fact.NOTICE_ITEM_RESUMED
    else:
        for item in items:
            tx.notice_items.delete_item(item)
        tx.notice_items.wake_requests_of_items(items)
        fact = Fact.NOTICE_ITEM_DISCARDED
    if not tx.reviews.close_review(review.id, actor=actor, reason=reason, decision=decision):
        raise ConcurrentChange
    record_notice_fact(fact, items, tx, actor=actor, review=review.id, reason=reason)
    return len(items)
