"""Who took a parcel in, told only where it is the person herself, or nobody in particular.

Pure. In doubt it is somebody else: a copy for one person must not name another. What the record says of her,
whom the parcel was for and where it was, stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeAlias

from bridge.steps.access.package.records.mask import normalize_key
from bridge.steps.access.package.text import convert_to_text, get_nested_value

if TYPE_CHECKING:
    from collections import Counter

NameWords: TypeAlias = tuple[str, ...]

OTHER_PERSON_PLACEHOLDER = "another person"
OTHER_PERSON_REMOVED = "other_person_removed"  # of `words.LEFT_OUT`

_RECEIVER_KEYS = frozenset({"receivedby", "recievedby", "receviedby", "receivername", "signedby"})
_RAW_RECORD_KEY = "raw_unrecognised"
_REMARK_KEYS = frozenset(
    {"note", "notes", "remark", "remarks", "instructions", "message", "comment", _RAW_RECORD_KEY}
)
_SCAN_KEYS = frozenset({"at", "status", "code", "place", "location"})  # our words, and where it was
_GENERIC_RECEIVER_WORDS = frozenset(
    ["self", "consignee", "customer", "recipient", "security", "guard", "family", "neighbour", "neighbor"]
)
_NAME_TITLES = frozenset(["mr", "mrs", "ms", "miss", "dr", "smt", "shri", "sri"])
_MIN_IDENTIFYING_CHARS = 3  # letters: shorter words are initials, or stand for something else in a note
# vowel signs of India's scripts are no letters to `\w`, and without them a word falls apart
_LETTER_PATTERN = r"(?:[^\W_]|[\u0300-\u036f\u0900-\u0963\u0971-\u0dff\u200c\u200d])"
_NAME_WORD_PATTERN = re.compile(f"{_LETTER_PATTERN}+")


def read_customer_name(customer: Mapping[str, Any]) -> NameWords:
    """The name in a customer's record; nothing where it lacks the first name, by which she is known."""
    first, last = convert_to_text(customer.get("firstName")), convert_to_text(customer.get("lastName"))
    return _split_name(f"{first} {last}") if _split_name(first) else ()


def mask_third_parties(
    body: dict[str, Any], subject_names: Iterable[NameWords], mask_counts: Counter[str]
) -> None:
    """Put `another person` where a record names who took the parcel in, unless by one of her `names`."""
    raw = body.get(_RAW_RECORD_KEY)
    found = [
        (holder, key, said)
        for holder in (body, raw)
        if isinstance(holder, dict)
        for key, said in holder.items()
        if isinstance(said, str) and normalize_key(key) in _RECEIVER_KEYS
    ]
    if not found:
        return
    known = [
        name
        for name in (_split_name(convert_to_text(get_nested_value(body, "consignee.name"))), *subject_names)
        if name
    ]
    strangers: set[str] = set()
    for holder, key, said in found:
        words = set(_split_words(said))
        if not words <= _GENERIC_RECEIVER_WORDS and not any(
            _is_same_name(_split_name(said), name) for name in known
        ):
            holder[key] = OTHER_PERSON_PLACEHOLDER
            mask_counts[OTHER_PERSON_REMOVED] += 1
            strangers |= words - _GENERIC_RECEIVER_WORDS
    telling = {word for word in strangers if len(word) >= _MIN_IDENTIFYING_CHARS} - set(chain(*known))
    if telling:
        _mask_names_in_remarks(body, strangers, telling, mask_counts)


def _mask_names_in_remarks(
    body: dict[str, Any], third_party_words: set[str], identifying_words: set[str], mask_counts: Counter[str]
) -> None:
    """Hide a name in what else was said: a telling word of it, with its other words where they stand beside it."""
    word = f"(?<!{_LETTER_PATTERN})(?:{'|'.join(map(re.escape, sorted(third_party_words)))})(?!{_LETTER_PATTERN})"
    run = re.compile(rf"{word}(?:[\s.,]+{word})*", re.IGNORECASE)

    def hidden(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: hidden(item) for key, item in value.items()}
        if isinstance(value, list):
            return [hidden(item) for item in value]
        if not isinstance(value, str) or identifying_words.isdisjoint(_split_words(value)):
            return value
        mask_counts[OTHER_PERSON_REMOVED] += 1
        return run.sub(
            lambda hit: (
                hit.group()
                if identifying_words.isdisjoint(_split_words(hit.group()))
                else OTHER_PERSON_PLACEHOLDER
            ),
            value,
        )

    for key in body.keys() & _REMARK_KEYS:
        body[key] = hidden(body[key])
    events = body.get("events")
    for event in events if isinstance(events, list) else ():
        for key in event.keys() - _SCAN_KEYS if isinstance(event, dict) else ():
            event[key] = hidden(event[key])


def _is_same_name(recorded_name: NameWords, name: NameWords) -> bool:
    """Asha Rani Sharma is `Asha`, `Asha S.`, `A. R. Sharma`; not `Sharma`, `A.` nor `Ravi Sharma`."""
    if "".join(recorded_name) == "".join(name):
        return True
    initials = {word for word in recorded_name if len(word) == 1}
    whole = set(recorded_name) - initials
    if not whole <= set(name) or not initials <= {word[0] for word in name}:
        return False
    first, *_, last = name if len(name) > 1 else (*name, "")
    return first in whole or (first[0] in initials and last in whole)


def _split_words(text: str) -> list[str]:
    return _NAME_WORD_PATTERN.findall(text.casefold())


def _split_name(text: str) -> NameWords:
    return tuple(word for word in _split_words(text) if word not in _NAME_TITLES)
