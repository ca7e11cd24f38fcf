"""Write durations in few words."""

from __future__ import annotations

from datetime import timedelta


def days(count: float) -> timedelta:
    """Return so many days."""
    return timedelta(days=count)
