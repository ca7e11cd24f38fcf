"""Bank and identity numbers in free text: which kinds, and where they stand.

Pure. Gives kinds and places, never a value. Reads two ways. `scan` decides whether a person must look, so it
stays silent where a number is as likely a phone or an order; `mask` decides what a copy hides, so in a text that
speaks of a bank it takes every number long enough for an account. Both take time in proportion to the text's length.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Collection, Iterator
from typing import TypeAlias

from bridge.rules.scanning import context_words
from bridge.rules.scanning.check_digits import luhn, verhoeff
from bridge.rules.scanning.patterns import IFSC, PAN, VPA, Hit, shaped

ACCOUNT, AADHAAR, CARD = "bank_account", "aadhaar", "card_pan"
KINDS = (IFSC, VPA, ACCOUNT, PAN, AADHAAR, CARD)  # the words of `scan_for` in the retention file
SHORTEST, LONGEST = 9, 18  # digits of an account
MOST_GROUPS = 7  # of a card: 19 digits, three in each at least
KEEP_LAST = {ACCOUNT: 4, CARD: 4}  # digits that may stay; of the others nothing does

_DIGITS = re.compile(r"\d(?:(?:[ \u00a0\u2010-\u2013-]{0,2}|\.)\d){8,}")
_PHONE = re.compile(r"(?:0|(?:00)?91)?[6-9]\d{9}")  # Indian mobiles, with and without the ways to dial them
# what issuers print: Visa, Amex, Diners, JCB and RuPay, Mastercard, Discover and RuPay, Maestro and UnionPay
_ISSUED = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})|3[47]\d{13}|3(?:0[0-5]|[689]\d)\d{11}|(?:35|2[2-7]|5\d|6\d|8[12])\d{14}|"
    r"(?:5[06-8]|6\d)\d{11,17}"
)
_NEAR_IFSC = 80
_GROUP = re.compile(r"\d+")
Group: TypeAlias = tuple[int, int]  # of digits: from, and to before


def scan(text: str, kinds: Collection[str] = KINDS) -> list[Hit]:
    """What of these kinds stands in a text that a person must look at, in order, none over another."""
    return _hits(text, kinds, wide=False)


def mask(text: str, kinds: Collection[str] = KINDS, *, label: str = "") -> str:
    """The text with what was found hidden; of accounts and cards the last four digits stay.

    `label` is what the text is an answer to, such as the name of an attribute. Unchanged where nothing is found.
    """
    shift = len(label) + 2 if label else 0
    pieces, end = [], 0
    for hit in _hits(f"{label}: {text}" if label else text, kinds, wide=True):
        start = hit.start - shift
        if start >= 0:
            digits = "".join(_GROUP.findall(text[start : hit.end - shift]))
            left = digits[-KEEP_LAST[hit.kind] :] if hit.kind in KEEP_LAST else ""
            pieces += [text[end:start], "****", left]
            end = hit.end - shift
    return "".join([*pieces, text[end:]])


def _hits(text: str, kinds: Collection[str], *, wide: bool) -> list[Hit]:
    found, free = shaped(text, wide=wide)
    runs = [each.span() for each in _DIGITS.finditer(free)]
    if runs:
        numbers = _Numbers(text, [hit.end for hit in found if hit.kind == IFSC], wide=wide)
        for start, end in runs:
            found += numbers.within(start, end)
    return sorted((hit for hit in found if hit.kind in kinds), key=lambda hit: hit.start)


class _Numbers:
    """What runs of digits in one text are. `banks` is where its bank codes end, in order."""

    def __init__(self, text: str, banks: list[int], *, wide: bool) -> None:
        self._text, self._banks, self._wide = text, banks, wide
        folded = text.casefold()
        self._may_be_accounts = any(word in folded for word in context_words.ABOUT) or bool(banks)
        self._of_money = wide and (
            "upi" in folded or bool(banks) or context_words.BANK.search(text) is not None
        )

    def within(self, start: int, end: int) -> Iterator[Hit]:
        """Cards and Aadhaars in a run of groups of digits; what is left of it may be an account."""
        if end - start < 12 and not self._may_be_accounts:  # too short for the others: a phone, most often
            return
        groups = [each.span() for each in _GROUP.finditer(self._text, start, end)]
        named = context_words.ACCOUNT_LABEL.search(context_words.before(self._text, start)) is not None
        if (
            named and sum(to - at for at, to in groups) <= LONGEST
        ):  # who writes it knows best, whatever it passes
            yield Hit(ACCOUNT, start, end)
            return
        rest: list[Group] = []
        at = 0
        while at < len(groups):
            if taken := self._card(groups, at):
                kind = CARD
            elif taken := self._aadhaar(groups, at):
                kind = AADHAAR
            else:
                rest.append(groups[at])
                at += 1
                continue
            yield from self._accounts(rest)
            rest = []
            yield Hit(ACCOUNT if named and at == 0 else kind, groups[at][0], groups[at + taken - 1][1])
            at += taken
        yield from self._accounts(rest)

    def _card(self, groups: list[Group], at: int) -> int:
        """How many groups from here are one card: as issuers number them, with the check digit, not of an id."""
        digits, longest = "", 0
        for taken, (start, end) in enumerate(groups[at : at + MOST_GROUPS], 1):
            if len(digits) + end - start > 19:
                break
            digits += self._text[start:end]
            if len(digits) >= 13 and _ISSUED.fullmatch(digits) and luhn(digits):
                longest = taken
            if end - start < 3:  # no card is printed in pairs, but days and hours are
                break
        of_an_id = longest and not self._wide and self._labelled(context_words.OTHER_LABEL, groups[at][0])
        return 0 if of_an_id else longest

    def _aadhaar(self, groups: list[Group], at: int) -> int:
        """How many groups from here are one Aadhaar: twelve digits, in one or as 4-4-4, not of a phone."""
        sizes = [end - start for start, end in groups[at : at + 4]]
        taken = 1 if sizes[0] == 12 else 3 if sizes[:3] == [4, 4, 4] and sizes[3:] != [4] else 0
        if not taken:
            return 0
        start = groups[at][0]
        digits = "".join(self._text[first:last] for first, last in groups[at : at + taken])
        if int(digits[0]) < 2 or not verhoeff(digits):
            return 0
        if context_words.AADHAAR.search(context_words.before(self._text, start, context_words.BEFORE)):
            return taken
        dialled = taken == 1 and (
            context_words.before(self._text, start, 1) == "+" or _PHONE.fullmatch(digits)
        )
        return 0 if dialled or self._labelled(context_words.SHOP_LABEL, start) else taken

    def _accounts(self, groups: list[Group]) -> Iterator[Hit]:
        """Accounts: all groups between dots together, or, where that is too long, each that is long enough."""
        if not self._may_be_accounts:
            return
        for part in self._parts(groups):
            whole = sum(end - start for start, end in part) <= LONGEST
            for start, end in [(part[0][0], part[-1][1])] if whole else part:
                digits = "".join(_GROUP.findall(self._text, start, end))
                if SHORTEST <= len(digits) <= LONGEST and self._is_account(start, end, digits):
                    yield Hit(ACCOUNT, start, end)

    def _parts(self, groups: list[Group]) -> Iterator[list[Group]]:
        part: list[Group] = []
        for group in groups:
            if part and self._text[part[-1][1] : group[0]] == ".":
                yield part
                part = []
            part.append(group)
        if part:
            yield part

    def _is_account(self, start: int, end: int, digits: str) -> bool:
        if self._wide:
            return self._of_money
        if self._labelled(context_words.ACCOUNT_LABEL, start):
            return True
        before = context_words.before(self._text, start, 1)
        part_of_a_word = before.isalpha() or self._text[end : end + 1].isalpha()
        if part_of_a_word or before == "+" or _PHONE.fullmatch(digits):
            return False
        if self._labelled(context_words.OTHER_LABEL, start):
            return False
        bank = bisect_left(self._banks, start - _NEAR_IFSC)
        if bank < len(self._banks) and self._banks[bank] <= start + _NEAR_IFSC:
            return True
        return context_words.BANK.search(context_words.around(self._text, start, end)) is not None

    def _labelled(self, label: re.Pattern[str], at: int) -> bool:
        return label.search(context_words.before(self._text, at)) is not None
