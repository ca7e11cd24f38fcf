"""Builds the record of one parcel: the common shape of every carrier's answer, and the batches of waybills to request.

Knows no carrier and sends nothing. Never guesses the meaning of an unknown value: it is stored unchanged with its name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import MAXYEAR, UTC, datetime, timedelta, timezone
from typing import Any

from bridge.connectors.parsing import contains_link
from bridge.model import Absence, Finding, Gap, ParcelStatus, Waybill
from bridge.rules.index.attribution import normalise_waybill

INDIA_TIMEZONE = timezone(timedelta(hours=5, minutes=30))  # India has one zone and no summer time
# A date before or after is a blank of the carrier's system (0001-01-01, 1900-01-01, 9999-12-31): no period counts from it.
EARLIEST_DATE = datetime(2000, 1, 1, tzinfo=UTC)
LATEST_DATE_FROM_NOW = timedelta(days=366)
MAX_UTC_OFFSET = timedelta(hours=14)


@dataclass(frozen=True, kw_only=True, slots=True)
class WaybillBatch:
    """Waybills of one request. `asked_count` waybills are requested once this batch is, `gaps` were found before it.

    `known_numbers` are the normalised numbers of all parcels; all batches share this set. No batch follows the one that
    `is_last`.
    """

    parcels: tuple[Waybill, ...]
    asked_count: int
    known_numbers: set[str]
    is_last: bool
    gaps: tuple[Gap, ...] = ()

    @property
    def numbers(self) -> list[str]:
        """Return the normalised numbers of the parcels, in their order."""
        return [normalise_waybill(parcel.number) for parcel in self.parcels]


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
    numbers = {normalise_waybill(one.number) for one in known}
    valid = [one for one in known if is_valid_waybill_number(normalise_waybill(one.number))]
    start = int(cursor) if cursor.isdecimal() else 0
    gaps: tuple[Gap, ...] = ()
    if start == 0 and len(valid) < len(known):
        what = format_waybill_count(len(known) - len(valid))
        gaps = (Gap(system=system, absence=Absence.UNATTRIBUTED, what=what, reason="malformed_number"),)
    if gaps and not valid:
        yield WaybillBatch(parcels=(), asked_count=0, known_numbers=numbers, is_last=True, gaps=gaps)
    for first in range(start, len(valid), batch_size):
        batch = tuple(valid[first : first + batch_size])
        asked = first + len(batch)
        yield WaybillBatch(
            parcels=batch, asked_count=asked, known_numbers=numbers, is_last=asked == len(valid), gaps=gaps
        )
        gaps = ()


def is_valid_waybill_number(number: str) -> bool:
    """Return whether a normalised number can be part of a comma-separated list: 5 to 30 letters and digits."""
    return re.fullmatch(r"[A-Z0-9]{5,30}", number) is not None


def format_waybill_count(count: int) -> str:
    """Return `1 waybill` or `2 waybills`: the subject of a gap."""
    return f"{count} waybill" + ("" if count == 1 else "s")


def build_shipment_finding(parcel: Waybill, body: dict[str, Any]) -> Finding:
    """Return the finding of one parcel, matched by its waybill."""
    return Finding(kind="shipment", ref=parcel.number, matched_by="waybill", body=body)


def build_blank_record(parcel: Waybill, status: ParcelStatus) -> dict[str, Any]:
    """Return every key of a shipment's record with nothing known but the number, the carrier and the status."""
    nothing = ("status_type", "status_at", "cod_amount", "invoice_value", "origin", "destination", "consignee")
    return {
        "waybill": parcel.number,
        "order_reference": None,
        "carrier": parcel.carrier,
        "account_holder": parcel.account_holder,
        "status": status.value,
        **dict.fromkeys((*nothing, "received_by", "note")),
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


def number_or_text(value: object) -> int | float | str | None:
    """Return an amount or a coordinate as the system writes it; None if it is neither a number nor text."""
    return value if isinstance(value, int | float) and not isinstance(value, bool) else text_or_none(value)


def list_text_lines(*values: object) -> list[str]:
    """Return the non-empty lines of values that are text, lists of texts, or empty."""
    parts = [part for value in values for part in (value if isinstance(value, list) else [value])]
    return [line for line in map(text_or_none, parts) if line]


def split_phone_numbers(*values: object) -> list[str]:
    """Return the telephone numbers, each once; one field may hold several."""
    parts = [part.strip() for line in list_text_lines(*values) for part in re.split(r"[,;/]", line)]
    return list(dict.fromkeys(filter(None, parts)))


def read_shipment_texts(get_value: Callable[[str], object], **fields: str) -> dict[str, str | None]:
    """Return the texts of a row under our names; `fields` maps each to the system's, `get_value` reads one of these."""
    return {name: text_or_none(get_value(field)) for name, field in fields.items()}


def select_unrecognised(row: Mapping[str, Any], known_fields: Collection[str]) -> dict[str, Any]:
    """Return the non-empty values of all fields but the known ones, without links."""
    return {
        name: value
        for name, value in row.items()
        if name not in known_fields and value not in (None, "", [], {}) and not contains_link(value)
    }


def parse_india_time(value: object, unrecognised: dict[str, Any], *, field_name: str = "") -> str | None:
    """Return an ISO 8601 time with the time zone of India; None if it is empty, unreadable or implausible.

    An unreadable or implausible one is added to `unrecognised`, with the name of its field if given.
    """
    if not (text := text_or_none(value)):
        return None
    at = parse_local_time(value)
    if at is None:
        unrecognised.setdefault("moments", []).append([field_name, text] if field_name else text)
        return None
    return format_india_time(at)


def parse_local_time(value: object) -> datetime | None:
    """Return an ISO 8601 date or time as it is written, with or without a zone; None if it is unreadable or implausible."""
    # `fromisoformat` also reads numbers and weeks, which carriers do not mean
    if not isinstance(value, str) or not re.match(r"\s*[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        return None
    try:
        at = datetime.fromisoformat(value.strip())
    except ValueError:
        return None
    return at if is_plausible_time(at) else None


def is_plausible_time(at: datetime) -> bool:
    """Return whether a carrier can mean this date: not before EARLIEST_DATE, not more than a year ahead of now."""
    offset = at.utcoffset() or timedelta(0)
    # years first: those at the ends of the calendar cannot be converted
    if not EARLIEST_DATE.year <= at.year < MAXYEAR or abs(offset) > MAX_UTC_OFFSET:
        return False
    at = at if at.tzinfo else at.replace(tzinfo=INDIA_TIMEZONE)
    return EARLIEST_DATE <= at <= datetime.now(UTC) + LATEST_DATE_FROM_NOW


def format_india_time(local_time: datetime) -> str:
    """Return ISO 8601 with the time zone of India, which carriers mean and omit."""
    if local_time.tzinfo is None:
        return local_time.replace(tzinfo=INDIA_TIMEZONE).isoformat()
    return local_time.astimezone(INDIA_TIMEZONE).isoformat()
