"""Builds the record of one parcel: the common shape of every carrier's answer, and the batches of waybills to request.

Knows no carrier and sends nothing. Never guesses the meaning of an unknown value: it is stored unchanged with its name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from bridge.model import Absence, Finding, FindingPage, Gap, ParcelStatus, Waybill
from bridge.rules.index.attribution import normalise_waybill

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

INDIA_TIMEZONE = timezone(timedelta(hours=5, minutes=30))  # India has one zone and no summer time


@dataclass(frozen=True, kw_only=True, slots=True)
class WaybillBatch:
    """Waybills of one request. `asked_count` waybills are requested once this batch is, `gaps` were found before it."""

    parcels: tuple[Waybill, ...]
    asked_count: int
    gaps: tuple[Gap, ...] = ()


def select_own_parcels(system: str, parcels: Iterable[Waybill]) -> list[Waybill]:
    """Return the parcels on accounts of this system, sorted by number, each number once.

    The carrier does not count: a parcel on an aggregator's account is requested from the aggregator only.
    """
    return deduplicate_parcels(one for one in parcels if one.account_system == system)


def deduplicate_parcels(parcels: Iterable[Waybill]) -> list[Waybill]:
    """Return the parcels sorted by number, each number once."""
    return [one for _, one in sorted({one.number: one for one in parcels}.items())]


def split_into_batches(
    system: str, parcels: Sequence[Waybill], *, batch_size: int, cursor: str
) -> Iterator[WaybillBatch]:
    """Yield the batches after `cursor`, the count of waybills already requested; each parcel once.

    A tracking number is free text in Shopify: malformed ones are a gap of the first batch and never requested.
    """
    known = deduplicate_parcels(parcels)
    valid = [one for one in known if is_valid_waybill_number(normalise_waybill(one.number))]
    start = int(cursor) if cursor.isdecimal() else 0
    gaps: tuple[Gap, ...] = ()
    if start == 0 and len(valid) < len(known):
        what = format_waybill_count(len(known) - len(valid))
        gaps = (Gap(system=system, absence=Absence.UNATTRIBUTED, what=what, reason="malformed_number"),)
    if gaps and not valid:
        yield WaybillBatch(parcels=(), asked_count=0, gaps=gaps)
    for first in range(start, len(valid), batch_size):
        batch = tuple(valid[first : first + batch_size])
        yield WaybillBatch(parcels=batch, asked_count=first + len(batch), gaps=gaps)
        gaps = ()


def is_valid_waybill_number(number: str) -> bool:
    """Return whether a normalised number can be part of a comma-separated list: 5 to 30 letters and digits."""
    return re.fullmatch(r"[A-Z0-9]{5,30}", number) is not None


def format_waybill_count(count: int) -> str:
    """Return `1 waybill` or `2 waybills`: the subject of a gap."""
    return f"{count} waybill" + ("" if count == 1 else "s")


def format_unset_settings(setting_names: Sequence[str]) -> str:
    """Return `A is not set` or `A, B are not set`: the settings that a connector lacks."""
    return ", ".join(setting_names) + (" is" if len(setting_names) == 1 else " are") + " not set"


def build_unconfigured_pages(
    system: str, parcels: Sequence[Waybill], *, cursor: str, reason: str
) -> Iterator[FindingPage]:
    """Yield the only page of a connector whose settings are unset: a gap for the parcels, once."""
    if parcels and not cursor:
        what = format_waybill_count(len(parcels))
        gap = Gap(system=system, absence=Absence.NOT_CONFIGURED, what=what, reason=reason)
        yield FindingPage(findings=(), cursor="0", gaps=(gap,))


def build_shipment_finding(parcel: Waybill, body: dict[str, Any]) -> Finding:
    """Return the finding of one parcel, matched by its waybill."""
    return Finding(kind="shipment", ref=parcel.number, matched_by="waybill", body=body)


def build_blank_record(parcel: Waybill, status: ParcelStatus) -> dict[str, Any]:
    """Return every key of a shipment's record with nothing known but the number, the carrier and the status."""
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
    """Return the record of a parcel that the carrier does not know, which proves no erasure.

    `ambiguous`: the same answer may also be caused by a wrong key.
    """
    return build_blank_record(parcel, ParcelStatus.NOT_FOUND) | {"ambiguous": ambiguous}


def text_or_none(value: object) -> str | None:
    """Return the text without surrounding blanks; None if there is none. Numbers become text, structures do not."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return str(value).strip() or None


def list_text_lines(*values: object) -> list[str]:
    """Return the non-empty lines of values that are text, lists of texts, or empty."""
    found: list[str] = []
    for value in values:
        parts = value if isinstance(value, list) else [value]
        found += [line for batch in parts if (line := text_or_none(batch))]
    return found


def split_phone_numbers(*values: object) -> list[str]:
    """Return the telephone numbers, each once; one field may hold several."""
    parts = [batch.strip() for line in list_text_lines(*values) for batch in re.split(r"[,;/]", line)]
    return list(dict.fromkeys(batch for batch in parts if batch))


def format_india_time(local_time: datetime) -> str:
    """Return ISO 8601 with the time zone of India, which carriers mean and omit."""
    return (
        local_time.replace(tzinfo=INDIA_TIMEZONE)
        if local_time.tzinfo is None
        else local_time.astimezone(INDIA_TIMEZONE)
    ).isoformat()
