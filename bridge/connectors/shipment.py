"""What a carrier knows of one parcel, in our words: the one shape that every carrier's answer is put into.

Knows no carrier and asks nothing. Values nobody foresaw are kept raw, beside their name, never guessed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from bridge.model import Absence, Finding, Gap, ParcelStatus, Waybill
from bridge.rules.index.attribution import normalise_waybill

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

INDIA_TIMEZONE = timezone(timedelta(hours=5, minutes=30))  # India has one zone and no summer time


@dataclass(frozen=True, kw_only=True, slots=True)
class WaybillBatch:
    """Waybills that are asked together. `done` of them all are asked when this batch is."""

    parcels: tuple[Waybill, ...]
    asked_count: int
    gaps: tuple[Gap, ...] = ()


def select_own_parcels(system: str, parcels: Iterable[Waybill]) -> list[Waybill]:
    """Pick the parcels on accounts of this system, each number once, sorted: none is asked about another's parcel.

    Who transports it does not count: what travels on an aggregator's account is asked at the aggregator.
    """
    return deduplicate_parcels(one for one in parcels if one.account_system == system)


def deduplicate_parcels(parcels: Iterable[Waybill]) -> list[Waybill]:
    """Sort parcels by number, each number once."""
    return [one for _, one in sorted({one.number: one for one in parcels}.items())]


def split_into_batches(
    system: str, parcels: Sequence[Waybill], *, batch_size: int, cursor: str
) -> Iterator[WaybillBatch]:
    """Yield the batches that come after `cursor`, the count of waybills already asked, of parcels each told once.

    A tracking number is free text in Shopify: what is no number is a gap of the first batch, not a query.
    """
    known = deduplicate_parcels(parcels)
    fit = [one for one in known if is_valid_waybill_number(normalise_waybill(one.number))]
    start = int(cursor) if cursor.isdecimal() else 0
    gaps: tuple[Gap, ...] = ()
    if start == 0 and len(fit) < len(known):
        what = format_waybill_count(len(known) - len(fit))
        gaps = (Gap(system=system, absence=Absence.UNATTRIBUTED, what=what, reason="malformed_number"),)
    if gaps and not fit:
        yield WaybillBatch(parcels=(), asked_count=0, gaps=gaps)
    for first in range(start, len(fit), batch_size):
        part = tuple(fit[first : first + batch_size])
        yield WaybillBatch(parcels=part, asked_count=first + len(part), gaps=gaps)
        gaps = ()


def is_valid_waybill_number(number: str) -> bool:
    """Tell whether a number can go into a list of numbers: no comma, no words."""
    return re.fullmatch(r"[A-Z0-9]{5,30}", number) is not None


def format_waybill_count(count: int) -> str:
    """`1 waybill`, `2 waybills`: what a gap is about."""
    return f"{count} waybill" + ("" if count == 1 else "s")


def format_unset_settings(setting_names: Sequence[str]) -> str:
    """`A is not set`, `A, B are not set`: which settings a connector lacks."""
    return ", ".join(setting_names) + (" is" if len(setting_names) == 1 else " are") + " not set"


def build_shipment_finding(parcel: Waybill, body: dict[str, Any]) -> Finding:
    """Make the record of one parcel, found by its number."""
    return Finding(kind="shipment", ref=parcel.number, matched_by="waybill", body=body)


def build_blank_record(parcel: Waybill, status: ParcelStatus) -> dict[str, Any]:
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


def build_not_found_record(parcel: Waybill, *, ambiguous: bool) -> dict[str, Any]:
    """Make the record of a parcel the carrier says it does not know: asked, and no proof of erasure.

    `ambiguous` where the same answer may come of a wrong key, too.
    """
    return build_blank_record(parcel, ParcelStatus.NOT_FOUND) | {"ambiguous": ambiguous}


def text_or_none(value: object) -> str | None:
    """Text without the blanks around it; None where there is none. Numbers become text, structures do not."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return str(value).strip() or None


def list_text_lines(*values: object) -> list[str]:
    """List the non-empty lines of values that come as text, as a list of texts, or empty."""
    found: list[str] = []
    for value in values:
        parts = value if isinstance(value, list) else [value]
        found += [line for part in parts if (line := text_or_none(part))]
    return found


def split_phone_numbers(*values: object) -> list[str]:
    """Telephone numbers, each once; one field may hold several."""
    parts = [part.strip() for line in list_text_lines(*values) for part in re.split(r"[,;/]", line)]
    return list(dict.fromkeys(part for part in parts if part))


def format_india_time(local_time: datetime) -> str:
    """ISO 8601 with the zone of India, which carriers mean and do not write."""
    return (
        local_time.replace(tzinfo=INDIA_TIMEZONE)
        if local_time.tzinfo is None
        else local_time.astimezone(INDIA_TIMEZONE)
    ).isoformat()
