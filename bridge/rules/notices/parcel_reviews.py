"""Decide whether a notice may name a parcel, or an operator must decide first whose it is. Pure.

What is known of the person must outlive the erasure until then: as keyed digests, in the notice item.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from bridge.model import ConsigneeClues, NoticeItem, ParcelListing, Waybill
from bridge.rules.index.consignee.clues import (
    ConsigneeTokens,
    Encode,
    build_tokens,
    dump_tokens,
    load_tokens,
    merge_tokens,
)
from bridge.rules.index.consignee.match import compare_consignee, is_believed, is_contradicted
from bridge.rules.index.listings import FulfillmentListing
from bridge.rules.index.waybill_formats import normalise_waybill

PARCEL_REVIEW_KIND = "parcel_in_doubt"
CARRIER_REVIEW_KIND = "carrier_in_conflict"
PARCEL_REVIEW_PREFIX = (
    "parcel_review/"  # before the id of an open review: a blocker of a notice item until it is decided
)


class Doubt(StrEnum):
    """Why a parcel may be another person's."""

    CONTRADICTED = "contradicted"
    SUPERSEDED = "superseded"
    UNPROVEN = "unproven"


DOUBT_SENTENCES = {
    Doubt.CONTRADICTED: "the carrier's record names another order and another consignee",
    Doubt.SUPERSEDED: "its fulfilment now lists another number",
    Doubt.UNPROVEN: "its fulfilment was cancelled, and the carrier's record does not show whose it is",
}


class ParcelDecision(StrEnum):
    """What an operator decided: the parcel is the data subject's, or it is not."""

    RELEASED = "released"
    REFUSED = "refused"


def build_parcel_review_key(order_id: str, waybill: str) -> str:
    """Return what makes a review of a parcel the same: one decision holds for one order and number, in every request."""
    return f"{order_id}|{normalise_waybill(waybill)}"


@dataclass(frozen=True, kw_only=True, slots=True)
class ItemClues:
    """What a notice item keeps of its parcel, to tell whose it is: digests, and no value.

    `fulfillments` maps the digest of each fulfilment that listed the parcel to when it did last (ISO 8601 in UTC).
    """

    consignee: ConsigneeTokens = field(default_factory=ConsigneeTokens)
    fulfillments: Mapping[str, str] = field(default_factory=dict)
    is_return: bool = False
    is_cancelled: bool = False


def build_item_clues(parcel: Waybill, encode: Encode, *, phone: str = "") -> str:
    """Return what the notice item of a parcel keeps, as JSON text; '' where nothing is known.

    `phone` is the data subject's, as the request names it.
    A parcel that was an item before, at another processor, brings what that one kept.
    """
    if parcel.clues and not json.loads(parcel.clues).keys() & set(ConsigneeTokens.__slots__):
        return parcel.clues
    of_subject = build_tokens(ConsigneeClues(phones=(phone,)), encode)
    values = {
        "consignee": dump_tokens(merge_tokens(load_tokens(parcel.clues), of_subject)),
        "fulfillments": {encode(one): at for one, at in parcel.fulfillments},
        "is_return": parcel.is_return,
        "is_cancelled": parcel.listing is ParcelListing.CANCELLED,
    }
    return json.dumps({name: value for name, value in values.items() if value}) if any(values.values()) else ""


def load_item_clues(text: str) -> ItemClues:
    """Return the clues from the JSON text of `build_item_clues`."""
    values = json.loads(text) if text else {}
    return ItemClues(**(values | {"consignee": load_tokens(values.get("consignee", ""))}))


def find_doubt(item: NoticeItem, record: ConsigneeClues | None, encode: Encode) -> Doubt | None:
    """Return why the parcel of this item may be another person's, by what the carrier shows; None where a notice may name it.

    `record` is None where no carrier shows anything.
    """
    clues = load_item_clues(item.clues)
    evidence = compare_consignee(
        record or ConsigneeClues(),
        clues.consignee,
        (item.order, item.order_id),
        waybill=item.reference,
        is_return=clues.is_return,
        encode=encode,
    )
    if is_believed(evidence, ParcelListing.CANCELLED if clues.is_cancelled else ParcelListing.LISTED):
        return None
    return Doubt.CONTRADICTED if is_contradicted(evidence) else Doubt.UNPROVEN


def select_superseded(
    items: Iterable[NoticeItem], listings: Iterable[FulfillmentListing], encode: Encode
) -> list[NoticeItem]:
    """Return the items whose numbers their fulfilments no longer list, by newer events than those that listed them."""
    events = [(encode(one.id), one, set(map(normalise_waybill, one.numbers))) for one in listings]
    superseded = []
    for item in items:
        fulfillments = load_item_clues(item.clues).fulfillments
        replaced = {
            token
            for token, event, numbers in events
            if token in fulfillments
            and normalise_waybill(item.reference) not in numbers
            and event.updated_at is not None
            and event.updated_at.isoformat() > fulfillments[token]
        }
        if fulfillments and replaced == set(fulfillments):
            superseded.append(item)
    return superseded


def is_outdated(event: FulfillmentListing, items: Iterable[NoticeItem], encode: Encode) -> bool:
    """Return True where a newer event of the fulfilment listed the number of one of these items."""
    at, token = event.updated_at.isoformat() if event.updated_at else "", encode(event.id)
    return any(load_item_clues(item.clues).fulfillments.get(token, "") > at for item in items)
