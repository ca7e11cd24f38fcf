"""Mask the name of the receiver of a parcel, unless it is the data subject or a generic word such as `security`.

Pure. A name that cannot be matched counts as another person's: a copy for one person must not name another. The
places of the parcel stay as they are; what becomes of a consignee who is another person says `other_persons.py`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from bridge.rules.index.consignee.person_names import LETTER_PATTERN, NameWords, split_name, split_words
from bridge.steps.access.package.records.mask import normalize_key, parse_keys
from bridge.steps.access.package.text import convert_to_text, get_nested_value

OTHER_PERSON_PLACEHOLDER = "another person"
OTHER_PERSON_REMOVED = "other_person_removed"  # a code of `plain_language.MASKING_REASONS`

_RECEIVER_KEYS = frozenset({"receivedby", "recievedby", "receviedby", "receivername", "signedby"})
RAW_RECORD_KEY = "raw_unrecognised"
REMARK_KEYS = frozenset({"note", "notes", "remark", "remarks", "instructions", "message", "comment", RAW_RECORD_KEY})
_SCAN_KEYS = frozenset({"at", "status", "code", "place", "location"})  # status codes and places
GENERIC_RECEIVER_WORDS = parse_keys("self consignee customer recipient security guard family neighbour neighbor")
MIN_IDENTIFYING_CHARS = 3  # letters; shorter words are initials or common words


def read_customer_name(customer: Mapping[str, Any]) -> NameWords:
    """Return the name in a customer record; () if it has no first name, which identifies the data subject."""
    first, last = convert_to_text(customer.get("firstName")), convert_to_text(customer.get("lastName"))
    return split_name(f"{first} {last}") if split_name(first) else ()


def mask_third_parties(body: dict[str, Any], subject_names: Iterable[NameWords], mask_counts: Counter[str]) -> None:
    """Replace the receiver's name in a record with `another person`, unless it is one of `subject_names`.

    Changes `body` in place and counts each replacement in `mask_counts`.
    """
    raw = body.get(RAW_RECORD_KEY)
    receiver_fields = [
        (record, key, text)
        for record in (body, raw)
        if isinstance(record, dict)
        for key, text in record.items()
        if isinstance(text, str) and normalize_key(key) in _RECEIVER_KEYS
    ]
    if not receiver_fields:
        return
    consignee_name = split_name(convert_to_text(get_nested_value(body, "consignee.name")))
    names = [name for name in (consignee_name, *subject_names) if name]
    third_party_words: set[str] = set()
    for record, key, text in receiver_fields:
        receiver_words = set(split_words(text))
        is_subject = any(is_same_name(split_name(text), name) for name in names)
        if not is_subject and not receiver_words <= GENERIC_RECEIVER_WORDS:
            record[key] = OTHER_PERSON_PLACEHOLDER
            mask_counts[OTHER_PERSON_REMOVED] += 1
            third_party_words |= receiver_words - GENERIC_RECEIVER_WORDS
    identifying_words = {word for word in third_party_words if len(word) >= MIN_IDENTIFYING_CHARS}.difference(*names)
    if identifying_words:
        _mask_names_in_remarks(body, third_party_words, identifying_words, mask_counts)


def _mask_names_in_remarks(
    body: dict[str, Any], third_party_words: set[str], identifying_words: set[str], mask_counts: Counter[str]
) -> None:
    """Mask a receiver's name in remarks and scans: each identifying word with the words of the name next to it."""
    hide_in_text = make_name_hider(third_party_words, identifying_words)

    def hide_name(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: hide_name(item) for key, item in value.items()}
        if isinstance(value, list):
            return [hide_name(item) for item in value]
        hidden = hide_in_text(value) if isinstance(value, str) else value
        mask_counts[OTHER_PERSON_REMOVED] += hidden != value
        return hidden

    for key in body.keys() & REMARK_KEYS:
        body[key] = hide_name(body[key])
    events = body.get("events")
    for event in events if isinstance(events, list) else ():
        for key in event.keys() - _SCAN_KEYS if isinstance(event, dict) else ():
            event[key] = hide_name(event[key])


def make_name_hider(name_words: Collection[str], identifying_words: Collection[str]) -> Callable[[str], str]:
    """Return a function that replaces each identifying word in a text, with the words of the name next to it."""
    word = f"(?<!{LETTER_PATTERN})(?:{'|'.join(map(re.escape, sorted(name_words)))})(?!{LETTER_PATTERN})"
    name_run = re.compile(rf"{word}(?:[\s.,]+{word})*", re.IGNORECASE)

    def hide_run(match: re.Match[str]) -> str:
        return match.group() if identifying.isdisjoint(split_words(match.group())) else OTHER_PERSON_PLACEHOLDER

    identifying = frozenset(identifying_words)
    return lambda text: text if identifying.isdisjoint(split_words(text)) else name_run.sub(hide_run, text)


def is_same_name(recorded_name: NameWords, name: NameWords) -> bool:
    """Return True if the recorded name is a form of `name`.

    Forms of Asha Rani Sharma are `Asha`, `Asha S.` and `A. R. Sharma`, but not `Sharma`, `A.` or `Ravi Sharma`.
    """
    if "".join(recorded_name) == "".join(name):
        return True
    initials = {word for word in recorded_name if len(word) == 1}
    full_words = set(recorded_name) - initials
    if not full_words <= set(name) or not initials <= {word[0] for word in name}:
        return False
    first, *_, last = name if len(name) > 1 else (*name, "")
    return first in full_words or (first[0] in initials and last in full_words)
