"""Read from the kernel how far this machine's clock may be off, as NTP keeps it (CERT-In Directions, direction (i)).

Asks no other machine. Only Linux says it; elsewhere nothing is known.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import ClassVar

_UNSYNCHRONISED, _NANOSECONDS = 0x0040, 0x2000  # STA_UNSYNC, STA_NANO of <sys/timex.h>
_NS_PER_US = 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class ClockError:
    """What the kernel says of its clock: whether NTP keeps it, its present offset and its largest error, in microseconds."""

    is_synchronised: bool
    offset_us: int
    max_error_us: int


class _Timex(ctypes.Structure):
    """The head of `struct timex` (adjtimex(2)); what follows is not read."""

    _fields_: ClassVar = [
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_char * 256),
    ]


def read_clock_error() -> ClockError | None:
    """Return the error of this machine's clock; None where the kernel does not say it. Changes nothing."""
    try:
        adjtimex = ctypes.CDLL(None, use_errno=True).adjtimex
    except (AttributeError, OSError):
        return None
    state = _Timex()  # modes 0: read only
    if adjtimex(ctypes.byref(state)) < 0:
        return None
    return interpret_timex(status=state.status, offset=state.offset, max_error_us=state.maxerror)


def interpret_timex(*, status: int, offset: int, max_error_us: int) -> ClockError:
    """Return the fields of `struct timex` as microseconds; `offset` is in nanoseconds where the status says so."""
    return ClockError(
        is_synchronised=not status & _UNSYNCHRONISED,
        offset_us=offset // _NS_PER_US if status & _NANOSECONDS else offset,
        max_error_us=max_error_us,
    )
