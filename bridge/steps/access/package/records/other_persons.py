"""Mask other persons in the data subject's own records, or count them only: who got a gift, and at which address.

Pure. A copy must not harm the rights of others (GDPR Art 15(4)); whether it shows them is the merchant's decision
(`[access] third_persons`). A value that is also the data subject's own stays. Names are found in free text only if an
address or an attribute of some record names the person too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

from bridge.rules.index.consignee.person_names import NameWords, split_words
from bridge.steps.access.package.records.mask import FREE_TEXT_KEYS, MAX_NESTING_DEPTH, normalize_key, parse_keys
from bridge.steps.access.package.records.recorded_persons import (
    NAME_KEYS,
    NamedPerson,
    RecordedPersons,
    list_named_persons,
    normalize_value,
)
from bridge.steps.access.package.records.third_parties import (
    MIN_IDENTIFYING_CHARS,
    OTHER_PERSON_PLACEHOLDER,
    RAW_RECORD_KEY,
    REMARK_KEYS,
    make_name_hider,
)

THIRD_PERSON_MASKED = "third_person_masked"  # a code of `plain_language.MASKING_REASONS`
HIDDEN_VALUE = "****"

_TEXT_KEYS = (
    FREE_TEXT_KEYS
    | frozenset(map(normalize_key, (*REMARK_KEYS, RAW_RECORD_KEY)))
    | parse_keys("additionalinformation secondarymessage")
)
_CONTACT_KEYS = parse_keys("phone phones mobile email emailaddress")
_MIN_FULL_NAME_WORDS = 2
_MIN_STREET_CHARS = 6  # a shorter line, such as a house number, says nothing alone
_PHONE = r"\+?\d[\d ()-]{6,}\d"
_PHONE_PATTERN = re.compile(f"({_PHONE})")
_CONTACT_PATTERN = re.compile(rf"([^\s@<>()]+@[^\s@<>()]+\.\w+|{_PHONE})")

TextHider = Callable[[str], str]


class OtherPersonMasker:
    """Masks or counts the persons of `persons` who are not the data subject, record by record."""

    def __init__(self, persons: RecordedPersons, *, is_masking: bool) -> None:
        """Take who is named in all records; without `is_masking` every record stays as it is."""
        self._persons = persons
        self._is_masking = is_masking
        self._is_own = cache(persons.is_own)  # the records name the same few again and again
        self._own_words = {word for name in persons.own_names for word in name}
        # looked up by their first word: somebody may have sent gifts to thousands
        self._names_by_first_word: dict[str, list[NameWords]] = {}
        for name in persons.other_names:
            if len(name) >= _MIN_FULL_NAME_WORDS:
                self._names_by_first_word.setdefault(name[0], []).append(name)
        self._streets_by_first_word: dict[str, list[str]] = {}
        for value in persons.other_values:
            if len(value) >= _MIN_STREET_CHARS and " " in value:
                self._streets_by_first_word.setdefault(value.partition(" ")[0].strip(".,;:()"), []).append(value)

    def mask_record(self, body: dict[str, Any]) -> int:
        """Return in how many places the record names another person; if masking, replace these in it."""
        if not self._persons.own_names:
            return 0
        others = self._find_others(body)
        if not others and not self._persons.other_names and not self._persons.other_values:
            return 0
        if not self._is_masking:
            body = _copy_json(body)  # counted as if it were masked, so that both settings count the same places
            others = self._find_others(body)
        for person in others:
            self._mask_person(person)
        return len(others) + self._mask_texts(body, self._make_text_hider([person.name for person in others]))

    def _find_others(self, body: dict[str, Any]) -> list[NamedPerson]:
        return [person for person in list_named_persons(body) if not self._is_own(person.name, person.values)]

    def _mask_person(self, person: NamedPerson) -> None:
        for key in person.keys:
            is_name = normalize_key(key) in NAME_KEYS or (key == "value" and bool(person.name))
            value = person.holder[key]
            person.holder[key] = OTHER_PERSON_PLACEHOLDER if is_name and value else self._hide_value(value)

    def _hide_value(self, value: Any) -> Any:
        """Return what is shown of a value: nothing of it, unless it is the data subject's own too."""
        if isinstance(value, list):
            return [self._hide_value(item) for item in value]
        return value if not value or normalize_value(value) in self._persons.own_values else HIDDEN_VALUE

    def _hide_known(self, text: str) -> str:
        """Mask in a text the full names and streets of other persons in any record."""
        if len(text.split(maxsplit=1)) < _MIN_FULL_NAME_WORDS:
            return text  # most values are one word
        words, tokens = split_words(text), [token.strip(".,;:()") for token in text.casefold().split()]
        by_name, by_street = self._names_by_first_word, self._streets_by_first_word
        if by_name.keys().isdisjoint(words) and by_street.keys().isdisjoint(tokens):
            return text
        all_words = set(words)
        names = [name for word in all_words for name in by_name.get(word, ()) if all_words.issuperset(name)]
        streets = [street for token in set(tokens) for street in by_street.get(token, ())]
        if names:
            text = _compile_alternatives(r"[\s.,]+".join(map(re.escape, name)) for name in names).sub(
                OTHER_PERSON_PLACEHOLDER, text
            )
        if streets:
            text = _compile_alternatives(map(re.escape, streets)).sub(HIDDEN_VALUE, text)
        return text

    def _make_text_hider(self, names: Iterable[NameWords]) -> TextHider:
        """Return a function that hides other persons in a text; of `names`, those in the same record, each word."""
        words = {word for name in names for word in name}
        identifying = {word for word in words if len(word) >= MIN_IDENTIFYING_CHARS} - self._own_words
        hide_word = make_name_hider(words, identifying) if identifying else str

        def hide(text: str) -> str:
            # an e-mail address or number is hidden whole or not at all, whatever words it contains
            # without the sign, the search for an e-mail address would read every word again from each of its letters
            parts = (_CONTACT_PATTERN if "@" in text else _PHONE_PATTERN).split(text)
            parts[::2] = [hide_word(self._hide_known(part)) for part in parts[::2]]
            parts[1::2] = map(self._hide_contact, parts[1::2])
            return "".join(parts)

        return hide

    def _hide_contact(self, text: str) -> str:
        return HIDDEN_VALUE if normalize_value(text) in self._persons.other_values else text

    def _mask_texts(self, value: Any, hide: TextHider, *, in_text: bool = False, depth: int = 0) -> int:
        """Mask other persons in the texts and contacts below a value; return in how many places they stand."""
        if depth > MAX_NESTING_DEPTH:
            return 0
        places = 0
        for key, item in list(value.items() if isinstance(value, dict) else enumerate(value)):
            if not isinstance(item, (str, dict, list)):
                continue
            normal = normalize_key(key) if isinstance(key, str) else ""
            is_text = in_text or normal in _TEXT_KEYS
            if not isinstance(item, str):
                places += self._mask_texts(
                    item,
                    self._hide_contact if normal in _CONTACT_KEYS else hide,
                    in_text=is_text or normal in _CONTACT_KEYS,
                    depth=depth + 1,
                )
            else:
                hide_item = self._hide_contact if normal in _CONTACT_KEYS else hide if is_text else self._hide_known
                value[key] = hidden = hide_item(item)
                places += hidden != item
        return places


def _copy_json(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copy_json(item) for key, item in value.items()}
    return [_copy_json(item) for item in value] if isinstance(value, list) else value


def _compile_alternatives(patterns: Iterable[str]) -> re.Pattern[str]:
    """Return a pattern of whole words that matches any of these, the longest first."""
    ordered = sorted(patterns, key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(ordered)})(?!\w)", re.IGNORECASE)
