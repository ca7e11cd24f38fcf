"""Waits for the commit of a row: a thread by an event, a request on the event loop by giving the loop back."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable

from bridge.cooperation import is_cooperative, wait_for
from bridge.task_deadlines import TaskDeadlines


class ThreadWaiter:
    """The calling thread waits."""

    def __init__(self, deadline_s: float) -> None:
        self._deadline_s = deadline_s
        self.woken = threading.Event()

    def call_soon(self, function: Callable[[], None]) -> None:
        """Run it at once."""
        function()

    def wait(self) -> bool:
        """Wait at most until the deadline; return whether it was woken."""
        return self.woken.wait(self._deadline_s)


class LoopWaiter:
    """The calling request waits; its event loop goes on."""

    __slots__ = ("_deadlines", "_woken", "loop")

    def __init__(self, deadlines: TaskDeadlines) -> None:
        self.loop = asyncio.get_running_loop()
        self._deadlines = deadlines
        self._woken = self.loop.create_future()

    def call_soon(self, function: Callable[[], None]) -> None:
        """Run it once the requests that are ready now have run: what they add shares the commit."""
        self.loop.call_soon(function)

    def wait(self) -> bool:
        """Wait at most until the deadline; return whether it was woken."""
        try:
            with self._deadlines.limit_current_task():
                wait_for(self._woken)
        except TimeoutError:
            return False
        return True

    def resolve(self) -> None:
        """End the wait, on the loop's own thread."""
        if not self._woken.done():
            self._woken.set_result(None)


def make_commit_waiter(deadlines: TaskDeadlines) -> ThreadWaiter | LoopWaiter:
    """Return a waiter for the caller."""
    return LoopWaiter(deadlines) if is_cooperative() else ThreadWaiter(deadlines.deadline_s)


def wake_all(waiters: Iterable[ThreadWaiter | LoopWaiter]) -> None:
    """End the waits, with one call into each event loop."""
    by_loop: dict[asyncio.AbstractEventLoop, list[LoopWaiter]] = {}
    for waiter in waiters:
        if isinstance(waiter, ThreadWaiter):
            waiter.woken.set()
        else:
            by_loop.setdefault(waiter.loop, []).append(waiter)
    for loop, waiting in by_loop.items():
        loop.call_soon_threadsafe(_resolve_all, waiting)


def _resolve_all(waiters: Iterable[LoopWaiter]) -> None:
    for waiter in waiters:
        waiter.resolve()
