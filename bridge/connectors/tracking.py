"""Where parcels are, without whose: the part of `ports.Tracker` that no carrier does differently.

Knows no carrier and asks nothing itself. The person a record shows is dropped here at once, unless she was asked for.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Any

from bridge.connectors.shipment import INDIA, askable, lines, phones, text
from bridge.model import ParcelStatus, Tracked, Waybill
from bridge.rules.index.attribution import spelt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

# What systems put where somebody was: stars, a run of X or #, a word.
MASKED = re.compile(
    r"[*\u2022]|[xX#]{3,}|(?i:^\W*(?:redacted|erased|deleted|removed|anonymi[sz]ed|n/?a|none)\W*$)"
)


def track(
    numbers: Sequence[str], *, size: int, ask: Callable[[Sequence[str]], Mapping[str, Tracked]]
) -> Iterator[Sequence[Tracked]]:
    """Yield where parcels are, `size` of them asked at once; `ask` gives what is known, by number as carriers spell it.

    Each number is sent once and answered under every spelling it was given in. What is no number is not found, and
    not sent. Raises what `ask` raises.
    """
    given: dict[str, list[str]] = {}
    for number in dict.fromkeys(numbers):
        given.setdefault(spelt(number), []).append(number)
    odd = [spelling for number, spellings in given.items() if not askable(number) for spelling in spellings]
    if odd:
        yield [Tracked(number=spelling, status=ParcelStatus.NOT_FOUND) for spelling in odd]
    fit = [number for number in given if askable(number)]
    for first in range(0, len(fit), size):
        part = fit[first : first + size]
        told = ask(part)
        yield [
            replace(
                told.get(number) or Tracked(number=number, status=ParcelStatus.NOT_FOUND), number=spelling
            )
            for number in part
            for spelling in given[number]
        ]


def parcel(number: str, system: str) -> Waybill:
    """Make a waybill of which nothing is known but its number, to read an answer about it with."""
    return Waybill(number=number, carrier=system)


def tracked(body: Mapping[str, Any], *, consignees: bool) -> Tracked:
    """Take from a shipment's record what says where it is; the person only where she was asked for."""
    payment = (text(body.get("payment")) or "").lower()
    return Tracked(
        number=body["waybill"],
        status=ParcelStatus(body["status"]),
        status_at=moment(body.get("status_at")),
        cod=payment == "cod" if payment else None,
        consignee=shown(body.get("consignee")) if consignees else None,
    )


def moment(told: str | None) -> datetime | None:
    """Aware UTC of a record's moment; of a day without a clock its end, so that nothing falls due too early."""
    if not told:
        return None
    at = datetime.fromisoformat(told)
    return (at if at.tzinfo else datetime.combine(at, time.max.replace(microsecond=0), INDIA)).astimezone(UTC)


def shown(*places: Mapping[str, Any] | None) -> str:
    """Write a person as a system still shows her, the same text for the same person; '' where only masks are left.

    Of several places the first that shows a field tells it: what one forgets and another keeps is still shown.
    A town alone names nobody. Case, blanks and the form of a phone number are the system's mood, and evened out.
    """
    person: dict[str, Any] = {}
    for told in places:
        left = {name: value for name, value in _unmasked(told or {}).items() if value}
        person = left | person
    return json.dumps(person, ensure_ascii=False, sort_keys=True) if person else ""


def _unmasked(told: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": _even(told.get("name")),
        "address": [line for line in map(_even, lines(told.get("address_lines"))) if line],
        "phones": sorted({number[-10:] for number in map(_digits, phones(told.get("phones"))) if number}),
        "emails": sorted({mail for mail in map(_even, lines(told.get("emails"))) if mail}),
    }


def _even(value: object) -> str:
    said = " ".join((text(value) or "").casefold().split())
    return "" if MASKED.search(said) else said


def _digits(value: str) -> str:
    return "" if MASKED.search(value) else re.sub(r"\D", "", value).lstrip("0")
