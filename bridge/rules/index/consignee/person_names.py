"""Split the name of a person into words, in Latin and Indian scripts. Pure. It decides nothing."""

from __future__ import annotations

import re
from typing import TypeAlias

NameWords: TypeAlias = tuple[str, ...]

# `\w` does not match the vowel signs of Indian scripts and would split words at them
LETTER_PATTERN = r"(?:[^\W_]|[\u0300-\u036f\u0900-\u0963\u0971-\u0dff\u200c\u200d])"
_NAME_WORD_PATTERN = re.compile(f"{LETTER_PATTERN}+")
_ASCII_WORD = re.compile(r"[a-z0-9]+")  # the same of a text without other letters, and faster
_NAME_TITLES = frozenset(["mr", "mrs", "ms", "miss", "dr", "smt", "shri", "sri"])


def split_words(text: str) -> list[str]:
    """Return the words of a text, casefolded."""
    if text.isascii():
        return _ASCII_WORD.findall(text.lower())
    return _NAME_WORD_PATTERN.findall(text.casefold())


def split_name(text: str) -> NameWords:
    """Return the words of a name without titles such as `Mrs` and `Smt`."""
    return tuple(word for word in split_words(text) if word not in _NAME_TITLES)
