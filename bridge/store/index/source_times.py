"""Compares the times at which Shopify last changed an object. Reads no table."""

from __future__ import annotations

from datetime import datetime
from typing import Any


def is_newest(stored: Any, given: Any) -> Any:
    """Return the condition that a given row is not older than the stored one; a row without a time is never older."""
    known, new = stored.source_updated_at, given.source_updated_at
    return known.is_(None) | new.is_(None) | (new >= known)


def is_newer(known: datetime | None, given: datetime | None) -> bool:
    """Return whether what is known is newer than what is given, as far as both have a time."""
    return known is not None and given is not None and known > given


def format_sortable(moment: datetime | None) -> str:
    """Return a time as text that sorts; '' where there is none."""
    return moment.isoformat() if moment else ""
