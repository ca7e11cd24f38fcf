"""What is known by its shape: a UPI address, an IFSC, a PAN.

Pure. A shape that other things have too counts only with a name that money goes by, or beside a word that says what it
is; `wide` asks less, for a copy that hides.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from bridge.rules.scanning import bank_codes, context_words

IFSC, VPA, PAN = "ifsc", "upi_vpa", "pan"

_GAP = r"[ \u00a0.\u2010-\u2013-]"
# NPCI: `name@handle`. A handle has no dot, the domain of an e-mail has one
_VPA = re.compile(
    r"(?<![A-Za-z0-9_.%+@-])[A-Za-z0-9][A-Za-z0-9_.-]{1,254}(?P<gap>[ \u00a0]{0,2}@[ \u00a0]{0,2})"
    r"(?P<handle>[A-Za-z][A-Za-z0-9]{1,63})(?![A-Za-z0-9_@-])"
)
_MORE = re.compile(r"\.\w")
_DOMAIN = re.compile(
    r"\.(?:com?|in|net|org|edu|gov|bank|io|info|biz|me|app|ai|dev|shop|store|us|uk)\b", re.IGNORECASE
)
# Reserve Bank of India: four letters of the bank, a zero, six of the branch. A landline goes on after seven digits
_IFSC = re.compile(
    rf"(?<![A-Za-z0-9])(?P<bank>[A-Za-z]{{4}}){_GAP}{{0,2}}0"
    rf"(?:[A-Za-z0-9]{{6}}|(?:{_GAP}?\d){{6}}(?!{_GAP}?\d{{1,5}}(?!\d)))(?![A-Za-z0-9])"
)
# Income-tax Rules, r.114: the fourth letter is the kind of holder. Within a GSTIN it is the business's own
_PAN = re.compile(
    r"(?<![A-Za-z0-9])[A-Za-z]{3}(?P<holder>[ABCEFGHJKLPTabcefghjklpt])[A-Za-z][ -]?\d{4}[ -]?[A-Za-z](?![A-Za-z0-9])"
)


@dataclass(frozen=True, slots=True)
class Hit:
    """One number: its kind, and the characters from `start` to before `end`."""

    kind: str
    start: int
    end: int


def shaped(text: str, *, wide: bool) -> tuple[list[Hit], str]:
    """What has such a shape, and the text with x in its place: what is taken is no part of what stands beside it."""
    found: list[Hit] = []
    free = text
    for kind, shape, beginning, counts in _SHAPES:
        if beginning.search(free):
            hits = [Hit(kind, *each.span()) for each in shape.finditer(free) if counts(each, text, wide)]
            free = _without(free, hits)
            found += hits
    return found, free


def _without(text: str, hits: list[Hit]) -> str:
    pieces, end = [], 0
    for hit in hits:
        pieces += [text[end : hit.start], "x" * (hit.end - hit.start)]
        end = hit.end
    return "".join([*pieces, text[end:]]) if hits else text


def _is_vpa(found: re.Match[str], text: str, wide: bool) -> bool:
    handle = found["handle"].casefold()
    known = handle in bank_codes.HANDLES
    if _MORE.match(text, found.end()) and (not known or _DOMAIN.match(text, found.end())):
        return False  # an e-mail; after a known handle a new sentence
    if known and (found["gap"] == "@" or handle not in bank_codes.WORDS):
        return True
    if not known and (found["gap"] != "@" or handle in bank_codes.NO_PAYEE):
        return False
    return wide or context_words.UPI.search(context_words.around(text, *found.span())) is not None


def _is_ifsc(found: re.Match[str], text: str, wide: bool) -> bool:
    if found["bank"].upper() in bank_codes.BANKS:
        return True
    if len(found[0]) > 11:  # gaps within
        return context_words.IFSC_LABEL.search(context_words.before(text, found.start())) is not None
    return wide or context_words.BANK.search(context_words.around(text, *found.span())) is not None


def _is_pan(found: re.Match[str], text: str, _wide: bool) -> bool:
    if len(found[0]) == 10:  # no gap
        return True
    of_a_person = found["holder"] == "P" and found[0].isupper()
    return (
        of_a_person
        or context_words.PAN.search(context_words.before(text, found.start(), context_words.BEFORE))
        is not None
    )


# Almost every text holds none of these beginnings, which are quicker to look for than the whole
_SHAPES: tuple[
    tuple[str, re.Pattern[str], re.Pattern[str], Callable[[re.Match[str], str, bool], bool]], ...
] = (
    (VPA, _VPA, re.compile("@"), _is_vpa),
    (IFSC, _IFSC, re.compile("0"), _is_ifsc),
    (PAN, _PAN, re.compile(r"\d{4}[ -]?[A-Za-z]"), _is_pan),
)
