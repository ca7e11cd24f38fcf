"""Tracks parcels without their consignees: the part of `ports.Tracker` that is the same for every carrier.

Knows no carrier and sends nothing itself. Never passes on a consignee that the caller did not request.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, time
from typing import Any

from bridge.connectors import shipment
from bridge.model import ParcelStatus, TrackingResult
from bridge.rules.index.attribution import normalise_waybill
from bridge.rules.index.consignee.clues import MASKED_VALUE, read_record_clues


def track_in_batches(
    numbers: Sequence[str], *, batch_size: int, query_batch: Callable[[Sequence[str]], Mapping[str, TrackingResult]]
) -> Iterator[Sequence[TrackingResult]]:
    """Yield the tracking results of the numbers, `batch_size` per request.

    `query_batch` returns the known results by normalised number. Each number is sent once and answered under every
    spelling in `numbers`. A malformed number is not found and not sent. Raises what `query_batch` raises.
    """
    spellings_by_number: dict[str, list[str]] = {}
    for number in dict.fromkeys(numbers):
        spellings_by_number.setdefault(normalise_waybill(number), []).append(number)
    malformed = [
        spelling
        for number, spellings in spellings_by_number.items()
        if not shipment.is_valid_waybill_number(number)
        for spelling in spellings
    ]
    if malformed:
        yield [TrackingResult(number=spelling, status=ParcelStatus.NOT_FOUND) for spelling in malformed]
    valid = [number for number in spellings_by_number if shipment.is_valid_waybill_number(number)]
    for first in range(0, len(valid), batch_size):
        batch = valid[first : first + batch_size]
        known = query_batch(batch)
        yield [
            replace(known.get(number) or TrackingResult(number=number, status=ParcelStatus.NOT_FOUND), number=spelling)
            for number in batch
            for spelling in spellings_by_number[number]
        ]


def build_tracked(shipment_record: Mapping[str, Any], *, include_consignees: bool) -> TrackingResult:
    """Return the tracking result of a shipment's record, with its consignee only if requested."""
    payment = (shipment.text_or_none(shipment_record.get("payment")) or "").lower()
    return TrackingResult(
        number=shipment_record["waybill"],
        status=ParcelStatus(shipment_record["status"]),
        status_at=parse_status_time(shipment_record.get("status_at")),
        cod=payment == "cod" if payment else None,
        consignee=serialize_consignee(shipment_record.get("consignee")) if include_consignees else None,
        clues=read_record_clues(shipment_record) if include_consignees else None,
    )


def parse_status_time(value: str | None) -> datetime | None:
    """Return a record's time as aware UTC; for a date without a time its end, so that nothing falls due too early."""
    at = shipment.parse_local_time(value)
    if at is None:
        return None
    return (
        at if at.tzinfo else datetime.combine(at, time.max.replace(microsecond=0), shipment.INDIA_TIMEZONE)
    ).astimezone(UTC)


def serialize_consignee(*consignees: Mapping[str, Any] | None) -> str:
    """Return a consignee as stable text, equal for equal persons; '' if only masks remain.

    Each field is taken from the first of the consignees that still shows it. A town alone identifies nobody. Case,
    blanks and the format of a phone number are normalised.
    """
    person: dict[str, Any] = {}
    for consignee in consignees:
        shown = {name: value for name, value in _extract_unmasked_fields(consignee or {}).items() if value}
        person = shown | person
    return json.dumps(person, ensure_ascii=False, sort_keys=True) if person else ""


def _extract_unmasked_fields(consignee: Mapping[str, Any]) -> dict[str, Any]:
    lines = map(_normalise_unmasked_text, shipment.list_text_lines(consignee.get("address_lines")))
    emails = map(_normalise_unmasked_text, shipment.list_text_lines(consignee.get("emails")))
    phones = map(_normalise_unmasked_phone, shipment.split_phone_numbers(consignee.get("phones")))
    return {
        "name": _normalise_unmasked_text(consignee.get("name")),
        "address": list(filter(None, lines)),
        "phones": sorted({number[-10:] for number in phones if number}),
        "emails": sorted(set(filter(None, emails))),
    }


def _normalise_unmasked_text(value: object) -> str:
    text = " ".join((shipment.text_or_none(value) or "").casefold().split())
    return "" if MASKED_VALUE.search(text) else text


def _normalise_unmasked_phone(value: str) -> str:
    return "" if MASKED_VALUE.search(value) else re.sub(r"\D", "", value).lstrip("0")
