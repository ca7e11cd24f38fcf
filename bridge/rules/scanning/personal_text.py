"""Decide whether a text that an operator writes for the evidence may name a person. Evidence keeps it for good.

Pure. Returns what was found in words, never the value. It rather refuses a harmless number than records a telephone.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from bridge.rules.index.phone_numbers import REPEATED_INDIAN_PREFIX
from bridge.rules.scanning.patterns import IFSC_KIND, PAN_KIND, UPI_KIND
from bridge.rules.scanning.scanner import AADHAAR_KIND, ACCOUNT_KIND, CARD_KIND, mask_text

MIN_MEANINGFUL_CHARS, MAX_FREE_TEXT_CHARS = 3, 500
MAX_HARMLESS_DIGITS = 9  # of one number: a longer one is a telephone, an account, or an order
MIN_INTERNATIONAL_DIGITS = 7
MIN_NAME_CHARS = 4  # of the part of an address before the @

_KIND_NAMES = {
    CARD_KIND: "a card number",
    AADHAAR_KIND: "an Aadhaar number",
    PAN_KIND: "a PAN",
    IFSC_KIND: "an IFSC",
    UPI_KIND: "a UPI address",
    ACCOUNT_KIND: "a bank account",
}
_ADDRESS = re.compile(r"\w[ \"'<>)]*(?:@|[\[({<]\s*at\s*[\])}>])[ \"'(<]*\w", re.IGNORECASE)
_SPELT_ADDRESS = re.compile(r"\w\s+at\s+[\w-]+\s+dot\s+\w", re.IGNORECASE)
_DATE_OR_TIME = re.compile(
    r"(?<!\d)(?:(?:19|20)\d\d([-./])\d{1,2}\1\d{1,2}|\d{1,2}([-./])\d{1,2}\2(?:19|20)\d\d|\d{1,2}:\d\d(?::\d\d)?)(?!\d)"
)
_NUMBER = re.compile(r"[+(]*\d(?:(?:[ \t()._-]{0,3}|[,/])\d)*")
_NUMBER_WORD = re.compile(r"[+(]*\d(?:[().-]{0,2}\d)*")
_PHONE_WORD = re.compile(
    r"\b(?:phones?|telephone|tel|mobile|mob|cell|whatsapp|call(?:ed)?(?: (?:on|at|from))?)\W{0,3}$", re.IGNORECASE
)


def describe_personal_text(text: str, *, is_reference: bool = False) -> str:
    """Return what a person could be found by in the text, in words, or ''. A reference may be a long number."""
    plain = _simplify(text)
    if _ADDRESS.search(plain) or _SPELT_ADDRESS.search(plain):
        return "an e-mail or UPI address"
    undated = plain if is_reference else _DATE_OR_TIME.sub(" on a day ", plain)
    for kind, name in _KIND_NAMES.items():
        if mask_text(undated, (kind,)) != undated:
            return name
    return "a telephone number" if _has_phone_number(undated, is_reference=is_reference) else ""


def has_value_of_person(text: str, values: Iterable[str]) -> bool:
    """Return whether the text holds one of these identifiers: an address or its first part, a number, an id."""
    plain = _simplify(text).casefold()
    digits = {re.sub(r"\D", "", number) for number in _NUMBER.findall(plain)} | set(re.findall(r"\d+", plain))
    for value in values:
        wanted = _simplify(value).casefold().strip()
        wanted_digits = re.sub(r"\D", "", wanted)
        local_part = wanted.partition("@")[0]
        names = [wanted] + ([local_part] if "@" in wanted and len(local_part) >= MIN_NAME_CHARS else [])
        if any(len(name) >= MIN_NAME_CHARS and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", plain) for name in names):
            return True
        if "@" not in wanted and len(wanted_digits) >= MIN_NAME_CHARS:
            tails = {wanted_digits, wanted_digits[-10:]}
            if digits & tails or any(len(each) > MAX_HARMLESS_DIGITS and each[-10:] in tails for each in digits):
                return True
    return False


def says_too_little(text: str) -> bool:
    """Return whether a text is blank, a letter or two, or one character again and again."""
    letters = [character.casefold() for character in _simplify(text) if character.isalnum()]
    return len(letters) < MIN_MEANINGFUL_CHARS or len(set(letters)) == 1


def _has_phone_number(text: str, *, is_reference: bool) -> bool:
    pattern = _NUMBER_WORD if is_reference else _NUMBER
    for found in pattern.finditer(text):
        number = re.sub(r"\D", "", found[0])
        if "+" in found[0] and len(number) >= MIN_INTERNATIONAL_DIGITS:
            return True
        if REPEATED_INDIAN_PREFIX.fullmatch(number):
            return True
        if not is_reference and len(number) > MAX_HARMLESS_DIGITS:
            return True
        if len(number) >= MIN_INTERNATIONAL_DIGITS - 1 and _PHONE_WORD.search(text[: found.start()]):
            return True
    return False


def _simplify(text: str) -> str:
    """Return the text with usual letters, digits and blanks, and without what is not seen."""
    folded = unicodedata.normalize("NFKC", text)
    return (
        "".join(
            str(unicodedata.decimal(each)) if each.isdecimal() else " " if each.isspace() else each
            for each in folded
            if unicodedata.category(each) not in ("Cc", "Cf") or each.isspace()
        )
        .replace("\N{EN DASH}", "-")
        .replace("\N{HYPHEN}", "-")
        .replace("\N{NON-BREAKING HYPHEN}", "-")
    )
