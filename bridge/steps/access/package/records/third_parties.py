"""Who took a parcel in, told only where it is the person herself, or nobody in particular.

Pure. In doubt it is somebody else: a copy for one person must not name another. What the record says of her,
whom the parcel was for and where it was, stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeAlias

from bridge.steps.access.package.records.mask import key_of
from bridge.steps.access.package.text import pick, text_of

if TYPE_CHECKING:
    from collections import Counter

Words: TypeAlias = tuple[str, ...]

SOMEBODY = "another person"
CODE = "other_person_removed"  # of `words.LEFT_OUT`

_RECEIVERS = frozenset({"receivedby", "recievedby", "receviedby", "receivername", "signedby"})
_RAW = "raw_unrecognised"
_SPOKEN = frozenset({"note", "notes", "remark", "remarks", "instructions", "message", "comment", _RAW})
_OF_A_SCAN = frozenset({"at", "status", "code", "place", "location"})  # our words, and where it was
_ANYBODY = frozenset(
    ["self", "consignee", "customer", "recipient", "security", "guard", "family", "neighbour", "neighbor"]
)
_TITLES = frozenset(["mr", "mrs", "ms", "miss", "dr", "smt", "shri", "sri"])
_TELLING = 3  # letters: shorter words are initials, or stand for something else in a note
# vowel signs of India's scripts are no letters to `\w`, and without them a word falls apart
_LETTER = r"(?:[^\W_]|[\u0300-\u036f\u0900-\u0963\u0971-\u0dff\u200c\u200d])"
_WORD = re.compile(f"{_LETTER}+")


def name_of(customer: Mapping[str, Any]) -> Words:
    """The name in a customer's record; nothing where it lacks the first name, by which she is known."""
    first, last = text_of(customer.get("firstName")), text_of(customer.get("lastName"))
    return _name(f"{first} {last}") if _name(first) else ()


def hide_strangers(body: dict[str, Any], names: Iterable[Words], counts: Counter[str]) -> None:
    """Put `another person` where a record names who took the parcel in, unless by one of her `names`."""
    raw = body.get(_RAW)
    found = [
        (holder, key, said)
        for holder in (body, raw)
        if isinstance(holder, dict)
        for key, said in holder.items()
        if isinstance(said, str) and key_of(key) in _RECEIVERS
    ]
    if not found:
        return
    known = [name for name in (_name(text_of(pick(body, "consignee.name"))), *names) if name]
    strangers: set[str] = set()
    for holder, key, said in found:
        words = set(_words(said))
        if not words <= _ANYBODY and not any(_same(_name(said), name) for name in known):
            holder[key] = SOMEBODY
            counts[CODE] += 1
            strangers |= words - _ANYBODY
    telling = {word for word in strangers if len(word) >= _TELLING} - set(chain(*known))
    if telling:
        _hide_in_words(body, strangers, telling, counts)


def _hide_in_words(
    body: dict[str, Any], strangers: set[str], telling: set[str], counts: Counter[str]
) -> None:
    """Hide a name in what else was said: a telling word of it, with its other words where they stand beside it."""
    word = f"(?<!{_LETTER})(?:{'|'.join(map(re.escape, sorted(strangers)))})(?!{_LETTER})"
    run = re.compile(rf"{word}(?:[\s.,]+{word})*", re.IGNORECASE)

    def hidden(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: hidden(item) for key, item in value.items()}
        if isinstance(value, list):
            return [hidden(item) for item in value]
        if not isinstance(value, str) or telling.isdisjoint(_words(value)):
            return value
        counts[CODE] += 1
        return run.sub(
            lambda hit: hit.group() if telling.isdisjoint(_words(hit.group())) else SOMEBODY, value
        )

    for key in body.keys() & _SPOKEN:
        body[key] = hidden(body[key])
    events = body.get("events")
    for event in events if isinstance(events, list) else ():
        for key in event.keys() - _OF_A_SCAN if isinstance(event, dict) else ():
            event[key] = hidden(event[key])


def _same(said: Words, name: Words) -> bool:
    """Asha Rani Sharma is `Asha`, `Asha S.`, `A. R. Sharma`; not `Sharma`, `A.` nor `Ravi Sharma`."""
    if "".join(said) == "".join(name):
        return True
    initials = {word for word in said if len(word) == 1}
    whole = set(said) - initials
    if not whole <= set(name) or not initials <= {word[0] for word in name}:
        return False
    first, *_, last = name if len(name) > 1 else (*name, "")
    return first in whole or (first[0] in initials and last in whole)


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _name(text: str) -> Words:
    return tuple(word for word in _words(text) if word not in _TITLES)
