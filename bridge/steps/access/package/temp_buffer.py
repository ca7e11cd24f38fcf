"""A file that waits for its turn: compressed in memory, because only one file of a zip can be open at once.

The findings are opened once and feed all their files together; what waits is a twentieth of its size. A short
file waits as it is: most are, and a compressor of its own costs more than it saves.
Never touches a disk: what it holds is personal and in the clear.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_FASTEST = 1
_FLUSH_CHARS = 32_768
_READ_BYTES = 65_536


class Spool:
    """Text goes in bit by bit; the bytes come out once, in pieces."""

    def __init__(self) -> None:
        """Begin empty."""
        self._press: zlib._Compress | None = None
        self._done: list[bytes] = []
        self._fresh: list[str] = []
        self._chars = 0

    def write(self, text: str) -> None:
        """Append text that UTF-8 can hold."""
        self._fresh.append(text)
        self._chars += len(text)
        if self._chars >= _FLUSH_CHARS:
            self._flush()

    def read(self) -> Iterator[bytes]:
        """Everything written, in pieces; frees what it has given."""
        if self._press is None:
            yield "".join(self._fresh).encode()
            self._fresh = []
            return
        self._flush()
        self._done.append(self._press.flush())
        expand = zlib.decompressobj(-zlib.MAX_WBITS)
        self._done.reverse()
        while self._done:
            rest = self._done.pop()
            while rest:
                yield expand.decompress(rest, _READ_BYTES)
                rest = expand.unconsumed_tail
        yield expand.flush()

    def _flush(self) -> None:
        if self._press is None:
            self._press = zlib.compressobj(_FASTEST, zlib.DEFLATED, -zlib.MAX_WBITS)
        pressed = self._press.compress("".join(self._fresh).encode())
        if pressed:
            self._done.append(pressed)
        self._fresh, self._chars = [], 0
