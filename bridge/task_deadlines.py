"""Ends waits of tasks that take too long. One timer for all of them: one for each would cost more than most of what they wait for."""

from __future__ import annotations

import asyncio
import time
from itertools import islice
from types import TracebackType
from typing import Self

SWEEP_INTERVAL_S, PAUSE_S = 0.25, 0.005


class TaskDeadlines:
    """The tasks of one event loop that wait now, each with the time at which its wait ends. A wait may last a little longer.

    At most `most_at_once` end in one turn of the event loop, and others have theirs before the next: hundreds that began
    together end together.
    """

    def __init__(self, deadline_s: float, *, most_at_once: int) -> None:
        self.deadline_s, self._most_at_once = deadline_s, most_at_once
        self._ends: dict[asyncio.Task[object], float] = {}
        self._sweeping_loop: asyncio.AbstractEventLoop | None = None

    def limit_current_task(self) -> _Limit:
        """Return a context manager that raises TimeoutError in the current task where its block takes longer."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - there is one wherever this is called
        self._ends[task] = time.monotonic() + self.deadline_s
        loop = task.get_loop()
        if self._sweeping_loop is not loop:
            self._sweeping_loop = loop
            loop.call_later(SWEEP_INTERVAL_S, self._sweep, loop)
        return _Limit(self._ends, task)

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        now = time.monotonic()
        late = list(islice((task for task, end in self._ends.items() if end < now), self._most_at_once))
        for task in late:
            self._ends[task] = float("inf")
            task.cancel()
        if self._ends:
            loop.call_later(PAUSE_S if len(late) == self._most_at_once else SWEEP_INTERVAL_S, self._sweep, loop)
        else:
            self._sweeping_loop = None


class _Limit:
    __slots__ = ("_ends", "_task")

    def __init__(self, ends: dict[asyncio.Task[object], float], task: asyncio.Task[object]) -> None:
        self._ends, self._task = ends, task

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _fault: BaseException | None, _trace: TracebackType | None
    ) -> None:
        is_over = self._ends.pop(self._task) == float("inf")
        if is_over and kind is asyncio.CancelledError:
            self._task.uncancel()
            raise TimeoutError from None
