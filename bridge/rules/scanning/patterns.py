"""Find what is known by its form: a UPI address, an IFSC, a PAN.

Pure. A form that other numbers share counts only with a name that is used for payments, or beside a word that says
what it is; `for_masking` asks less, for a copy that hides.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from bridge.rules.scanning import bank_codes, context_words

IFSC_KIND, UPI_KIND, PAN_KIND = "ifsc", "upi_vpa", "pan"

_GAP_PATTERN = r"[ \u00a0.\u2010-\u2013-]"
# NPCI: `name@handle`. A handle has no dot, the domain of an e-mail has one
_UPI_PATTERN = re.compile(
    r"(?<![A-Za-z0-9_.%+@-])[A-Za-z0-9][A-Za-z0-9_.-]{1,254}(?P<gap>[ \u00a0]{0,2}@[ \u00a0]{0,2})"
    r"(?P<handle>[A-Za-z][A-Za-z0-9]{1,63})(?![A-Za-z0-9_@-])"
)
_DOMAIN_CONTINUES = re.compile(r"\.\w")
_EMAIL_DOMAIN = re.compile(r"(?i)\.(?:com?|in|net|org|edu|gov|bank|io|info|biz|me|app|ai|dev|shop|store|us|uk)\b")
# Reserve Bank of India: four letters of the bank, a zero, six of the branch. A landline goes on after seven digits
_IFSC_PATTERN = re.compile(
    rf"(?<![A-Za-z0-9])(?P<bank>[A-Za-z]{{4}}){_GAP_PATTERN}{{0,2}}0"
    rf"(?:[A-Za-z0-9]{{6}}|(?:{_GAP_PATTERN}?\d){{6}}(?!{_GAP_PATTERN}?\d{{1,5}}(?!\d)))(?![A-Za-z0-9])"
)
# Income-tax Rules, r.114: the fourth letter is the kind of holder. Within a GSTIN it is the business's PAN
_PAN_PATTERN = re.compile(
    r"(?<![A-Za-z0-9])[A-Za-z]{3}(?P<holder>[ABCEFGHJKLPTabcefghjklpt])[A-Za-z][ -]?\d{4}[ -]?[A-Za-z](?![A-Za-z0-9])"
)


@dataclass(frozen=True, slots=True)
class ScanHit:
    """One number: its kind, and the characters from `start` to before `end`."""

    kind: str
    start: int
    end: int


def find_by_pattern(text: str, *, for_masking: bool) -> tuple[list[ScanHit], str]:
    """Return what has such a form, and the text with x in its place, so that no part of a hit is found again."""
    found: list[ScanHit] = []
    remaining_text = text
    for kind, pattern, beginning, is_hit in _NUMBER_PATTERNS:
        if beginning.search(remaining_text):
            matches = pattern.finditer(remaining_text)
            hits = [ScanHit(kind, *each.span()) for each in matches if is_hit(each, text, for_masking)]
            remaining_text = _blank_out_hits(remaining_text, hits)
            found += hits
    return found, remaining_text


def _blank_out_hits(text: str, hits: list[ScanHit]) -> str:
    pieces, end = [], 0
    for hit in hits:
        pieces += [text[end : hit.start], "x" * (hit.end - hit.start)]
        end = hit.end
    return "".join([*pieces, text[end:]]) if hits else text


def _is_upi_id(match: re.Match[str], text: str, for_masking: bool) -> bool:
    handle = match["handle"].casefold()
    known = handle in bank_codes.UPI_HANDLES
    if _DOMAIN_CONTINUES.match(text, match.end()) and (not known or _EMAIL_DOMAIN.match(text, match.end())):
        return False  # an e-mail; after a known handle a new sentence
    if known and (match["gap"] == "@" or handle not in bank_codes.AMBIGUOUS_UPI_HANDLES):
        return True
    if not known and (match["gap"] != "@" or handle in bank_codes.NON_PAYMENT_HANDLES):
        return False
    return for_masking or context_words.has_word_around(context_words.UPI_WORDS, text, *match.span())


def _is_ifsc(match: re.Match[str], text: str, for_masking: bool) -> bool:
    if match["bank"].upper() in bank_codes.IFSC_BANK_CODES:
        return True
    if len(match[0]) > 11:  # gaps within
        return context_words.has_word_before(context_words.IFSC_LABEL, text, match.start())
    return for_masking or context_words.has_word_around(context_words.BANK_WORDS, text, *match.span())


def _is_pan(match: re.Match[str], text: str, _for_masking: bool) -> bool:
    if len(match[0]) == 10:  # no gap
        return True
    is_of_a_person = match["holder"] == "P" and match[0].isupper()
    max_chars = context_words.CONTEXT_CHARS_BEFORE
    return is_of_a_person or context_words.has_word_before(context_words.PAN_WORDS, text, match.start(), max_chars)


# Almost no text holds these beginnings, and they are faster to search than the pattern
_NumberPattern: TypeAlias = tuple[str, re.Pattern[str], re.Pattern[str], Callable[[re.Match[str], str, bool], bool]]
_NUMBER_PATTERNS: tuple[_NumberPattern, ...] = (
    (UPI_KIND, _UPI_PATTERN, re.compile("@"), _is_upi_id),
    (IFSC_KIND, _IFSC_PATTERN, re.compile("0"), _is_ifsc),
    (PAN_KIND, _PAN_PATTERN, re.compile(r"\d{4}[ -]?[A-Za-z]"), _is_pan),
)
