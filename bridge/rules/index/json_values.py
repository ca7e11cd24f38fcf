"""Reading strangers' JSON without trusting it: a wrong kind is read as nothing. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any


def parse_utc_datetime(value: Any) -> datetime | None:
    """An aware moment in UTC from ISO 8601 text with an offset; None for anything else."""
    try:
        parsed = datetime.fromisoformat(value)
        return parsed.astimezone(UTC) if parsed.tzinfo else None
    except (TypeError, ValueError, OverflowError):
        return None


def read_text(value: Any) -> str:
    """Text without the blanks around it; of anything else, none."""
    return value.strip() if isinstance(value, str) else ""


def read_texts(values: Any) -> list[str]:
    """The texts of a list that are not blank."""
    return [text for text in map(read_text, values) if text] if isinstance(values, list) else []


def read_first_text(*values: Any) -> str:
    """The first text that is not blank."""
    return next((text for text in map(read_text, values) if text), "")


def read_object(value: Any) -> Mapping[str, Any]:
    """An object; of anything else, an empty one."""
    return value if isinstance(value, Mapping) else {}


def read_objects(values: Any) -> list[Mapping[str, Any]]:
    """The objects of a list."""
    return [value for value in values if isinstance(value, Mapping)] if isinstance(values, list) else []
