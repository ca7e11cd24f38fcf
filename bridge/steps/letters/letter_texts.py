"""Read the texts of letters in one language, and put days, codes and names into its words.

A text that is missing, a code without words and a name without a value raise TextMissing: the letter is withheld, since a
letter with a blank says something else than was meant.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from bridge.model import Language, LetterKind

TEXTS = Path(__file__).parent / "texts"
_NAMED_VALUE = re.compile(r"\{(\w+)\}")


class TextMissing(LookupError):
    """A letter lacks a text, words for a code, or a value: its argument says which, and never a value."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LetterTexts:
    """The texts of one language, as their file has them."""

    language: Language
    version: str
    tables: Mapping[str, Any]

    def get_text(self, table: str, name: str) -> str:
        """Return one text. Raises TextMissing."""
        text = self.tables.get(table, {}).get(name)
        if not isinstance(text, str) or not text.strip():
            raise TextMissing(f"{self.language}: {table}.{name}")
        return text

    def get_letter_text(self, kind: LetterKind, name: str) -> str:
        """Return `subject` or `body` of a letter. Raises TextMissing."""
        text = self.tables["letter"].get(kind.value, {}).get(name)
        if not text:
            raise TextMissing(f"{self.language}: letter.{kind}.{name}")
        return str(text).strip()

    def format_day(self, day: date) -> str:
        """Return a day in words, such as `28 February 2027`."""
        words = self.tables["words"]
        return str(words["day"]).format(day=day.day, month=words["months"][day.month - 1], year=day.year)

    def rewrite_day(self, text: str) -> str:
        """Return a day that the merchant file has in English, such as `1 May 2026`, in words; another text as it stands."""
        try:
            return self.format_day(datetime.strptime(text, "%d %B %Y").date())  # noqa: DTZ007
        except ValueError:
            return text

    def join_words(self, words: Iterable[str]) -> str:
        """Return words as a list of a sentence: `a, b and c`."""
        *first, last = words
        return f"{', '.join(first)}{self.tables['words']['and']}{last}" if first else last

    def describe_codes(self, table: str, codes: str) -> str:
        """Return the words of codes that are divided by commas. Raises TextMissing."""
        return self.join_words([self.get_text(table, code.strip()) for code in codes.split(",")])


@cache
def load_letter_texts(language: Language) -> LetterTexts:
    """Return the texts of a language, read once in a process."""
    tables = tomllib.loads((TEXTS / f"{language}.toml").read_text(encoding="utf-8"))
    return LetterTexts(language=language, version=str(tables["version"]), tables=tables)


def fill_text(text: str, values: Mapping[str, str]) -> str:
    """Return the text with its {names} filled in; what is filled in is not read again. Raises TextMissing."""

    def find_value(found: re.Match[str]) -> str:
        value = values.get(found[1], "")
        if not value.strip():
            raise TextMissing(f"value {found[1]}")
        return value

    return _NAMED_VALUE.sub(find_value, text)
