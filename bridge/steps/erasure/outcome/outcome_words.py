"""Put counts, days and codes of a certificate of erasure into the words of one language. Words only, no decisions."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from functools import cache
from pathlib import Path
from typing import Any

from bridge.model import Language
from bridge.rules.notices.answers import PROCESSOR_RETENTION_LAWS
from bridge.steps.access.package.plain_language import CATEGORY_PHRASES, ERASED_ROW_NOUNS, TRADE_NAMES, describe_code
from bridge.steps.letters.letter_texts import load_letter_texts

TEXTS = Path(__file__).parent / "texts"
# What the file of another language says itself and English says in more places than here.
SHARED_ENGLISH: dict[str, Mapping[str, Any]] = {
    "trade_names": TRADE_NAMES,
    "categories": CATEGORY_PHRASES,
    "processor_laws": PROCESSOR_RETENTION_LAWS,
}


@dataclass(frozen=True, slots=True)
class OutcomeWords:
    """The words of a language, and the time zone in which the certificate's moments (ISO 8601) are days."""

    language: Language
    zone: tzinfo

    def say(self, name: str, /, **values: str) -> str:
        """Return a sentence, or a part of one, with its {names} filled in."""
        return str(self._tables["sentences"][name]).format(**values)

    def count(self, noun: str, count: int, **values: str) -> str:
        """Return a count with what is counted: `3 orders`. A noun without an entry is shown as it stands."""
        forms = self._tables["counted"].get(noun) or (f"{{count}} {describe_code(noun, {})}",) * 2
        return str(forms[count != 1]).format(count=f"{count:,}", **values)

    def find(self, table: str, code: str) -> str:
        """Return the words for a code, '' where the table has none."""
        return str(self._tables.get(table, {}).get(code, ""))

    def describe(self, table: str, code: str) -> str:
        """Return the words for a code, or the code with blanks instead of underscores."""
        return describe_code(code, self._tables.get(table, {}))

    def translate(self, table: str, text: str) -> str:
        """Return the words for a text of the certificate, or that text."""
        return self.find(table, text) or text

    def list_codes(self, table: str) -> list[str]:
        """Return the codes that a table has words for, in its order."""
        return list(self._tables[table])

    def format_moment(self, moment: str | None) -> str:
        """Return the local day of a moment, '' for None."""
        return self._format(datetime.fromisoformat(moment).astimezone(self.zone).date()) if moment else ""

    def format_day(self, day: str | None) -> str:
        """Return a day, '' for None."""
        return self._format(date.fromisoformat(day)) if day else ""

    def get_headline(self, code: str) -> str:
        """Return the answer itself, by the code that `find_headline_code` gives."""
        return load_letter_texts(self.language).get_text("headlines", code)

    def _format(self, day: date) -> str:
        return load_letter_texts(self.language).format_day(day)

    @property
    def _tables(self) -> Mapping[str, Any]:
        return load_outcome_tables(self.language)


@cache
def load_outcome_tables(language: Language) -> Mapping[str, Any]:
    """Return the tables of a language, read once in a process."""
    tables = tomllib.loads((TEXTS / f"{language}.toml").read_text(encoding="utf-8"))
    if language is Language.ENGLISH:
        nouns = {table: [f"{{count}} {noun}" for noun in pair] for table, pair in ERASED_ROW_NOUNS.items()}
        return tables | SHARED_ENGLISH | {"counted": tables["counted"] | nouns}
    return tables
