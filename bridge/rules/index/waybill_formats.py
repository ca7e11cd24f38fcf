"""The form of waybills: how a number is normalised, and which carrier it can be of.

Pure. A form is a filter, lenient, and no proof: the forms collide between carriers. Those of the Indian carriers were
checked on published numbers, no carrier documents them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

_BLANKS_AND_DASHES = re.compile(r"[\s-]")
_PHONE = re.compile(r"(?<![0-9])(?:0|91)?[6-9][0-9]{9}(?![0-9])")
_S10 = re.compile(r"[A-Z]{2}[0-9]{9}[A-Z]{2}")
_NAME = re.compile(r"[^\W\d_]{6,}|[^\W\d_A-Z]")


def normalise_waybill(number: str) -> str:
    """Return a number as carriers spell it: people write blanks and dashes into it."""
    return (number if number.isalnum() else _BLANKS_AND_DASHES.sub("", number)).upper()


def is_plausible_waybill(carrier: str, number: str) -> bool:
    """Return False where the number cannot be one of this carrier's; a filter, lenient, no proof.

    A carrier whose form is not known takes every number.
    """
    waybill = normalise_waybill(number)
    has_format = WAYBILL_FORMATS.get(carrier)
    return bool(waybill) if has_format is None else has_format(waybill)


def is_personal_number(number: str) -> bool:
    """Tell whether a tracking number may be a person's phone number or hold a name: shops type what they like."""
    waybill = normalise_waybill(number)
    return bool(_PHONE.search(waybill) or _NAME.search(waybill))


def is_personal_for(carrier: str, number: str) -> bool:
    """Return True where the number may be a phone or a name and the carrier's known form does not allow it.

    A zero in front is how a phone is dialled, so there the check digit of Blue Dart or DHL must hold too.
    """
    if not is_personal_number(number):
        return False
    waybill = normalise_waybill(number)
    if waybill.startswith("0") and not (len(waybill) in (10, 11) and _has_mod7_digit(waybill)):
        return True
    return carrier not in WAYBILL_FORMATS or not is_plausible_waybill(carrier, number)


def _has_mod7_digit(digits: str) -> bool:
    return digits.isascii() and digits.isdigit() and int(digits[:-1]) % 7 == int(digits[-1])


def _is_bluedart_number(number: str) -> bool:
    """Return True for eleven digits, the last the first ten mod 7; older accounts have eight to twelve characters."""
    if re.fullmatch(r"[0-9]{11}", number):
        return _has_mod7_digit(number)
    return re.fullmatch(r"[0-9A-Z]{8,10}|[0-9A-Z]{12}", number) is not None


def _is_delhivery_number(number: str) -> bool:
    """Return True for fourteen digits, the last digits eight to thirteen mod 7; older ones have eleven to thirteen."""
    if re.fullmatch(r"[0-9]{14}", number):
        return _has_mod7_digit(number[7:])
    return re.fullmatch(r"[0-9]{11,13}", number) is not None


def _is_s10_number(number: str, country: str) -> bool:
    """Return True for a number of UPU S10 of this country: check digit mod 11 with the union's weights."""
    if not number.endswith(country) or not _S10.fullmatch(number):
        return False
    weighed = sum(int(d) * w for d, w in zip(number[2:10], (8, 6, 4, 2, 3, 5, 9, 7), strict=True))
    return {10: 0, 11: 5}.get(11 - weighed % 11, 11 - weighed % 11) == int(number[10])


def _is_dhl_number(number: str) -> bool:
    """Return True for ten or eleven digits, the last the others mod 7, or a piece id."""
    if re.fullmatch(r"[0-9]{10,11}", number):
        return _has_mod7_digit(number)
    return re.fullmatch(r"J(?:JD|VGL|D)[0-9]{10,20}", number) is not None


def _is_fedex_number(number: str) -> bool:
    """Return True for twelve digits (weights 3, 1, 7; mod 11), fifteen (weights 1, 3; mod 10), 20, 22 or 34."""
    if re.fullmatch(r"[0-9]{12}", number):
        weighed = sum(int(d) * (3, 1, 7)[at % 3] for at, d in enumerate(number[:-1]))
        return weighed % 11 % 10 == int(number[-1])
    if re.fullmatch(r"[0-9]{15}", number):
        weighed = sum(int(d) * (1, 3)[at % 2] for at, d in enumerate(number[:-1]))
        return -weighed % 10 == int(number[-1])
    return re.fullmatch(r"[0-9]{20}|[0-9]{22}|[0-9]{34}", number) is not None


def _is_ups_number(number: str) -> bool:
    """Return True for 1Z with sixteen characters and a check digit (letters count as 2, 3, … from A; weights 1, 2)."""
    if not re.fullmatch(r"1Z[0-9A-Z]{15}[0-9]", number):
        return re.fullmatch(r"T[0-9]{10}", number) is not None
    values = [int(char) if char.isdigit() else (ord(char) - 63) % 10 for char in number[2:-1]]
    return -sum(value * (1, 2)[at % 2] for at, value in enumerate(values)) % 10 == int(number[-1])


def _is_usps_number(number: str) -> bool:
    """Return True for 20 to 22 digits with a check digit (weights 3, 1 from the right; mod 10), or S10 of the US."""
    if re.fullmatch(r"[0-9]{20,22}", number):
        weighed = sum(int(d) * (3, 1)[at % 2] for at, d in enumerate(reversed(number[:-1])))
        return -weighed % 10 == int(number[-1])
    return _is_s10_number(number, "US")


WAYBILL_FORMATS: Mapping[str, Callable[[str], bool]] = {
    "bluedart": _is_bluedart_number,
    "delhivery": _is_delhivery_number,
    "dtdc": lambda number: re.fullmatch(r"[A-Z][0-9]{8}|[0-9A-Z]{9,14}", number) is not None,
    "ekart": lambda number: re.fullmatch(r"FMP[PC][0-9]{10}", number) is not None,
    "indiapost": lambda number: _is_s10_number(number, "IN"),
    "dhl": _is_dhl_number,
    "fedex": _is_fedex_number,
    "ups": _is_ups_number,
    "usps": _is_usps_number,
}
