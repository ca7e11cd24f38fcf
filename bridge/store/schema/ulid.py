"""Ids of rows: a prefix for the kind, then a ULID, so that they sort by time.

Within one process each is greater than the one before: tasks that are planned together keep their order.
"""

from __future__ import annotations

import os
import threading
import time

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = [high + low for high in _ALPHABET for low in _ALPHABET]  # ten bits each


class _MonotonicNumbers:
    """A source of growing 128-bit numbers."""

    def __init__(self) -> None:
        self._last, self._lock = 0, threading.Lock()

    def next_number(self) -> int:
        """Return 48 bits of milliseconds and 80 random bits; the last number plus one where that would not grow."""
        number = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10), "big")
        with self._lock:
            self._last = max(number, self._last + 1)
            return self._last


_number_source = _MonotonicNumbers()


def new_id(prefix: str) -> str:
    """Return an id such as `dlv_01J…`: the number in Crockford's base 32."""
    number = _number_source.next_number()
    return f"{prefix}_" + "".join([_PAIRS[number >> shift & 1023] for shift in range(120, -10, -10)])
