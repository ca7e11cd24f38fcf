"""Cancels tasks that read for too long. One timer for all of them: one for each request would cost more than its reading."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager

SWEEP_INTERVAL_S = 0.25


class Deadlines:
    """The tasks of one event loop that read a body now, each with the time at which it is cancelled."""

    def __init__(self, deadline_s: float) -> None:
        self._deadline_s = deadline_s
        self._ends: dict[asyncio.Task[object], float] = {}
        self._is_sweeping = False

    @contextmanager
    def limit_current_task(self) -> Iterator[None]:
        """Cancel the current task where the block takes longer than the deadline."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - there is one wherever this is called
        self._ends[task] = time.monotonic() + self._deadline_s
        if not self._is_sweeping:
            self._is_sweeping = True
            asyncio.get_running_loop().call_later(SWEEP_INTERVAL_S, self._sweep)
        try:
            yield
        finally:
            del self._ends[task]

    def _sweep(self) -> None:
        now = time.monotonic()
        for task, end in list(self._ends.items()):
            if end < now:
                task.cancel()
        self._is_sweeping = bool(self._ends)
        if self._is_sweeping:
            asyncio.get_running_loop().call_later(SWEEP_INTERVAL_S, self._sweep)
