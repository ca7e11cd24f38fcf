"""Runs functions on an event loop that give it back while they wait: a thousand of them can wait without a thread each.

Each runs in a greenlet. Greenlets are kept for the next call, since to make one costs more than most of what a webhook needs.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from greenlet import GreenletExit, getcurrent, greenlet

Result = TypeVar("Result")

MAX_IDLE = 256


@dataclass(slots=True, eq=False)
class _Outcome:
    value: Any
    fault: BaseException | None


class _Runner(greenlet):
    """Runs one call after another. Between two it waits for the next in its parent's hands."""

    def run(self) -> None:
        outcome: _Outcome | None = None
        while (call := _switch_to_parent(outcome)) is not None:
            function, arguments = call
            try:
                outcome = _Outcome(function(*arguments), None)
            except GreenletExit:
                raise
            except BaseException as fault:  # noqa: BLE001 - raised again where the call was made
                outcome = _Outcome(None, fault)
            del call, function, arguments


class _Idle(threading.local):
    """Runners of one thread: a greenlet cannot leave its own."""

    def __init__(self) -> None:
        self.runners: list[_Runner] = []


_idle = _Idle()


async def call_cooperatively(function: Callable[..., Result], *arguments: object) -> Result:
    """Return what the function returns, and raise what it raises; the event loop goes on where it waits by `wait_for`."""
    runners = _idle.runners
    runner = runners.pop() if runners else _start_runner()
    current = getcurrent()
    runner.parent, runner.gr_context = current, current.gr_context
    step = runner.switch((function, arguments))
    while type(step) is not _Outcome:
        try:
            value = await step
        except BaseException as fault:  # noqa: BLE001 - it belongs to the function that waits, a cancellation too
            step = runner.throw(fault)
        else:
            step = runner.switch(value)
    if len(runners) < MAX_IDLE:
        runners.append(runner)
    else:
        runner.switch(None)
    result: Result = step.value
    failed = step.fault
    # the runner holds the outcome until its next call: nothing of a request is kept with it
    step.value = step.fault = None
    if failed is not None:
        raise failed
    return result


def _start_runner() -> _Runner:
    runner = _Runner()
    runner.switch()
    return runner


def is_cooperative() -> bool:
    """Return whether the caller runs by `call_cooperatively`."""
    return type(getcurrent()) is _Runner


def wait_for(awaitable: Awaitable[Result]) -> Result:
    """Return the awaitable's result, giving the event loop back meanwhile. Only where `is_cooperative`."""
    result: Result = _switch_to_parent(awaitable)
    return result


def _switch_to_parent(given: object) -> Any:
    parent = getcurrent().parent
    assert parent is not None  # noqa: S101 - a runner has one
    return parent.switch(given)


def call_blocking(function: Callable[[], Result]) -> Result:
    """Return what a function returns that waits for the database, on a thread where the caller is cooperative."""
    if not is_cooperative():
        return function()
    return wait_for(asyncio.get_running_loop().run_in_executor(None, function))
