"""Bounds one exchange in total seconds and in bytes: the timeout of a socket bounds only the wait for its next byte.

A server that sends one byte a second, endless headers or chunks, or a few kilobytes that decompress to gigabytes, costs
no more than the limits. Knows no system; `http` and `smtp` set the limits of each exchange.
"""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from http.client import HTTPResponse
from math import inf
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

CHUNK_BYTES = 65_536
# Headers, the sizes of chunks and trailers are bytes of the exchange too, and belong to no body.
FRAMING_BYTES = 1_048_576


class AnswerTooLong(OSError):
    """The answer has more bytes than the exchange may have."""


@dataclass(slots=True)
class ExchangeLimits:
    """When an exchange must be over, on the monotonic clock, and how many bytes may still come over the wire."""

    deadline: float = inf
    wire_bytes: float = inf


_limits: ContextVar[ExchangeLimits] = ContextVar("exchange_limits", default=ExchangeLimits())  # noqa: B039 - never changed


@contextmanager
def limit_exchange(deadline: float, max_bytes: float) -> Iterator[ExchangeLimits]:
    """Apply the limits to every answer whose headers are read inside; the caller may move the deadline while it reads."""
    # a body that does not shrink by compression arrives in chunks of any size: twice its length is enough
    limits = ExchangeLimits(deadline, 2 * max_bytes + FRAMING_BYTES)
    token = _limits.set(limits)
    try:
        yield limits
    finally:
        _limits.reset(token)


def open_limited_file(sock: Any) -> io.BufferedReader:
    """Return a file of what arrives at the socket, within the limits that are applied now."""
    return io.BufferedReader(_LimitedReader(sock, sock.makefile("rb", buffering=0), _limits.get()))


def read_answer_body(reply: requests.Response, max_bytes: int) -> bytes:
    """Return the decompressed body. Raises AnswerTooLong, and what requests raises."""
    content = bytearray()
    for chunk in reply.iter_content(CHUNK_BYTES):
        content += chunk
        if len(content) > max_bytes:
            raise AnswerTooLong
    return bytes(content)


def read_beginning(reply: requests.Response, max_bytes: int) -> bytes:
    """Return the first bytes of the decompressed body. Raises what requests raises."""
    content = bytearray()
    for chunk in reply.iter_content(CHUNK_BYTES):
        content += chunk
        if len(content) >= max_bytes:
            break
    return bytes(content[:max_bytes])


class BoundedSession(requests.Session):
    """A session whose answers keep the limits of their exchange, and which follows and reads no redirect."""

    def __init__(self) -> None:
        """Take no proxy and no password from the environment's files."""
        super().__init__()
        self.trust_env = False
        for scheme in ("http://", "https://"):
            self.mount(scheme, _BoundedAdapter(pool_maxsize=16))

    def get_redirect_target(self, resp: requests.Response) -> str | None:  # noqa: ARG002 - the library's signature
        """Return None: to prepare the next request the library would read the body of a redirect without a limit."""
        return None


class _LimitedReader(io.RawIOBase):
    """The bytes of one answer, until the limits of its exchange are reached."""

    def __init__(self, sock: Any, source: Any, limits: ExchangeLimits) -> None:
        self._sock, self._source, self._limits = sock, source, limits

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        remaining_s = self._limits.deadline - time.monotonic()
        if remaining_s <= 0:
            raise TimeoutError
        timeout_s = self._sock.gettimeout()
        is_near = timeout_s is None or remaining_s < timeout_s
        if is_near:
            self._sock.settimeout(remaining_s)
        try:
            count: int | None = self._source.readinto(buffer)
        finally:
            if is_near:
                self._sock.settimeout(timeout_s)  # the connection may serve another exchange
        self._limits.wire_bytes -= count or 0
        if self._limits.wire_bytes < 0:
            raise AnswerTooLong
        return count

    def close(self) -> None:
        self._source.close()
        super().close()


class _LimitedResponse(HTTPResponse):
    def __init__(self, sock: Any, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        self.fp.close()
        self.fp = open_limited_file(sock)


class _LimitedConnection(HTTPConnection):
    response_class = _LimitedResponse


class _LimitedTlsConnection(HTTPSConnection):
    response_class = _LimitedResponse


class _LimitedPool(HTTPConnectionPool):
    ConnectionCls = _LimitedConnection


class _LimitedTlsPool(HTTPSConnectionPool):
    ConnectionCls = _LimitedTlsConnection


class _BoundedAdapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": _LimitedPool, "https": _LimitedTlsPool}
