"""Ids of our own rows: a prefix that says what it is, then a ULID, so that they sort by time.

Within one process each is greater than the one before: tasks that are planned together keep their order.
"""

from __future__ import annotations

import secrets
import threading
import time

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class _MonotonicNumbers:
    """Numbers of 128 bits that only grow."""

    def __init__(self) -> None:
        self._last, self._lock = 0, threading.Lock()

    def next_number(self) -> int:
        """48 bits of milliseconds and 80 random bits; the last one plus one where that would not grow."""
        number = (time.time_ns() // 1_000_000) << 80 | secrets.randbits(80)
        with self._lock:
            self._last = max(number, self._last + 1)
            return self._last


_number_source = _MonotonicNumbers()


def new_id(prefix: str) -> str:
    """`dlv_01J…`: a number of the moment in Crockford's base 32."""
    number = _number_source.next_number()
    return f"{prefix}_" + "".join(_ALPHABET[number >> shift & 31] for shift in range(125, -5, -5))
