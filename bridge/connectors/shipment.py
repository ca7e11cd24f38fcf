"""What a carrier knows of one parcel, in our words: the one shape that every carrier's answer is put into.

Knows no carrier and asks nothing. Values nobody foresaw are kept raw, beside their name, never guessed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from bridge.model import Absence, Finding, Gap, ParcelStatus, Waybill
from bridge.rules.index.attribution import spelt

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

INDIA = timezone(timedelta(hours=5, minutes=30))  # India has one zone and no summer time


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """Waybills that are asked together. `done` of them all are asked when this batch is."""

    parcels: tuple[Waybill, ...]
    done: int
    gaps: tuple[Gap, ...] = ()


def mine(system: str, parcels: Iterable[Waybill]) -> list[Waybill]:
    """Pick the parcels on accounts of this system, each number once, sorted: none is asked about another's parcel.

    Who transports it does not count: what travels on an aggregator's account is asked at the aggregator.
    """
    return each_once(one for one in parcels if one.held_by == system)


def each_once(parcels: Iterable[Waybill]) -> list[Waybill]:
    """Sort parcels by number, each number once."""
    return [one for _, one in sorted({one.number: one for one in parcels}.items())]


def batches(system: str, parcels: Sequence[Waybill], *, size: int, cursor: str) -> Iterator[Batch]:
    """Yield the batches that come after `cursor`, the count of waybills already asked, of parcels each told once.

    A tracking number is free text in Shopify: what is no number is a gap of the first batch, not a query.
    """
    known = each_once(parcels)
    fit = [one for one in known if askable(spelt(one.number))]
    start = int(cursor) if cursor.isdecimal() else 0
    gaps: tuple[Gap, ...] = ()
    if start == 0 and len(fit) < len(known):
        what = waybills(len(known) - len(fit))
        gaps = (Gap(system=system, absence=Absence.UNATTRIBUTED, what=what, reason="malformed_number"),)
    if gaps and not fit:
        yield Batch(parcels=(), done=0, gaps=gaps)
    for first in range(start, len(fit), size):
        part = tuple(fit[first : first + size])
        yield Batch(parcels=part, done=first + len(part), gaps=gaps)
        gaps = ()


def askable(number: str) -> bool:
    """Tell whether a number can go into a list of numbers: no comma, no words."""
    return re.fullmatch(r"[A-Z0-9]{5,30}", number) is not None


def waybills(count: int) -> str:
    """`1 waybill`, `2 waybills`: what a gap is about."""
    return f"{count} waybill" + ("" if count == 1 else "s")


def unset(names: Sequence[str]) -> str:
    """`A is not set`, `A, B are not set`: which settings a connector lacks."""
    return ", ".join(names) + (" is" if len(names) == 1 else " are") + " not set"


def finding(parcel: Waybill, body: dict[str, Any]) -> Finding:
    """Make the record of one parcel, found by its number."""
    return Finding(kind="shipment", ref=parcel.number, matched_by="waybill", body=body)


def blank(parcel: Waybill, status: ParcelStatus) -> dict[str, Any]:
    """Every key of a shipment's record, with nothing known but the number, the carrier and the status."""
    return {
        "waybill": parcel.number,
        "order_reference": None,
        "carrier": parcel.carrier,
        "account_holder": parcel.account_holder,
        "status": status.value,
        "status_type": None,
        "status_at": None,
        "cod_amount": None,
        "invoice_value": None,
        "origin": None,
        "destination": None,
        "consignee": None,
        "received_by": None,
        "note": None,
        "dates": {},
        "events": [],
        "raw_unrecognised": {},
    }


def not_found(parcel: Waybill, *, ambiguous: bool) -> dict[str, Any]:
    """Make the record of a parcel the carrier says it does not know: asked, and no proof of erasure.

    `ambiguous` where the same answer may come of a wrong key, too.
    """
    return blank(parcel, ParcelStatus.NOT_FOUND) | {"ambiguous": ambiguous}


def text(value: object) -> str | None:
    """Text without the blanks around it; None where there is none. Numbers become text, structures do not."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return str(value).strip() or None


def lines(*values: object) -> list[str]:
    """List the non-empty lines of values that come as text, as a list of texts, or empty."""
    found: list[str] = []
    for value in values:
        parts = value if isinstance(value, list) else [value]
        found += [line for part in parts if (line := text(part))]
    return found


def phones(*values: object) -> list[str]:
    """Telephone numbers, each once; one field may hold several."""
    parts = [part.strip() for line in lines(*values) for part in re.split(r"[,;/]", line)]
    return list(dict.fromkeys(part for part in parts if part))


def in_india(moment: datetime) -> str:
    """ISO 8601 with the zone of India, which carriers mean and do not write."""
    return (moment.replace(tzinfo=INDIA) if moment.tzinfo is None else moment.astimezone(INDIA)).isoformat()
