"""Waits for the commit of a row: a thread by an event, a request on the event loop by giving the loop back.

The web server runs the application for a webhook in a greenlet of its event loop (SQLAlchemy's `greenlet_spawn`), so that
a thousand webhooks can wait for their commits without a thread each.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable
from typing import TypeVar

from sqlalchemy.util import await_only, greenlet_spawn
from sqlalchemy.util.concurrency import in_greenlet

Result = TypeVar("Result")


class ThreadWaiter:
    """The calling thread waits."""

    def __init__(self) -> None:
        self.woken = threading.Event()

    def wait(self, timeout_s: float) -> bool:
        """Wait at most `timeout_s` seconds; return whether it was woken."""
        return self.woken.wait(timeout_s)


class LoopWaiter:
    """The greenlet waits; its event loop goes on."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self._woken = self.loop.create_future()

    def wait(self, timeout_s: float) -> bool:
        """Wait at most `timeout_s` seconds; return whether it was woken."""
        timer = self.loop.call_later(timeout_s, self.resolve)
        try:
            return bool(await_only(self._woken))
        finally:
            timer.cancel()

    def resolve(self, *, is_woken: bool = False) -> None:
        """End the wait, on the loop's own thread."""
        if not self._woken.done():
            self._woken.set_result(is_woken)


async def call_cooperatively(function: Callable[..., Result], *arguments: object) -> Result:
    """Return what the function returns; the event loop goes on where the function waits for the store."""
    result: Result = await greenlet_spawn(function, *arguments)
    return result


def call_blocking(function: Callable[[], Result]) -> Result:
    """Return what a function returns that waits for the database; an event loop goes on meanwhile."""
    if not in_greenlet():
        return function()
    result: Result = await_only(asyncio.get_running_loop().run_in_executor(None, function))
    return result


def make_commit_waiter() -> ThreadWaiter | LoopWaiter:
    """Return a waiter for the caller."""
    return LoopWaiter() if in_greenlet() else ThreadWaiter()


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
        waiter.resolve(is_woken=True)
