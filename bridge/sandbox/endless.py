"""Answers that are too long or too slow: a client must bound the bytes and the seconds of what it reads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

DRIP_S: Final = 0.05  # between two bytes of an answer that drips
HUGE_BYTES: Final = 200_000_000
HUGE_CHUNK: Final = b" " * 1_000_000


def iterate_endless_answer(kind: str, body: bytes) -> Iterator[tuple[bytes, float]]:
    """Yield the pieces of an answer of kind `drip` or `huge`, each with the seconds until the next one.

    JSON allows any number of blanks before a value, so that only its length is wrong.
    """
    chunk, pause_s = (HUGE_CHUNK, 0.0) if kind == "huge" else (b" ", DRIP_S)
    for _ in range(HUGE_BYTES // len(chunk)):
        yield chunk, pause_s
    yield body, 0.0
