"""Every word of the pages for data subjects, by language. Both languages have the same keys."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from bridge.model import Language
from bridge.web.privacy.texts.english import ENGLISH_MONTHS, ENGLISH_TEXTS
from bridge.web.privacy.texts.hindi import HINDI_MONTHS, HINDI_TEXTS

PAGE_TEXTS: Mapping[Language, Mapping[str, str]] = {Language.ENGLISH: ENGLISH_TEXTS, Language.HINDI: HINDI_TEXTS}
MONTHS: Mapping[Language, tuple[str, ...]] = {Language.ENGLISH: ENGLISH_MONTHS, Language.HINDI: HINDI_MONTHS}


def format_page_day(day: date, language: Language) -> str:
    """Format a day in words, such as `7 December 2026`."""
    return f"{day.day} {MONTHS[language][day.month - 1]} {day.year}"
