"""Ends a web process whose event loop has stood still: the server starts another in its place."""

from __future__ import annotations

import asyncio
import os
import threading
import time

import structlog

STALL_LIMIT_S = 30.0
BEAT_INTERVAL_S = 1.0
EXIT_CODE = 70  # EX_SOFTWARE of sysexits.h

log = structlog.get_logger()


class StallWatch:
    """Watches the event loop from a thread."""

    def __init__(self, limit_s: float = STALL_LIMIT_S) -> None:
        self._limit_s = limit_s
        self._last_beat = time.monotonic()
        self._is_over = threading.Event()

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to watch the loop."""
        self._beat(loop)
        threading.Thread(target=self._run, name="stall-watch", daemon=True).start()

    def stop(self) -> None:
        """End the watching: the loop ends."""
        self._is_over.set()

    def _beat(self, loop: asyncio.AbstractEventLoop) -> None:
        self._last_beat = time.monotonic()
        if not self._is_over.is_set():
            loop.call_later(BEAT_INTERVAL_S, self._beat, loop)

    def _run(self) -> None:
        while not self._is_over.wait(BEAT_INTERVAL_S):
            if time.monotonic() - self._last_beat > self._limit_s:
                log.error("web.stalled", limit_s=self._limit_s)
                os._exit(EXIT_CODE)
