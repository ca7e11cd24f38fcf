"""Wait for something, and run calls on threads at the same moment: every wait here has an end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

TIMEOUT_S = 30.0


def wait_until(
    condition: Callable[[], Any], *, what: str = "", timeout_s: float = TIMEOUT_S, poll_s: float = 0.005
) -> Any:
    """Return the first true value of the condition; fail after `timeout_s` seconds, naming what was missing."""
    deadline = time.monotonic() + timeout_s
    while not (found := condition()):
        assert time.monotonic() < deadline, f"{what or 'the condition'}: nothing after {timeout_s:g} s"
        time.sleep(poll_s)
    return found


def run_at_once(*calls: Callable[[], Any], timeout_s: float = TIMEOUT_S) -> list[Any]:
    """Run each call on a thread of its own, all at the same moment; return their results in order.

    Raise what a call raised. No thread waits for another that failed.
    """
    start = threading.Barrier(len(calls), timeout=timeout_s)

    def run(call: Callable[[], Any]) -> Any:
        start.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        running: list[Future[Any]] = [pool.submit(run, call) for call in calls]
        return [each.result(timeout_s) for each in running]


def join(*threads: threading.Thread, timeout_s: float = TIMEOUT_S) -> None:
    """Wait for the threads to end; fail where one does not."""
    for each in threads:
        each.join(timeout_s)
        assert not each.is_alive(), f"the thread {each.name} did not end within {timeout_s:g} s"
