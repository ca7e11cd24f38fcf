"""Show on a terminal how far long work has come: one line of stderr that is gone at the end. Elsewhere it is silent."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

INTERVAL_S = 0.2
CLEAR_LINE = "\r\x1b[2K"


def _say_nothing(_done: int, _part: str = "") -> None:
    """Take the place of the line where nobody watches."""


@contextmanager
def show_progress(what: str, total: int = 0) -> Iterator[Callable[..., None]]:
    """Yield a function that takes how much is done and, where it changes, of what. `total` 0: it is not known."""
    if not sys.stderr.isatty():
        yield _say_nothing
        return
    last_shown = 0.0

    def update(done: int, part: str = "") -> None:
        nonlocal last_shown
        if time.monotonic() - last_shown >= INTERVAL_S:
            last_shown = time.monotonic()
            count = f" {done}" + (f" of {total}" if total else "") if done else " …"
            sys.stderr.write(f"{CLEAR_LINE}{what}{count}{f', {part}' if part else ''}")
            sys.stderr.flush()

    try:
        update(0)
        yield update
    finally:
        sys.stderr.write(CLEAR_LINE)
        sys.stderr.flush()
