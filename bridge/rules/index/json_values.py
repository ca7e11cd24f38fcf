"""Read values of other systems' JSON without trusting it: a value of the wrong kind is read as empty. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any


def parse_utc_datetime(value: Any) -> datetime | None:
    """Return an aware moment in UTC from ISO 8601 text with an offset; None for anything else."""
    try:
        parsed = datetime.fromisoformat(value)
        return parsed.astimezone(UTC) if parsed.tzinfo else None
    except (TypeError, ValueError, OverflowError):
        return None


def read_text(*values: Any) -> str:
    """Return the first text that is not blank, without the blanks around it; '' where there is none."""
    for value in values:
        if isinstance(value, str) and (text := value.strip()):
            return text
    return ""


def read_texts(values: Any) -> list[str]:
    """Return the texts of a list that are not blank."""
    return [text for text in map(read_text, values) if text] if isinstance(values, list) else []


def read_object(value: Any) -> Mapping[str, Any]:
    """Return an object; an empty one for anything else."""
    if type(value) is dict:  # most are: asking whether it is another mapping takes three times as long
        return value
    return value if isinstance(value, Mapping) else {}


def read_objects(values: Any) -> list[Mapping[str, Any]]:
    """Return the objects of a list."""
    return [value for value in values if isinstance(value, Mapping)] if isinstance(values, list) else []
