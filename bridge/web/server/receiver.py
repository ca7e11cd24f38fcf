"""Receives requests over RSGI, the interface of the web server Granian, and hands them to the WSGI application whole.

A slow client costs a connection and its bytes, never a thread: headers and bodies are read on the event loop, within a
size and a time. Webhooks run on the event loop too, and give it back while they wait for their commit; everything else
runs on threads. Source: RSGI 1.5, https://github.com/emmett-framework/granian/blob/master/docs/spec/RSGI.md.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import structlog

from bridge import logs
from bridge.cooperation import call_cooperatively
from bridge.errors import BodyIncomplete, BodyTooLarge, BodyTooSlow, BridgeError
from bridge.task_deadlines import TaskDeadlines
from bridge.telemetry import report_exception
from bridge.web.server.environ import add_body, build_environ, parse_content_length
from bridge.web.server.stalls import StallWatch

log = structlog.get_logger()

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
Answer = tuple[int, list[tuple[str, str]], bytes | Iterable[bytes]]

MAX_LOOP_BODY_BYTES = 262_144  # to hash and seal more would hold up the event loop
STREAM_KEY = "bridge.stream"  # a view sets it in the environ: its answer is sent piece by piece, each made when the one before is gone
STREAM_DEADLINE_S = 1800.0  # of a whole answer: 100 MB in half an hour are 56 kB a second
MOST_LATE_AT_ONCE = 4  # slow bodies that are answered before other requests have their turn
WHOLE_BODY_BYTES = 65_536  # the server buffers as much of a connection in any case


class RequestReceiver:
    """The RSGI application. `is_cooperative(method, path)` says which requests may run on the event loop."""

    def __init__(
        self,
        app: WsgiApp,
        *,
        limit: int,
        deadline_s: float,
        threads: int,
        is_cooperative: Callable[[str, str], bool],
        on_stop: Callable[[], None],
    ) -> None:
        self._app, self._limit = app, limit
        self._is_cooperative, self._on_stop = is_cooperative, on_stop
        self._deadlines = TaskDeadlines(deadline_s, most_at_once=MOST_LATE_AT_ONCE)
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="request")
        self._stalls = StallWatch()

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to watch the event loop."""
        self._stalls.start(loop)

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        """Answer one request."""
        environ = build_environ(scope)
        fault: BridgeError | None = None
        body = b""
        try:
            body = await self._read_body(parse_content_length(environ), protocol)
        except BridgeError as refused:
            fault = refused
        add_body(environ, body, fault)
        try:
            if len(body) <= MAX_LOOP_BODY_BYTES and self._is_cooperative(scope.method, scope.path):
                status, headers, content = await call_cooperatively(self._call_app, environ)
            else:
                loop = asyncio.get_running_loop()
                status, headers, content = await loop.run_in_executor(self._threads, self._call_app, environ)
        except Exception as failed:  # noqa: BLE001 - Flask answers every error; this is one of the server itself
            log.error("request.failed", fault=logs.describe_exception(failed))  # noqa: TRY400 - its text may be personal
            report_exception(failed)
            status, headers, content = 500, [("content-length", "0")], b""
        if "HTTP_TRANSFER_ENCODING" in environ:
            # it may have said a length, too, which the server has taken away: what follows must not be taken for a request
            headers.append(("connection", "close"))
        if not isinstance(content, bytes):
            await self._send_pieces(protocol.response_stream(status, headers), content)
        elif content:
            protocol.response_bytes(status, headers, content)
        else:
            protocol.response_empty(status, headers)

    async def _send_pieces(self, transport: Any, pieces: Iterable[bytes]) -> None:
        """Send an answer piece by piece. Pieces are made on a thread, which no slow client holds."""
        loop, iterator = asyncio.get_running_loop(), iter(pieces)
        try:
            async with asyncio.timeout(STREAM_DEADLINE_S):
                while (piece := await loop.run_in_executor(self._threads, next, iterator, None)) is not None:
                    await transport.send_bytes(piece)
        except Exception as fault:  # noqa: BLE001 - the client left, or the pieces ended: its own type for each server
            log.warning("response.broken_off", fault=logs.describe_exception(fault))
        finally:
            await loop.run_in_executor(self._threads, getattr(pieces, "close", _do_nothing))

    def __rsgi_del__(self, _loop: Any) -> None:
        """End the threads, after the last request was answered, and what the application needs for answering."""
        self._stalls.stop()
        self._threads.shutdown()
        self._on_stop()

    async def _read_body(self, length: int | None, protocol: Any) -> bytes:
        """Return the whole body. Raises BodyTooLarge, BodyTooSlow, BodyIncomplete."""
        if length == 0:
            return b""
        if length is not None and length > self._limit:
            raise BodyTooLarge
        is_short = length is not None and length <= WHOLE_BODY_BYTES
        try:
            with self._deadlines.limit_current_task():
                return await (protocol() if is_short else self._read_chunks(protocol, length))
        except BridgeError:
            raise
        except TimeoutError:
            raise BodyTooSlow from None
        except Exception:  # noqa: BLE001 - the server raises a type of its own for bad framing and lost connections
            raise BodyIncomplete from None

    async def _read_chunks(self, protocol: Any, length: int | None) -> bytes:
        """Read a long body, or one that did not say its length. Raises BodyTooLarge, BodyIncomplete."""
        chunks, size = [], 0
        async for chunk in protocol:
            chunks.append(chunk)
            size += len(chunk)
            if size > self._limit:
                raise BodyTooLarge
        if length is not None and size != length:
            raise BodyIncomplete
        return b"".join(chunks)

    def _call_app(self, environ: dict[str, Any]) -> Answer:
        begun: list[Any] = []
        parts = self._app(environ, lambda *start: begun.extend(start))
        if environ.get(STREAM_KEY):
            return int(begun[0][:3]), begun[1], parts
        try:
            content = b"".join(parts)
        finally:
            if hasattr(parts, "close"):
                parts.close()
        status, headers = begun[0], begun[1]
        return int(status[:3]), headers, content


def _do_nothing() -> None:
    pass
