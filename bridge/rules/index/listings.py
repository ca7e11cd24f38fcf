"""Decide whether a fulfilment still lists a number, from events that come late, twice and in any order.

Pure. For each fulfilment it keeps when it was last seen, and for each number when it was last listed: both only grow, so
any order of the events ends in the same. An event that comes late never brings a number back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from bridge.model import ParcelListing
from bridge.rules.index.waybill_formats import normalise_waybill

# by fulfilment id: {"seen": [moment, is_cancelled], "numbers": {number: moment}}; moments are ISO 8601 in UTC, or ''
Listings: TypeAlias = dict[str, dict[str, Any]]


@dataclass(frozen=True, kw_only=True, slots=True)
class FulfillmentListing:
    """The numbers that one event of a fulfilment lists."""

    id: str
    numbers: tuple[str, ...]
    updated_at: datetime | None
    is_cancelled: bool = False


def build_listings(events: Iterable[FulfillmentListing]) -> Listings:
    """Return the listings of several events."""
    listings: Listings = {}
    for event in events:
        at = event.updated_at.isoformat() if event.updated_at else ""
        numbers = dict.fromkeys(map(normalise_waybill, event.numbers), at)
        listings = merge_listings(listings, {event.id: {"seen": [at, event.is_cancelled], "numbers": numbers}})
    return listings


def merge_listings(known: Mapping[str, Mapping[str, Any]], new: Mapping[str, Mapping[str, Any]]) -> Listings:
    """Return two listings together: of each moment the later one."""
    merged: Listings = {}
    for fulfillment_id in {**known, **new}:
        sides = [side[fulfillment_id] for side in (known, new) if fulfillment_id in side]
        numbers: dict[str, str] = {}
        for side in sides:
            for number, at in side["numbers"].items():
                numbers[number] = max(at, numbers.get(number, ""))
        merged[fulfillment_id] = {"seen": max(list(side["seen"]) for side in sides), "numbers": numbers}
    return merged


def choose_listing(*listings: ParcelListing) -> ParcelListing:
    """Return what several orders or sources say of one number together: one that lists it is enough."""
    return min(listings, key=list(ParcelListing).index)


def find_fulfillments(listings: Mapping[str, Mapping[str, Any]], number: str) -> tuple[tuple[str, str], ...]:
    """Return the ids of the fulfilments that list the number now or listed it once, each with when it did last."""
    waybill = normalise_waybill(number)
    return tuple(
        (one, listing["numbers"][waybill]) for one, listing in sorted(listings.items()) if waybill in listing["numbers"]
    )


def decide_listing(listings: Mapping[str, Mapping[str, Any]], number: str) -> ParcelListing:
    """Return whether a fulfilment lists the number by its newest event; LISTED where none ever did."""
    waybill = normalise_waybill(number)
    ever = [listing for listing in listings.values() if waybill in listing["numbers"]]
    current = [listing["seen"] for listing in ever if listing["numbers"][waybill] >= listing["seen"][0]]
    if not ever or any(not is_cancelled for _, is_cancelled in current):
        return ParcelListing.LISTED
    return ParcelListing.CANCELLED if current else ParcelListing.SUPERSEDED
