"""Bank and identity numbers in free text: which kinds, and where they stand.

Pure. Gives kinds and places, never a value. Reads two ways. `scan` decides whether a person must look, so it
stays silent where a number is as likely a phone or an order; `mask` decides what a copy hides, so in a text that
speaks of a bank it takes every number long enough for an account.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from bridge.rules.check_digits import luhn, verhoeff

IFSC, VPA, ACCOUNT = "ifsc", "upi_vpa", "bank_account"
PAN, AADHAAR, CARD = "pan", "aadhaar", "card_pan"
KINDS = (IFSC, VPA, ACCOUNT, PAN, AADHAAR, CARD)  # the words of `scan_for` in the retention file
SHORTEST, LONGEST = 9, 18  # digits of an account
MOST_GROUPS = 7  # of a card: 19 digits, three in each at least
KEEP_LAST = {ACCOUNT: 4, CARD: 4}  # digits that may stay; of the others nothing does

# A handle of a payment provider has no dot, the domain of an e-mail has one: so `asha@okbank` is a VPA, and
# `asha@example.in` is none. Mail providers whose ending was forgotten are told apart by name.
_VPA = re.compile(
    r"(?<![A-Za-z0-9_.%+@-])[A-Za-z0-9][A-Za-z0-9_.-]{1,254}@"
    r"(?!(?:gmail|yahoo|ymail|hotmail|outlook|rediffmail|icloud|live|proton)\b)[A-Za-z][A-Za-z0-9]{1,63}"
    r"(?![A-Za-z0-9_@-]|\.\w)"
)
# Reserve Bank of India: four letters of the bank, a zero, six of the branch
_IFSC = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{4}0[A-Za-z0-9]{6}(?![A-Za-z0-9])")
# Income-tax Rules, r.114: the fourth letter is the kind of holder. Within a GSTIN it is the business's own
_PAN = re.compile(
    r"(?<![A-Za-z0-9])[A-Za-z]{3}[ABCEFGHJKLPTabcefghjklpt][A-Za-z]\d{4}[A-Za-z](?![A-Za-z0-9])"
)
# Almost every text holds none of these beginnings, which are quicker to look for than the whole
_SHAPES = (
    (VPA, _VPA, re.compile("@")),
    (IFSC, _IFSC, re.compile("0[A-Za-z0-9]{6}")),
    (PAN, _PAN, re.compile(r"\d{4}[A-Za-z]")),
)
_DIGITS = re.compile(r"\d(?:[ \u00a0\u2010-\u2013-]{0,2}\d){8,}")
_ACCOUNT = r"(?<![a-z])(?:a\s?/\s?c|acc(?:t|ount)?s?|acc?t?no)"
_BANK = re.compile(
    rf"{_ACCOUNT}(?![a-z])|(?<![a-z])(?:bank|ifsc|neft|imps|rtgs|iban)(?![a-z])|खात|बैंक", re.IGNORECASE
)
_ABOUT = ("/", "acc", "acno", "bank", "upi", "neft", "imps", "rtgs", "iban", "ifsc", "खात", "बैंक")
_OWN_LABEL = r"(?:\s*(?:no|num|number|id|is)\b)*[\s.:#=\u2013-]*$"
_ACCOUNT_LABEL = re.compile(rf"{_ACCOUNT}\b\.?{_OWN_LABEL}", re.IGNORECASE)
_OTHER_LABEL = re.compile(
    r"(?<![a-z])(?:ph|phone|mob|mobile|cell|tel|telephone|what.?s ?app|call|contact|order|invoice|awb|tracking|"
    r"waybill|utr|rrn|ref|reference|txn|transaction|gst|gstin|pin|imei|sku|variant|product|item|cart|id)\b\.?"
    + _OWN_LABEL,
    re.IGNORECASE,
)
_AADHAAR_WORD = re.compile(r"(?<![a-z])(?:aadhaa?r|adhaa?r|uid(?:ai)?)(?![a-z])|आधार", re.IGNORECASE)
_PHONE = re.compile(r"(?:0|(?:00)?91)?[6-9]\d{9}")  # Indian mobiles, with and without the ways to dial them
# what issuers print: Visa, Amex, Diners, JCB and RuPay, Mastercard, Discover and RuPay, Maestro and UnionPay
_ISSUED = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})|3[47]\d{13}|3(?:0[0-5]|[689]\d)\d{11}|(?:35|2[2-7]|5\d|6\d|8[12])\d{14}|"
    r"(?:5[06-8]|6\d)\d{11,17}"
)
_BEFORE, _AFTER, _LABEL = 48, 16, 24  # characters: a word says what a number is from so far away
_NEAR_IFSC = 80
_GROUP = re.compile(r"\d+")
Group: TypeAlias = tuple[int, int]  # of digits: from, and to before


@dataclass(frozen=True, slots=True)
class Hit:
    """One number: its kind, and the characters from `start` to before `end`."""

    kind: str
    start: int
    end: int


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
    found: list[Hit] = []
    free = text  # what is taken is no part of what stands beside it
    for kind, shape, beginning in _SHAPES:
        if beginning.search(free):
            hits = [Hit(kind, *each.span()) for each in shape.finditer(free)]
            for hit in hits:
                free = f"{free[: hit.start]}{'x' * (hit.end - hit.start)}{free[hit.end :]}"
            found += hits
    runs = [each.span() for each in _DIGITS.finditer(free)]
    if runs:
        numbers = _Numbers(text, [hit.end for hit in found if hit.kind == IFSC], wide=wide)
        for start, end in runs:
            found += numbers.within(start, end)
    return sorted((hit for hit in found if hit.kind in kinds), key=lambda hit: hit.start)


class _Numbers:
    """What runs of digits in one text are. `banks` is where its bank codes end."""

    def __init__(self, text: str, banks: list[int], *, wide: bool) -> None:
        self._text, self._banks, self._wide = text, banks, wide
        folded = text.casefold()
        self._may_be_accounts = any(word in folded for word in _ABOUT) or bool(banks)
        self._of_money = wide and ("upi" in folded or bool(banks) or _BANK.search(text) is not None)

    def within(self, start: int, end: int) -> Iterator[Hit]:
        """Cards and Aadhaars in a run of groups of digits; what is left of it may be an account."""
        if end - start < 12 and not self._may_be_accounts:  # too short for the others: a phone, most often
            return
        groups = [each.span() for each in _GROUP.finditer(self._text, start, end)]
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
            yield Hit(kind, groups[at][0], groups[at + taken - 1][1])
            at += taken
        yield from self._accounts(rest)

    def _card(self, groups: list[Group], at: int) -> int:
        """How many groups from here are one card: as issuers number them, with the check digit, not of an id."""
        digits, longest = "", 0
        for taken, (start, end) in enumerate(groups[at : at + MOST_GROUPS], 1):
            digits += self._text[start:end]
            if len(digits) > 19:
                break
            if len(digits) >= 13 and _ISSUED.fullmatch(digits) and luhn(digits):
                longest = taken
            if end - start < 3:  # no card is printed in pairs, but days and hours are
                break
        of_an_id = longest and not self._wide and _OTHER_LABEL.search(self._before(groups[at][0], _LABEL))
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
        if _AADHAAR_WORD.search(self._before(start, _BEFORE)):
            return taken
        dialled = taken == 1 and (self._before(start, 1) == "+" or _PHONE.fullmatch(digits))
        return 0 if dialled or _OTHER_LABEL.search(self._before(start, _LABEL)) else taken

    def _accounts(self, groups: list[Group]) -> Iterator[Hit]:
        """Accounts: all groups together, or, where that is too long, each that is long enough."""
        if not groups or not self._may_be_accounts:
            return
        whole = sum(end - start for start, end in groups) <= LONGEST
        for start, end in [(groups[0][0], groups[-1][1])] if whole else groups:
            digits = "".join(_GROUP.findall(self._text, start, end))
            if SHORTEST <= len(digits) <= LONGEST and self._is_account(start, end, digits):
                yield Hit(ACCOUNT, start, end)

    def _is_account(self, start: int, end: int, digits: str) -> bool:
        if self._wide:
            return self._of_money
        before = self._before(start, _LABEL)
        if _ACCOUNT_LABEL.search(before):
            return True
        part_of_a_word = before[-1:].isalpha() or self._text[end : end + 1].isalpha()
        if part_of_a_word or before[-1:] == "+" or _PHONE.fullmatch(digits) or _OTHER_LABEL.search(before):
            return False
        if any(abs(bank - start) <= _NEAR_IFSC for bank in self._banks):
            return True
        beside = f"{self._before(start, _BEFORE)} \n {self._text[end : end + _AFTER]}"
        return _BANK.search(beside) is not None

    def _before(self, at: int, most: int) -> str:
        return self._text[max(0, at - most) : at]
