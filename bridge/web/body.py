"""Reads a request's body within a size and a time limit. Never returns an incomplete body.

Werkzeug would cut a chunked body at the limit and pass a short one on. A socket's timeout starts again with
each byte, so one watchdog thread per process shuts down reading from sockets whose deadline has passed.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from bridge.errors import BodyIncomplete, BodyTooLarge, BodyTooSlow

READ_CHUNK_BYTES = 65_536
WATCHDOG_INTERVAL_S = 0.25


class Watchdog:
    """Shuts down reading from sockets whose deadline has passed. Starts its thread with the first body."""

    def __init__(self) -> None:
        self._watched_sockets: dict[int, tuple[float, socket.socket]] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    @contextmanager
    def enforce_deadline(self, connection: Any, deadline_s: float) -> Iterator[None]:
        """End reads of this connection after `deadline_s` seconds within the block."""
        if not isinstance(connection, socket.socket):
            yield  # a test client has no socket, and nothing to wait for
            return
        with self._lock:
            self._watched_sockets[id(connection)] = (time.monotonic() + deadline_s, connection)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="body-watchdog", daemon=True)
                self._thread.start()
        try:
            yield
        finally:
            with self._lock:
                self._watched_sockets.pop(id(connection), None)

    def _run(self) -> None:
        while True:
            time.sleep(WATCHDOG_INTERVAL_S)
            now = time.monotonic()
            with self._lock:
                for end, connection in self._watched_sockets.values():
                    if end < now:
                        _end_reading(connection)


def _end_reading(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RD)
    except OSError:
        return


WATCHDOG = Watchdog()


def read_body(environ: Mapping[str, Any], *, limit: int, deadline_s: float) -> bytes:
    """Return the complete body: at most `limit` bytes, within `deadline_s` seconds.

    Raises BodyTooLarge (413), BodyIncomplete (400), BodyTooSlow (408).
    """
    announced = _parse_content_length(environ)
    if announced is not None and announced > limit:
        raise BodyTooLarge
    chunked = bool(environ.get("wsgi.input_terminated")) and announced is None
    if announced == 0 or (announced is None and not chunked):
        return b""
    began = time.monotonic()
    with WATCHDOG.enforce_deadline(environ.get("gunicorn.socket"), deadline_s):
        body = _read_stream(environ["wsgi.input"], announced, limit, began + deadline_s)
    if len(body) > limit:
        raise BodyTooLarge
    if announced is not None and len(body) != announced:
        raise BodyTooSlow if time.monotonic() - began >= deadline_s else BodyIncomplete
    if chunked and time.monotonic() - began >= deadline_s:
        raise BodyTooSlow
    return body


def _parse_content_length(environ: Mapping[str, Any]) -> int | None:
    given = environ.get("CONTENT_LENGTH", "")
    if environ.get("HTTP_TRANSFER_ENCODING") or given == "":
        return None
    if not (given.isascii() and given.isdigit()):
        raise BodyIncomplete
    return int(given)


def _read_stream(stream: Any, content_length: int | None, limit: int, deadline: float) -> bytes:
    pieces, size = [], 0
    while content_length is None or size < content_length:
        wanted = READ_CHUNK_BYTES if content_length is None else min(READ_CHUNK_BYTES, content_length - size)
        try:
            piece = stream.read(wanted)
        except Exception:  # noqa: BLE001 - servers raise many types for bad framing and lost connections
            raise (BodyTooSlow if time.monotonic() >= deadline else BodyIncomplete) from None
        if not piece:
            break
        pieces.append(piece)
        size += len(piece)
        if size > limit:
            break
        if time.monotonic() >= deadline:
            raise BodyTooSlow
    return b"".join(pieces)
