"""Where parcels are, without whose: the part of `ports.Tracker` that no carrier does differently.

Knows no carrier and asks nothing itself. The person a record shows is dropped here at once, unless she was asked for.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Any

from bridge.connectors.shipment import (
    INDIA_TIMEZONE,
    is_valid_waybill_number,
    list_text_lines,
    split_phone_numbers,
    text_or_none,
)
from bridge.model import ParcelStatus, TrackingResult, Waybill
from bridge.rules.index.attribution import normalise_waybill

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

# What systems put where somebody was: stars, a run of X or #, a word.
MASKED_VALUE = re.compile(
    r"[*\u2022]|[xX#]{3,}|(?i:^\W*(?:redacted|erased|deleted|removed|anonymi[sz]ed|n/?a|none)\W*$)"
)


def track_in_batches(
    numbers: Sequence[str],
    *,
    batch_size: int,
    query_batch: Callable[[Sequence[str]], Mapping[str, TrackingResult]],
) -> Iterator[Sequence[TrackingResult]]:
    """Yield where parcels are, `size` of them asked at once; `ask` gives what is known, by number as carriers spell it.

    Each number is sent once and answered under every spelling it was given in. What is no number is not found, and
    not sent. Raises what `ask` raises.
    """
    given: dict[str, list[str]] = {}
    for number in dict.fromkeys(numbers):
        given.setdefault(normalise_waybill(number), []).append(number)
    odd = [
        spelling
        for number, spellings in given.items()
        if not is_valid_waybill_number(number)
        for spelling in spellings
    ]
    if odd:
        yield [TrackingResult(number=spelling, status=ParcelStatus.NOT_FOUND) for spelling in odd]
    fit = [number for number in given if is_valid_waybill_number(number)]
    for first in range(0, len(fit), batch_size):
        part = fit[first : first + batch_size]
        told = query_batch(part)
        yield [
            replace(
                told.get(number) or TrackingResult(number=number, status=ParcelStatus.NOT_FOUND),
                number=spelling,
            )
            for number in part
            for spelling in given[number]
        ]


def make_bare_waybill(number: str, system: str) -> Waybill:
    """Make a waybill of which nothing is known but its number, to read an answer about it with."""
    return Waybill(number=number, carrier=system)


def build_tracked(shipment_record: Mapping[str, Any], *, include_consignees: bool) -> TrackingResult:
    """Take from a shipment's record what says where it is; the person only where she was asked for."""
    payment = (text_or_none(shipment_record.get("payment")) or "").lower()
    return TrackingResult(
        number=shipment_record["waybill"],
        status=ParcelStatus(shipment_record["status"]),
        status_at=parse_status_time(shipment_record.get("status_at")),
        cod=payment == "cod" if payment else None,
        consignee=serialize_consignee(shipment_record.get("consignee")) if include_consignees else None,
    )


def parse_status_time(value: str | None) -> datetime | None:
    """Aware UTC of a record's moment; of a day without a clock its end, so that nothing falls due too early."""
    if not value:
        return None
    at = datetime.fromisoformat(value)
    return (
        at if at.tzinfo else datetime.combine(at, time.max.replace(microsecond=0), INDIA_TIMEZONE)
    ).astimezone(UTC)


def serialize_consignee(*consignees: Mapping[str, Any] | None) -> str:
    """Write a person as a system still shows her, the same text for the same person; '' where only masks are left.

    Of several places the first that shows a field tells it: what one forgets and another keeps is still shown.
    A town alone names nobody. Case, blanks and the form of a phone number are the system's mood, and evened out.
    """
    person: dict[str, Any] = {}
    for told in consignees:
        left = {name: value for name, value in _extract_unmasked_fields(told or {}).items() if value}
        person = left | person
    return json.dumps(person, ensure_ascii=False, sort_keys=True) if person else ""


def _extract_unmasked_fields(consignee: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": _normalise_unmasked_text(consignee.get("name")),
        "address": [
            line
            for line in map(_normalise_unmasked_text, list_text_lines(consignee.get("address_lines")))
            if line
        ],
        "phones": sorted(
            {
                number[-10:]
                for number in map(_normalise_unmasked_phone, split_phone_numbers(consignee.get("phones")))
                if number
            }
        ),
        "emails": sorted(
            {mail for mail in map(_normalise_unmasked_text, list_text_lines(consignee.get("emails"))) if mail}
        ),
    }


def _normalise_unmasked_text(value: object) -> str:
    said = " ".join((text_or_none(value) or "").casefold().split())
    return "" if MASKED_VALUE.search(said) else said


def _normalise_unmasked_phone(value: str) -> str:
    return "" if MASKED_VALUE.search(value) else re.sub(r"\D", "", value).lstrip("0")
