"""Decide whether a carrier's record can be of the data subject's parcel, by what both say of the consignee. Pure.

A number is no proof: shops type numbers wrongly. Each field says something for, against, or nothing:

| field | for | against | nothing |
|---|---|---|---|
| order reference | it has the order's name or id: `1001`, `#1001`, `MM-1001`, `1001-R1` | it names something else | blank, or it is the waybill |
| name | the same words, or the first name and another word | no word and no initial in common | masked, abbreviated, one word in common, another script, a word such as `customer` |
| phone | the last ten digits | other ten digits; of a masked one, other last digits | blank, masked, a placeholder |
| PIN code | the same | another | blank, masked, zeros |

What is compared with is the customer's, and the shipping and billing addresses' of the order: a gift is for another person.
A parcel that goes back has the merchant as consignee: of it only the order reference counts, and against only where it
looks like another order of the shop.

The person's values are compared as tokens, in the clear or digested: after an erasure only digests are there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

from bridge.model import ConsigneeClues, ParcelListing
from bridge.rules.index.consignee.clues import (
    MASKED_VALUE,
    ConsigneeTokens,
    Encode,
    find_script,
    normalise_pin,
    read_phone_digits,
    split_comparable_name,
)

_MIN_ORDER_DIGITS = 3  # shorter numbers are part of dates and counters


class Evidence(StrEnum):
    """What one field of a carrier's record says about whose parcel it is."""

    FOR = "for"
    AGAINST = "against"
    NOTHING = "nothing"


def compare_consignee(
    record: ConsigneeClues,
    known: ConsigneeTokens,
    orders: Iterable[str],
    *,
    waybill: str = "",
    is_return: bool = False,
    encode: Encode = str,
) -> dict[str, Evidence]:
    """Return what each field of a carrier's record says, compared with the person and the order.

    `orders` are names and ids of the order, in the clear. `encode` is what made the tokens of `known`.
    """
    own = [order for order in orders if order]
    references = [_compare_reference(text, own, waybill, is_return=is_return) for text in record.references]
    if is_return:
        return {"order_reference": _choose(references)}
    names = [_compare_name(split_comparable_name(text), known.names, encode) for text in record.names]
    phones = [_compare_phone(text, known.phones, encode) for text in record.phones]
    pins = [_compare_token(normalise_pin(text), known.pins, encode) for text in record.pins]
    fields = {"order_reference": references, "name": names, "phone": phones, "pin": pins}
    return {name: _choose(verdicts) for name, verdicts in fields.items()}


def merge_evidence(*compared: Mapping[str, Evidence]) -> dict[str, Evidence]:
    """Return what several comparisons of one record say together: in each field, one that agrees is enough."""
    return {name: _choose(one[name] for one in compared if name in one) for name in {**compared[0], **compared[-1]}}


def is_contradicted(evidence: Mapping[str, Evidence]) -> bool:
    """Return True where all that can be compared disagrees."""
    return Evidence.AGAINST in evidence.values() and Evidence.FOR not in evidence.values()


def is_believed(evidence: Mapping[str, Evidence], listing: ParcelListing) -> bool:
    """Return True where a record may count as the data subject's.

    Where nothing can be compared, the fulfilment that lists the number now is enough; a cancelled one is not.
    """
    if Evidence.FOR in evidence.values():
        return True
    return listing is ParcelListing.LISTED and not is_contradicted(evidence)


def _choose(verdicts: Iterable[Evidence]) -> Evidence:
    """Return the verdict of a field with several values: one that agrees is enough."""
    given = set(verdicts)
    return next((one for one in (Evidence.FOR, Evidence.AGAINST) if one in given), Evidence.NOTHING)


def _compare_reference(reference: str, orders: Sequence[str], waybill: str, *, is_return: bool) -> Evidence:
    text = _squash(reference)
    if not text or not orders or MASKED_VALUE.search(reference) or (waybill and _squash(waybill) in text):
        return Evidence.NOTHING
    own = {_squash(order) for order in orders}
    runs = _find_long_numbers(reference)
    own_runs = [found for order in orders if (found := _find_long_numbers(order))]
    if text in own or any(found <= runs for found in own_runs):
        return Evidence.FOR
    if any(found & runs for found in own_runs):
        return Evidence.NOTHING  # a part of it: the year of `MM-2026-1001`
    looks_alike = any(re.sub(r"[0-9]", "0", text) == re.sub(r"[0-9]", "0", order) for order in own)
    return Evidence.AGAINST if looks_alike or not is_return else Evidence.NOTHING


def _find_long_numbers(text: str) -> set[str]:
    return {run for run in re.findall(r"[0-9]+", text) if len(run) >= _MIN_ORDER_DIGITS}


def _squash(text: str) -> str:
    return re.sub(r"[\W_]", "", text).casefold()


def _compare_name(
    words: Sequence[str], known: Iterable[tuple[str, tuple[tuple[str, str], ...]]], encode: Encode
) -> Evidence:
    if not words:
        return Evidence.NOTHING
    script = find_script(words)
    verdicts = {_compare_words(words, name, encode) for known_script, name in known if known_script == script}
    if Evidence.NOTHING in verdicts and Evidence.FOR not in verdicts:
        return Evidence.NOTHING
    return _choose(verdicts)


def _compare_words(words: Sequence[str], name: Sequence[tuple[str, str]], encode: Encode) -> Evidence:
    full = {encode(word) for word in words if len(word) > 1}
    initials = {encode(word) for word in words if len(word) == 1}
    own, own_initials = {word for word, _ in name}, {initial for _, initial in name}
    shared = full & own
    if (full == own and not initials) or (len(shared) > 1 and name[0][0] in shared):
        return Evidence.FOR
    if shared or (initials and initials <= own_initials and full <= own):
        return Evidence.NOTHING
    return Evidence.AGAINST


def _compare_phone(text: str, known: Iterable[tuple[str, str]], encode: Encode) -> Evidence:
    tokens = list(known)
    if MASKED_VALUE.search(text) and (tail := re.search(r"[0-9]{2,}$", text.strip())) and tokens:
        has_tail = encode(tail[0][-2:]) in {own_tail for _, own_tail in tokens}
        return Evidence.NOTHING if has_tail else Evidence.AGAINST
    return _compare_token(read_phone_digits(text), [full for full, _ in tokens], encode)


def _compare_token(value: str, known: Iterable[str], encode: Encode) -> Evidence:
    tokens = set(known)
    if not value or not tokens:
        return Evidence.NOTHING
    return Evidence.FOR if encode(value) in tokens else Evidence.AGAINST
