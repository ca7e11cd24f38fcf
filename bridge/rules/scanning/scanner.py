"""Find bank and identity numbers in free text: which kinds, and where they stand.

Pure. Returns kinds and positions, never a value. `scan_text` decides whether a person must look, so it reports nothing
where a number is as likely a phone or an order; `mask_text` decides what a copy hides, so in a text that mentions a
bank it takes every number long enough for an account. Both take time in proportion to the text's length.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Collection, Iterator
from typing import TypeAlias

from bridge.rules.scanning import context_words
from bridge.rules.scanning.check_digits import is_luhn_valid, is_verhoeff_valid
from bridge.rules.scanning.patterns import IFSC_KIND, PAN_KIND, UPI_KIND, ScanHit, find_by_pattern

ACCOUNT_KIND, AADHAAR_KIND, CARD_KIND = "bank_account", "aadhaar", "card_pan"
# the words of `scan_for` in the retention file
SCAN_KINDS = (IFSC_KIND, UPI_KIND, ACCOUNT_KIND, PAN_KIND, AADHAAR_KIND, CARD_KIND)
MIN_ACCOUNT_DIGITS, MAX_ACCOUNT_DIGITS = 9, 18  # digits of an account
MAX_CARD_GROUPS = 7  # of a card: 19 digits, three in each at least
# digits that stay visible, by kind; the other kinds are hidden completely
VISIBLE_LAST_DIGITS = {ACCOUNT_KIND: 4, CARD_KIND: 4}

_DIGIT_RUN = re.compile(r"\d(?:(?:[ \u00a0\u2010-\u2013-]{0,2}|\.)\d){8,}")
_INDIAN_MOBILE = re.compile(r"(?:0|(?:00)?91)?[6-9]\d{9}")  # Indian mobiles, with and without the ways to dial them
# the issuers' groups: Visa, Amex, Diners, JCB and RuPay, Mastercard, Discover and RuPay, Maestro and UnionPay
_CARD_NUMBER = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})|3[47]\d{13}|3(?:0[0-5]|[689]\d)\d{11}|(?:35|2[2-7]|5\d|6\d|8[12])\d{14}|"
    r"(?:5[06-8]|6\d)\d{11,17}"
)
_IFSC_DISTANCE_CHARS = 80
_DIGIT_GROUP = re.compile(r"\d+")
DigitGroup: TypeAlias = tuple[int, int]  # a group of digits: start, end (exclusive)


def scan_text(text: str, kinds: Collection[str] = SCAN_KINDS) -> list[ScanHit]:
    """Return the hits of these kinds that a person must look at, in order and without overlap."""
    return _find_numbers(text, kinds, for_masking=False)


def mask_text(text: str, kinds: Collection[str] = SCAN_KINDS, *, label: str = "") -> str:
    """Return the text with its hits hidden; of accounts and cards the last four digits stay.

    `label` is what the text is an answer to, such as the name of an attribute. Unchanged where nothing is found.
    """
    shift = len(label) + 2 if label else 0
    pieces, end = [], 0
    for hit in _find_numbers(f"{label}: {text}" if label else text, kinds, for_masking=True):
        start = hit.start - shift
        if start >= 0:
            digits = "".join(_DIGIT_GROUP.findall(text[start : hit.end - shift]))
            visible_digits = digits[-VISIBLE_LAST_DIGITS[hit.kind] :] if hit.kind in VISIBLE_LAST_DIGITS else ""
            pieces += [text[end:start], "****", visible_digits]
            end = hit.end - shift
    return "".join([*pieces, text[end:]])


def _find_numbers(text: str, kinds: Collection[str], *, for_masking: bool) -> list[ScanHit]:
    found, remaining_text = find_by_pattern(text, for_masking=for_masking)
    runs = [each.span() for each in _DIGIT_RUN.finditer(remaining_text)]
    if runs:
        ifsc_ends = [hit.end for hit in found if hit.kind == IFSC_KIND]
        numbers = _DigitRunClassifier(text, ifsc_ends, for_masking=for_masking)
        for start, end in runs:
            found += numbers.classify_run(start, end)
    return sorted((hit for hit in found if hit.kind in kinds), key=lambda hit: hit.start)


class _DigitRunClassifier:
    """A classifier of the runs of digits in one text."""

    def __init__(self, text: str, ifsc_ends: list[int], *, for_masking: bool) -> None:
        self._text, self._ifsc_ends, self._for_masking = text, ifsc_ends, for_masking
        folded = text.casefold()
        self._may_hold_accounts = any(word in folded for word in context_words.PAYMENT_WORD_STEMS) or bool(ifsc_ends)
        self._mentions_payment = for_masking and (
            "upi" in folded or bool(ifsc_ends) or context_words.BANK_WORDS.search(text) is not None
        )

    def classify_run(self, start: int, end: int) -> Iterator[ScanHit]:
        """Return the cards and Aadhaars in a run of groups of digits; the other groups may be an account."""
        if end - start < 12 and not self._may_hold_accounts:  # too short for a card or an Aadhaar: most often a phone
            return
        groups = [each.span() for each in _DIGIT_GROUP.finditer(self._text, start, end)]
        named = self._has_label(context_words.ACCOUNT_LABEL, start)
        # the label decides, whatever check digit it passes
        if named and sum(to - at for at, to in groups) <= MAX_ACCOUNT_DIGITS:
            yield ScanHit(ACCOUNT_KIND, start, end)
            return
        rest: list[DigitGroup] = []
        at = 0
        while at < len(groups):
            if taken := self._match_card(groups, at):
                kind = CARD_KIND
            elif taken := self._match_aadhaar(groups, at):
                kind = AADHAAR_KIND
            else:
                rest.append(groups[at])
                at += 1
                continue
            yield from self._find_accounts(rest)
            rest = []
            yield ScanHit(ACCOUNT_KIND if named and at == 0 else kind, groups[at][0], groups[at + taken - 1][1])
            at += taken
        yield from self._find_accounts(rest)

    def _match_card(self, groups: list[DigitGroup], index: int) -> int:
        """Return how many groups from this one are one card: issuers' lengths, a right check digit, no id."""
        digits, longest = "", 0
        for taken, (start, end) in enumerate(groups[index : index + MAX_CARD_GROUPS], 1):
            if len(digits) + end - start > 19:
                break
            digits += self._text[start:end]
            if len(digits) >= 13 and _CARD_NUMBER.fullmatch(digits) and is_luhn_valid(digits):
                longest = taken
            if end - start < 3:  # cards are not printed in pairs; dates and times are
                break
        may_be_id = longest and not self._for_masking
        return 0 if may_be_id and self._has_label(context_words.NON_ACCOUNT_LABEL, groups[index][0]) else longest

    def _match_aadhaar(self, groups: list[DigitGroup], index: int) -> int:
        """Return how many groups from this one are one Aadhaar: twelve digits, in one or as 4-4-4, not of a phone."""
        sizes = [end - start for start, end in groups[index : index + 4]]
        taken = 1 if sizes[0] == 12 else 3 if sizes[:3] == [4, 4, 4] and sizes[3:] != [4] else 0
        if not taken:
            return 0
        start = groups[index][0]
        digits = "".join(self._text[first:last] for first, last in groups[index : index + taken])
        if int(digits[0]) < 2 or not is_verhoeff_valid(digits):
            return 0
        max_chars = context_words.CONTEXT_CHARS_BEFORE
        if context_words.has_word_before(context_words.AADHAAR_WORDS, self._text, start, max_chars):
            return taken
        has_plus = context_words.get_text_before(self._text, start, 1) == "+"
        is_phone = taken == 1 and (has_plus or _INDIAN_MOBILE.fullmatch(digits))
        return 0 if is_phone or self._has_label(context_words.SHOP_LABEL, start) else taken

    def _find_accounts(self, groups: list[DigitGroup]) -> Iterator[ScanHit]:
        """Return accounts: all groups between dots together, or, where that is too long, each that is long enough."""
        if not self._may_hold_accounts:
            return
        for part in self._split_at_dots(groups):
            is_one_account = sum(end - start for start, end in part) <= MAX_ACCOUNT_DIGITS
            for start, end in [(part[0][0], part[-1][1])] if is_one_account else part:
                digits = "".join(_DIGIT_GROUP.findall(self._text, start, end))
                if MIN_ACCOUNT_DIGITS <= len(digits) <= MAX_ACCOUNT_DIGITS and self._is_account(start, end, digits):
                    yield ScanHit(ACCOUNT_KIND, start, end)

    def _split_at_dots(self, groups: list[DigitGroup]) -> Iterator[list[DigitGroup]]:
        part: list[DigitGroup] = []
        for group in groups:
            if part and self._text[part[-1][1] : group[0]] == ".":
                yield part
                part = []
            part.append(group)
        if part:
            yield part

    def _is_account(self, start: int, end: int, digits: str) -> bool:
        if self._for_masking:
            return self._mentions_payment
        if self._has_label(context_words.ACCOUNT_LABEL, start):
            return True
        before = context_words.get_text_before(self._text, start, 1)
        part_of_a_word = before.isalpha() or self._text[end : end + 1].isalpha()
        is_phone = before == "+" or _INDIAN_MOBILE.fullmatch(digits)
        if part_of_a_word or is_phone or self._has_label(context_words.NON_ACCOUNT_LABEL, start):
            return False
        bank = bisect_left(self._ifsc_ends, start - _IFSC_DISTANCE_CHARS)
        if bank < len(self._ifsc_ends) and self._ifsc_ends[bank] <= start + _IFSC_DISTANCE_CHARS:
            return True
        return context_words.has_word_around(context_words.BANK_WORDS, self._text, start, end)

    def _has_label(self, label: re.Pattern[str], position: int) -> bool:
        return context_words.has_word_before(label, self._text, position)
