"""Asking a system where parcels are, and putting what it says beside what is known. Never a word of whose."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from bridge.model import Entry, Tracked
from bridge.ports import Services, Tracker
from bridge.rules.index.attribution import spelt
from bridge.rules.notices.timing import SAYS_NOTHING


def tracked(
    entries: Sequence[Entry], tracker: Tracker, *, consignees: bool = False
) -> Iterator[list[tuple[Entry, Tracked]]]:
    """Each entry with what the system tells of its parcel, a batch of the system's size at a time."""
    by_number: dict[str, list[Entry]] = {}
    for entry in entries:
        by_number.setdefault(spelt(entry.reference), []).append(entry)
    if not by_number:
        return
    numbers = [same[0].reference for same in by_number.values()]
    for batch in tracker.track(numbers, consignees=consignees):
        yield [(entry, one) for one in batch for entry in by_number.get(spelt(one.number), ())]


def moved(entry: Entry, told: Tracked, now: datetime) -> Entry:
    """The entry with what the carrier told. One that knows nothing takes the shop's word not back.

    What is told without a date is so since it was first told: terms that count from it must end some day.
    """
    entry = replace(
        entry,
        also=tuple(dict.fromkeys((*entry.also, *told.also))),
        cod=entry.cod if told.cod is None else told.cod,
        remitted=entry.remitted if told.remitted is None else told.remitted,
    )
    if told.status in SAYS_NOTHING and entry.status not in SAYS_NOTHING:
        return entry
    before = entry.status_at if told.status is entry.status else None
    return replace(entry, status=told.status, status_at=told.status_at or before or now)


def fingerprint(entry: Entry, consignee: str, services: Services) -> str:
    """A keyed digest of the person as the carrier shows her: enough to see a change, not to read her."""
    return services.digest(f"consignee|{entry.shop}", consignee.encode())[:64]
