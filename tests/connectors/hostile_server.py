"""A server on a real socket that answers as badly as a test wants."""

from __future__ import annotations

import contextlib
import gzip
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from typing import Self

BOMB_BYTES = 200_000_000
HEAD = b"HTTP/1.1 200 OK\r\n"


class HostileServer:
    """Accepts connections and hands each, after the request's headers, to `answer`."""

    def __init__(self, answer: Callable[[socket.socket], None]) -> None:
        self._answer = answer
        self._stopped = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.settimeout(0.05)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.requests = 0
        self._threads = [threading.Thread(target=self._accept)]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join(10)
        self._socket.close()

    def _accept(self) -> None:
        while not self._stopped.is_set():
            with contextlib.suppress(TimeoutError):
                connection, _ = self._socket.accept()
                thread = threading.Thread(target=self._serve, args=(connection,))
                self._threads.append(thread)
                thread.start()

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(5)
        with contextlib.suppress(OSError), connection:
            received = b""
            while b"\r\n\r\n" not in received:
                part = connection.recv(65_536)
                if not part:
                    return
                received += part
            self.requests += 1
            self._answer(connection)

    def repeat(self, connection: socket.socket, part: bytes, pause_s: float = 0.0) -> None:
        """Send the same bytes until the client hangs up or the test is over."""
        while not self._stopped.is_set():
            connection.sendall(part)
            if pause_s:
                time.sleep(pause_s)


def compress_bomb(encoding: str) -> bytes:
    """Return a body of a few hundred kilobytes that decompresses to BOMB_BYTES."""
    if encoding == "gzip":
        return gzip.compress(bytes(BOMB_BYTES))
    if encoding == "gzip, gzip":
        return gzip.compress(gzip.compress(bytes(BOMB_BYTES)))
    packer = zlib.compressobj(wbits=15 if encoding == "deflate" else -15)
    return packer.compress(bytes(BOMB_BYTES)) + packer.flush()


def send_whole(body: bytes, *headers: str) -> Callable[[socket.socket], None]:
    """Return an answer with these headers and this body."""
    head = b"".join(f"{one}\r\n".encode() for one in (*headers, f"Content-Length: {len(body)}"))
    return lambda connection: connection.sendall(HEAD + head + b"\r\n" + body)


@contextlib.contextmanager
def serve(answer: Callable[[socket.socket], None]) -> Iterator[HostileServer]:
    with HostileServer(answer) as server:
        yield server


@contextlib.contextmanager
def serve_endlessly(beginning: bytes, part: bytes, pause_s: float = 0.0) -> Iterator[HostileServer]:
    """Serve a beginning, then the same part for ever."""

    def answer(connection: socket.socket) -> None:
        connection.sendall(beginning)
        server.repeat(connection, part, pause_s)

    server = HostileServer(answer)
    with server:
        yield server
