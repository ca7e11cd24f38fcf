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

_FASTEST_COMPRESSION = 1
_FLUSH_CHARS = 32_768
_READ_BYTES = 65_536


class TempBuffer:
    """Text goes in bit by bit; the bytes come out once, in pieces."""

    def __init__(self) -> None:
        """Begin empty."""
        self._compressor: zlib._Compress | None = None
        self._compressed_chunks: list[bytes] = []
        self._pending_texts: list[str] = []
        self._pending_chars = 0

    def append_text(self, text: str) -> None:
        """Append text that UTF-8 can hold."""
        self._pending_texts.append(text)
        self._pending_chars += len(text)
        if self._pending_chars >= _FLUSH_CHARS:
            self._compress_pending()

    def drain_chunks(self) -> Iterator[bytes]:
        """Everything written, in pieces; frees what it has given."""
        if self._compressor is None:
            yield "".join(self._pending_texts).encode()
            self._pending_texts = []
            return
        self._compress_pending()
        self._compressed_chunks.append(self._compressor.flush())
        decompressor = zlib.decompressobj(-zlib.MAX_WBITS)
        self._compressed_chunks.reverse()
        while self._compressed_chunks:
            compressed = self._compressed_chunks.pop()
            while compressed:
                yield decompressor.decompress(compressed, _READ_BYTES)
                compressed = decompressor.unconsumed_tail
        yield decompressor.flush()

    def _compress_pending(self) -> None:
        if self._compressor is None:
            self._compressor = zlib.compressobj(_FASTEST_COMPRESSION, zlib.DEFLATED, -zlib.MAX_WBITS)
        compressed = self._compressor.compress("".join(self._pending_texts).encode())
        if compressed:
            self._compressed_chunks.append(compressed)
        self._pending_texts, self._pending_chars = [], 0
