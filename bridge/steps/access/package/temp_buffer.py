"""Hold a file compressed in memory until the zip can take it: a zip has one open file at a time.

The findings are opened once and feed all files together; compressed text takes a twentieth of the memory. A short
file stays uncompressed, because a compressor costs more than it saves. Never writes to disk: the content is
personal data in the clear.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

_FASTEST_COMPRESSION = 1
_FLUSH_CHARS = 32_768
_READ_BYTES = 65_536


class TempBuffer:
    """A text file in memory: written piece by piece, read once as bytes."""

    def __init__(self) -> None:
        """Create an empty buffer."""
        self._compressor: zlib._Compress | None = None
        self._compressed_chunks: list[bytes] = []
        self._pending_texts: list[str] = []
        self._pending_chars = 0

    def append_text(self, text: str) -> None:
        """Append text without lone surrogates."""
        self._pending_texts.append(text)
        self._pending_chars += len(text)
        if self._pending_chars >= _FLUSH_CHARS:
            self._compress_pending()

    def drain_chunks(self) -> Iterator[bytes]:
        """Yield the bytes of all text in order and free them."""
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
